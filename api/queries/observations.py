"""Observations of datastreams as numpy columns: the key (datastream_id, time) serves every query here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal, LiteralString, NamedTuple

import numpy as np

from api.queries import INSTALLATION_IN_REACH, Row, fetch
from storage import columns
from storage.observations import OBSERVATION, to_datetime

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from numpy.typing import NDArray
    from psycopg import AsyncConnection

Rollup = Literal["none", "hour", "day"]

#: an hour or a day of a datastream; `time` is its start, in microseconds since 1970 UTC
SUMS: Final = np.dtype(
    [("datastream_id", "i4"), ("time", "i8"), ("n", "i8"), ("n_suspect", "i8")]
    + [(name, "f8") for name in ("mean", "minimum", "maximum", "total", "first", "last")]
)
_SAMPLE: Final = np.dtype([("time", "i8"), ("value", "f8")])
_FLAG: Final = np.dtype([("datastream_id", "i4"), ("time", "i8"), ("flags", "i2")])

# Where things stood at any time of a period, and from when to when in one of the areas, if any are chosen: an
# area's code may mean several units, and a thing stand in several of the areas.
_STREAMS = f"""
WITH meant AS MATERIALIZED (
    SELECT id, tstzrange(valid_from, valid_to) AS time FROM area_meanings WHERE code = ANY(%(areas)s)
)
SELECT d.id, t.code AS thing, p.code AS observed_property, p.unit, d.sampling_interval_s, d.enabled, d.tags,
       i.latitude, i.longitude, lower(s.span) AS since, upper(s.span) AS until
FROM datastreams d JOIN things t ON t.id = d.thing_id
JOIN observed_properties p ON p.id = d.observed_property_id
JOIN installations i ON i.thing_id = t.id AND i.valid_from < %(end)s AND i.valid_to > %(start)s
CROSS JOIN LATERAL unnest(
    tstzmultirange(tstzrange(%(start)s, %(end)s) * tstzrange(i.valid_from, i.valid_to))
    * CASE WHEN %(areas)s::text[] IS NULL THEN '{{(,)}}'::tstzmultirange ELSE (
        SELECT range_agg(m.time) FROM installation_areas l JOIN meant m ON m.id = l.area_id
        WHERE (l.thing_id, l.valid_from) = (i.thing_id, i.valid_from)) END
) AS s(span)
WHERE {INSTALLATION_IN_REACH}
  AND (%(ids)s::int[] IS NULL OR d.id = ANY(%(ids)s))
  AND (%(things)s::text[] IS NULL OR t.code = ANY(%(things)s))
  AND (%(properties)s::text[] IS NULL OR p.code = ANY(%(properties)s))
  AND (%(areas)s::text[] IS NULL OR (i.thing_id, i.valid_from) IN (
      SELECT l.thing_id, l.valid_from FROM installation_areas l JOIN meant m ON m.id = l.area_id))
ORDER BY d.id, s.span LIMIT %(limit)s"""

# `hour` and `day` belong to the part in which they start.
_EACH: Final[Mapping[Rollup, LiteralString]] = {
    "none": """
    SELECT time, value, quality FROM observations
    WHERE datastream_id = s.id AND time >= s.since AND time < s.until
    ORDER BY time LIMIT %(limit)s""",
    "hour": """
    SELECT bucket AS time, n, n_suspect, mean, minimum, maximum, total, first, last FROM observations_hourly
    WHERE datastream_id = s.id AND bucket >= s.since AND bucket < s.until
    ORDER BY bucket LIMIT %(limit)s""",
    "day": """
    SELECT date_trunc('day', bucket, %(zone)s) AS time, sum(n)::int8 AS n, sum(n_suspect)::int8 AS n_suspect,
           sum(total) / sum(n)::float8 AS mean, min(minimum) AS minimum, max(maximum) AS maximum,
           sum(total) AS total, first(first, bucket) AS first, last(last, bucket) AS last
    FROM observations_hourly
    WHERE datastream_id = s.id AND bucket >= s.since AND bucket < s.until
    GROUP BY 1 ORDER BY 1 LIMIT %(limit)s""",
}
# The parts come one after the other, each in the order of its key, and no further than the limit.
# Sorted by (n, time), or without a limit of its own, each would be read to its end first.
_OF: Final[LiteralString] = """
SELECT s.id AS datastream_id, o.*
FROM unnest(%(ids)s::int[], %(since)s::timestamptz[], %(until)s::timestamptz[])
    WITH ORDINALITY s (id, since, until, n)
CROSS JOIN LATERAL ({each}) o ORDER BY s.n LIMIT %(limit)s"""

# Not sorted: numpy sorts what is nearly in order in a tenth of the server's time.
_SAMPLES = """
SELECT time, value FROM observations
WHERE datastream_id = %(id)s AND time >= %(start)s AND time < %(end)s"""
_EXTREMES = """
SELECT bucket AS time, unnest(ARRAY[minimum, maximum]) AS value FROM observations_hourly
WHERE datastream_id = %(id)s AND bucket >= %(start)s AND bucket < %(end)s"""
_MEANS = """
SELECT bucket AS time, mean AS value FROM observations_hourly
WHERE datastream_id = %(id)s AND bucket >= %(start)s AND bucket < %(end)s"""
_SAMPLED_FROM: Final[Mapping[str, LiteralString]] = {
    "observations": _SAMPLES,
    "hourly extremes": _EXTREMES,
    "hourly means": _MEANS,
}

_FLAGS = """
SELECT f.datastream_id, f.time, f.flags
FROM unnest(%(ids)s::int[], %(firsts)s::timestamptz[], %(lasts)s::timestamptz[]) r (id, first, last)
JOIN observation_flags f ON f.datastream_id = r.id AND f.time >= r.first AND f.time <= r.last
WHERE f.time >= %(start)s AND f.time <= %(end)s"""


class StreamFilter(NamedTuple):
    """What datastreams are chosen by; None: any."""

    ids: list[int] | None = None
    things: list[str] | None = None
    properties: list[str] | None = None
    areas: list[str] | None = None


class Span(NamedTuple):
    """A period, `start` <= time < `end`, and the zone in which its days are cut."""

    start: datetime
    end: datetime
    zone: ZoneInfo


@dataclass(frozen=True)
class Part:
    """What is read of a datastream: `since` <= time < `until`."""

    id: int
    since: datetime
    until: datetime


async def streams(conn: AsyncConnection[Any], chosen: StreamFilter, span: Span, limit: int) -> list[Row]:
    """Return datastreams by id with where their things stood in a period: a row for each place, by time.

    `since` and `until` are the part of the period that a thing stood there, within the areas that are chosen
    and those in reach.
    """
    params = chosen._asdict() | {"start": span.start, "end": span.end, "limit": limit}
    return await fetch(conn, _STREAMS, params)


async def page(
    conn: AsyncConnection[Any],
    rollup: Rollup,
    parts: Sequence[Part],
    zone: ZoneInfo,
    *,
    after: tuple[int, datetime] | None,
    limit: int,
) -> NDArray[np.void]:
    """Return rows by (datastream, time), shape (n <= limit,): OBSERVATION, or SUMS of hours or days.

    Args:
        conn: a connection.
        rollup: `none` for observations as measured.
        parts: by (datastream, time); hours and days belong to them by their start.
        zone: in which days are cut.
        after: the key of the row before the first.
        limit: how many rows at most.
    """
    wanted = list(_following(parts, after, zone if rollup == "day" else None))
    params = {
        "ids": [each.id for each in wanted],
        "since": [each.since for each in wanted],
        "until": [each.until for each in wanted],
        "zone": str(zone),
        "limit": limit,
    }
    dtype = OBSERVATION if rollup == "none" else SUMS
    return await columns.read(conn, _OF.format(each=_EACH[rollup]), params, dtype)


def _following(
    parts: Iterable[Part], after: tuple[int, datetime] | None, zone: ZoneInfo | None
) -> Iterator[Part]:
    """Yield what is left of the parts after a key; in a zone, after the day that begins with it."""
    if after is None:
        yield from parts
        return
    following = after[1] + timedelta(microseconds=1)
    rest = following if zone is None else day_from(following, zone)
    for part in parts:
        if part.id > after[0]:
            yield part
        elif part.id == after[0] and part.until > rest:
            yield replace(part, since=max(part.since, rest))


def day_from(instant: datetime, zone: ZoneInfo) -> datetime:
    """Return the first start of a local day that is not before an instant, in UTC."""
    local = instant.astimezone(zone)
    begun = datetime.combine(local.date(), time(), zone).astimezone(UTC)
    if begun >= instant:
        return begun
    return datetime.combine(local.date() + timedelta(days=1), time(), zone).astimezone(UTC)


async def samples(conn: AsyncConnection[Any], source: str, part: Part) -> NDArray[np.void]:
    """Return times and values of one datastream by time, shape (n,).

    Args:
        conn: a connection.
        source: `observations`; `hourly extremes`, two values at each hour's start; or `hourly means`.
        part: what is read.
    """
    params = {"id": part.id, "start": part.since, "end": part.until}
    rows = await columns.read(conn, _SAMPLED_FROM[source], params, _SAMPLE)
    return rows[np.argsort(rows["time"], kind="stable")]


async def flags(conn: AsyncConnection[Any], rows: NDArray[np.void]) -> NDArray[np.int16]:
    """Return the flags of OBSERVATION rows, shape (n,), that are ordered by (datastream, time)."""
    found = np.zeros(len(rows), np.int16)
    if not len(rows):
        return found
    ids, begins = np.unique(rows["datastream_id"], return_index=True)
    ends = np.append(begins[1:], len(rows))
    firsts = [to_datetime(int(each)) for each in rows["time"][begins]]
    lasts = [to_datetime(int(each)) for each in rows["time"][ends - 1]]
    params = {"ids": ids.tolist(), "firsts": firsts, "lasts": lasts, "start": min(firsts), "end": max(lasts)}
    for each in await columns.read(conn, _FLAGS, params, _FLAG):
        place = int(np.searchsorted(ids, each["datastream_id"]))
        part = slice(begins[place], ends[place])
        at = begins[place] + int(np.searchsorted(rows["time"][part], each["time"]))
        if at < ends[place] and rows["time"][at] == each["time"]:
            found[at] = each["flags"]
    return found
