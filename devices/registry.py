"""The registry in the database: a city profile goes in, row by row, and nothing ever goes out.

An import creates and updates; it deletes no area, gateway, thing or datastream, and never touches passwords
or what an operator switched off. A thing's and a gateway's links to areas follow the profile, both ways: a
device that moved does not count for the place that it left. Of what was moved (devices.installations,
devices.gateway_moves) an import leaves place and areas alone.
"""

# ruff: noqa: S608  (the statements are put together from constants of this file alone, as LiteralString says)

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

import msgspec

from devices.plan import Change, FieldChange, Plan, compare

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from psycopg import AsyncConnection

    from devices.model import Profile

__all__ = [
    "Change",
    "FieldChange",
    "Plan",
    "RegistryError",
    "apply",
    "contents_of",
    "datastream_ids",
    "import_profile",
    "plan_import",
    "set_boundaries",
]

# Any fixed number: the advisory lock under which one import at a time writes.
_LOCK = 0x7265676973747279
#: Rows that go to the server in one statement.
_CHUNK = 10_000

# An area's key, as devices.lineage.area_key.
_KEY: LiteralString = "{0}.code || '@' || to_char({0}.valid_from, 'YYYY-MM-DD')"
_A, _P = _KEY.format("a"), _KEY.format("p")

# What is stored, in the form of devices.plan.contents: the key first, then the columns by their names.
_STORED: dict[str, LiteralString] = {
    "city": "SELECT code, name_en, name_vi, time_zone, properties FROM city",
    "areas": f"""
        SELECT {_A}, a.level, a.kind, a.name_en, a.name_vi, a.population, a.population_source, a.area_km2,
               a.latitude, a.longitude, a.boundary, a.boundary_source, a.reporting, a.valid_to,
               (SELECT {_P} FROM areas p WHERE p.id = a.parent_id) AS parent,
               ARRAY(SELECT {_P} FROM area_successions s JOIN areas p ON p.id = s.predecessor_id
                     WHERE s.successor_id = a.id
                     ORDER BY s.is_main DESC, ({_P}) COLLATE "C") AS predecessors,
               ARRAY(SELECT s.share FROM area_successions s JOIN areas p ON p.id = s.predecessor_id
                     WHERE s.successor_id = a.id
                     ORDER BY s.is_main DESC, ({_P}) COLLATE "C") AS shares,
               a.reporting_by
        FROM areas a ORDER BY a.id""",
    "observed_properties": """
        SELECT code, name_en, name_vi, unit, minimum, maximum, aggregation, sampling_interval_s, device_kind,
               cf_standard_name
        FROM observed_properties""",
    "device_models": "SELECT code, name, fields, ignored FROM device_models",
    "gateways": f"""
        SELECT g.code, g.name, g.latitude, g.longitude, g.heartbeat_s,
               coalesce(l.areas, ARRAY[]::text[]) AS areas,
               EXISTS (SELECT FROM gateway_stays s WHERE s.gateway_id = g.id) AS was_moved
        FROM gateways g
        LEFT JOIN (SELECT l.gateway_id, array_agg({_A} ORDER BY ({_A}) COLLATE "C") AS areas
                   FROM gateway_areas l JOIN areas a ON a.id = l.area_id GROUP BY l.gateway_id) l
               ON l.gateway_id = g.id""",
    "things": f"""
        SELECT t.code, g.code AS gateway, t.name, t.kind, t.latitude, t.longitude, t.properties,
               t.model, t.dev_eui,
               coalesce(l.areas, ARRAY[]::text[]) AS areas,
               EXISTS (SELECT FROM installations b
                       WHERE b.thing_id = t.id AND b.valid_to < 'infinity') AS was_moved
        FROM things t JOIN gateways g ON g.id = t.gateway_id
        JOIN installations i ON i.thing_id = t.id AND i.valid_to = 'infinity'
        LEFT JOIN (SELECT l.thing_id, array_agg({_A} ORDER BY ({_A}) COLLATE "C") AS areas
                   FROM thing_areas l JOIN areas a ON a.id = l.area_id GROUP BY l.thing_id) l
               ON l.thing_id = t.id""",
    "datastreams": """
        SELECT t.code || '/' || p.code, d.sampling_interval_s
        FROM datastreams d JOIN things t ON t.id = d.thing_id
        JOIN observed_properties p ON p.id = d.observed_property_id""",
}

# How a table's rows are written: each statement gets the same rows as one JSON array.
_WRITES: dict[str, tuple[LiteralString, ...]] = {
    "city": (
        """
        INSERT INTO city (code, name_en, name_vi, time_zone, properties)
        SELECT * FROM jsonb_to_recordset(%s)
            AS r(key text, name_en text, name_vi text, time_zone text, properties jsonb)
        ON CONFLICT (singleton) DO UPDATE SET (code, name_en, name_vi, time_zone, properties)
            = (excluded.code, excluded.name_en, excluded.name_vi, excluded.time_zone, excluded.properties)""",
    ),
    "areas": (
        """
        INSERT INTO areas (code, valid_from, level, kind, name_en, name_vi, population, population_source,
            area_km2, latitude, longitude, boundary, boundary_source, reporting, valid_to)
        SELECT split_part(key, '@', 1), split_part(key, '@', 2)::date, level, kind, name_en, name_vi,
            population, population_source, area_km2, latitude, longitude, boundary, boundary_source,
            reporting, valid_to
        FROM jsonb_to_recordset(%s) AS r(key text, level text, kind text, name_en text, name_vi text,
            population int, population_source text, area_km2 float8, latitude float8, longitude float8,
            boundary jsonb, boundary_source text, reporting boolean, valid_to date)
        ON CONFLICT (code, valid_from) DO UPDATE SET (level, kind, name_en, name_vi, population,
            population_source, area_km2, latitude, longitude, boundary, boundary_source, reporting, valid_to)
          = (excluded.level, excluded.kind, excluded.name_en, excluded.name_vi, excluded.population,
            excluded.population_source, excluded.area_km2, excluded.latitude, excluded.longitude,
            excluded.boundary, excluded.boundary_source, excluded.reporting, excluded.valid_to)""",
        f"""
        UPDATE areas a SET parent_id = p.id
        FROM jsonb_to_recordset(%s) AS r(key text, parent text) LEFT JOIN areas p ON {_P} = r.parent
        WHERE {_A} = r.key""",
        f"""
        DELETE FROM area_successions s USING areas a, jsonb_to_recordset(%s) AS r(key text)
        WHERE {_A} = r.key AND s.successor_id = a.id""",
        f"""
        INSERT INTO area_successions (predecessor_id, successor_id, is_main, share)
        SELECT p.id, a.id, b.place = 1, (r.shares ->> (b.place::int - 1))::float8
        FROM jsonb_to_recordset(%s) AS r(key text, predecessors jsonb, shares jsonb)
        CROSS JOIN jsonb_array_elements_text(r.predecessors) WITH ORDINALITY AS b(key, place)
        JOIN areas a ON {_A} = r.key JOIN areas p ON {_P} = b.key""",
    ),
    "observed_properties": (
        """
        INSERT INTO observed_properties (code, name_en, name_vi, unit, minimum, maximum, aggregation,
            sampling_interval_s, device_kind, cf_standard_name)
        SELECT * FROM jsonb_to_recordset(%s) AS r(key text, name_en text, name_vi text, unit text,
            minimum float8, maximum float8, aggregation text, sampling_interval_s int, device_kind text,
            cf_standard_name text)
        ON CONFLICT (code) DO UPDATE SET (name_en, name_vi, unit, minimum, maximum, aggregation,
            sampling_interval_s, device_kind, cf_standard_name)
          = (excluded.name_en, excluded.name_vi, excluded.unit, excluded.minimum, excluded.maximum,
            excluded.aggregation, excluded.sampling_interval_s, excluded.device_kind,
            excluded.cf_standard_name)""",
    ),
    "device_models": (
        """
        INSERT INTO device_models (code, name, fields, ignored)
        SELECT * FROM jsonb_to_recordset(%s) AS r(key text, name text, fields jsonb, ignored jsonb)
        ON CONFLICT (code) DO UPDATE SET (name, fields, ignored)
            = (excluded.name, excluded.fields, excluded.ignored)""",
    ),
    "gateways": (
        """
        INSERT INTO gateways (code, name, latitude, longitude, heartbeat_s)
        SELECT * FROM jsonb_to_recordset(%s)
            AS r(key text, name text, latitude float8, longitude float8, heartbeat_s int)
        ON CONFLICT (code) DO UPDATE SET (name, latitude, longitude, heartbeat_s)
            = (excluded.name, excluded.latitude, excluded.longitude, excluded.heartbeat_s)""",
        f"""
        DELETE FROM gateway_areas l
        USING gateways g, areas a, jsonb_to_recordset(%s) AS r(key text, areas jsonb)
        WHERE g.code = r.key AND l.gateway_id = g.id AND a.id = l.area_id AND NOT r.areas ? ({_A})""",
        f"""
        INSERT INTO gateway_areas (gateway_id, area_id)
        SELECT g.id, a.id FROM jsonb_to_recordset(%s) AS r(key text, areas jsonb)
        CROSS JOIN jsonb_array_elements_text(r.areas) AS b(key)
        JOIN gateways g ON g.code = r.key JOIN areas a ON {_A} = b.key ON CONFLICT DO NOTHING""",
    ),
    "things": (
        """
        INSERT INTO things (code, gateway_id, name, kind, latitude, longitude, properties, model, dev_eui)
        SELECT r.key, g.id, r.name, r.kind, r.latitude, r.longitude, r.properties, m.code, r.dev_eui
        FROM jsonb_to_recordset(%s) AS r(key text, gateway text, name text, kind text, latitude float8,
            longitude float8, properties jsonb, model text, dev_eui text)
        JOIN gateways g ON g.code = r.gateway LEFT JOIN device_models m ON m.code = r.model
        WHERE r.model IS NULL OR m.code IS NOT NULL
        ON CONFLICT (code) DO UPDATE SET (gateway_id, name, kind, latitude, longitude, properties, model,
            dev_eui)
          = (excluded.gateway_id, excluded.name, excluded.kind, excluded.latitude, excluded.longitude,
            excluded.properties, excluded.model, excluded.dev_eui)""",
        f"""
        DELETE FROM thing_areas l
        USING things t, areas a, jsonb_to_recordset(%s) AS r(key text, areas jsonb)
        WHERE t.code = r.key AND l.thing_id = t.id AND a.id = l.area_id AND NOT r.areas ? ({_A})""",
        f"""
        INSERT INTO thing_areas (thing_id, area_id)
        SELECT t.id, a.id FROM jsonb_to_recordset(%s) AS r(key text, areas jsonb)
        CROSS JOIN jsonb_array_elements_text(r.areas) AS b(key)
        JOIN things t ON t.code = r.key JOIN areas a ON {_A} = b.key ON CONFLICT DO NOTHING""",
    ),
    "datastreams": (
        """
        INSERT INTO datastreams (thing_id, observed_property_id, sampling_interval_s)
        SELECT t.id, p.id, r.sampling_interval_s
        FROM jsonb_to_recordset(%s) AS r(key text, sampling_interval_s int)
        JOIN things t ON t.code = split_part(r.key, '/', 1)
        JOIN observed_properties p ON p.code = split_part(r.key, '/', 2)
        ON CONFLICT (thing_id, observed_property_id)
            DO UPDATE SET sampling_interval_s = excluded.sampling_interval_s""",
    ),
}

_UNFIT_BOUNDARIES = f"""
    SELECT r.key, array_agg({_A} ORDER BY a.valid_from) FILTER (WHERE a.id IS NOT NULL)
    FROM jsonb_to_recordset(%s) AS r(key text) LEFT JOIN areas a ON r.key IN (a.code, {_A})
    GROUP BY r.key HAVING count(a.id) <> 1 ORDER BY r.key"""
_SET_BOUNDARIES = f"""
    UPDATE areas a SET boundary = r.boundary, boundary_source = r.boundary_source
    FROM jsonb_to_recordset(%s) AS r(key text, boundary jsonb, boundary_source text)
    WHERE r.key IN (a.code, {_A})"""
_DATASTREAM_IDS = """
    SELECT t.code, p.code, d.id FROM datastreams d
    JOIN things t ON t.id = d.thing_id JOIN observed_properties p ON p.id = d.observed_property_id"""


class RegistryError(ValueError):
    """The database holds something that the change does not fit to; the message says what."""


async def contents_of(conn: AsyncConnection[Any]) -> dict[str, dict[str, dict[str, Any]]]:
    """Return all that is registered: table -> key of the row -> column -> value, as devices.plan has it."""
    return {table: await _stored(conn, query) for table, query in _STORED.items()}


async def plan_import(conn: AsyncConnection[Any], profile: Profile) -> Plan:
    """Return what an import of the profile would do. Reads only.

    Raises:
        RegistryError: the database belongs to another city.
        ProfileError: the profile contradicts itself.
    """
    stored = await contents_of(conn)
    if other := stored["city"].keys() - {profile.code}:
        raise RegistryError(
            f"the database belongs to the city {min(other)!r}, the profile is {profile.code!r}: "
            "import it to a database of its own (HALONG_DATABASE_URL)"
        )
    return compare(profile, stored)


async def apply(conn: AsyncConnection[Any], plan: Plan) -> None:
    """Write the rows that the plan creates or updates, in one transaction; a second time changes nothing.

    Two that run at once wait for each other.

    Raises:
        RegistryError: a row names one that is neither in the plan nor in the database; nothing is written.
    """
    async with conn.transaction():
        await conn.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        for table, statements in _WRITES.items():
            rows = [{"key": each.code, **each.row} for each in plan.effective() if each.table == table]
            for chunk in _chunks(rows):
                await _write(conn, table, statements, chunk)


async def import_profile(conn: AsyncConnection[Any], profile: Profile) -> Plan:
    """Bring the registry to what the profile says and return what was done.

    Raises:
        RegistryError: as plan_import and apply.
        ProfileError: as plan_import.
    """
    async with conn.transaction():
        await conn.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        plan = await plan_import(conn, profile)
        await apply(conn, plan)
    return plan


async def stored_areas(conn: AsyncConnection[Any]) -> dict[str, dict[str, Any]]:
    """Return the areas as devices.plan.area_contents has them, in the order in which they came."""
    return await _stored(conn, _STORED["areas"])


async def set_boundaries(
    conn: AsyncConnection[Any], geometries: Mapping[str, Mapping[str, Any]], source: str
) -> int:
    """Give areas their outlines and return how many got one. An import of schematic ones leaves them be.

    Args:
        conn: in autocommit mode or in a transaction.
        geometries: GeoJSON geometry (WGS 84) by area code, or by `code@valid_from` where it had several.
        source: whom the outlines are owed to and under which licence; shown with every map.

    Raises:
        RegistryError: a code fits no area, or several; nothing is written.
    """
    rows = [{"key": key, "boundary": value, "boundary_source": source} for key, value in geometries.items()]
    async with conn.transaction():
        if unfit := await (await conn.execute(_UNFIT_BOUNDARIES, [_json(rows)])).fetchall():
            told = [f"{key} (which of {', '.join(keys)}?)" if keys else key for key, keys in unfit]
            raise RegistryError(f"boundaries fit no single area of the registry: {', '.join(told)}")
        return (await conn.execute(_SET_BOUNDARIES, [_json(rows)])).rowcount


async def datastream_ids(conn: AsyncConnection[Any]) -> dict[tuple[str, str], int]:
    """Return (thing code, observed property code) -> datastream id."""
    cursor = await conn.execute(_DATASTREAM_IDS)
    return {(thing, prop): id_ for thing, prop, id_ in await cursor.fetchall()}


async def _stored(conn: AsyncConnection[Any], query: LiteralString) -> dict[str, dict[str, Any]]:
    cursor = await conn.execute(query)
    names = [column.name for column in cursor.description or ()][1:]
    return {
        key: {name: tuple(v) if isinstance(v, list) else v for name, v in zip(names, values, strict=True)}
        for key, *values in await cursor.fetchall()
    }


async def _write(
    conn: AsyncConnection[Any], table: str, statements: tuple[LiteralString, ...], rows: list[dict[str, Any]]
) -> None:
    encoded = _json(rows)
    for number, statement in enumerate(statements):
        cursor = await conn.execute(statement, [encoded])
        if number == 0 and (lost := len(rows) - cursor.rowcount):
            raise RegistryError(
                f"{table}: {lost} of the {len(rows)} rows from {rows[0]['key']} on name a gateway, thing, "
                "device model or observed property that is in neither the profile nor the database"
            )


def _chunks(rows: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(rows), _CHUNK):
        yield rows[start : start + _CHUNK]


def _json(rows: list[dict[str, Any]]) -> str:
    return msgspec.json.encode(rows).decode()


async def list_things(
    conn: AsyncConnection[Any], gateway: str | None, tags: Sequence[str] | None = None
) -> list[tuple[str, ...]]:
    """Return (gateway, thing, kind, model, DevEUI, observed properties, tags) of things, by code.

    All of them, or those of a gateway, or those that have all these tags.
    """
    cursor = await conn.execute(
        """
        SELECT g.code, t.code, t.kind, coalesce(t.model, ''), coalesce(t.dev_eui, ''),
               string_agg(p.code, ' ' ORDER BY p.code), array_to_string(t.tags, ' ')
        FROM things t JOIN gateways g ON g.id = t.gateway_id
        JOIN datastreams d ON d.thing_id = t.id
        JOIN observed_properties p ON p.id = d.observed_property_id
        WHERE (%(gateway)s::text IS NULL OR g.code = %(gateway)s)
          AND (%(tags)s::text[] IS NULL OR t.tags @> %(tags)s::text[])
        GROUP BY g.code, t.id ORDER BY g.code, t.code""",
        {"gateway": gateway, "tags": tags or None},
    )
    return await cursor.fetchall()
