"""Where things stand and stood: moves, each with what it changes in areas and in what is computed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from devices.places import PlaceError, Unit, Units

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from psycopg import AsyncConnection

_UNITS = """
SELECT id, code, level, name_en, parent_id, valid_from, valid_to,
       CASE WHEN boundary_source <> 'schematic' THEN boundary END
FROM areas ORDER BY id"""
_THING = "SELECT id FROM things WHERE code = %s"
# Who moves a thing waits for who is moving it.
_HELD = f"{_THING} FOR NO KEY UPDATE"
_HISTORY = """
SELECT nullif(i.valid_from, '-infinity'), nullif(i.valid_to, 'infinity'), i.latitude, i.longitude,
       ARRAY(SELECT l.area_id FROM installation_areas l
             WHERE (l.thing_id, l.valid_from) = (i.thing_id, i.valid_from)),
       i.place, i.recorded_by, i.reason
FROM installations i WHERE i.thing_id = %s ORDER BY i.valid_from"""
_END = """
UPDATE installations SET valid_to = %(at)s WHERE thing_id = %(thing)s AND valid_to = 'infinity'"""
_BEGIN = """
INSERT INTO installations (thing_id, valid_from, latitude, longitude, place, recorded_by, reason)
VALUES (%(thing)s, %(at)s, %(latitude)s, %(longitude)s, %(place)s, %(who)s, %(reason)s)"""
_ENTER = """
INSERT INTO installation_areas (thing_id, area_id, valid_from)
SELECT %(thing)s, unnest(%(areas)s::int[]), %(at)s"""
_STAND = "UPDATE things SET latitude = %(latitude)s, longitude = %(longitude)s WHERE id = %(thing)s"
_RETRACT = """
INSERT INTO retracted_areas SELECT thing_id, area_id FROM installation_areas
WHERE (thing_id, valid_from) = (%(thing)s, %(at)s) ON CONFLICT DO NOTHING"""
_FORGET = "DELETE FROM installations WHERE thing_id = %(thing)s AND valid_from = %(at)s"
_REOPEN = """
UPDATE installations SET valid_to = 'infinity' WHERE thing_id = %(thing)s AND valid_to = %(at)s"""
_SINCE = """
UPDATE installations SET valid_from = %(since)s WHERE thing_id = %(thing)s AND valid_from = %(before)s"""
# Every hour counts, also one without observations: a silent thing is missing in its area's values. Of hours
# before the oldest observation nothing could be computed again.
_QUEUE = """
INSERT INTO late_hours (datastream_id, hour)
SELECT d.id, hour FROM datastreams d CROSS JOIN LATERAL (
    SELECT time FROM observations WHERE datastream_id = d.id ORDER BY time LIMIT 1
) oldest CROSS JOIN LATERAL generate_series(
    date_trunc('hour', greatest(%(at)s, oldest.time), 'UTC'), %(now)s, interval '1 hour'
) hour
WHERE d.thing_id = %(thing)s ON CONFLICT DO NOTHING"""


class UnknownThingError(LookupError):
    """No thing has this code."""


@dataclass(frozen=True, kw_only=True)
class Installation:
    """A thing's place in valid_from <= t < valid_to; None: since ever, until further notice."""

    valid_from: datetime | None
    valid_to: datetime | None
    latitude: float
    longitude: float
    #: ids
    areas: frozenset[int]
    #: in words
    place: str | None = None
    recorded_by: str | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a thing is taken: degrees, codes of areas whose outlines are not known, and words."""

    latitude: float
    longitude: float
    areas: tuple[str, ...] = ()
    words: str | None = None


@dataclass(frozen=True)
class Move:
    """What a move changes. `hours`: of datastreams, to be computed again; None before it is done."""

    thing: str
    at: datetime
    before: Installation
    after: Installation
    units: Units
    hours: int | None = None

    @property
    def left(self) -> tuple[str, ...]:
        """Codes of the areas that it leaves."""
        return self.units.codes(self.before.areas - self.after.areas)

    @property
    def entered(self) -> tuple[str, ...]:
        """Codes of the areas that it enters."""
        return self.units.codes(self.after.areas - self.before.areas)

    @property
    def levels_lost(self) -> tuple[str, ...]:
        """Levels of areas that it counts for no longer: nobody has said which one of them it stands in."""
        return self.units.levels_lost(self.before.areas, self.after.areas)


async def read_units(conn: AsyncConnection[Any]) -> Units:
    """Return the areas with their surveyed outlines."""
    cursor = await conn.execute(_UNITS)
    return Units(tuple([Unit(*row) async for row in cursor]))


async def history(conn: AsyncConnection[Any], thing: str) -> list[Installation]:
    """Return where a thing stood, the first place first.

    Raises:
        UnknownThingError: there is no such thing.
    """
    return await _history(conn, await _thing(conn, thing))


async def move(
    conn: AsyncConnection[Any],
    thing: str,
    place: Place,
    at: datetime,
    *,
    now: datetime,
    who: str,
    reason: str | None = None,
    within: Collection[int] | None = None,
    dry_run: bool = False,
) -> Move:
    """Record that a thing stands elsewhere from an instant on; what is computed from it since is queued.

    Args:
        conn: any connection.
        thing: its code.
        place: where it stands.
        at: aware; after its move before this one, and not in the future.
        now: aware.
        who: whoever tells it.
        reason: why it was moved.
        within: ids of areas, of which it must enter one; None: any place will do.
        dry_run: only return what it would change.

    Raises:
        UnknownThingError: there is no such thing.
        PlaceError: the place or the instant cannot be used; nothing is written.
    """
    async with conn.transaction():
        number = await _thing(conn, thing, held=not dry_run)
        before, units = (await _history(conn, number))[-1], await read_units(conn)
        require_order(thing, before, at, now)
        after = replace(
            elsewhere(thing, before, place, at, units, within=within), recorded_by=who, reason=reason
        )
        hours = None if dry_run else await _write(conn, number, after, now)
    return Move(thing, at, before, after, units, hours)


async def take_back(
    conn: AsyncConnection[Any], thing: str, *, now: datetime, dry_run: bool = False
) -> tuple[Installation, int | None]:
    """Take a thing's last move back, as if it had not been recorded; return it and the hours queued.

    Raises:
        UnknownThingError: there is no such thing.
        PlaceError: it was never moved.
    """
    async with conn.transaction():
        number = await _thing(conn, thing, held=not dry_run)
        places = await _history(conn, number)
        if len(places) == 1:
            raise PlaceError(f"{thing} was never moved: correct its position in the profile")
        before, last = places[-2:]
        if dry_run:
            return last, None
        changed = {"thing": number, "at": last.valid_from, "now": now}
        for statement in (_RETRACT, _FORGET, _REOPEN):
            await conn.execute(statement, changed)
        await conn.execute(_STAND, changed | {"latitude": before.latitude, "longitude": before.longitude})
        return last, (await conn.execute(_QUEUE, changed)).rowcount


async def stand_since(
    conn: AsyncConnection[Any], thing: str, since: datetime, *, now: datetime, dry_run: bool = False
) -> tuple[Installation, int | None]:
    """Correct since when a thing stands in its first place; return that as it was, and the hours queued.

    Before that instant nothing is expected of it, and what it measured belongs to no area.

    Raises:
        UnknownThingError: there is no such thing.
        PlaceError: the instant is in the future, or not before its first move; nothing is written.
    """
    async with conn.transaction():
        number = await _thing(conn, thing, held=not dry_run)
        first = (await _history(conn, number))[0]
        if since > now:
            raise PlaceError(f"{since.isoformat()} is in the future: say since when it stands there")
        if first.valid_to is not None and since >= first.valid_to:
            raise PlaceError(
                f"{thing} was moved from its first place at {first.valid_to.isoformat()}: "
                "give a time before that"
            )
        if dry_run:
            return first, None
        before = first.valid_from or "-infinity"
        await conn.execute(_SINCE, {"thing": number, "since": since, "before": before})
        start, end = sorted((since, first.valid_from)) if first.valid_from else (before, since)
        return first, (await conn.execute(_QUEUE, {"thing": number, "at": start, "now": end})).rowcount


def elsewhere(
    moved: str,
    before: Installation,
    place: Place,
    at: datetime,
    units: Units,
    *,
    within: Collection[int] | None,
) -> Installation:
    """Return where a thing or a gateway stands after a move, as `move` of either takes its arguments.

    Raises:
        PlaceError: it may not go there, or stands there already.
    """
    areas = units.placed(place.latitude, place.longitude, place.areas)
    if within is not None and areas.isdisjoint(within):
        raise PlaceError(f"{place.latitude}, {place.longitude} lies in none of your areas")
    if (place.latitude, place.longitude, areas) == (before.latitude, before.longitude, before.areas):
        raise PlaceError(f"{moved} stands at {place.latitude}, {place.longitude} already")
    return Installation(
        valid_from=at, valid_to=None, latitude=place.latitude, longitude=place.longitude, areas=areas,
        place=place.words,
    )  # fmt: skip


def require_order(thing: str, before: Installation, at: datetime, now: datetime) -> None:
    """Check that a move lies after the one before it, and not in the future.

    Raises:
        PlaceError: it does not.
    """
    if at > now:
        raise PlaceError(f"{at.isoformat()} is in the future: record a move when it has been made")
    if before.valid_from is not None and at <= before.valid_from:
        raise PlaceError(
            f"{thing} stands where it is since {before.valid_from.isoformat()}, which a move at "
            f"{at.isoformat()} would overlap: give a later time, or take that move back first"
        )


async def _write(conn: AsyncConnection[Any], thing: int, place: Installation, now: datetime) -> int:
    changed = {
        "thing": thing, "at": place.valid_from, "now": now,
        "latitude": place.latitude, "longitude": place.longitude,
        "place": place.place, "who": place.recorded_by, "reason": place.reason, "areas": sorted(place.areas),
    }  # fmt: skip
    for statement in (_END, _BEGIN, _ENTER, _STAND):
        await conn.execute(statement, changed)
    return (await conn.execute(_QUEUE, changed)).rowcount


async def _thing(conn: AsyncConnection[Any], code: str, *, held: bool = False) -> int:
    row = await (await conn.execute(_HELD if held else _THING, [code])).fetchone()
    if row is None:
        raise UnknownThingError(f"there is no thing {code!r}: `halong devices list` shows them")
    number: int = row[0]
    return number


async def _history(conn: AsyncConnection[Any], thing: int) -> list[Installation]:
    names = ("valid_from", "valid_to", "latitude", "longitude", "areas", "place", "recorded_by", "reason")
    return [
        Installation(**dict(zip(names, row, strict=True)) | {"areas": frozenset(row[4])})
        async for row in await conn.execute(_HISTORY, [thing])
    ]
