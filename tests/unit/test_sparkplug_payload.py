"""Payloads of Sparkplug B: what is decoded is what was encoded, and every data type means what it should."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.formats.readings import MAX_PAYLOAD_BYTES, Problem
from ingest.formats.sparkplug import DataType, Metric, Payload, decode, encode, number

if TYPE_CHECKING:
    from pathlib import Path

UINT64 = st.integers(0, 2**64 - 1)
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
VALUES = {
    DataType.INT8: st.integers(-(2**7), 2**7 - 1),
    DataType.INT16: st.integers(-(2**15), 2**15 - 1),
    DataType.INT32: st.integers(-(2**31), 2**31 - 1),
    DataType.INT64: st.integers(-(2**63), 2**63 - 1),
    DataType.UINT8: st.integers(0, 2**8 - 1),
    DataType.UINT16: st.integers(0, 2**16 - 1),
    DataType.UINT32: st.integers(0, 2**32 - 1),
    DataType.UINT64: UINT64,
    DataType.FLOAT: st.floats(width=32, allow_nan=False),
    DataType.DOUBLE: st.floats(allow_nan=False),
    DataType.BOOLEAN: st.booleans(),
    DataType.STRING: TEXT,
    DataType.DATE_TIME: UINT64,
    DataType.BYTES: st.binary(max_size=20),
}


@st.composite
def metrics(draw: st.DrawFn) -> Metric:
    datatype = draw(st.sampled_from(list(VALUES)))
    return Metric(
        draw(st.none() | TEXT),
        draw(st.none() | UINT64),
        draw(st.none() | UINT64),
        datatype,
        draw(st.none() | VALUES[datatype]),
        *(draw(st.booleans()) for _ in range(3)),
    )


PAYLOADS = st.builds(
    Payload, st.none() | UINT64, st.none() | UINT64, st.lists(metrics(), max_size=5).map(tuple)
)


@given(PAYLOADS)
def test_decoded_is_what_was_encoded(payload: Payload) -> None:
    assert decode(encode(payload)) == payload


@given(st.binary(max_size=200) | PAYLOADS.map(encode).map(lambda b: b[: len(b) // 2]))
def test_any_bytes_are_a_payload_or_a_problem(payload: bytes) -> None:
    found = decode(payload)
    assert isinstance(found, Payload) or found.reason == "not_decodable"


def test_a_payload_above_the_bound_is_refused() -> None:
    metric = Metric("a", datatype=DataType.STRING, value="x" * MAX_PAYLOAD_BYTES)
    found = decode(encode(Payload(metrics=(metric,))))
    assert isinstance(found, Problem)
    assert "are more than" in found.detail


@pytest.mark.parametrize(
    ("wire", "datatype", "value"),
    [
        (0xFFFF_FFFB, DataType.INT8, -5),  # sign-extended to the 32 bits of int_value
        (0xFB, DataType.INT8, -5),  # … or not
        (0xFFFB, DataType.INT16, -5),
        (0xFFFF_FFFB, DataType.INT32, -5),
        (0xFFFF_FFFF_FFFF_FFFB, DataType.INT64, -5),
        (0xFB, DataType.UINT8, 251),
        (0xFFFF_FFFF_FFFF_FFFB, DataType.UINT64, 2**64 - 5),
        (2, DataType.BOOLEAN, True),
        (0xFFFF_FFFB, None, 0xFFFF_FFFB),
        (1.5, DataType.INT8, 1.5),
    ],
)
def test_integers_wrap_to_their_type(wire: float, datatype: DataType | None, value: float) -> None:
    assert number(wire, datatype) == value


def test_a_name_without_nul_and_invalid_text() -> None:
    payload = b"\x12\x07\x0a\x05a\0\xff\xfeb"
    found = decode(payload)
    assert isinstance(found, Payload)
    assert found.metrics[0].name == "a\ufffd\ufffd\ufffdb"


def test_payloads_of_another_project(shared: Path) -> None:
    found = {p.stem: decode(p.read_bytes()) for p in (shared / "cases" / "sparkplug").glob("*.bin")}
    assert {name: payload.seq for name, payload in found.items() if isinstance(payload, Payload)} == {
        "NBIRTH_V1": 0,
        "NDATA_V1": 1,
        "NDATA_GAP": 5,
    }
    birth = found["NBIRTH_V1"]
    assert isinstance(birth, Payload)
    assert [(m.name, m.alias, m.value) for m in birth.metrics] == [
        ("bdSeq", 1, 88),
        ("Node Control/Rebirth", 2, False),
        ("Temperature", 100, 21.5),
    ]
