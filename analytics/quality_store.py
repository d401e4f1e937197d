"""The SQL of quality control: stations, rules and calibrations in, flags in and out."""

# ruff: noqa: S608  (the statements are put together from constants of this file alone, as LiteralString says)

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, LiteralString

import numpy as np

from analytics.quality import CALIBRATION, FLAG
from analytics.quality_rules import RuleSet, rule_set
from analytics.quality_tests import Stream
from storage import columns
from storage.observations import to_datetime

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray
    from psycopg import AsyncConnection

    Rows = NDArray[np.void]

_FOREVER = datetime(9999, 1, 1, tzinfo=UTC)

_STREAMS = """
SELECT d.id, p.code, d.sampling_interval_s, i.latitude, i.longitude
FROM datastreams d JOIN things t ON t.id = d.thing_id
JOIN installations i ON i.thing_id = t.id AND i.valid_from < %(at)s AND %(at)s <= i.valid_to
JOIN observed_properties p ON p.id = d.observed_property_id
WHERE d.enabled AND t.enabled ORDER BY d.id"""
_RULES = "SELECT coalesce(properties -> 'quality_rules', '{}') FROM city"
_LOCK = "SELECT pg_advisory_xact_lock(hashtext('halong.quality'))"
_FLAGS = """
SELECT datastream_id, time, flags, excluded FROM observation_flags
WHERE datastream_id = ANY(%s) AND time >= %s AND time < %s ORDER BY datastream_id, time"""
# Infinity is no microsecond: what is open ends far from now.
_CALIBRATIONS = """
SELECT datastream_id, (extract(epoch FROM valid_from) * 1000000)::int8,
       (extract(epoch FROM least(valid_to, %s)) * 1000000)::int8, gain, offset_
FROM calibrations WHERE datastream_id = ANY(%s) AND valid_from < %s AND valid_to > %s
ORDER BY datastream_id, valid_from"""
# A thing that asks for it: its PM, and the humidity that it measures or the nearest station does.
_CORRECTIONS = """
SELECT d.id AS datastream_id, (t.properties -> 'humidity_correction' ->> 'kappa')::float8 AS kappa,
       h.id AS humidity_id
FROM datastreams d JOIN things t ON t.id = d.thing_id
JOIN observed_properties p ON p.id = d.observed_property_id
CROSS JOIN LATERAL (
    SELECT hd.id FROM datastreams hd JOIN things ht ON ht.id = hd.thing_id
    JOIN observed_properties hp ON hp.id = hd.observed_property_id
    WHERE hp.code = 'relative_humidity' AND hd.enabled AND ht.enabled
    ORDER BY (ht.latitude - t.latitude) ^ 2
             + ((ht.longitude - t.longitude) * cosd(t.latitude)) ^ 2, hd.id LIMIT 1
) h
WHERE jsonb_typeof(t.properties -> 'humidity_correction' -> 'kappa') = 'number'
  AND p.code IN ('pm2_5', 'pm10')"""
_CORRECTIONS_OF = f"SELECT * FROM ({_CORRECTIONS}) c WHERE datastream_id = ANY(%s)"
# A humidity reading counts for half an hour, into the hour after its own.
_TAKE_DRIED = f"""
INSERT INTO late_hours_taken (datastream_id, hour)
SELECT c.datastream_id, l.hour + following
FROM late_hours_taken l JOIN ({_CORRECTIONS}) c ON c.humidity_id = l.datastream_id
CROSS JOIN (VALUES (interval '0'), (interval '1 hour')) f(following)
WHERE l.hour + following < %s"""
_STAGE = """
CREATE TEMP TABLE IF NOT EXISTS staged_flags (
    datastream_id int, time timestamptz, flags smallint, excluded boolean
) ON COMMIT DELETE ROWS"""
_COPY = "COPY staged_flags (datastream_id, time, flags, excluded) FROM STDIN (FORMAT binary)"
# Rows that say the same stay; of the others the hours are returned.
_DELETE = """
DELETE FROM observation_flags o
WHERE o.datastream_id = ANY(%(ids)s) AND o.time >= %(start)s AND o.time < %(end)s AND NOT EXISTS (
    SELECT FROM staged_flags s WHERE s.datastream_id = o.datastream_id AND s.time = o.time
      AND s.flags = o.flags AND s.excluded = o.excluded AND o.rule_version = %(version)s)
RETURNING o.datastream_id, time_bucket('1 hour', o.time), o.time, o.excluded"""
_INSERT = """
INSERT INTO observation_flags (time, datastream_id, flags, excluded, rule_version)
SELECT time, datastream_id, flags, excluded, %(version)s FROM staged_flags
ON CONFLICT DO NOTHING
RETURNING datastream_id, time_bucket('1 hour', time), time, excluded"""
_QUEUE = """
INSERT INTO late_hours (datastream_id, hour)
SELECT * FROM unnest(%s::int[], %s::timestamptz[]) ON CONFLICT DO NOTHING"""
_LISTED = """
SELECT f.time, p.code, o.value, f.flags, f.excluded, f.rule_version
FROM observation_flags f JOIN datastreams d ON d.id = f.datastream_id
JOIN things t ON t.id = d.thing_id JOIN observed_properties p ON p.id = d.observed_property_id
LEFT JOIN observations o ON o.datastream_id = f.datastream_id AND o.time = f.time
WHERE t.code = %s AND (%s::text IS NULL OR p.code = %s) AND f.time >= %s AND f.time < %s
ORDER BY f.time, p.code"""
_DATASTREAM = """
SELECT d.id FROM datastreams d JOIN things t ON t.id = d.thing_id
JOIN observed_properties p ON p.id = d.observed_property_id WHERE t.code = %s AND p.code = %s"""


@dataclass(frozen=True)
class FlaggedObservation:
    """An observation with its flags; `value` as measured."""

    time: datetime
    observed_property: str
    value: float | None
    flags: int
    excluded: bool
    rule_version: str


@dataclass(frozen=True)
class Correction:
    """A PM datastream whose thing asks for the humidity correction."""

    datastream_id: int
    kappa: float
    humidity_id: int


async def read_streams(conn: AsyncConnection[Any], at: datetime) -> list[Stream]:
    """Return every enabled datastream where it stood just before an instant, ordered by id."""
    return [Stream(*row) for row in await _all(conn, _STREAMS, {"at": at})]


async def read_rules(conn: AsyncConnection[Any]) -> RuleSet:
    """Return the rules in force: the usual ones, with the city's own in their place.

    Raises:
        QualityRulesError: the city's can't be read.
    """
    rows = await _all(conn, _RULES)
    return rule_set(rows[0][0] if rows else {})


async def read_flags(
    conn: AsyncConnection[Any], datastream_ids: Iterable[int], start: datetime, end: datetime
) -> Rows:
    """Return the FLAG rows of start <= time < end, ordered by (datastream, time)."""
    return await columns.read(conn, _FLAGS, [sorted(datastream_ids), start, end], FLAG)


async def read_calibrations(
    conn: AsyncConnection[Any], datastream_ids: Iterable[int], start: datetime, end: datetime
) -> Rows:
    """Return the CALIBRATION rows in force at any time of start <= time < end, ordered by datastream."""
    rows = await _all(conn, _CALIBRATIONS, [_FOREVER, sorted(datastream_ids), end, start])
    return np.array(rows, CALIBRATION)


async def list_flags(
    conn: AsyncConnection[Any],
    thing: str,
    start: datetime,
    end: datetime,
    observed_property: str | None = None,
) -> list[FlaggedObservation]:
    """Return the flagged observations of a thing, start <= time < end, by time."""
    arguments = [thing, observed_property, observed_property, start, end]
    return [FlaggedObservation(*row) for row in await _all(conn, _LISTED, arguments)]


async def datastream_id(conn: AsyncConnection[Any], thing: str, observed_property: str) -> int | None:
    """Return the id of a thing's datastream, or None."""
    rows = await _all(conn, _DATASTREAM, [thing, observed_property])
    return rows[0][0] if rows else None


async def read_corrections(conn: AsyncConnection[Any], datastream_ids: Iterable[int]) -> list[Correction]:
    """Return the PM datastreams whose thing asks for it: `properties.humidity_correction.kappa`."""
    return [Correction(*row) for row in await _all(conn, _CORRECTIONS_OF, [sorted(datastream_ids)])]


async def take_dried(conn: AsyncConnection[Any], until: datetime) -> None:
    """Take for late, beside a humidity's late hours, those before `until` of the PM that is dried by it."""
    await conn.execute(_TAKE_DRIED, [until])


async def lock(conn: AsyncConnection[Any]) -> None:
    """Wait until no other transaction writes flags, and keep others out until this one ends."""
    await conn.execute(_LOCK)


async def replace(
    conn: AsyncConnection[Any],
    datastream_ids: Iterable[int],
    flags: Rows,
    span: tuple[int, int],
    version: str,
) -> frozenset[tuple[int, datetime]]:
    """Make `flags` all the flags of the datastreams in a span of time.

    Returns:
        The hours of datastreams in which other values are left out of indicators than before.

    Needs an open transaction and the lock. Rows that say the same already are not written.
    """
    await _stage(conn, flags)
    ids = {"ids": sorted(datastream_ids), "version": version}
    of = ids | {"start": to_datetime(span[0]), "end": to_datetime(span[1])}
    before = {tuple(row[:3]) for row in await _all(conn, _DELETE, of) if row[3]}
    after = {tuple(row[:3]) for row in await _all(conn, _INSERT, of) if row[3]}
    return frozenset((datastream, hour) for datastream, hour, _ in before ^ after)


async def queue(conn: AsyncConnection[Any], hours: Iterable[tuple[int, datetime]]) -> None:
    """Put hours of datastreams into late_hours: what was computed from them has to be computed again."""
    rows = sorted(hours)
    if rows:
        await conn.execute(_QUEUE, [[row[0] for row in rows], [row[1] for row in rows]])


async def _stage(conn: AsyncConnection[Any], flags: Rows) -> None:
    await conn.execute(_STAGE)
    await conn.execute("TRUNCATE staged_flags")
    async with conn.cursor() as cursor, cursor.copy(_COPY) as copy:
        await copy.write(columns.encode(flags))


async def _all(conn: AsyncConnection[Any], statement: LiteralString, arguments: Any = None) -> list[Any]:
    return await (await conn.execute(statement, arguments)).fetchall()
