"""Schemathesis knows the API by its OpenAPI document alone: no answer may be other than that says."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.conftest import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

#: cases an operation and phase; `make contract` gives many
_EXAMPLES = os.environ.get("HALONG_CONTRACT_EXAMPLES", "1")
_IS_QUICK = _EXAMPLES == "1"
_PHASES = ("--phases", "examples,coverage") if _IS_QUICK else ()

thorough = pytest.mark.skipif(_IS_QUICK, reason="`make contract` runs it")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(7200)]


def schemathesis(address: str, *options: str, cwd: Path) -> None:
    command = [
        REPOSITORY / ".venv/contract/bin/schemathesis",
        "--config-file", REPOSITORY / "tests/contract/schemathesis.toml",
        "run", f"{address}/openapi.json", "--seed", "20261122", "--max-examples", _EXAMPLES,
        "--no-color", *_PHASES, *options,
    ]  # fmt: skip
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    print(done.stdout)  # noqa: T201  (`make contract` shows it, and a failure)
    assert done.returncode == 0, done.stderr


async def test_with_a_key_that_may_do_everything(locked_api: str, key: str, tmp_path: Path) -> None:
    schemathesis(locked_api, "--header", f"Authorization: Bearer {key}", cwd=tmp_path)


@thorough
async def test_without_a_key_where_reading_needs_none(public_api: str, tmp_path: Path) -> None:
    schemathesis(public_api, cwd=tmp_path)


@thorough
async def test_without_a_key_where_one_is_needed(locked_api: str, tmp_path: Path) -> None:
    schemathesis(locked_api, cwd=tmp_path)
