"""Explaining a value: its stored revisions, and computing it again from observations."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, LiteralString

from analytics.examine import examine
from analytics.explanation import Explanation, Place, Revision
from analytics.inputs import Period
from analytics.quality import names
from analytics.run import time_zone
from analytics.schedule import SETTLE
from analytics.series import Window
from analytics.stations import parts, stations
from analytics.values import UnknownAreaError

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from psycopg import AsyncConnection

    from analytics.examine import Examination
    from analytics.indicator import Indicator

# As analytics.values: a code may have been another unit's before.
_AREA = """
SELECT id, name_en, name_vi, valid_from FROM areas WHERE code = %(code)s
  AND (reporting OR NOT EXISTS (SELECT FROM areas r WHERE r.code = areas.code AND r.reporting))
ORDER BY valid_from DESC"""
_REVISIONS = """
SELECT revision, value, category, reason, completeness, details, version, computed_at, superseded_at
FROM indicator_values WHERE indicator = %s AND area_id = ANY(%s) AND time = %s ORDER BY revision"""
_NEWEST = """
SELECT max(time) FROM indicator_values
WHERE indicator = %s AND area_id = ANY(%s) AND superseded_at IS NULL"""
_FLAGS = """
SELECT t.code, p.code, f.flags, count(*) FROM observation_flags f
JOIN datastreams d ON d.id = f.datastream_id JOIN things t ON t.id = d.thing_id
JOIN observed_properties p ON p.id = d.observed_property_id
WHERE f.time >= %s AND f.time < %s AND t.code = ANY(%s) GROUP BY 1, 2, 3"""
_ENTERED = """
SELECT s.indicator, t.code, s.time, s.value FROM site_values s JOIN things t ON t.id = s.thing_id
WHERE s.indicator = ANY(%s) AND t.code = ANY(%s) AND s.time >= %s AND s.time < %s"""
# All reads of an explanation see one state of the database.
_ONE_STATE = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"


class NotStoredError(LookupError):
    """No value is stored for the area and step; the message says for which step the newest one is."""


async def explain(
    conn: AsyncConnection[Any],
    indicator: Indicator,
    area: str,
    instant: datetime | None,
    as_of: datetime | None = None,
) -> Explanation:
    """Explain the value of the step that holds an instant.

    Args:
        conn: a connection in autocommit mode.
        indicator: which.
        area: its code.
        instant: any instant of the step, aware; None: the step of the newest value.
        as_of: explain the revision that was known then; None: the one in force.

    Raises:
        UnknownAreaError: no area has this code.
        NotStoredError: no value is stored for the step.
    """
    async with conn.transaction():
        await conn.execute(_ONE_STATE)
        zone, (place, ids) = await time_zone(conn), await _place(conn, area)
        newest = await _newest(conn, indicator, ids)
        present = await _now(conn)
        period = _period(indicator, instant or newest or present, zone)
        revisions = await _revisions(conn, indicator, ids, period.start)
        if not revisions:
            raise NotStoredError(_not_stored(indicator, area, period, newest, present))
        examined = await examine(conn, indicator, area, period)
        entered = await _entered(conn, examined)
        flags = await _flags(conn, [site.code for site in examined.sites], period.last(indicator.window))
    return Explanation(
        indicator=indicator,
        area=place,
        period=period,
        as_of=as_of,
        revisions=revisions,
        recomputed=examined.value,
        stations=stations(examined, flags),
        parts=parts(examined, entered),
    )


def _period(indicator: Indicator, instant: datetime, zone: ZoneInfo) -> Period:
    start = indicator.step.floor(instant, zone)
    return Period(Window.of(start, indicator.step.after(start, zone)), zone)


async def _place(conn: AsyncConnection[Any], area: str) -> tuple[Place, list[int]]:
    rows = await _all(conn, _AREA, {"code": area})
    if not rows:
        raise UnknownAreaError(f"there is no area {area!r}: give a code such as 193")
    return Place(area, *rows[0][1:]), [row[0] for row in rows]


async def _newest(conn: AsyncConnection[Any], indicator: Indicator, ids: list[int]) -> datetime | None:
    rows = await _all(conn, _NEWEST, [indicator.code, ids])
    newest: datetime | None = rows[0][0]
    return newest


async def _now(conn: AsyncConnection[Any]) -> datetime:
    now: datetime = (await _all(conn, "SELECT now()", []))[0][0]
    return now


async def _revisions(
    conn: AsyncConnection[Any], indicator: Indicator, ids: list[int], start: datetime
) -> tuple[Revision, ...]:
    return tuple(Revision(*row) for row in await _all(conn, _REVISIONS, [indicator.code, ids, start]))


def _not_stored(
    indicator: Indicator, area: str, period: Period, newest: datetime | None, present: datetime
) -> str:
    """Say why there is no value: its step runs or has just ended, or nothing was computed for it."""
    start, due = (_local(each, period.zone) for each in (period.start, period.step.end_time + SETTLE))
    step = f"no value of {indicator.code} is stored for {area} and the step that begins at {start}"
    if present < period.step.end_time + SETTLE:
        return f"{step}: it is not computed yet, it is due at {due}"
    if newest is None:
        day = start.partition("T")[0]
        return f"{step}: `halong indicators run {indicator.code} --from {day}` computes what is past"
    return f"{step}: the newest one is of {_local(newest, period.zone)}"


def _local(instant: datetime, zone: ZoneInfo) -> str:
    return instant.astimezone(zone).isoformat(timespec="seconds")


async def _entered(
    conn: AsyncConnection[Any], examined: Examination
) -> dict[tuple[str, str, datetime], float | None]:
    """Return by (indicator, station, start) the stored values of which the examined one is made."""
    step, codes = examined.period.step, [site.code for site in examined.sites]
    arguments = [list(examined.parts), codes, step.start_time, step.end_time]
    rows = await _all(conn, _ENTERED, arguments) if examined.parts else []
    return {(code, thing, time): value for code, thing, time, value in rows}


async def _flags(
    conn: AsyncConnection[Any], codes: list[str], window: Window
) -> dict[tuple[str, str], dict[str, int]]:
    """Return by (station, observed property) how many of its observations each quality rule has flagged."""
    found: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for thing, code, mask, count in await _all(conn, _FLAGS, [window.start_time, window.end_time, codes]):
        found[thing, code].update(dict.fromkeys(names(mask), count))
    return {key: dict(counter) for key, counter in found.items()}


async def _all(conn: AsyncConnection[Any], statement: LiteralString, arguments: Any) -> list[Any]:
    return await (await conn.execute(statement, arguments)).fetchall()
