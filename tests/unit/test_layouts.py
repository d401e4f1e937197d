"""The decoders made for a layout against the general way."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.formats.layouts import PAYS_AFTER, WORTH_BYTES, decode_alike
from ingest.formats.native import decode, decode_document

KEYS = st.sampled_from(["device", "time", "pm2_5", "co2", "seq", "a.b", "", 'quo"te', "đ", "\n"])
TIMES = st.sampled_from([0, 1_795_335_360_000, 10**16, -1, "2026-11-22T08:15:00Z", "2026-11-22", 1.0, True])
NUMBERS = st.floats() | st.integers() | st.sampled_from([10**400, -(10**309), 2**64, -0.0, 1e308, 2**53 + 1])
ODD: st.SearchStrategy[Any] = st.none() | st.booleans() | st.text(max_size=3) | st.just([]) | st.just({})


@st.composite
def messages(draw: st.DrawFn) -> dict[str, Any]:
    """A message of readings with the same keys, in which a little may be otherwise."""
    keys = draw(
        st.lists(KEYS, max_size=4, unique=True).filter(lambda keys: "time" in keys) | st.just(["time"])
    )
    values = {"device": st.sampled_from(["d", "e", "gw"]), "time": draw(st.sampled_from([TIMES, st.just(5)]))}
    fields = {key: values.get(key, draw(st.sampled_from([NUMBERS, st.floats(0, 10)]))) for key in keys}
    readings: list[Any] = draw(st.lists(st.fixed_dictionaries(fields), max_size=8))
    for place in draw(st.lists(st.integers(0, 7), max_size=2)):
        if place < len(readings):
            readings[place] = draw(
                ODD | st.dictionaries(KEYS, ODD | NUMBERS | TIMES, max_size=4)
                | st.permutations(list(readings[place].items())).map(dict)
                if isinstance(readings[place], dict) else ODD
            )  # fmt: skip
    head = draw(st.dictionaries(st.sampled_from(["seq", "oldest", "gateway", "other"]), ODD | st.integers(0)))
    return head | {"readings": readings} if draw(st.booleans()) else {"readings": readings} | head


def padded(message: dict[str, Any], *, raw: bool) -> bytes:
    return json.dumps(message, ensure_ascii=not raw).encode() + b" " * WORTH_BYTES


@given(messages(), st.booleans())
@example({"readings": [{"time": 5, "pm2_5": 1e999}] * 9}, False)
@example({"readings": [{"device": "d", "time": 5, "pm2_5": 1, "co2": 2.5}] * 9}, False)
def test_the_general_way_and_a_decoder_made_for_it_find_the_same(message: dict[str, Any], raw: bool) -> None:
    payload = padded(message, raw=raw)
    for _ in range(PAYS_AFTER + 1):
        assert repr(decode(payload)) == repr(decode_document(payload))


@pytest.mark.parametrize(
    "reading",
    [
        {"device": "d", "time": 5, "pm2_5": 1.5},
        {"time": "2026-11-22T08:15:00Z", "pm2_5": 1.5, "co2": 400},
    ],
)
def test_readings_of_the_same_keys_come_to_have_a_decoder(reading: dict[str, Any]) -> None:
    payload = padded({"seq": 1, "readings": [reading] * 9}, raw=False)
    for _ in range(PAYS_AFTER):
        decode(payload)
    alike = decode_alike(payload)
    assert alike is not None
    assert [*alike.values] == [key for key in reading if key not in {"device", "time"}]
