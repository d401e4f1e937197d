# `make demo` and `make test` do all set-up themselves; both may be interrupted and started again.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
# What ends by a lost connection or by time is tried once more, and the closing line counts it (decision 130).
ONCE_MORE := --rerun-show-tracebacks --reruns 1 --reruns-delay 3 --only-rerun '^(\w*Timeout\w*|\w*Mqtt\w*|Connect\w*Error|ReadError|OperationalError|LocalServiceError|Failed: Timeout|AssertionError: Locator expected)\b'

.PHONY: help demo clean-demo test faults contract attacks audit fuzz format requirements bench-ingest bench-formats bench-quality bench-analytics bench-api bench-live bench-export bench-gateways bench-tokens bench-dashboards bench-console

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

demo: .venv/runtime.ready ## Run a whole city on this machine until Ctrl-C (FOR=60: for 60 s)
	@$(BIN)/halong demo $(if $(FOR),--for $(FOR))

clean-demo: .venv/runtime.ready ## Remove the demo's data, after asking
	@$(BIN)/halong clean-demo

test: .venv/test.ready ## Check style and types, then run all tests on real services
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/pytest $(or $(ARGS),-n $$((2 * $$(nproc))) --dist loadfile --no-loadscope-reorder $(ONCE_MORE))

faults: .venv/test.ready ## Kill, cut and fill at length: everything acknowledged must be stored (half an hour)
	@HALONG_FAULTS=full $(BIN)/pytest -s $(ARGS) tests/faults tests/integration/test_bench.py

contract: .venv/test.ready ## Try the API's whole document with thousands of cases (ARGS="-k key": a part)
	@HALONG_CONTRACT_EXAMPLES=100 $(BIN)/pytest -s tests/contract $(ARGS)

attacks: .venv/test.ready ## Try every attack on real services, and print what happens, a row an attack
	@$(BIN)/python -m pytest -q -p tests.attacks.table $(ARGS) tests/attacks tests/unit tests/integration

audit: .venv/audit.ready ## Ask for advisories about every pinned package (ARGS="-s osv": of another service)
	@sh scripts/audit $(ARGS)

fuzz: .venv/test.ready ## Give ten million malformed payloads to all decoders (ARGS="--count 100000": quickly)
	@$(BIN)/python -m tests.faults.fuzz_formats --count 10000000 $(ARGS)

format: .venv/test.ready ## Format the code and mend what ruff can
	@$(BIN)/ruff check --quiet --fix
	@$(BIN)/ruff format --quiet

requirements: .venv/test.ready ## Pin the newest versions that pyproject.toml allows
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate --upgrade \
	    --extra dashboards pyproject.toml -o requirements.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate --upgrade \
	    --extra dashboards --extra test -c requirements.txt pyproject.toml -o requirements-test.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate --upgrade \
	    tests/contract/requirements.in -o tests/contract/requirements.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate --upgrade \
	    tests/audit/requirements.in -o tests/audit/requirements.txt

.venv/runtime.ready: requirements.txt pyproject.toml scripts/venv
	@PYTHON=$(PYTHON) sh scripts/venv requirements.txt $@

.venv/test.ready: requirements-test.txt tests/contract/requirements.txt pyproject.toml scripts/venv scripts/browser
	@PYTHON=$(PYTHON) sh scripts/venv requirements-test.txt $@
	@sh scripts/browser
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv/contract
	@$(BIN)/uv pip install --quiet --python .venv/contract/bin/python -r tests/contract/requirements.txt

.venv/audit.ready: .venv/test.ready tests/audit/requirements.txt
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv/audit
	@$(BIN)/uv pip install --quiet --python .venv/audit/bin/python -r tests/audit/requirements.txt
	@touch $@

bench-ingest: .venv/test.ready ## Measure ingest beside its limits (ARGS="--runs 1 --scale 0.2": quickly)
	@$(BIN)/python -m bench.ingest $(ARGS)

bench-formats: .venv/test.ready ## Measure what each payload format costs beside its bare parser
	@$(BIN)/python -m bench.formats $(ARGS)

bench-analytics: .venv/test.ready ## Measure computing indicators beside its limits (ARGS="--runs 1 --only read,hour,late": quickly)
	@$(BIN)/python -m bench.analytics $(ARGS)

bench-export: .venv/test.ready ## Measure files of 10 million rows: speed, first byte, memory (ARGS="--days 1": quickly)
	@$(BIN)/python -m bench.export $(ARGS)

bench-gateways: .venv/test.ready ## Measure 10,000 gateways: import, broker, catalog, 2,000 at once (ARGS="--gateways 1000": quickly)
	@$(BIN)/python -m bench.gateways $(ARGS)

bench-tokens: .venv/test.ready ## Measure MQTT tokens of browsers beside users of the gateways' broker (ARGS="--tokens 50": quickly)
	@$(BIN)/python -m bench.browser_tokens $(ARGS)

bench-dashboards: .venv/test.ready ## Measure every query of the dashboards on 100 million observations (ARGS="--rows 3_000_000": quickly)
	@$(BIN)/python -m bench.dashboards $(ARGS)

bench-console: .venv/test.ready ## Measure the console's first paint and 50 open ones (ARGS="--runs 1 --copies 1": quickly)
	@$(BIN)/python -m bench.console $(ARGS)

bench-quality: .venv/test.ready ## Score quality control on the simulators' labelled faults (ARGS="--days 5": quickly)
	@$(BIN)/python -m bench.quality $(ARGS)

bench-live: .venv/test.ready ## Measure streams of 1,000 clients beside the same server without a database
	@$(BIN)/python -m bench.live $(ARGS)

bench-api: .venv/test.ready ## Measure the API beside a constant answer and the database (ARGS="--runs 1": quickly)
	@sh scripts/wrk
	@$(BIN)/python -m bench.api $(ARGS)
