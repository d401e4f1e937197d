"""What the code has stands in the documents, and what the documents say is there."""

from __future__ import annotations

import ast
import json
import re
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from textwrap import indent

import pytest
from jsonschema import Draft202012Validator
from prometheus_client import REGISTRY
from pydantic import SecretStr
from typer.main import get_command

import ingest.metrics  # noqa: F401  (declares the metrics that are looked for)
from analytics.results import Reason
from api.metrics import Metrics
from devices.commands import Answer
from devices.units import convert
from ingest import answers, contract
from ingest.formats import native, senml
from ingest.rejected import rejected_payload, told_of
from ingest.resolve import Refusal
from runtime.cli import app
from runtime.settings import Settings
from tests.documents import ON_A_SMALL_CITY, ON_THE_DEMO, is_left_out, shell_blocks

ROOT = Path(__file__).resolve().parents[2]
DOCS = sorted([*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"])
FIRMWARE, PLANNERS, OPERATIONS = (
    (ROOT / "docs" / name).read_text("utf-8") for name in ("firmware.md", "planners.md", "operations.md")
)
every_document = pytest.mark.parametrize("path", DOCS, ids=lambda path: str(path.relative_to(ROOT)))

HISTORY = (
    "no longer",
    "previously",
    "formerly",
    "anymore",
    "any more",
    "used to be",
    "in the past",
    "legacy code",
)


def table(text: str, *head: str) -> list[list[str]]:
    """The cells of the table that has these heads; backticks are left out."""
    lines = text.split(f"| {' | '.join(head)} |\n", 1)[1].splitlines()[1:]
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([cell.strip().strip("`") for cell in line.strip("|").split("|")])
    return rows


def blocks(text: str, language: str) -> list[str]:
    found: list[str] = re.findall(rf"^```{language}\n(.*?)\n```$", text, re.MULTILINE | re.DOTALL)
    return found


def shown(default: object) -> str:
    if default is None or isinstance(default, SecretStr):
        return "–"
    return default if isinstance(default, str) else json.dumps(default)


def test_every_setting_with_its_default() -> None:
    written = {row[0]: row[1] for row in table(OPERATIONS, "variable", "default", "meaning")}
    assert written == {
        f"HALONG_{name.upper()}": shown(field.default) for name, field in Settings.model_fields.items()
    }


def test_every_variable_that_is_read_elsewhere() -> None:
    sources = [p for room in ("runtime", "deploy", "tests/conftest.py") for p in files(ROOT / room)]
    read = {name for p in sources for name in re.findall(r"""["'{]HALONG_(\w+)""", p.read_text("utf-8"))}
    read -= {name.upper() for name in Settings.model_fields}
    secrets = {name for name in read if name.endswith(("_PASSWORD", "_LISTEN"))}  # written by make-env
    assert [n for n in sorted(read - secrets - {"API", ""}) if f"HALONG_{n}`" not in OPERATIONS] == []


def files(place: Path) -> list[Path]:
    if place.is_file():
        return [place]
    return [p for p in place.rglob("*") if p.is_file() and p.suffix != ".pyc"]


@cache
def commands() -> set[str]:
    """`halong NAME` and `halong GROUP NAME` of the command line."""
    root = get_command(app)
    found = set()
    shown = {n: c for n, c in root.commands.items() if not c.hidden}  # type: ignore[attr-defined]
    for name, command in shown.items():
        below = getattr(command, "commands", None)
        found |= {f"halong {name} {each}" for each in below} if below else {f"halong {name}"}
    return found


def test_every_command() -> None:
    assert {row[0] for row in table(OPERATIONS, "command", "what it does")} == commands()


@every_document
def test_every_command_that_is_named_is_one(path: Path) -> None:
    known = commands()
    groups = {name.rsplit(" ", 1)[0] for name in known}
    text = path.read_text("utf-8")
    named = re.findall(r"(?:`|^|/|\s|…)(halong(?: [a-z][a-z-]*)+)", "\n".join(re.findall(r"`[^`\n]+`", text)))
    named += re.findall(
        r"^(?:\w+=\S+ )*(halong(?: [a-z][a-z-]*)+)", "\n".join(blocks(text, "sh")), re.MULTILINE
    )
    for words in (each.split() for each in named):
        one, two = " ".join(words[:2]), " ".join(words[:3])
        assert one in known or two in known or (two == one and one in groups), (
            f"{path.name}: {' '.join(words)}"
        )


def reasons() -> set[str]:
    """Every reason that ingest may refuse for, from its source."""
    found = set()
    for path in (ROOT / "ingest").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                place = {"refuse": 0, "_refuse": 1, "Problem": 0}.get(name)
                if place is not None:
                    found |= texts(node.args[place : place + 1])
            elif isinstance(node, ast.FunctionDef) and ast.unparse(node.returns or node) == "tuple[str, str]":
                returned = (r.value for r in ast.walk(node) if isinstance(r, ast.Return))
                found |= texts([r.elts[0] for r in returned if isinstance(r, ast.Tuple)])
    return found


def texts(nodes: list[ast.expr]) -> set[str]:
    return {n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)}


def test_every_reason_of_a_refusal() -> None:
    assert "time_too_old" in reasons()
    assert {row[0] for row in table(FIRMWARE, "reason", "when", "stored?")} == reasons()


def test_every_metric() -> None:
    registries = (REGISTRY, Metrics().registry)
    families = [f for registry in registries for f in registry.collect() if f.name.startswith("halong_")]
    assert len(families) > 9
    names = {f"{f.name}_total" if f.type == "counter" else f.name for f in families}
    written = {row[0] for row in table(OPERATIONS, "metric", "meaning, and when to look")}
    assert written - names == {"halong_api_pool_…"}
    assert names - written == set()


def test_every_reason_of_a_missing_value() -> None:
    assert {row[0] for row in table(PLANNERS, "reason", "meaning")} == {str(reason) for reason in Reason}


@every_document
def test_every_relative_link_leads_somewhere(path: Path) -> None:
    targets = re.findall(r"\]\(([^)\s#]+)(?:#[^)]*)?\)", path.read_text("utf-8"))
    relative = [target for target in targets if "://" not in target]
    assert [target for target in relative if not (path.parent / target).exists()] == []


@every_document
def test_every_file_and_test_that_is_named_is_there(path: Path) -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", path.read_text("utf-8"))
    for file, function in named:
        source = (ROOT / file).read_text("utf-8")
        assert not function or re.search(rf"^(?:async )?def {function}\(", source, re.MULTILINE), function


def test_operations_names_tests() -> None:
    assert len(re.findall(r"`tests/[\w/]+\.py::\w+`", OPERATIONS)) > 20


@every_document
def test_no_word_of_history(path: Path) -> None:
    text = " ".join(path.read_text("utf-8").lower().split())
    assert [word for word in HISTORY if word in text] == []


def test_examples_of_the_wire_are_what_the_code_speaks() -> None:
    message, pack, committed, rejected, config, command, response = (
        json.loads(block) for block in blocks(FIRMWARE, "json")
    )
    assert is_valid_payload("config", config)
    assert is_valid_payload("command", command)
    assert isinstance(answers.decode(json.dumps(response).encode()), Answer)
    by_senml = senml.decode_json(json.dumps(pack).encode())
    assert (by_senml.seq, by_senml.oldest, by_senml.problems) == (4712, 4698, [])
    assert convert(by_senml.values[2], by_senml.units[2] or "", "hPa") == 1013.25
    found = native.decode(json.dumps(message).encode())
    assert (found.problems, found.seq, found.oldest, len(found.values)) == ([], 4711, 4698, 3)
    assert set(committed) == {"seq", "missing"}
    refusal = told_of(1, Refusal("value_out_of_range", "$", "", stored=True), datetime.now(UTC))
    told = json.loads(rejected_payload([refusal, refusal], 3))
    assert set(rejected) == set(told)
    assert set(rejected["others"][0]) == set(told["others"][0])
    assert is_valid_payload("rejected", rejected)


def is_valid_payload(name: str, payload: object) -> bool:
    return Draft202012Validator(contract.schema(name)).is_valid(payload)


def test_every_quotation_is_what_the_example_says() -> None:
    sources = [path.read_text("utf-8") for path in (ROOT / "docs" / "examples" / "firmware").iterdir()]
    quoted = [block for language in ("python", "c", "cpp") for block in blocks(FIRMWARE, language)]
    assert len(quoted) >= 5
    assert [block for block in quoted if not any(is_in(block, source) for source in sources)] == []


def is_in(block: str, source: str) -> bool:
    """Tell whether a source has these very lines, however deep they are indented there."""
    return any(f"{indent(block, ' ' * depth)}\n" in source for depth in (0, 4, 8))


@every_document
def test_every_shell_block_is_run_or_named(path: Path) -> None:
    name = str(path.relative_to(ROOT))
    is_run = name in {*ON_THE_DEMO, *ON_A_SMALL_CITY, "README.md"}
    assert [each for each in shell_blocks(name) if not is_run and not is_left_out(each)] == []


@pytest.mark.parametrize(
    "path", sorted((ROOT / "docs" / "decisions").glob("*.md")), ids=lambda path: path.stem
)
def test_a_decision_has_its_five_lines(path: Path) -> None:
    assert re.fullmatch(r"\d{3}(-[a-z0-9]+)+", path.stem)
    title, empty, *lines = path.read_text("utf-8").splitlines()
    assert (title[:2], empty) == ("# ", "")
    heads = [line.split("**")[1] for line in lines]
    assert heads == ["Choice", "Why", "Alternatives", "Cost", "Licence"]


def test_changelog_has_the_versions() -> None:
    heads = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    version = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE)
    assert version
    assert heads[:2] == ["Unreleased", version[1]]
