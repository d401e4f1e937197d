"""What a simulated gateway does with commands."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from simulators.obedience import Obedience


def command(**changes: Any) -> dict[str, Any]:
    expires = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    return {"id": str(uuid4()), "command": "ping", "arguments": {}, "expires": expires} | changes


def test_a_simulated_gateway_obeys_once_and_answers_each_time() -> None:
    obedience, twice = Obedience(), command()
    first = obedience.answers(twice)
    assert [each["state"] for each in first] == ["acknowledged", "done"]
    assert obedience.answers(twice) == first
    assert obedience.carried_out == 1
    (late,) = obedience.answers(command(expires="2026-01-01T00:00:00Z"))
    assert (late["state"], obedience.carried_out) == ("failed", 1)
    (unknown,) = obedience.answers(command(command="open_sesame"))
    assert unknown["state"] == "failed"
    with pytest.raises(KeyError):
        obedience.answers({"id": "7"})
