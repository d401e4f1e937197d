"""A client that a generator makes from the document alone reads values, and errors as what they are."""

from __future__ import annotations

import importlib
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.conftest import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow


@pytest.fixture
def client(public_api: str, tmp_path: Path) -> Iterator[Any]:
    """The package that openapi-python-client makes, with a client of the running API."""
    httpx.get(f"{public_api}/openapi.json", timeout=60)  # it is made once; the generator waits for 5 s
    command = [
        REPOSITORY / ".venv/contract/bin/openapi-python-client", "generate",
        "--url", f"{public_api}/openapi.json", "--output-path", tmp_path / "client", "--fail-on-warning",
        "--config", REPOSITORY / "tests/contract/client.yaml",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    sys.path.insert(0, str(tmp_path / "client"))
    try:
        with importlib.import_module("halong_client").Client(base_url=public_api) as client:
            yield client
    finally:
        sys.path.pop(0)
        for name in [each for each in sys.modules if each.split(".")[0] == "halong_client"]:
            del sys.modules[name]


def call(client: Any, operation: str, *arguments: Any, **parameters: Any) -> Any:
    module = importlib.import_module(f"halong_client.api.indicators.{operation}")
    return module.sync_detailed(*arguments, client=client, **parameters)


def test_values_and_problems(client: Any) -> None:
    listed = call(client, "list_indicators").parsed
    assert "vn_aqi_h" in {each.code for each in listed.items}
    values = call(client, "list_indicator_values", "vn_aqi_h", area=["193"]).parsed
    assert [each.value for each in values.items] == [50, 60, 70, 80, 90, None]
    assert values.items[-1].reason == "insufficient_data"
    assert values.items[0].category.name_vi
    wrong = call(client, "get_indicator", "vnaqih")
    assert wrong.status_code == 404
    assert wrong.parsed.did_you_mean[0] == "vn_aqi_h"
