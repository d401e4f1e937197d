"""Values of indicators by month: a row an area and month, its columns packed, and how it stays right.

Whatever changes values raises the count of their months (migration 0033). A month is packed together with its
count, and is read for as long as that is still the count: in one statement both are of one snapshot.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Final, LiteralString

import msgspec
import numpy as np
from psycopg import sql

from storage import columns
from storage.columns import Columns, Kinds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray
    from psycopg import AsyncConnection

#: what is told of a value: field -> SQL
_SQL: Final[Mapping[str, LiteralString]] = {
    "time": "v.time",
    "value": "coalesce(v.value, 'NaN')",
    "category": "v.category",
    "reason": "v.reason",
    "completeness": "v.completeness",
    "details": "v.details::text",
    "version": "v.version",
    "revision": "v.revision",
    "computed_at": "v.computed_at",
}
#: field -> its type in `storage.columns`
FIELDS: Final[Kinds] = {
    "time": "M8[us]",
    "value": "f8",
    "category": "O",
    "reason": "O",
    "completeness": "f8",
    "details": "O",
    "version": "i4",
    "revision": "i4",
    "computed_at": "M8[us]",
}

#: months that are read at once
_MOST_MONTHS: Final = 2_000

# Who changes values raises the count of their month last, and waits for this lock until the month is packed:
# what the next statement sees is what belongs to the count that is read here.
_CLAIM = """
SELECT indicator, month FROM value_months
WHERE packed IS DISTINCT FROM changes AND changed_at <= now() - %(calm)s
ORDER BY month DESC, indicator LIMIT 1 FOR UPDATE SKIP LOCKED"""
_FORGET = "DELETE FROM packed_values WHERE indicator = %(indicator)s AND month = %(month)s"
_PACK: LiteralString = """
INSERT INTO packed_values (indicator, month, area_id, n, {names})
SELECT %(indicator)s, %(month)s, area_id, count(*), {packed} FROM (
    SELECT v.area_id, {fields} FROM indicator_values v
    WHERE v.indicator = %(indicator)s AND v.time >= %(month)s AND v.time < %(end)s AND v.superseded_at IS NULL
    ORDER BY v.area_id, v.time) v
GROUP BY area_id"""
_DONE = """
UPDATE value_months SET packed = changes WHERE indicator = %(indicator)s AND month = %(month)s"""

# Only as many months as give `limit` values, each counted by how much of it is asked for. That an area has no
# values in a packed month is told as well: a row without any.
_READ: LiteralString = """
SELECT {joined} FROM (
    SELECT series, month, n, {names} FROM (
        SELECT (p.series - 1)::int AS series, m.month, coalesce(v.n, 0) AS n, {columns},
               sum(coalesce(v.n, 0) * extract(epoch FROM
                   least(p.end_at, m.month + interval '1 month') - greatest(p.start_at, m.month)) / 2678400)
                   OVER (ORDER BY p.series, m.month ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
                   AS before
        FROM unnest(%(indicators)s::text[], %(ids)s::int[], %(starts)s::timestamptz[],
                    %(ends)s::timestamptz[]) WITH ORDINALITY p (indicator, area_id, start_at, end_at, series)
        JOIN value_months m ON m.indicator = p.indicator AND m.month < p.end_at
            AND m.month >= date_trunc('month', p.start_at, 'UTC') AND m.packed = m.changes
        LEFT JOIN packed_values v
            ON v.indicator = m.indicator AND v.month = m.month AND v.area_id = p.area_id
    ) v WHERE coalesce(before, 0) < %(limit)s ORDER BY series, month LIMIT %(most)s) v"""
_MONTH: Final[Kinds] = {"series": "i4", "month": "M8[us]", "n": "i4"}
_TEXT: Final = "O"
_texts: Final = msgspec.json.Decoder(list[str | None])


@dataclass(frozen=True)
class Found:
    """Values of whole months, by series and time, and which months of which series these are.

    months: (place of the series, start of the month), ascending; also those without values.
    rows: `series`, and the fields that were asked for.
    """

    months: Sequence[tuple[int, datetime]]
    rows: Columns


async def pack(conn: AsyncConnection[Any], calm: timedelta) -> bool:
    """Pack one month of an indicator in which nothing has changed for `calm`; tell whether there was one.

    Nobody waits for more than the packing of one month: those that others pack or change are passed over.
    """
    async with conn.transaction():
        found = await (await conn.execute(_CLAIM, {"calm": calm})).fetchone()
        if found is None:
            return False
        indicator, month = found
        params = {"indicator": indicator, "month": month, "end": next_month(month)}
        await conn.execute(_FORGET, params)
        await conn.execute(_packing(), params)
        await conn.execute(_DONE, params)
    return True


@cache
def _packing() -> sql.Composed:
    return sql.SQL(_PACK).format(
        names=_listed(FIELDS),
        packed=sql.SQL(", ").join(_packed(name) for name in FIELDS),
        fields=sql.SQL(selected(FIELDS)),
    )


def _packed(name: str) -> sql.Composed:
    if FIELDS[name] != _TEXT:
        return columns.packed(name, np.dtype(FIELDS[name]))
    return sql.SQL("string_agg(coalesce(to_json({})::text, 'null'), ',')").format(sql.Identifier(name))


def selected(names: Iterable[str]) -> LiteralString:
    """Return the columns of a query that reads fields of a value `v`."""
    return ", ".join([f"{_SQL[name]} AS {name}" for name in names])


def kinds(names: Iterable[str]) -> Kinds:
    """Return the types of fields."""
    return {name: FIELDS[name] for name in names}


@cache
def next_month(month: datetime) -> datetime:
    """Return the start of the month after one."""
    return (month + timedelta(days=31)).replace(day=1)


async def read(
    conn: AsyncConnection[Any], series: Mapping[str, Sequence[Any]], names: Sequence[str], limit: int
) -> Found:
    """Return the values of those months of some series that are packed, from the first one on.

    A month is left out if `limit` values come before it.

    Args:
        conn: a connection.
        series: in the order in which they are wanted: `indicators`, `ids` of areas, `starts` and `ends`.
        names: some of FIELDS.
        limit: how many values are wanted.
    """
    async with conn.cursor(binary=True) as cursor:
        await cursor.execute(_reading(tuple(names)), {**series, "limit": limit, "most": _MOST_MONTHS})
        sent = iter(await cursor.fetchone() or ())
    place, month, n = (columns.unpacked(name, np.dtype(kind), next(sent)) for name, kind in _MONTH.items())
    rows = {name: _unpacked(name, each) for name, each in zip(names, sent, strict=True)}
    months = list(zip(place.tolist(), columns.instants(month), strict=True))
    return Found(months, Columns({"series": np.repeat(place, n), **rows}))


@cache
def _reading(names: tuple[str, ...]) -> bytes:
    # As bytes: what is composed takes psycopg as long to write out as PostgreSQL to run.
    months = [columns.packed(name, np.dtype(kind)) for name, kind in _MONTH.items()]
    values = [
        sql.SQL("string_agg({}, {})").format(
            sql.Identifier(name), sql.SQL("','" if FIELDS[name] == _TEXT else "''::bytea")
        )
        for name in names
    ]
    joined = sql.SQL(", ").join((*months, *values))
    query = sql.SQL(_READ).format(joined=joined, names=_listed(names), columns=_listed(names, "v"))
    return query.as_bytes(None)


def _unpacked(name: str, sent: Any) -> NDArray[Any]:
    if FIELDS[name] != _TEXT:
        return columns.unpacked(name, np.dtype(FIELDS[name]), sent)
    return np.fromiter(_texts.decode(f"[{sent or ''}]"), _TEXT)


def _listed(names: Iterable[str], *table: str) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(*table, name) for name in names)
