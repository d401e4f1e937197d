"""The queue of unknown things in the database: each with what it would be, accepted or ignored by people."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from devices.edit import ExistsError, create
from devices.entries import DATASTREAM, THING, FieldError
from devices.installations import read_units, stand_since
from devices.unknown import (
    KnownProperty,
    KnownThing,
    SeenProperty,
    Surroundings,
    UnknownThing,
    UnknownThingError,
    Wishes,
    propose,
)
from storage.rows import fetch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import AsyncConnection

    from devices.unknown import Proposal

_READ = """
SELECT u.id, g.code AS gateway, u.device, u.source, u.dev_eui, u.first_seen, u.last_seen, u.messages, u.state,
       u.decided_at, u.decided_by, u.note, u.replayed,
       u.replay_time IS NOT NULL AND u.replay_time < u.decided_at AS is_replaying,
       g.latitude, g.longitude
FROM unknown_things u JOIN gateways g ON g.id = u.gateway_id
WHERE u.id = ANY(%s) ORDER BY array_position(%s, u.id)"""
_READ_PROPERTIES = """
SELECT thing_id, property AS code, unit, readings, minimum, maximum, times,
       accepted_at IS NOT NULL AS is_accepted
FROM unknown_properties WHERE thing_id = ANY(%s) ORDER BY property"""
_KNOWN_PROPERTIES = "SELECT code, unit, sampling_interval_s, device_kind FROM observed_properties"
_KNOWN_THINGS = """
SELECT t.code, g.code AS gateway, t.kind, t.enabled,
       ARRAY(SELECT p.code FROM datastreams d JOIN observed_properties p ON p.id = d.observed_property_id
             WHERE d.thing_id = t.id) AS datastreams
FROM things t JOIN gateways g ON g.id = t.gateway_id WHERE t.code = ANY(%s)"""
_MODELS = """
SELECT code, ARRAY(SELECT DISTINCT f.value ->> 'property' FROM jsonb_each(fields) f ORDER BY 1)
FROM device_models"""

_LOCK = "SELECT id FROM unknown_things WHERE id = %s FOR UPDATE"
_GATEWAYS_AREAS = """
SELECT l.area_id FROM gateway_areas l JOIN unknown_things u USING (gateway_id) WHERE u.id = %s"""
_THINGS_AREAS = """
SELECT l.area_id FROM thing_areas l JOIN things t ON t.id = l.thing_id WHERE t.code = %s"""
_ACCEPT_PROPERTIES = """
UPDATE unknown_properties SET accepted_at = now(), accepted_by = %(who)s
WHERE thing_id = %(id)s AND property = ANY(%(accepted)s) AND accepted_at IS NULL"""
# A replay begins with the first message that named it, however often: what was replayed is not open.
_ACCEPT = """
UPDATE unknown_things SET state = 'accepted', decided_at = now(), decided_by = %(who)s,
    created_at = CASE WHEN %(created)s THEN now() ELSE created_at END,
    replay_time = first_seen, replay_id = 0
WHERE id = %(id)s"""
_IGNORE = """
UPDATE unknown_things SET state = 'ignored', decided_at = now(), decided_by = %(who)s, note = %(note)s
WHERE id = %(id)s AND state <> 'accepted'"""


async def read(
    conn: AsyncConnection[Any], ids: Sequence[int], wishes: Wishes | None = None
) -> list[tuple[UnknownThing, Proposal]]:
    """Return unknown things in the order of their ids, each with what it would be."""
    rows = await fetch(conn, _READ, [list(ids), list(ids)])
    seen: dict[int, list[SeenProperty]] = {}
    for row in await fetch(conn, _READ_PROPERTIES, [list(ids)]):
        seen.setdefault(row.pop("thing_id"), []).append(SeenProperty(**row))
    properties = {row.pop("code"): KnownProperty(**row) for row in await fetch(conn, _KNOWN_PROPERTIES)}
    things = {row.pop("code"): row for row in await fetch(conn, _KNOWN_THINGS, [[r["device"] for r in rows]])}
    models = {code: tuple(fields) for code, fields in await (await conn.execute(_MODELS)).fetchall()}
    found = []
    for row in rows:
        place = {name: row.pop(name) for name in ("latitude", "longitude")}
        known = things.get(row["device"])
        thing = known and KnownThing(**{**known, "datastreams": frozenset(known["datastreams"])})
        unknown = UnknownThing(**row, properties=tuple(seen.get(row["id"], ())))
        around = Surroundings(**place, properties=properties, thing=thing or None, models=models)
        found.append((unknown, propose(unknown, around, wishes)))
    return found


async def read_one(
    conn: AsyncConnection[Any], id_: int, wishes: Wishes | None = None
) -> tuple[UnknownThing, Proposal]:
    """Return one unknown thing and what it would be.

    Raises:
        UnknownThingError: there is none.
    """
    found = await read(conn, [id_], wishes)
    if not found:
        raise UnknownThingError(f"there is no unknown thing {id_}: `halong unknown list` shows them")
    return found[0]


async def accept(
    conn: AsyncConnection[Any],
    id_: int,
    who: str,
    wishes: Wishes | None = None,
    *,
    within: frozenset[int] | None = None,
) -> tuple[UnknownThing, Proposal]:
    """Register what an unknown thing would be, and have what was refused of it replayed by ingest.

    It gets the areas of its place, by surveyed outlines where there are any, else those of its gateway; one
    of them, or of those in which it is registered, must be among the ids `within`. Of what is registered
    already only the refused messages are replayed, and of what was replayed already nothing happens.

    Raises:
        UnknownThingError: it cannot be registered so; nothing is changed.
    """
    async with conn.transaction():
        await conn.execute(_LOCK, [id_])
        unknown, proposal = await read_one(conn, id_, wishes)
        if proposal.problem:
            raise UnknownThingError(f"{proposal.code} cannot be accepted: {proposal.problem}")
        try:
            await _register(conn, unknown, who, proposal, within)
        except FieldError as error:
            raise UnknownThingError(f"{proposal.code} cannot be accepted: {error}") from None
    return await read_one(conn, id_)


async def _areas(
    conn: AsyncConnection[Any], id_: int, proposal: Proposal, within: frozenset[int] | None
) -> frozenset[int]:
    """Return the areas of a place by surveyed outlines, else those of the gateway.

    Raises:
        UnknownThingError: none of them is within those that somebody is confined to.
    """
    assigned = [area for (area,) in await (await conn.execute(_GATEWAYS_AREAS, [id_])).fetchall()]
    found = (await read_units(conn)).located(proposal.latitude, proposal.longitude, assigned)
    if within is not None and not found & within:
        raise UnknownThingError(f"{proposal.code} would stand outside the areas of this key: say its place")
    return found


async def _require_standing(conn: AsyncConnection[Any], code: str, within: frozenset[int] | None) -> None:
    """Check that what is registered stands in one of the areas that somebody is confined to.

    Raises:
        UnknownThingError: it does not.
    """
    if within is None:
        return
    found = await (await conn.execute(_THINGS_AREAS, [code])).fetchall()
    if within.isdisjoint(area for (area,) in found):
        raise UnknownThingError(f"{code} stands outside the areas of this key")


async def _register(
    conn: AsyncConnection[Any],
    unknown: UnknownThing,
    who: str,
    proposal: Proposal,
    within: frozenset[int] | None,
) -> None:
    if proposal.is_registered:
        await _require_standing(conn, proposal.code, within)
    else:
        await _create_thing(conn, unknown, proposal, await _areas(conn, unknown.id, proposal, within))
    for code, seconds in proposal.intervals.items():
        given = {"thing": proposal.code, "observed_property": code, "sampling_interval_s": seconds}
        with suppress(ExistsError):  # one that somebody has created meanwhile stays as it is
            await create(conn, DATASTREAM, given)
    values = {"id": unknown.id, "who": who, "created": not proposal.is_registered}
    await conn.execute(_ACCEPT_PROPERTIES, values | {"accepted": [*proposal.intervals]})
    await conn.execute(_ACCEPT, values)


async def _create_thing(
    conn: AsyncConnection[Any], unknown: UnknownThing, proposal: Proposal, areas: frozenset[int]
) -> None:
    names = ("code", "name", "kind", "latitude", "longitude", "model")
    given = {"gateway": unknown.gateway, "dev_eui": unknown.dev_eui}
    given |= {name: getattr(proposal, name) for name in names}
    try:
        _, is_new = await create(conn, THING, given, areas)
    except ExistsError:
        is_new = False
    if not is_new:
        raise UnknownThingError(f"{proposal.code} was registered meanwhile: look again")
    # Its refused messages are replayed: what was measured shortly before the first belongs to its place too.
    since = unknown.first_seen.replace(minute=0, second=0, microsecond=0)
    await stand_since(conn, proposal.code, since, now=datetime.now(UTC))


async def ignore(conn: AsyncConnection[Any], id_: int, who: str, reason: str) -> UnknownThing:
    """Take an unknown thing out of the queue; what it sends is refused as before. It may be accepted later.

    Raises:
        UnknownThingError: there is none, or it is accepted.
    """
    cursor = await conn.execute(_IGNORE, {"id": id_, "who": who, "note": reason})
    found, _ = await read_one(conn, id_)
    if not cursor.rowcount:
        raise UnknownThingError(f"{found.device} is accepted: disable it in the registry instead")
    return found
