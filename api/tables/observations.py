"""Observations as measured, summed up, or down-sampled: columns of numpy become batches and items. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from analytics.quality import names
from api import columns
from api.formats.table import INTEGER, NUMBER, TEXT, TIME, Column, Table
from devices.model import Quality
from storage.observations import to_datetime, to_microseconds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from zoneinfo import ZoneInfo

    import msgspec
    from numpy.typing import NDArray

_HOUR_S: Final = 3600
_PLACE: Final = ("longitude", "latitude")
_TIME: Final = Column("time", TIME, "Time", "Thời gian", description="When it was measured, UTC.")
_VALUE: Final = Column("value", NUMBER, "Value", "Giá trị")
_WHOSE: Final = (
    Column("thing", TEXT, "Device", "Thiết bị"),
    Column("property", TEXT, "Observed property", "Đại lượng đo"),
    Column("unit", TEXT, "Unit", "Đơn vị", description="UCUM, of all values of the row."),
    Column("datastream", INTEGER, "Datastream", "Chuỗi dữ liệu"),
    Column("longitude", NUMBER, "Longitude", "Kinh độ", "deg", "WGS 84."),
    Column("latitude", NUMBER, "Latitude", "Vĩ độ", "deg", "WGS 84."),
)
_SUMS: Final = (
    Column("n", INTEGER, "Observations", "Số lần đo"),
    Column("n_suspect", INTEGER, "Suspect observations", "Số lần đo nghi ngờ"),
    Column("mean", NUMBER, "Mean", "Trung bình"),
    Column("minimum", NUMBER, "Minimum", "Nhỏ nhất"),
    Column("maximum", NUMBER, "Maximum", "Lớn nhất"),
    Column("total", NUMBER, "Sum", "Tổng"),
    Column("first", NUMBER, "First", "Đầu tiên"),
    Column("last", NUMBER, "Last", "Cuối cùng"),
    Column(
        "completeness",
        NUMBER,
        "Completeness",
        "Mức đầy đủ",
        "1",
        "Share of the expected observations, 0 to 1.",
    ),
)
_HOUR: Final = Column("time", TIME, "Hour", "Giờ", description="Start of the UTC hour.")
_DAY: Final = Column("time", TIME, "Day", "Ngày", description="Start of the local day, UTC.")

RAW: Final = Table(
    "observations",
    (
        _TIME,
        _VALUE,
        Column("quality", TEXT, "Quality", "Chất lượng", description="good or suspect"),
        Column("flags", TEXT, "Failed tests", "Kiểm tra không đạt", description="With blanks between."),
        *_WHOSE,
    ),
    _PLACE,
)
#: of means and totals
_DIGITS: Final = 10
#: between which powers of ten are exact
_LEAST, _MOST = 1e-12, 1e30
SAMPLED: Final = Table("observations", (_TIME, _VALUE, *_WHOSE), _PLACE)
#: by the rollup's name
TABLES: Final[Mapping[str, Table]] = {
    "none": RAW,
    "hour": Table("observations by hour", (_HOUR, *_SUMS, *_WHOSE), _PLACE),
    "day": Table("observations by day", (_DAY, *_SUMS, *_WHOSE), _PLACE),
}


def raw(
    rows: NDArray[np.void], flags: NDArray[np.int16], streams: Sequence[Mapping[str, Any]]
) -> pa.RecordBatch:
    """Return OBSERVATION rows of some of the `streams`, ordered by id and `since`, as a batch of RAW."""
    found = {
        "time": _instants(rows["time"]),
        "value": pa.array(rows["value"]),
        "quality": _spelt(rows["quality"], lambda value: Quality(value).name.lower()),
        "flags": _spelt(flags, lambda value: " ".join(names(value))),
    }
    return _batch(RAW, found, _places(rows["datastream_id"], rows["time"], streams), streams)


def sampled(rows: NDArray[np.void], places: Sequence[Mapping[str, Any]]) -> pa.RecordBatch:
    """Return times and values of one datastream, in the places where it stood, as a batch of SAMPLED."""
    found = {"time": _instants(rows["time"]), "value": pa.array(rows["value"])}
    ids = np.full(len(rows), places[0]["id"])
    return _batch(SAMPLED, found, _places(ids, rows["time"], places), places)


def summed(
    rollup: str, rows: NDArray[np.void], streams: Sequence[Mapping[str, Any]], zone: ZoneInfo
) -> pa.RecordBatch:
    """Return rows of sums of some of the `streams`, ordered by id and `since`, as a batch of their table."""
    intervals = np.array([each["sampling_interval_s"] for each in streams])
    places = _places(rows["datastream_id"], rows["time"], streams)
    expected = _seconds(rollup, rows["time"], zone) / intervals[places]
    found = {name: pa.array(rows[name]) for name in rows.dtype.names or () if name != "datastream_id"}
    found |= {name: pa.array(significant(rows[name])) for name in ("mean", "total")}
    found["time"] = _instants(rows["time"])
    found["completeness"] = pa.array(np.minimum(rows["n"] / expected, 1.0).round(4))
    return _batch(TABLES[rollup], found, places, streams)


def significant(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return numbers with 10 significant digits: what lies behind them is the noise of adding up.

    What nobody measures, beyond 10^30 or below 10^-12, is left as it is.
    """
    size = np.abs(values)
    usual = (size > _LEAST) & (size < _MOST)
    places = _DIGITS - 1 - np.floor(np.log10(np.where(usual, size, 1.0)))
    scale = 10.0 ** np.abs(places)
    chosen = np.where(usual, values, 0.0)
    rounded = np.where(places >= 0, np.round(chosen * scale) / scale, np.round(chosen / scale) * scale)
    found: NDArray[np.float64] = np.where(usual, rounded, values)
    return found


def items(batch: pa.RecordBatch) -> msgspec.Raw:
    """Return a batch as the items of a JSON answer: whose they are, only the datastream's number says."""
    said = {each.name for each in _WHOSE} - {"datastream"}
    shown = {name: columns.of_array(batch[name]) for name in batch.schema.names if name not in said}
    if "flags" in shown:
        shown["flags"] = shown["flags"].each(str.split)
    return columns.json_rows(shown)


def _batch(
    table: Table, found: dict[str, pa.Array], of: NDArray[np.intp], streams: Sequence[Mapping[str, Any]]
) -> pa.RecordBatch:
    places = pa.array(of)
    for name, key in {"property": "observed_property", "datastream": "id"}.items():
        found[name] = _taken(table, name, [each[key] for each in streams], places)
    for name in ("thing", "unit", *_PLACE):
        found[name] = _taken(table, name, [each[name] for each in streams], places)
    return pa.RecordBatch.from_arrays([found[each.name] for each in table.columns], schema=table.schema())


def _taken(table: Table, name: str, values: list[Any], places: pa.Array) -> pa.Array:
    return pa.array(values, table.schema().field(name).type).take(places)


def _places(
    ids: NDArray[np.int32], times: NDArray[np.int64], streams: Sequence[Mapping[str, Any]]
) -> NDArray[np.intp]:
    """Return which of the streams each row is of: of those with its id the last that has begun."""
    found = np.searchsorted(np.array([each["id"] for each in streams]), ids)
    for n, each in enumerate(streams):
        if n and streams[n - 1]["id"] == each["id"]:
            found[(ids == each["id"]) & (times >= to_microseconds(each["since"]))] = n
    return found


def _instants(micros: NDArray[np.int64]) -> pa.Array:
    return pa.array(np.ascontiguousarray(micros)).cast(TIME)


def _spelt(column: NDArray[np.int16], spell: Callable[[int], str]) -> pa.Array:
    """Return small numbers as words: each one that occurs is spelt once."""
    values, places = np.unique(column, return_inverse=True)
    return pa.array([spell(int(each)) for each in values], TEXT).take(pa.array(places))


def _seconds(rollup: str, starts: NDArray[np.int64], zone: ZoneInfo) -> NDArray[np.float64]:
    """Return how long each hour or local day is, s: a day with a change of the clock has 23 or 25 hours."""
    if rollup == "hour":
        return np.full(len(starts), float(_HOUR_S))
    days, places = np.unique(starts, return_inverse=True)
    return np.array([_day_seconds(to_datetime(int(each)), zone) for each in days])[places]


def _day_seconds(start: datetime, zone: ZoneInfo) -> float:
    local = start.astimezone(zone)
    return ((local + timedelta(days=1)).astimezone(UTC) - start).total_seconds()
