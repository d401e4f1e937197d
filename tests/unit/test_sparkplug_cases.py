"""Golden folders of Sparkplug: `tests/testcases/sparkplug/<case>/`, each one edge node's messages in order.

`messages.json` lists topics and payloads (hexadecimal, made by pysparkplug); `expected.json` what each means.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ingest.formats.sparkplug import Payload, decode
from ingest.sparkplug.session import Heard, Session, receive
from ingest.sparkplug.topics import parse_sparkplug

FOLDER = Path(__file__).resolve().parents[1] / "testcases" / "sparkplug"
CASES = sorted(path.parent for path in FOLDER.glob("*/messages.json"))


def meaning(heard: Heard) -> dict[str, Any]:
    r = heard.readings
    values = [list(v) for v in zip(r.devices, r.properties, r.times, r.values, strict=True)]
    said = {
        "values": values,
        "refused": [[p.reason, p.at, p.count] for p in r.problems],
        "rebirth": heard.needs_birth,
        "online": heard.online,
    }
    return {name: what for name, what in said.items() if what not in ([], False, None) or name == "online"}


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_golden_folder(case: Path) -> None:
    session: Session | None = None
    found = []
    for message in json.loads((case / "messages.json").read_text("utf-8")):
        address, payload = parse_sparkplug(message["topic"]), decode(bytes.fromhex(message["payload"]))
        assert address
        assert isinstance(payload, Payload)
        heard = receive(session, address, payload, devices={"aq"}, duplicate=False)
        session = heard.session
        found.append(meaning(heard))
    assert found == json.loads((case / "expected.json").read_text("utf-8"))


def test_there_are_cases() -> None:
    assert len(CASES) >= 9
