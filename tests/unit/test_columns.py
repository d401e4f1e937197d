"""Columns become the rows that they are, in JSON and in tables."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api import columns, value_columns
from api.columns import Column
from api.known import Known, Unit
from api.queries.indicators import FIELDS, NEWEST
from api.stand_ins import Series
from api.tables.indicators import VALUES
from api.values import CHOICES

things = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)


def decoded(found: msgspec.Raw) -> Any:
    return msgspec.json.decode(bytes(found))


@given(st.data(), st.integers(0, 20))
def test_rows_are_what_the_columns_say(data: st.DataObject, count: int) -> None:
    names = data.draw(st.lists(st.text(min_size=1), min_size=1, max_size=5, unique=True))
    shared = data.draw(st.lists(st.integers(0, 2), min_size=count, max_size=count))
    places = np.array(shared, np.intp)
    told = {}
    for name in names:
        if data.draw(st.booleans()):
            told[name] = Column(data.draw(st.lists(things, min_size=3, max_size=3)), places)
        else:
            told[name] = columns.of_objects(data.draw(st.lists(st.text(), min_size=count, max_size=count)))
    rows = list(zip(*(column.rows() for column in told.values()), strict=True))
    assert decoded(columns.json_rows(told)) == [dict(zip(names, row, strict=True)) for row in rows]
    assert decoded(columns.json_lists(told.values())) == [list(row) for row in rows]


@given(st.lists(st.none() | st.text()))
def test_a_column_has_what_it_was_made_of(texts: list[str | None]) -> None:
    column = columns.of_objects(texts)
    assert column.rows() == texts
    assert len(column.things) == len(set(texts))
    assert column.array(pa.string()).to_pylist() == texts


def test_nothing_is_null_in_json_and_in_tables() -> None:
    values = np.array([1.5, np.nan, -0.0, np.nan])
    for column in (columns.of_numbers(values), columns.of_floats(values)):
        assert decoded(columns.json_rows({"a": column})) == [{"a": each} for each in (1.5, None, 0.0, None)]
        assert column.array(pa.float64()).to_pylist() == [1.5, None, 0.0, None]


def test_instants_keep_their_microseconds() -> None:
    times = np.array(["2026-11-22T01:00:00.000001", "2026-11-22T01:00:00", "1969-12-31T23:59:59"], "M8[us]")
    found = columns.of_instants(times)
    assert found.rows()[0] == datetime(2026, 11, 22, 1, 0, 0, 1, UTC)
    assert [row["t"] for row in decoded(columns.json_rows({"t": found}))] == [
        "2026-11-22T01:00:00.000001Z",
        "2026-11-22T01:00:00Z",
        "1969-12-31T23:59:59Z",
    ]


@pytest.mark.parametrize(
    "array",
    [
        pa.array([1, 2, 1]),
        pa.array([1.5, None, 2.0]),
        pa.array(["a", "", "a"]),
        pa.array([], pa.string()),
        pa.array([0, 1_700_000_000_000_001], pa.timestamp("us", "UTC")),
    ],
)
def test_a_column_of_a_table_is_the_same_rows(array: pa.Array) -> None:
    rows = decoded(columns.json_rows({"a": columns.of_array(array)}))
    assert rows == msgspec.to_builtins([{"a": each} for each in array.to_pylist()])


GOOD = {"code": "good", "name_en": "Good", "name_vi": "Tốt", "colour": "#00E400", "lower": 0}
HOUR = {
    "code": "aqi", "name_en": "Index", "name_vi": "Chỉ số", "unit": "1", "step_s": 3600, "window_s": 7200,
    "categories": [GOOD],
}  # fmt: skip
DAY = HOUR | {"code": "pm_d", "unit": "ug/m3", "step_s": 86_400, "window_s": 86_400, "categories": []}
AREA = Unit(
    id=3, code="193", parent_id=None, level="district", name_en="Ha Long", name_vi="Hạ Long", area_km2=None,
    latitude=21.0, longitude=107.0, reporting=True, valid_from=date(2020, 1, 1), valid_to=None,
)  # fmt: skip
KNOWN = Known({"aqi": HOUR, "pm_d": DAY}, {3: AREA}, ())
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
START = datetime(2026, 11, 21, 17, tzinfo=UTC)


def stored(**changes: Any) -> tuple[Any, ...]:
    usual = {
        "time": np.datetime64("2026-11-21T17:00:00"), "value": 12.0, "category": "good", "reason": None,
        "completeness": 0.5, "details": '{"station": "aq-017", "n": 31.20}', "version": 2, "revision": 1,
        "computed_at": np.datetime64("2026-11-21T18:00:00.5"),
    }  # fmt: skip
    return tuple((usual | changes)[name] for name in FIELDS)


def read() -> value_columns.Values:
    """An hour with a class and a value, a day without either that stands for another area."""
    kinds = [("series", "i4"), *((name, NEWEST[name]) for name in FIELDS)]
    nothing = stored(value=np.nan, category=None, reason="insufficient_data")
    rows = np.array([(0, *stored()), (1, *nothing)], kinds)
    series = [Series("aqi", AREA, START, START), Series("pm_d", AREA, START, START, ("06652", "06653"))]
    return value_columns.of_series(KNOWN, series, rows, ZONE)


def test_a_value_explains_itself() -> None:
    hour, day = decoded(read().items())
    assert hour == {
        "indicator": "aqi", "area": "193", "time": "2026-11-21T17:00:00Z", "value": 12.0,
        "category": GOOD, "reason": None, "completeness": 0.5,
        "details": {"station": "aq-017", "n": 31.2}, "version": 2, "revision": 1,
        "computed_at": "2026-11-21T18:00:00.500000Z", "area_name_en": "Ha Long", "area_name_vi": "Hạ Long",
        "area_valid_from": "2020-01-01", "longitude": 107.0, "latitude": 21.0, "unit": "1",
        "period_start": "2026-11-21T16:00:00Z", "period_end": "2026-11-21T18:00:00Z", "day": "2026-11-22",
        "label": "01:00", "stands_for": [],
    }  # fmt: skip
    changed = {name: day[name] for name in day if day[name] != hour[name]}
    assert changed == {
        "indicator": "pm_d", "value": None, "category": None, "reason": "insufficient_data",
        "unit": "ug/m3", "period_start": "2026-11-21T17:00:00Z", "period_end": "2026-11-22T17:00:00Z",
        "label": "2026-11-22", "stands_for": ["06652", "06653"],
    }  # fmt: skip


def test_small_rows_and_tables_say_the_same() -> None:
    small = [dict(zip(CHOICES, row, strict=True)) for row in decoded(read().small(CHOICES))]
    items = decoded(read().items())
    nested = {"category", "stands_for", "category_name_en", "category_name_vi"}
    for row, item in zip(small, items, strict=True):
        assert {name: row[name] for name in row if name not in nested | {"details"}} == {
            name: item[name] for name in item if name not in nested | {"details"}
        }
    assert [row["category_name_vi"] for row in small] == ["Tốt", None]
    assert [row["stands_for"] for row in small] == [None, "06652 06653"]
    table = read().batch(VALUES).to_pylist()
    assert msgspec.to_builtins(table) == [{name: row[name] for name in VALUES.names} for row in small]
