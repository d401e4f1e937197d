"""Entries of the registry, one by one: created, changed and deleted by who has read the newest version.

Each function is one transaction, or a part of the one that is open. Triggers log what it changes and tell
ingest.
"""

# ruff: noqa: S608  (the statements are put together from constants of devices.entries alone)

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, LiteralString

from psycopg.errors import ForeignKeyViolation, UniqueViolation
from psycopg.types.json import Jsonb

from devices.entries import DATASTREAM, OBSERVED_PROPERTY, FieldError
from storage.rows import fetch, fetch_one

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from psycopg import AsyncConnection

    from devices.entries import Kind

    Connection = AsyncConnection[Any]
    Row = dict[str, Any]
    Key = str | int

#: how long an entry has been switched off before it is deleted, s: what is on its way to it still finds it
SETTLED_S = 60

_LATEST = """
    WITH RECURSIVE up AS (
        (SELECT DISTINCT ON (code) id, parent_id FROM areas WHERE code = ANY(%(areas)s)
         ORDER BY code, valid_from DESC)
        UNION SELECT a.id, a.parent_id FROM areas a JOIN up ON a.id = up.parent_id)
    SELECT id FROM up"""
_UNKNOWN_AREAS = """
    SELECT code FROM unnest(%(areas)s::text[]) WITH ORDINALITY AS given (code, place)
    WHERE code NOT IN (SELECT code FROM areas) ORDER BY place"""
_IS_SETTLED = """
    SELECT NOT enabled AND changed_at < now() - %(settled)s * interval '1 second' AS is_so
    FROM {table} WHERE id = %(id)s"""
_MEASURED = "SELECT FROM datastreams WHERE observed_property_id = %(id)s LIMIT 1"


class UnknownEntryError(LookupError):
    """There is no entry of this kind and key."""


class StaleError(Exception):
    """Somebody has changed the entry since it was read; `tag` is that of its present version."""

    def __init__(self, kind: str, tag: str) -> None:
        super().__init__(f"the {kind} has been changed since it was read: read it again, then change it")
        self.tag = tag


class InUseError(Exception):
    """The entry cannot be deleted, or changed so; the message says why and what to do instead."""


class ExistsError(Exception):
    """There is another entry of this key; the message says in which fields it differs."""


def tag_of(row: Mapping[str, Any]) -> str:
    """Return the name of an entry's version, which no other version of any entry of its kind has."""
    return f"{row['id']}.{row['version']}"


async def read(conn: Connection, kind: Kind, key: Key) -> Row | None:
    """Return an entry, or None."""
    return await fetch_one(conn, kind.select, {"key": key})


async def found(conn: Connection, kind: Kind, key: Key) -> Row:
    """Return an entry.

    Raises:
        UnknownEntryError: there is none.
    """
    row = await read(conn, kind, key)
    if row is None:
        raise UnknownEntryError(f"there is no {kind.name} {key!r}")
    return row


async def datastream_number(conn: Connection, thing: str, observed_property: str) -> int | None:
    """Return the number of a thing's datastream, or None."""
    row = await fetch_one(conn, DATASTREAM.there, {"thing": thing, "observed_property": observed_property})
    return None if row is None else row["id"]


async def create(
    conn: Connection, kind: Kind, given: Mapping[str, Any], areas: Collection[int] | None = None
) -> tuple[Row, bool]:
    """Create an entry, and return it and whether it was not there.

    One that is there with all that is given is left as it is: a client that got no answer asks again.
    `areas` are the ids of all that it counts for; None: of the areas whose codes are given, and all above.

    Raises:
        FieldError: a field is wrong.
        ExistsError: there is one, and it differs.
    """
    values = {**kind.defaults, **given}
    async with conn.transaction():
        await _check(conn, kind, values, given)
        with _telling_doubles(values):
            row = await fetch_one(conn, kind.insert, _stored(values))
        if row is not None and kind.links:
            units = await _latest(conn, values["areas"]) if areas is None else areas
            await _link(conn, kind.links, row["id"], units)
        (key,) = (await fetch_one(conn, kind.there, _stored(values)) or {}).values()
        stored = await found(conn, kind, key)
    if row is None and (other := _differing(stored, given)):
        raise ExistsError(
            f"there is a {kind.name} {key!r}, and it differs in {', '.join(other)}: change it instead"
        )
    return stored, row is not None


async def change(
    conn: Connection,
    kind: Kind,
    key: Key,
    changes: Mapping[str, Any],
    is_newest: Callable[[str], bool] = lambda _: True,
) -> Row:
    """Change fields of an entry and return it; `is_newest` tells by its tag whether it is what was read.

    Raises:
        UnknownEntryError, StaleError: it is not there, or not as it was read.
        FieldError: a field is wrong.
        InUseError: values in another unit are there.
    """
    async with conn.transaction():
        row = await _lock(conn, kind, key, is_newest)
        values = {**row, **changes}
        await _check(conn, kind, values, changes)
        if kind is OBSERVED_PROPERTY:
            await _require_same_unit(conn, row, values)
        with _telling_doubles(values):
            await conn.execute(kind.update, _stored(values))
        if kind.links and "areas" in changes:
            await _link(conn, kind.links, row["id"], await _latest(conn, values["areas"]))
        return await found(conn, kind, key)


async def delete(
    conn: Connection, kind: Kind, key: Key, is_newest: Callable[[str], bool] = lambda _: True
) -> None:
    """Delete an entry that was never used; what was is disabled instead.

    Raises:
        UnknownEntryError, StaleError: it is not there, or not as it was read.
        InUseError: there is something that belongs to it, or something may be on its way to it.
    """
    async with conn.transaction():
        row = await _lock(conn, kind, key, is_newest)
        await _require_unused(conn, kind, key, row)
        # One after the other, so that the log says of each where it stood.
        if kind.parts:
            await conn.execute(kind.parts, row)
        if kind.links:
            await _link(conn, kind.links, row["id"], [])
        try:
            await conn.execute(f"DELETE FROM {kind.table} WHERE id = %(id)s", row)
        except ForeignKeyViolation:
            raise InUseError(_in_use(kind, key, ["something belongs to it"])) from None


async def _lock(conn: Connection, kind: Kind, key: Key, is_newest: Callable[[str], bool]) -> Row:
    # Locked first: a query that waits for a lock sees what it joins as it was before.
    if await fetch_one(conn, kind.lock, {"key": key}) is None:
        raise UnknownEntryError(f"there is no {kind.name} {key!r}")
    row = await found(conn, kind, key)
    if not is_newest(tag_of(row)):
        raise StaleError(kind.name, tag_of(row))
    return row


async def _check(conn: Connection, kind: Kind, values: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    kind.check(values)
    for name in given.keys() & kind.refers_to.keys():
        table, expected = kind.refers_to[name]
        if values[name] is not None:
            await _require(conn, table, name, values[name], expected)
    if kind.links and "areas" in given:
        await _require_areas(conn, values["areas"])


async def _require(conn: Connection, table: LiteralString, name: str, code: str, expected: str) -> None:
    if await fetch_one(conn, f"SELECT FROM {table} WHERE code = %(code)s", {"code": code}) is None:
        raise FieldError(name, code, f"there is no {code[:100]!r} in the registry", expected)


async def _require_areas(conn: Connection, areas: Sequence[str]) -> None:
    if not areas:
        raise FieldError("areas", "", "there is none", "the codes of the areas in which it stands")
    unknown = await fetch_one(conn, _UNKNOWN_AREAS, {"areas": list(areas)})
    if unknown is not None:
        raise FieldError(
            "areas", unknown["code"], f"there is no area {unknown['code'][:100]!r}", "areas' codes"
        )


async def _require_same_unit(conn: Connection, row: Row, values: Mapping[str, Any]) -> None:
    if row["unit"] != values["unit"] and await fetch_one(conn, _MEASURED, row) is not None:
        raise InUseError(
            f"the unit of {row['code']} cannot become {values['unit']!r}: datastreams measure it in "
            f"{row['unit']!r}; create another observed property"
        )


async def _require_unused(conn: Connection, kind: Kind, key: Key, row: Row) -> None:
    reasons = [
        each["reason"] for each in await fetch(conn, f"SELECT reason FROM ({kind.in_use}) u (reason)", row)
    ]
    if reasons:
        raise InUseError(_in_use(kind, key, reasons))
    if kind.has_switch:
        settled = await fetch_one(
            conn, _IS_SETTLED.format(table=kind.table), {"id": row["id"], "settled": SETTLED_S}
        )
        if settled is None or not settled["is_so"]:
            raise InUseError(
                f"{kind.name} {key!r} is deleted when it has been disabled for {SETTLED_S} s, so that "
                "what is on its way still finds it: disable it, then ask again"
            )


def _in_use(kind: Kind, key: Key, reasons: Sequence[str]) -> str:
    instead = ": disable it instead" if kind.has_switch else ""
    return f"{kind.name} {key!r} cannot be deleted, as {' and '.join(reasons)}{instead}"


async def _latest(conn: Connection, codes: Sequence[str]) -> list[int]:
    """Return the ids of the latest unit of each code and of all units above it."""
    return [row["id"] for row in await fetch(conn, _LATEST, {"areas": list(codes)})]


async def _link(
    conn: Connection, links: tuple[LiteralString, LiteralString], owner: int, areas: Collection[int]
) -> None:
    """Have an entry count for the areas of these ids, and for no others."""
    table, column = links
    given = {"areas": list(areas), "owner": owner}
    gone = f"DELETE FROM {table} WHERE {column} = %(owner)s AND area_id <> ALL(%(areas)s::int[])"
    come = f"""
        INSERT INTO {table} ({column}, area_id) SELECT %(owner)s, unnest(%(areas)s::int[])
        ON CONFLICT DO NOTHING"""
    await conn.execute(gone, given)
    await conn.execute(come, given)


def _differing(row: Row, given: Mapping[str, Any]) -> list[str]:
    """Return the fields in which an entry is other than it is asked for."""
    same_areas = set(row.get("areas", ())) <= set(given.get("areas", ())) <= set(row.get("counted_areas", ()))
    return [
        name for name, value in given.items() if not (same_areas if name == "areas" else row[name] == value)
    ]


def _stored(values: Mapping[str, Any]) -> Row:
    return {**values, **{name: Jsonb(values[name]) for name in ("properties", "links") if name in values}}


@contextmanager
def _telling_doubles(values: Mapping[str, Any]) -> Iterator[None]:
    try:
        yield
    except UniqueViolation:  # of the key there is none: an entry that is there is left as it is
        raise FieldError("dev_eui", values["dev_eui"], "another thing has it", "the device's own") from None
