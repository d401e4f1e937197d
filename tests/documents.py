"""The shell blocks of the documents: which test runs which, and which are not run and why."""

from __future__ import annotations

import re
from typing import Final

from tests.conftest import REPOSITORY

#: documents whose blocks run on the demo, in tests/integration/test_demo.py
ON_THE_DEMO: Final = ("docs/firmware.md", "docs/planners.md", "docs/operations.md")
#: whose blocks run on a small city, in tests/integration/api/test_api_docs.py
ON_A_SMALL_CITY: Final = ("docs/api.md",)

#: by how a block begins
NOT_RUN: Final = {
    "make demo": "tests/integration/test_demo.py starts it as `halong demo`",
    "make test": "this is it",
    "deploy/make-env": "needs Docker; tests/unit/test_compose.py checks the files",
    "docker compose": "needs Docker; tests/integration/test_backup.py runs the script",
    "halong keys create": "tests/integration/test_demo.py runs it with another name",
    "halong open-data publish": "tests/integration/test_open_data.py runs it on a city with two months",
    "halong quality calibrate": "needs the thing; tests/integration/test_quality.py runs it with another",
    "halong devices import quang_ninh\nhalong quality": "as the one before",
    "halong things set": "tests/integration/test_registry_commands.py runs it with other links",
    "halong things move": "needs the thing; tests/integration/test_places.py runs it with another",
    "halong areas reorganise": "needs the file; tests/integration/test_reorganise.py runs it with one",
    "halong ca issue": "tests/integration/test_ca_commands.py runs it",
    "openssl req": "tests/unit/test_authority.py runs it",
    "export HALONG_BROKER_DIR": "writes to /etc; tests/integration/test_broker_follow.py runs it",
    "export HALONG_OIDC_ISSUER": "needs a provider; tests/integration/test_token_commands.py runs it",
    "export HALONG_CA_PASSPHRASE": "writes to /etc; tests/integration/test_ca_commands.py runs it",
    "halong unknown list": "needs unknown devices; tests/integration/test_unknown_commands.py runs it",
    "halong maintenance add": "tests/integration/test_maintenance_commands.py runs it with another date",
    "halong gateways password": "writes to /etc; tests/integration/test_gateway_passwords.py runs it",
}


def shell_blocks(name: str) -> list[str]:
    """Return the shell blocks of a document, by its path in the repository."""
    text = (REPOSITORY / name).read_text("utf-8")
    return re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def tour() -> list[str]:
    """Return the blocks of README's five-minute tour, in order."""
    return [block for block in shell_blocks("README.md") if not is_left_out(block)]


def is_left_out(block: str) -> bool:
    """Tell whether no test runs a block as it stands."""
    return block.startswith(tuple(NOT_RUN))
