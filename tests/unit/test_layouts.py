"""The decoders made for a layout against the general way."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.formats.documents import MAX_FLOAT
from ingest.formats.layouts import PAYS_AFTER, WORTH_BYTES, decode_alike
from ingest.formats.native import decode, decode_document
from ingest.formats.short import decode_short

NAMES = ["pm2_5", "co2", "seq", "a.b", "", 'quo"te', "đ", "\n"]
PLAIN = st.floats(0, 10) | st.integers(-5, 5)
NUMBERS = st.floats() | st.sampled_from([10**400, -(10**309), 2**64, 2**53 + 1, -0.0, 1e308])
TIMES = st.sampled_from([0, 5, -1, 10**16, "2026-11-22T08:15:00Z", "2026-11-22", 1.0, True])
ODD: st.SearchStrategy[Any] = st.none() | st.booleans() | st.text(max_size=3) | st.just([]) | st.just({})


@st.composite
def messages(draw: st.DrawFn, most: int = 7) -> dict[str, Any]:
    """A message of readings with the same keys, of which most have something that is otherwise."""
    names = draw(
        st.lists(st.sampled_from(NAMES[:3]) | st.sampled_from(NAMES), min_size=1, max_size=3, unique=True)
    )
    time = draw(st.sampled_from([5, 1_795_335_360_000, "2026-11-22T08:15:00Z"]))
    fields: dict[str, Any] = dict.fromkeys(names, PLAIN) | {"time": st.just(time)}
    fields |= {"device": st.sampled_from(["d", "e"])} if draw(st.booleans()) else {}
    fields = dict(draw(st.permutations([*fields.items()])))
    readings: list[Any] = draw(
        st.lists(st.fixed_dictionaries(fields), min_size=min(3, most // 2), max_size=most)
    )
    if draw(st.integers(0, 3)):
        place = draw(st.integers(0, len(readings) - 1))
        readings[place] = draw(st.one_of(ODD, spoilt(readings[place]), spoilt(readings[place])))
    head = draw(st.fixed_dictionaries({}, optional={"seq": st.integers(0, 9), "oldest": ODD | st.just(3)}))
    head |= draw(st.sampled_from([{}, {}, {"gateway": "gw"}, {"gateway": 1}, {"other": 1}]))
    return head | {"readings": readings} if draw(st.booleans()) else {"readings": readings} | head


def spoilt(reading: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """The reading with one field otherwise, one more or one less, or in another order."""
    other = st.tuples(st.sampled_from([*reading, *NAMES]), ODD | NUMBERS | TIMES).map(lambda kv: dict([kv]))
    return (
        other.map(lambda field: reading | field)
        | st.sampled_from([*reading]).map(lambda key: {k: v for k, v in reading.items() if k != key})
        | st.permutations([*reading.items()]).map(dict)
    )


def padded(message: dict[str, Any], *, raw: bool) -> bytes:
    return json.dumps(message, ensure_ascii=not raw).encode() + b" " * WORTH_BYTES


@given(messages(), st.booleans())
def test_the_general_way_and_a_decoder_made_for_it_find_the_same(message: dict[str, Any], raw: bool) -> None:
    same_both_ways(padded(message, raw=raw))


@given(messages(most=2), st.booleans())
def test_the_general_way_and_the_short_one_find_the_same(message: dict[str, Any], raw: bool) -> None:
    payload = json.dumps(message, ensure_ascii=not raw).encode()
    short = decode_short(payload)
    assert short is None or repr(short) == repr(decode_document(payload))
    assert repr(decode(payload)) == repr(decode_document(payload))


@pytest.mark.parametrize(
    "message",
    [
        {"readings": [{"time": 5}]},
        {"readings": [{"device": "d", "time": 5, "pm2_5": 1.5}], "seq": 1, "gateway": None},
        {"readings": [{"device": None, "time": "2026-11-22T08:15:00Z", "pm2_5": -3, "co2": 4.5}]},
        {"readings": [{"time": 5, "pm2_5": 2**53 + 1, "co2": -(2**63)}], "gateway": "gw", "oldest": 0},
    ],
)
def test_usual_short_messages_go_the_short_way(message: dict[str, Any]) -> None:
    payload = json.dumps(message).encode()
    short = decode_short(payload)
    assert short is not None
    assert repr(short) == repr(decode_document(payload))


@pytest.mark.parametrize(
    "payload",
    [
        b'{"readings": [{"time": 5, "pm2_5": 1e999}]}',
        b'{"readings": [{"time": 5, "pm2_5": NaN}]}',
        b'{"readings": [{"time": 5, "pm2_5": %d}]}' % (10**400),
        b'{"readings": [{"time": 5, "pm2_5": %d}]}' % (int(MAX_FLOAT) + 1),
        b'{"readings": [{"time": 5, "pm2_5": true}]}',
        b'{"readings": [{"time": 5, "pm2_5": null}]}',
        b'{"readings": [{"time": 5, "pm2_5": 1, "pm2_5": 2, "co2": 3, "time": 6}]}',
        b'{"readings": [{"time": 5.0, "pm2_5": 1}]}',
        b'{"readings": [{"time": true, "pm2_5": 1}]}',
        b'{"readings": [{"pm2_5": 1}]}',
        b'{"readings": [{"time": 5, "device": 7, "pm2_5": 1}]}',
        b'{"readings": [{"time": 10000000000000000, "pm2_5": 1}]}',
        b'{"readings": [7], "readings": [{"time": 5, "pm2_5": 1}]}',
        b'{"seq": 1.0, "readings": [{"time": 5, "pm2_5": 1}]}',
        b'{"seq": -1, "readings": [{"time": 5, "pm2_5": 1}]}',
        b'{"seq": 9223372036854775807, "readings": [{"time": 5, "pm2_5": 1}]}',
        b'{"oldest": true, "readings": [{"time": 5, "pm2_5": 1}]}',
        b'{"gateway": 1, "readings": [{"time": 5, "pm2_5": 1}]}',
        b'{"other": 1, "readings": [{"time": 5, "pm2_5": 1}]}',
        b'{"readings": [{"time": 5, "pm2_5": 1}]} x',
        b'{"readings": [{"time": 5, "\xff": 1}]}',
        b'{"readings": [{"time": 5, "\\ud800": 1}]}',
        b'{"readings": {"time": 5}}',
        b'{"readings": []}',
        b'{"readings": [{"time": 5, "pm2_5": 1}, {"time": 5, "co2": 1}]}',
        b"{}",
        b"[" * 500,
    ],
)
def test_unusual_short_messages_are_told_alike(payload: bytes) -> None:
    assert repr(decode(payload)) == repr(decode_document(payload))


@pytest.mark.parametrize(
    "odd",
    [
        {"time": 5, "a": 1, "b": 2},
        {"time": 5, "a": 2**60 + 1},
        {"time": 5, "a": 10**400},
        {"time": 5, "a": True},
        {"time": 5, "a": "1"},
        {"time": 5.0, "a": 1},
        {"time": "2026-11-22T08:15:00Z", "a": 1},
        {"time": 10**16, "a": 1},
        {"time": 5, "device": "d", "a": 1},
        {"time": 5, "value_0": 1},
        {"time": 5},
        {"a": 1},
        [],
    ],
)
def test_one_odd_reading_among_many_alike(odd: object) -> None:
    same_both_ways(padded({"readings": [*[{"time": 5, "a": 1.5}] * 9, odd]}, raw=False))


def test_few_readings_keep_their_order() -> None:
    same_both_ways(padded({"seq": 1, "readings": [{"time": 5, "a": 1, "b": 2}] * 3}, raw=False))


def same_both_ways(payload: bytes) -> None:
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
