from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kpn_senml import SenmlPack, SenmlRecord, SenmlUnits

from ingest.formats import senml_columns
from ingest.formats.format import choose
from ingest.formats.readings import MAX_PAYLOAD_BYTES, Readings
from ingest.formats.senml import decode_cbor, decode_json, encode_cbor, encode_json
from ingest.formats.senml_names import split_name
from ingest.formats.senml_records import CBOR, JSON, Pack

NOW_S = 1_782_862_200
OTHERS = Path(__file__).resolve().parents[3] / "shared" / "cases" / "senml"

CODES = st.from_regex(r"[a-z0-9][a-z0-9_.-]{0,20}", fullmatch=True).filter(
    lambda code: code not in ("device", "time")
)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.booleans() | st.integers(-(2**63), 2**63)
# from 1978-07-04, before which a time is relative, to 2200, where binary64 has microseconds
TIMES_MS = st.integers(268_435_456_000, 7_258_118_400_000)
READINGS = st.lists(
    st.dictionaries(CODES, NUMBERS, min_size=1).flatmap(
        lambda values: st.builds(
            lambda device, time: {"device": device, "time": time} | values, CODES, TIMES_MS
        )
    ),
    max_size=6,
)
SEQS = st.none() | st.integers(0, 2**63 - 2)
UNITS = st.dictionaries(CODES, st.sampled_from(["Cel", "%RH", "ug/m3", "no unit"]), max_size=3)


def rows(found: Readings) -> list[tuple[Any, ...]]:
    units = found.units or [None] * len(found.values)
    columns = (found.places, found.devices, found.properties, found.times, found.values, units)
    return [*zip(*columns, strict=True)]


def problems(records: list[Any]) -> list[tuple[str, str]]:
    return [(p.reason, p.at) for p in decode_json(json.dumps(records).encode()).problems]


def measured(**fields: Any) -> dict[str, Any]:
    return {"n": "aq/pm10", "t": NOW_S, "v": 1.5} | fields


@pytest.mark.parametrize(("encode", "decode"), [(encode_json, decode_json), (encode_cbor, decode_cbor)])
@given(readings=READINGS, seq=SEQS, units=UNITS)
def test_round_trip(
    encode: Any, decode: Any, readings: list[dict[str, Any]], seq: int | None, units: dict[str, str]
) -> None:
    found = decode(encode(readings, seq=seq, units=units))
    sent = [
        (each["device"], name, each["time"] * 1000, float(value), units.get(name))
        for each in readings
        for name, value in each.items()
        if name not in ("device", "time")
    ]
    assert found.problems == []
    assert found.seq == seq
    assert [row[1:] for row in rows(found)] == sent


NAMES = st.sampled_from(["aq/", "aq:", "a.b/", "urn:dev:mac:00aa:", "-", "", "đ", "x" * 300])
BASES = st.fixed_dictionaries(
    {},
    optional={
        "bn": NAMES | st.none(),
        "bt": st.sampled_from([NOW_S, NOW_S + 0.5, 0, -1, 1e300, "x", None, True]),
        "bu": st.sampled_from(["Cel", "", 1, None]),
        "bv": st.sampled_from([1, 0.5, None]),
        "bver": st.sampled_from([10, 10, 26, 11, 5, "10"]),
        "seq": st.sampled_from([1, "1", -1]),
        "gateway": st.sampled_from(["gw", 1]),
        "oldest": st.integers(),
        "b_": st.none(),
    },
)
RECORDS = st.fixed_dictionaries(
    {"n": st.sampled_from(["aq/pm10", "pm10", "pm2_5", "-", "", "aq:no2"])},
    optional={
        "v": st.sampled_from([1, 1.5, -0.0, 10**400, True, None, "1"]) | st.floats(),
        "t": st.sampled_from([NOW_S, -5, 0.25, math.nan, math.inf, None, "x", 2**300]),
        "u": st.sampled_from(["Cel", "ug/m3", "", None, 5]),
        "s": st.floats(),
        "vb": st.booleans(),
        "ut": st.integers(),
        "x_": st.none(),
        "y": st.none(),
    },
)
WELL = st.fixed_dictionaries(
    {"n": st.sampled_from(["a/pm10", "b:pm2_5"]), "v": st.floats(-9, 9) | st.integers(-9, 9)},
    optional={
        "t": st.sampled_from([0, -5, 0.25, 7]),
        "u": st.sampled_from(["Cel", "ug/m3", ""]),
        "bn": st.sampled_from(["aq/", "b:"]),
        "bt": st.sampled_from([NOW_S, NOW_S + 0.5]),
        "bu": st.sampled_from(["Cel", ""]),
    },
)
#: in one of them one field is of another kind
ODD = st.builds(
    lambda records, place, name, value: [
        record | {name: value} if index == place else record for index, record in enumerate(records)
    ],
    st.lists(WELL, min_size=4, max_size=7).map(lambda rest: [{"bt": NOW_S} | rest[0], *rest[1:]]),
    st.integers(0, 6),
    st.sampled_from(["n", "v", "t", "u", "bn", "bt", "bu"]),
    st.sampled_from([None, 0, 1.5, "", [], {}, True, 10**400, math.nan, -math.inf, "x" * 300]),
)
FIRST = st.fixed_dictionaries({"bn": st.just("aq/"), "bt": st.just(NOW_S)}, optional={"seq": st.just(3)})


@given(
    st.lists(st.builds(lambda a, b: a | b, BASES, RECORDS) | BASES | RECORDS, min_size=4, max_size=9)
    | st.builds(lambda first, rest: [first | rest[0], *rest[1:]], FIRST, st.lists(WELL, min_size=4))
    | ODD
    | st.builds(lambda first, rest: [first, *rest], FIRST, st.lists(WELL, min_size=4)),
    st.sampled_from([JSON, CBOR]),
)
def test_columns_and_records_agree(records: list[dict[str, Any]], labels: Any) -> None:
    labelled: list[Any] = [{labels.get(name, name): value for name, value in r.items()} for r in records]
    one_by_one, by_columns = Readings(), Readings()
    Pack(one_by_one).add(labelled, labels)
    if senml_columns.decode_columns(labelled, labels, by_columns):
        assert rows(by_columns) == rows(one_by_one)
        assert by_columns.problems == one_by_one.problems
        assert by_columns.seq == one_by_one.seq
    else:
        assert by_columns == Readings()


def test_usual_packs_go_by_columns() -> None:
    first = {"bn": "aq/", "bt": NOW_S, "seq": 1, "n": "pm10", "u": "ug/m3", "v": 1}
    rest = [{"n": "pm10", "v": 1.5, "t": -i} for i in range(9)]
    assert senml_columns.decode_columns([first, *rest], JSON, Readings())
    assert senml_columns.decode_columns([first, *rest, {"bn": "b/"} | rest[0]], JSON, Readings())
    assert senml_columns.decode_columns([{"bn": "aq/", "bt": NOW_S}, *rest], JSON, Readings())


@given(st.binary(max_size=200))
def test_any_bytes_are_a_value_not_an_exception(payload: bytes) -> None:
    for begin in (b"", b"[", b"\x81", b"\x84\xa1", b"\xd9\xd9\xf7\x82"):
        decode_json(begin + payload)
        decode_cbor(begin + payload)


SCALARS = st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5)
KEYS = st.sampled_from([*JSON, "seq", "oldest", "gateway", "x_", "bx_"])
DOCUMENTS = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner), max_leaves=12
)


@given(st.lists(DOCUMENTS, max_size=6))
def test_any_json_is_a_value_not_an_exception(document: list[Any]) -> None:
    assert all(math.isfinite(value) for value in decode_json(json.dumps(document).encode()).values)


CBOR_SCALARS = (
    SCALARS | st.binary(max_size=5) | st.integers(-(2**2000), 2**2000) | st.decimals() | st.fractions()
)
CBOR_DOCUMENTS = st.recursive(
    CBOR_SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.integers(-6, 9) | KEYS, inner)
        | st.builds(cbor2.CBORTag, st.integers(0, 300), inner)
    ),
    max_leaves=12,
)


@given(st.lists(CBOR_DOCUMENTS, max_size=6))
def test_any_cbor_is_a_value_not_an_exception(document: list[Any]) -> None:
    assert all(math.isfinite(value) for value in decode_cbor(cbor2.dumps(document)).values)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (measured(v="1"), ("value_not_finite", "$[0].v")),
        (measured(v=10**400), ("value_not_finite", "$[0].v")),
        (measured(v=True), ("value_not_finite", "$[0].v")),
        (measured(v=1, vb=True), ("schema", "$[0].vb")),
        (measured(n=None), ("schema", "$[0].n")),
        (measured(u=7), ("schema", "$[0].u")),
        (measured(bu=7), ("schema", "$[0].bu")),
        (measured(bv=math.nan), ("value_not_finite", "$[0].bv")),
        (measured(bt=math.inf), ("time_invalid", "$[0].bt")),
        (measured(t=1e13), ("time_invalid", "$[0].t")),
        (measured(t=1000), ("time_invalid", "$[0].t")),
        (measured(bver=27), ("schema", "$[0].bver")),
        (measured(seq=1.0), ("schema", "$[0].seq")),
        (measured(gateway=1), ("schema", "$[0].gateway")),
        (measured(new_=1), ("schema", "$[0].new_")),
        ({"n": "aq/pm10", "t": NOW_S}, ("schema", "$[0].v")),
        ({"n": "aq/pm10", "v": 1}, ("time_missing", "$[0].t")),
        ({}, ("schema", "$[0].n")),
        (7, ("schema", "$[0]")),
    ],
)
def test_what_is_wrong_and_where(record: Any, expected: tuple[str, str]) -> None:
    assert problems([record]) == [expected]


@pytest.mark.parametrize(
    "bad",
    [
        {"n": "aq/x", "v": None},
        {"n": "aq/x", "t": NOW_S, "vs": "on"},
        {"bn": 1, "bt": "x", "bu": 2, "bv": None, "v": 3},
        {"x_": 1},
        {"n": 1},
        [],
        None,
    ],
)
def test_a_bad_record_keeps_its_neighbours(bad: Any) -> None:
    good = [measured(bn="", bt=0, bv=0, bu="", v=i) for i in range(4)]
    found = decode_json(json.dumps([good[0], bad, *good[1:]]).encode())
    assert found.values == [0, 1, 2, 3]
    assert [(p.count, p.at[:4]) for p in found.problems] == [(1, "$[1]")]


def test_unit_of_a_record_overrides_the_base_unit() -> None:
    pack = [{"bn": "aq/", "bt": NOW_S, "bu": "Cel", "n": "a", "v": 1}, {"n": "b", "u": "K", "v": 2}]
    assert decode_json(json.dumps(pack).encode()).units == ["Cel", "K"]


def test_times_are_rounded_to_the_microsecond_of_binary64() -> None:
    (time,) = decode_json(b'[{"n":"a/b","bt":1276020076.001,"t":-5.000001,"v":1}]').times
    assert time == 1_276_020_071_000_999


@pytest.mark.parametrize("version", [1, 5, 10, 26])
def test_versions_that_are_spoken(version: int) -> None:
    assert decode_json(json.dumps([measured(bver=version)]).encode()).problems == []


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("aq-1/pm10", ("aq-1", "pm10")),
        ("aq-1:pm10", ("aq-1", "pm10")),
        ("urn:dev:mac:0024befffe804ff1/pm10", ("0024befffe804ff1", "pm10")),
        ("urn:dev:org:32473-foo:pm10", ("32473-foo", "pm10")),
        ("urn:dev:ow:10e2073a01080063", None),
        ("pm10", None),
        ("/pm10", None),
        ("aq-1/", None),
    ],
)
def test_names(name: str, parts: tuple[str, str] | None) -> None:
    found = split_name(name)
    assert isinstance(found, str) if parts is None else found == parts


def test_without_a_content_type_the_first_bytes_choose() -> None:
    assert choose(b' [{"n": 1}]', None).name == "senml-json"
    assert choose(cbor2.dumps([{0: "a"}]), None).name == "senml-cbor"
    assert choose(b"\x9f\xff", None).name == "senml-cbor"
    assert choose(b"\xd9\xd9\xf7\x80", None).name == "senml-cbor"
    assert choose(b"\xa0", None).name == "native"


@pytest.mark.attack(
    "CBOR bombs: deep, wide, told lengths, digits, cycles, patterns", "refused within seconds"
)
@pytest.mark.parametrize(
    "payload",
    [
        b"\x81" * MAX_PAYLOAD_BYTES,
        b"\x9a\x00\x0f\xff\xf0" + b"\x80" * 0xFFFF0,
        b"\x9b" + b"\xff" * 8,
        b"\xbb" + b"\xff" * 8,
        b"\x5b" + b"\x7f" * 8,
        b"\x81\xc4\x82\x00\xc2\x5a\x00\x0f\xff\xe0" + b"\xff" * 0xFFFE0,
        b"\x81\xc4\x82\x1a\x7f\xff\xff\xff\x01",
        b"\x81\xc5\x82\x1a\x7f\xff\xff\xff\x01",
        b"\x82\xd8\x1c\x81\xd8\x1d\x00\xd8\x1d\x00",
        b"\x81\xd8\x23\x6a(a+)+$aaaa",
    ],
    ids=["deep", "wide", "array", "map", "bytes", "digits", "exponent", "bigfloat", "cycle", "regex"],
)
@pytest.mark.timeout(60)
def test_cbor_bombs(payload: bytes) -> None:
    found = decode_cbor(payload)
    assert [p.reason for p in found.problems] in (["schema"], ["not_decodable"])


@pytest.mark.parametrize(
    "key", ["d81e82810102", "d9010281f6", "a10101"], ids=["rational of a list", "set", "map"]
)
def test_a_key_that_cannot_be_hashed_is_a_value_not_an_exception(key: str) -> None:
    found = decode_cbor(bytes.fromhex(f"81a1{key}02"))
    assert found.problems
    assert not found.values


def test_a_name_that_cannot_be_hashed_keeps_its_neighbours() -> None:
    record = {0: "aq-1/pm10", 6: 1_795_335_360, 2: 1.5}
    found = decode_cbor(cbor2.dumps([record, record, record, record | {0: cbor2.CBORTag(30, [1, 2])}]))
    assert found.values == [1.5] * 3
    assert [(p.reason, p.at) for p in found.problems] == [("schema", "$[3].n")]


def test_more_than_a_mebibyte_is_refused_unread() -> None:
    for decode in (decode_json, decode_cbor):
        (problem,) = decode(b"[" + b" " * MAX_PAYLOAD_BYTES).problems
        assert (problem.reason, problem.at) == ("not_decodable", "$")


def kpn_pack() -> SenmlPack:
    pack = SenmlPack("aq-1/")
    pack.base_time, pack.base_unit = NOW_S, SenmlUnits.SENML_UNIT_DEGREES_CELSIUS
    pack.add(SenmlRecord("air_temperature", value=31.5))
    pack.add(SenmlRecord("lamp_state", value=True))
    pack.add(
        SenmlRecord("rssi", value=-90, unit=SenmlUnits.SENML_UNIT_DECIBEL_RELATIVE_TO_1_W, time=NOW_S - 5)
    )
    return pack


def test_a_pack_of_an_independent_encoder() -> None:
    by_json = decode_json(kpn_pack().to_json().encode())
    by_cbor = decode_cbor(kpn_pack().to_cbor())
    assert rows(by_json) == [
        (0, "aq-1", "air_temperature", NOW_S * 1_000_000, 31.5, "Cel"),
        (1, "aq-1", "lamp_state", NOW_S * 1_000_000, 1.0, "Cel"),
        (2, "aq-1", "rssi", (NOW_S - 5) * 1_000_000, -90.0, "dBW"),
    ]
    assert rows(by_cbor) == rows(by_json)
    assert by_json.problems == by_cbor.problems == []


@pytest.mark.skipif(not OTHERS.exists(), reason=f"the cases of others are not at {OTHERS}")
@pytest.mark.parametrize("number", [2, 3, 5, 7])
def test_examples_of_the_rfc_resolve_as_published(number: int) -> None:
    records = json.loads((OTHERS / f"ex{number}.gen.json").read_text("utf-8"))
    records[0].setdefault("bt", 1_498_780_179)  # two examples are relative to the moment of arrival
    resolved = [
        each for each in json.loads((OTHERS / f"ex{number}.gen.resolved.json").read_text("utf-8"))
        if "v" in each or "vb" in each
    ]  # fmt: skip
    if number == 5:  # a name without a property, which the wire contract demands
        records[0]["bn"] += "/x"
        resolved = [each | {"n": each["n"] + "/x"} for each in resolved]
    found = decode_json(json.dumps(records).encode())
    is_dated = "bt" in json.loads((OTHERS / f"ex{number}.gen.json").read_text("utf-8"))[0]
    assert len(found.values) == len(resolved)
    for (_, device, prop, time, value, unit), each in zip(rows(found), resolved, strict=True):
        assert each["n"] in {f"urn:dev:ow:{device}:{prop}", f"urn:dev:ow:{device}/{prop}"}
        assert value == each.get("v", each.get("vb"))
        assert unit == each.get("u")
        assert not is_dated or time == round(each["t"] * 1e6)


@pytest.mark.skipif(not OTHERS.exists(), reason=f"the cases of others are not at {OTHERS}")
def test_example_of_the_rfc_in_cbor_is_the_one_in_json() -> None:
    by_cbor = decode_cbor((OTHERS / "ex3.gen.cbor").read_bytes())
    by_json = decode_json((OTHERS / "ex3.gen.json").read_bytes())
    assert by_cbor.problems == by_json.problems == []
    assert [row[:5] for row in rows(by_cbor)] == [row[:5] for row in rows(by_json)]
