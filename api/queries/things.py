"""Things, their datastreams, and what is observed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from api.queries import (
    INSTALLATION_IN_REACH,
    INSTALLED_AT,
    Row,
    fetch,
    fetch_one,
    has_tags,
    holds_q,
    installed_in_area,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from psycopg import AsyncConnection

_THING = """
    t.id, t.code, t.name, t.kind, g.code AS gateway, i.latitude, i.longitude, t.enabled, t.properties,
    t.tags, t.links,
    ARRAY(SELECT a.code FROM installation_areas ta JOIN areas a ON a.id = ta.area_id
          WHERE ta.thing_id = t.id AND ta.valid_from = i.valid_from ORDER BY a.code) AS areas"""
_THING_TABLES = f"""
FROM things t JOIN gateways g ON g.id = t.gateway_id
JOIN installations i ON {INSTALLED_AT.format(at="%(at)s::timestamptz")}"""

_THINGS = f"""
SELECT {_THING} {_THING_TABLES}
WHERE {INSTALLATION_IN_REACH}
  AND (%(gateway)s::text IS NULL OR g.code = %(gateway)s)
  AND (%(kind)s::text IS NULL OR t.kind = %(kind)s)
  AND {installed_in_area("%(at)s::timestamptz")}
  AND {holds_q("t.code", "t.name")}
  AND {has_tags("t.tags")}
  AND (%(after)s::text IS NULL OR t.code > %(after)s)
ORDER BY t.code LIMIT %(limit)s"""

_THING_BY_CODE = f"SELECT {_THING} {_THING_TABLES} WHERE t.code = %(code)s AND {INSTALLATION_IN_REACH}"
_INSTALLATIONS = f"""
SELECT nullif(i.valid_from, '-infinity') AS valid_from, nullif(i.valid_to, 'infinity') AS valid_to,
       i.latitude, i.longitude, i.place, i.recorded_by, i.reason,
       ARRAY(SELECT a.code FROM installation_areas ta JOIN areas a ON a.id = ta.area_id
             WHERE ta.thing_id = t.id AND ta.valid_from = i.valid_from ORDER BY a.code) AS areas
FROM installations i JOIN things t ON t.id = i.thing_id
WHERE t.code = %(code)s AND {INSTALLATION_IN_REACH} ORDER BY i.valid_from"""

_DATASTREAM = """
    d.id, t.code AS thing, p.code AS observed_property, p.unit, d.sampling_interval_s, d.enabled, d.tags,
    i.latitude, i.longitude"""
_TABLES = """
FROM datastreams d JOIN things t ON t.id = d.thing_id
JOIN observed_properties p ON p.id = d.observed_property_id"""
_DATASTREAM_TABLES = f"{_TABLES} JOIN installations i ON {INSTALLED_AT.format(at='now()')}"
_CHOSEN = f"""
WHERE {INSTALLATION_IN_REACH}
  AND (%(thing)s::text IS NULL OR t.code = %(thing)s)
  AND (%(observed_property)s::text IS NULL OR p.code = %(observed_property)s)
  AND {installed_in_area("now()")}
  AND {has_tags("d.tags")}
  AND (%(after)s::int IS NULL OR d.id > %(after)s)
ORDER BY d.id LIMIT %(limit)s"""

_DATASTREAMS = f"SELECT {_DATASTREAM} {_DATASTREAM_TABLES} {_CHOSEN}"
_DATASTREAM_BY_ID = f"""
SELECT {_DATASTREAM} {_DATASTREAM_TABLES} WHERE d.id = %(id)s AND {INSTALLATION_IN_REACH}"""

# The newest value of each datastream costs one look into the key's index (see latest_observations). It
# belongs to where the thing stood when it was measured.
_LATEST = f"""
SELECT {_DATASTREAM.replace("d.id,", "d.id AS datastream_id,")}, o.time, o.value, o.quality
{_TABLES} JOIN latest_observations o ON o.datastream_id = d.id
JOIN installations i ON {INSTALLED_AT.format(at="o.time")} {_CHOSEN}"""

_OF_THING = f"""
SELECT {_DATASTREAM}, o.time, o.value, o.quality
{_DATASTREAM_TABLES} LEFT JOIN latest_observations o ON o.datastream_id = d.id
    AND (%(reach)s::int[] IS NULL OR o.time >= i.valid_from)
WHERE d.thing_id = %(id)s AND {INSTALLATION_IN_REACH} ORDER BY p.code"""

_PROPERTIES = """
SELECT id, code, name_en, name_vi, unit, minimum, maximum, aggregation, sampling_interval_s, device_kind,
       cf_standard_name
FROM observed_properties
WHERE (%(device_kind)s::text IS NULL OR device_kind = %(device_kind)s)
  AND (%(after)s::text IS NULL OR code > %(after)s)
ORDER BY code LIMIT %(limit)s"""


class DatastreamFilter(NamedTuple):
    """Codes and tags that datastreams are chosen by; None: any."""

    thing: str | None = None
    observed_property: str | None = None
    area: str | None = None
    tags: Sequence[str] | None = None


async def things(
    conn: AsyncConnection[Any],
    *,
    area: str | None,
    gateway: str | None,
    kind: str | None,
    q: str | None,
    tags: Sequence[str] | None,
    at: datetime,
    after: str | None,
    limit: int,
) -> list[Row]:
    """Return things by code, as they stood at an instant; `q` is a plain part of a name."""
    chosen = {"area": area, "gateway": gateway, "kind": kind, "q": q, "tags": tags}
    return await fetch(conn, _THINGS, chosen | {"at": at, "after": after, "limit": limit})


async def thing(conn: AsyncConnection[Any], code: str, at: datetime) -> Row | None:
    """Return one thing as it stood at an instant."""
    return await fetch_one(conn, _THING_BY_CODE, {"code": code, "at": at})


async def installations(conn: AsyncConnection[Any], code: str) -> list[Row]:
    """Return where a thing stood, the first place first; the first has no start, the last no end."""
    return await fetch(conn, _INSTALLATIONS, {"code": code})


async def datastreams_of(conn: AsyncConnection[Any], thing_id: int) -> list[Row]:
    """Return a thing's datastreams with their newest observation, or nulls where there is none."""
    return await fetch(conn, _OF_THING, {"id": thing_id})


async def datastreams(
    conn: AsyncConnection[Any], chosen: DatastreamFilter, *, after: int | None, limit: int
) -> list[Row]:
    """Return datastreams by id."""
    return await fetch(conn, _DATASTREAMS, chosen._asdict() | {"after": after, "limit": limit})


async def datastream(conn: AsyncConnection[Any], number: int) -> Row | None:
    """Return one datastream."""
    return await fetch_one(conn, _DATASTREAM_BY_ID, {"id": number})


async def latest(
    conn: AsyncConnection[Any], chosen: DatastreamFilter, *, after: int | None, limit: int
) -> list[Row]:
    """Return the newest observation of each datastream that has one, by datastream id."""
    return await fetch(conn, _LATEST, chosen._asdict() | {"after": after, "limit": limit})


async def observed_properties(
    conn: AsyncConnection[Any], *, device_kind: str | None, after: str | None, limit: int
) -> list[Row]:
    """Return observed properties by code."""
    return await fetch(conn, _PROPERTIES, {"device_kind": device_kind, "after": after, "limit": limit})
