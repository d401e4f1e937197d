from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.formats.head import MAX_SEQ
from ingest.formats.native import decode, encode
from ingest.formats.readings import MAX_PAYLOAD_BYTES

TIME_US = 1_795_335_360_000_000
CODES = st.from_regex(r"[a-z0-9][a-z0-9_.-]{0,20}", fullmatch=True).filter(
    lambda c: c not in ("device", "time")
)


def problems(payload: bytes | str) -> list[tuple[str, str]]:
    found = decode(payload.encode() if isinstance(payload, str) else payload)
    return [(p.reason, p.at) for p in found.problems]


def test_example_of_the_contract() -> None:
    found = decode(
        b"""{"seq": 4711,
             "readings": [
               {"device": "aq-017", "time": "2026-11-22T08:15:00Z", "pm2_5": 31.2, "pm10": 48.0},
               {"device": "aq-017", "time": 1795335360000, "temperature": 27.4}]}"""
    )
    assert found.seq == 4711
    assert found.devices == ["aq-017"] * 3
    assert found.properties == ["pm2_5", "pm10", "temperature"]
    assert found.values == [31.2, 48.0, 27.4]
    assert found.times == [1795335300000000] * 2 + [TIME_US]
    assert [found.path(i) for i in range(3)] == [
        "$.readings[0].pm2_5",
        "$.readings[0].pm10",
        "$.readings[1].temperature",
    ]
    assert found.problems == []


VALUES = st.floats(allow_nan=False, allow_infinity=False) | st.booleans() | st.integers()
READINGS = st.lists(
    st.dictionaries(CODES, VALUES, min_size=1).map(lambda d: {"time": 1795335360000, "device": "d"} | d),
    max_size=5,
)
# Readings of the same keys are decoded column by column.
ALIKE = st.lists(CODES, min_size=1, max_size=4, unique=True).flatmap(
    lambda names: st.lists(
        st.fixed_dictionaries(
            {"time": st.integers(0, 10**12), "device": st.sampled_from("abc")} | dict.fromkeys(names, VALUES)
        ),
        max_size=9,
    )
)


@given(READINGS | ALIKE, st.none() | st.integers(0, 2**63 - 2))
def test_round_trip(readings: list[dict[str, Any]], seq: int | None) -> None:
    found = decode(encode(readings, seq=seq))
    assert found.problems == []
    assert found.seq == seq
    sent = [
        (place, r["device"], k, r["time"] * 1000, float(v))
        for place, r in enumerate(readings)
        for k, v in r.items()
        if k not in ("time", "device")
    ]
    columns = (found.places, found.devices, found.properties, found.times, found.values)
    assert sorted(zip(*columns, strict=True)) == sorted(sent)


@pytest.mark.parametrize(
    ("odd", "reason"),
    [
        ({"time": 1, "device": "d"}, None),
        ({"time": 1, "device": "d", "b": 1}, None),
        ({"time": 1, "device": "d", "a": 2**60}, None),
        ({"time": 1, "device": "d", "a": True}, None),
        ({"time": "1970-01-01T00:00:00.001Z", "device": None, "a": 1}, None),
        ({"time": 1, "device": "d", "a": "1"}, "value_not_finite"),
        ({"time": 1, "device": "d", "a": 10**400}, "value_not_finite"),
        ({"time": 1, "device": "d", "a": math.nan}, "value_not_finite"),
        ({"time": 1, "device": 7, "a": 1}, "schema"),
        ({"time": True, "device": "d", "a": 1}, "time_invalid"),
        ({"device": "d", "a": 1, "c": 1}, "time_missing"),
        ([], "schema"),
    ],
)
def test_one_odd_reading_among_many_alike(odd: object, reason: str | None) -> None:
    alike = [{"time": 1, "device": "d", "a": 1.5}] * 9
    found = decode(json.dumps({"readings": [*alike, odd]}).encode())
    assert found.values[:9] == [1.5] * 9
    assert found.places[:9] == list(range(9))
    assert [(p.reason, p.count) for p in found.problems] == ([(reason, 1)] if reason else [])
    assert {*found.times} <= {1000}


@given(st.binary(max_size=200))
def test_any_bytes_are_a_value_not_an_exception(payload: bytes) -> None:
    decode(payload)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["seq", "readings", "time", "device", "pm10", "gateway"]), inner
            )
        ),
        max_leaves=12,
    )
)
def test_any_json_is_a_value_not_an_exception(document: object) -> None:
    found = decode(
        json.dumps({"readings": [document]} if not isinstance(document, dict) else document).encode()
    )
    assert all(math.isfinite(v) for v in found.values)


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ("", ("not_decodable", "$")),
        ("{", ("not_decodable", "$")),
        ("\xff", ("not_decodable", "$")),
        ("[" * 100_000, ("not_decodable", "$")),
        ("[]", ("schema", "$")),
        ("{}", ("schema", "$.readings")),
        ('{"readings": {}}', ("schema", "$.readings")),
        ('{"readings": [], "sequence": 1}', ("schema", "$.sequence")),
        ('{"readings": [], "seq": -1}', ("schema", "$.seq")),
        ('{"readings": [], "seq": true}', ("schema", "$.seq")),
        ('{"readings": [], "seq": 1.0}', ("schema", "$.seq")),
        ('{"readings": [], "gateway": 1}', ("schema", "$.gateway")),
        ('{"readings": [7]}', ("schema", "$.readings[0]")),
        ('{"readings": [{"time": 1, "device": 7, "a": 1}]}', ("schema", "$.readings[0].device")),
        ('{"readings": [{"a": 1}]}', ("time_missing", "$.readings[0].time")),
        ('{"readings": [{"time": null, "a": 1}]}', ("time_invalid", "$.readings[0].time")),
        ('{"readings": [{"time": 1, "a": "1"}]}', ("value_not_finite", "$.readings[0].a")),
        ('{"readings": [{"time": 1, "a": null}]}', ("value_not_finite", "$.readings[0].a")),
        ('{"readings": [{"time": 1, "a": NaN}]}', ("value_not_finite", "$.readings[0].a")),
        ('{"readings": [{"time": 1, "a": -inf}]}', ("value_not_finite", "$.readings[0].a")),
        ('{"readings": [{"time": 1, "a": 1e999}]}', ("value_not_finite", "$.readings[0].a")),
        ('{"readings": [{"time": 1, "a": ' + "9" * 400 + "}]}", ("value_not_finite", "$.readings[0].a")),
        ('{"readings": [{"time": 1, "a": ' + "9" * 5000 + "}]}", ("value_not_finite", "$.readings[0].a")),
        ('{"readings": [{"time": ' + "9" * 5000 + ', "a": 1}]}', ("time_invalid", "$.readings[0].time")),
    ],
)
def test_what_is_wrong_and_where(payload: str, expected: tuple[str, str]) -> None:
    assert problems(payload.encode("latin-1")) == [expected]


def test_readings_under_another_key_are_told_with_that_key() -> None:
    (problem,) = decode(b'{"seq": 1, "values": []}').problems
    assert (problem.reason, problem.at, problem.count) == ("schema", "$.readings", 1)
    assert problem.detail == (
        "readings is missing, and 'values' is an unknown key: put the array under readings"
    )


def test_a_bare_nan_does_not_take_its_neighbours_down() -> None:
    found = decode(
        b'{"readings": [{"time": 1795335360000, "a": nan, "b": 2}, {"time": 1795335360000, "c": 3}]}'
    )
    assert found.properties == ["b", "c"]
    assert [p.at for p in found.problems] == ["$.readings[0].a"]


def test_equal_problems_are_counted_at_the_first_place() -> None:
    (problem,) = decode(b'{"readings": [1' + b", 1" * 9999 + b"]}").problems
    assert (problem.reason, problem.at, problem.count) == ("schema", "$.readings[0]", 10_000)


def test_more_than_a_mebibyte_is_refused_unread() -> None:
    assert problems(b'{"readings":[]}' + b" " * MAX_PAYLOAD_BYTES) == [("not_decodable", "$")]


@pytest.mark.parametrize(
    ("payload", "seq"),
    [
        (b'{"seq":15,"readings":[{"device":"aq', 15),
        (b' { "seq" : 0 , "oldest": }', 0),
        (b'{"seq": 15, "readings": [{"time": 1, "pm10": 1.}]}', 15),
        (b'{"seq": 15, "readings": ' + b"[" * 100_000, 15),
        (b'{"seq": 15, "readings": []}' + b" " * MAX_PAYLOAD_BYTES, 15),
        (b'{"seq": 15, \xff\xfe', 15),
        (b'{"seq": 9223372036854775806, ', MAX_SEQ),
        (b'{"seq": 9223372036854775807, ', None),
        (b'{"seq": 15', None),  # which may go on
        (b'{"seq": 15 7, "readings": []}', None),
        (b'{"seq": 15}{"readings": []}', None),
        (b'{"seq": 015, "readings": []}', None),
        (b'{"seq": -15, "readings": [}', None),
        (b'{"seq": 15.0, "readings": [}', None),
        (b'{"seq": "15", "readings": [}', None),
        (b'{"seq": %b, "readings": [}' % (b"1" * 5000), None),
        (b'{"oldest": 12, "seq": 15, "readings": [}', None),
        (b'[{"seq": 15, ', None),
        (b'x{"seq": 15, "readings": []}', None),
        (b'"seq": 15, "readings": []}', None),
        (b'{"seq": 14, "readings": [{"time{"seq": 15, "readings": []}', None),  # two that ran into each other
        (b"", None),
    ],
)
def test_the_number_of_a_broken_message(payload: bytes, seq: int | None) -> None:
    found = decode(payload)
    assert ([p.reason for p in found.problems], found.seq) == (["not_decodable"], seq)
    assert ("cannot be told" in found.problems[0].detail) == (seq is None and b'"seq"' in payload)


@given(st.integers(0, MAX_SEQ), st.data())
def test_a_message_that_was_cut_off_has_its_own_number_or_none(seq: int, data: st.DataObject) -> None:
    payload = encode([{"device": "a", "time": 1795335360000, "pm10": 1.5}], seq=seq)
    found = decode(payload[: data.draw(st.integers(0, len(payload) - 1))])
    assert found.seq in (None, seq)
