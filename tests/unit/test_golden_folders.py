"""Every format against its golden folders: `tests/testcases/<format>/<case>/`.

`payload.json` is the payload as it stands, `payload.hex` its bytes in hexadecimal. `expected.json` are the
readings that must come of it, `error.txt` the problems, one a line.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ingest.formats.format import formats

if TYPE_CHECKING:
    from ingest.formats.readings import Readings

FOLDERS = Path(__file__).resolve().parents[1] / "testcases"
FORMATS = {each.name: each for each in formats().values()}
CASES = [(name, case) for name in FORMATS for case in sorted((FOLDERS / name).glob("*"))]


def payload_of(case: Path) -> bytes:
    text = case / "payload.json"
    return text.read_bytes() if text.exists() else bytes.fromhex((case / "payload.hex").read_text())


def told(found: Readings) -> dict[str, Any]:
    head = {"seq": found.seq, "oldest": found.oldest, "gateway": found.gateway}
    readings = [
        {
            "device": found.devices[i],
            "property": found.properties[i],
            "time": iso(found.times[i]),
            "value": found.values[i],
            **({"unit": found.units[i]} if found.units and found.units[i] else {}),
            "at": found.path(i),
        }
        for i in range(len(found.values))
    ]
    return {name: value for name, value in head.items() if value is not None} | {"readings": readings}


def iso(time: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time)).isoformat()


def problems(found: Readings) -> str:
    return "".join(
        f"{p.reason} {p.at} {p.detail}{f' ({p.count} times)' if p.count > 1 else ''}\n"
        for p in found.problems
    )


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_has_golden_folders(name: str) -> None:
    assert [case for each, case in CASES if each == name]


@pytest.mark.parametrize(("name", "case"), CASES, ids=[f"{name}-{case.name}" for name, case in CASES])
def test_golden_folder(name: str, case: Path) -> None:
    found = FORMATS[name].decode(payload_of(case))
    error = case / "error.txt"
    assert told(found) == json.loads((case / "expected.json").read_text("utf-8"))
    assert problems(found) == (error.read_text("utf-8") if error.exists() else "")
