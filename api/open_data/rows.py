"""The rows of one data set and month, as they are published: shaped, and small counts suppressed."""

from __future__ import annotations

import io
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from api.open_data.data_sets import is_additive
from api.open_data.disclosure import Relation, suppressed
from api.queries import Row
from api.queries import open_data as queries

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

    from psycopg import AsyncConnection

    from analytics.indicator import Indicator
    from api.open_data.data_sets import DataSet
    from api.open_data.months import Month

#: rows that are in memory at once, where nothing is suppressed
CHUNK = 5_000
#: instead of why there is no value
SUPPRESSED = "suppressed"

#: (indicator, area id, start of the step)
Cell = tuple[str, int, "datetime"]
#: the same as a file names it: (indicator, area, first day of the area, start of the step)
PublishedCell = tuple[str, str, "date", "datetime"]


@dataclass(frozen=True)
class Suppression:
    """Counts of fewer people than `smallest` are hidden, and what an earlier version of the month hid."""

    smallest: int
    held: frozenset[PublishedCell] = frozenset()


async def month_rows(
    conn: AsyncConnection[Any],
    data_set: DataSet,
    month: Month,
    zone: ZoneInfo,
    suppression: Suppression,
) -> AsyncIterator[list[Row]]:
    """Yield the rows of a month in parts. Needs an open transaction.

    By indicator, area and time, or by device, property and hour. Rows of counts of people come at once: what
    may not be published depends on all of them.

    Args:
        conn: in a transaction that sees one instant.
        data_set: what is wanted.
        month: local.
        zone: the city's.
        suppression: what may not be published of counts of people.
    """
    if data_set.counts_people:
        read = [row async for part in _indicator_rows(conn, data_set, month, zone) for row in part]
        yield without_small_cells(data_set, read, zone, suppression)
        return
    parts = _hourly_rows if data_set.properties else _indicator_rows
    async for part in parts(conn, data_set, month, zone):
        yield part


async def _indicator_rows(
    conn: AsyncConnection[Any], data_set: DataSet, month: Month, zone: ZoneInfo
) -> AsyncIterator[list[Row]]:
    for indicator in sorted(data_set.indicators, key=lambda each: each.code):
        steps = month.steps(indicator.step, zone)
        if steps is None:
            continue
        async for part in queries.values(conn, indicator.code, *steps, CHUNK):
            yield [shaped(row, indicator, zone) for row in part]


async def _hourly_rows(
    conn: AsyncConnection[Any], data_set: DataSet, month: Month, zone: ZoneInfo
) -> AsyncIterator[list[Row]]:
    codes = [each.code for each in data_set.properties]
    async for part in queries.hours(conn, codes, month.start(zone), month.end(zone), CHUNK):
        yield part


def shaped(row: Row, indicator: Indicator, zone: ZoneInfo) -> Row:
    """Return a value's row with its unit, and its step in local words."""
    step, start = indicator.step, row["time"]
    return row | {
        "day": step.day(start, zone),
        "label": step.label(start, zone),
        "period": step.iso,
        "unit": indicator.unit,
        SUPPRESSED: False,
    }


def without_small_cells(
    data_set: DataSet, rows: list[Row], zone: ZoneInfo, suppression: Suppression
) -> list[Row]:
    """Return rows of counts of people in which those that may not be published have no value."""
    counts = {_cell(row): people for row in rows if (people := _people(row)) is not None}
    held = [_cell(row) for row in rows if _published_cell(row) in suppression.held]
    hidden = suppressed(counts, _relations(data_set, rows, zone), suppression.smallest, held)
    return [_emptied(row) if _cell(row) in hidden else row for row in rows]


def _cell(row: Row) -> Cell:
    return row["indicator"], row["area_id"], row["time"]


def _published_cell(row: Row) -> PublishedCell:
    return row["indicator"], row["area"], row["area_valid_from"], row["time"]


def suppressed_cells(parquet: bytes) -> frozenset[PublishedCell]:
    """Return the cells that a published file, Parquet with the columns of VALUES, does not show."""
    names = ["indicator", "area", "area_valid_from", "time"]
    table = pq.read_table(io.BytesIO(parquet), columns=[*names, SUPPRESSED])
    hidden = table.filter(table.column(SUPPRESSED)).select(names).to_pylist()
    return frozenset((r["indicator"], r["area"], r["area_valid_from"], r["time"]) for r in hidden)


def _people(row: Row) -> float | None:
    """Return how many people a value stands for: itself, or those whose density it is."""
    if row["value"] is None:
        return None
    found: float = row["value"] if row["present"] is None else row["present"]
    return found


def _emptied(row: Row) -> Row:
    return row | {"value": None, "category": None, "reason": SUPPRESSED, SUPPRESSED: True}


def _relations(data_set: DataSet, rows: Sequence[Row], zone: ZoneInfo) -> Iterator[Relation[Cell]]:
    """Yield which counts add up to which: districts to the province, hours to the day, days to the month."""
    additive = sorted((i for i in data_set.indicators if is_additive(i)), key=lambda i: i.step.length)
    by_indicator: dict[str, list[Row]] = {each.code: [] for each in additive}
    for row in rows:
        if row["indicator"] in by_indicator:
            by_indicator[row["indicator"]].append(row)
    for each in additive:
        yield from _of_areas(by_indicator[each.code])
    for short, long in pairwise(additive):
        yield from _of_steps(by_indicator[short.code], long, zone)


def _of_areas(rows: Sequence[Row]) -> Iterator[Relation[Cell]]:
    parts: dict[Cell, list[Cell]] = {}
    for row in rows:
        if row["parent_id"] is not None:
            parts.setdefault((row["indicator"], row["parent_id"], row["time"]), []).append(_cell(row))
    return _joined(parts)


def _of_steps(rows: Sequence[Row], longer: Indicator, zone: ZoneInfo) -> Iterator[Relation[Cell]]:
    parts: dict[Cell, list[Cell]] = {}
    for row in rows:
        total = (longer.code, row["area_id"], longer.step.floor(row["time"], zone))
        parts.setdefault(total, []).append(_cell(row))
    return _joined(parts)


def _joined(parts: Mapping[Cell, Sequence[Cell]]) -> Iterator[Relation[Cell]]:
    return (Relation(total, tuple(cells)) for total, cells in parts.items())
