"""Things that are moved: where they stood and when, what is refused, and what somebody types for it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from devices import installations, registry
from devices.installations import Place, UnknownThingError
from devices.locating import locate
from devices.places import PlaceError
from devices.profiles import load
from storage.pool import connect
from tests.integration.test_registry import effective, gateway, rows, thing, with_things

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from devices.model import Profile
    from tests.integration.terminal import Halong

    Connection = AsyncConnection[Any]

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MOVED = NOW - timedelta(hours=5, minutes=20)
HA_LONG = Place(latitude=20.96, longitude=107.05, areas=("193", "06652"))
_TABLES = ("things", "installations", "installation_areas", "late_hours")


@pytest.fixture
async def city(conn: Connection) -> Profile:
    """The province with two stations in Cẩm Phả (district 195, ward 06781)."""
    found = replace(load("quang_ninh"), gateways=(gateway("gw-1", thing("aq-1"), thing("aq-2")),))
    await registry.import_profile(conn, found)
    return found


async def state(conn: Connection) -> list[list[Any]]:
    # A thing's version counts up with each change of it, also with one that undoes another.
    told = "(to_jsonb(r) - '{version,changed_at}'::text[])::text"
    return [await rows(conn, f"SELECT {told} FROM {table} r ORDER BY 1") for table in _TABLES]


async def measure(conn: Connection, *times: datetime) -> None:
    for time in times:
        await conn.execute("INSERT INTO observations SELECT %s, id, 5, 0 FROM datastreams", [time])


async def moved(conn: Connection, at: datetime = MOVED, place: Place = HA_LONG, **more: Any) -> Any:
    return await installations.move(conn, "aq-1", place, at, now=NOW, who="Minh", **more)


async def places(conn: Connection) -> list[tuple[Any, ...]]:
    units = await installations.read_units(conn)
    return [
        (each.valid_from, each.valid_to, each.latitude, units.codes(each.areas))
        for each in await installations.history(conn, "aq-1")
    ]


async def test_a_thing_stands_where_it_was_registered_until_it_is_moved(
    conn: Connection, city: Profile
) -> None:
    assert await places(conn) == [(None, None, 21.03, ("06781", "195", "22"))]
    done = await moved(conn, reason="road works")
    assert (done.left, done.entered, done.levels_lost) == (("06781", "195"), ("06652", "193"), ())
    assert await places(conn) == [
        (None, MOVED, 21.03, ("06781", "195", "22")),
        (MOVED, None, 20.96, ("06652", "193", "22")),
    ]
    last = (await installations.history(conn, "aq-1"))[-1]
    assert (last.recorded_by, last.reason) == ("Minh", "road works")
    assert await rows(conn, "SELECT code, latitude FROM things ORDER BY code") == [
        ("aq-1", 20.96),
        ("aq-2", 21.03),
    ]


async def test_what_is_registered_while_the_city_measures_stands_there_from_then_on(
    conn: Connection, city: Profile, halong: Halong
) -> None:
    await measure(conn, NOW)
    before = datetime.now(UTC)
    grown = with_things(city, *city.gateways[0].things, thing("aq-3"))
    await registry.import_profile(conn, grown)
    assert (await places(conn))[0][0] is None
    (new,) = await installations.history(conn, "aq-3")
    assert before <= new.valid_from <= datetime.now(UTC)
    # It was never moved: the profile says where it stands.
    shifted = with_things(city, *city.gateways[0].things, thing("aq-3", latitude=21.1))
    assert effective(await registry.import_profile(conn, shifted)) == [
        ("things", "aq-3", "update", [("latitude", 21.03, 21.1)])
    ]
    dry = await halong("things", "since", "aq-3", f"{MOVED:%Y-%m-%dT%H:%MZ}", "--dry-run")
    assert "dry run" in dry
    assert (await installations.history(conn, "aq-3"))[0].valid_from == new.valid_from
    await halong("things", "since", "aq-3", f"{MOVED:%Y-%m-%dT%H:%MZ}")
    (corrected,) = await installations.history(conn, "aq-3")
    assert corrected == replace(new, valid_from=MOVED, latitude=21.1)


async def test_since_when_it_stands_there_is_before_its_first_move(conn: Connection, city: Profile) -> None:
    await measure(conn, MOVED - timedelta(hours=3), MOVED)
    await moved(conn)
    await conn.execute("DELETE FROM late_hours")
    for since, words in (
        (NOW + timedelta(days=1), "in the future"),
        (MOVED, "was moved from its first place"),
    ):
        with pytest.raises(PlaceError, match=words):
            await installations.stand_since(conn, "aq-1", since, now=NOW)
    two_hours_before = MOVED - timedelta(hours=2)
    _, hours = await installations.stand_since(conn, "aq-1", two_hours_before, now=NOW)
    assert hours == 2 * 2  # from its oldest observation on
    assert [each[:2] for each in await places(conn)] == [(two_hours_before, MOVED), (MOVED, None)]


async def test_a_dry_run_says_the_same_and_changes_nothing(conn: Connection, city: Profile) -> None:
    await measure(conn, NOW - timedelta(days=1))
    before = await state(conn)
    told = await moved(conn, dry_run=True)
    assert await state(conn) == before
    assert told.hours is None
    done = await moved(conn)
    assert (told.left, told.entered, told.after) == (done.left, done.entered, done.after)
    assert await state(conn) != before


async def test_every_hour_since_is_queued_of_which_something_can_be_computed(
    conn: Connection, city: Profile
) -> None:
    await measure(conn, MOVED - timedelta(days=3), MOVED + timedelta(minutes=1))
    assert (await moved(conn)).hours == 2 * 7
    queued = """SELECT DISTINCT t.code, l.hour FROM late_hours l JOIN datastreams d ON d.id = l.datastream_id
                JOIN things t ON t.id = d.thing_id ORDER BY 2"""
    first = MOVED.replace(minute=0)
    assert await rows(conn, queued) == [("aq-1", first + timedelta(hours=n)) for n in range(7)]


async def test_hours_before_the_oldest_observation_are_left_as_they_are(
    conn: Connection, city: Profile
) -> None:
    await measure(conn, NOW - timedelta(minutes=90))
    assert (await moved(conn, NOW - timedelta(days=400))).hours == 2 * 3


async def test_a_move_taken_back_leaves_no_trace(conn: Connection, city: Profile) -> None:
    before = (await state(conn))[:3]
    await moved(conn)
    await moved(conn, MOVED + timedelta(hours=1), Place(latitude=21.5, longitude=107.9, areas=("194",)))
    last, _ = await installations.take_back(conn, "aq-1", now=NOW)
    assert (last.latitude, (await places(conn))[-1][:3]) == (21.5, (MOVED, None, 20.96))
    await installations.take_back(conn, "aq-1", now=NOW)
    assert (await state(conn))[:3] == before
    with pytest.raises(PlaceError, match="aq-1 was never moved"):
        await installations.take_back(conn, "aq-1", now=NOW)


async def test_what_cannot_be_is_refused_and_changes_nothing(conn: Connection, city: Profile) -> None:
    await moved(conn)
    before = await state(conn)
    nowhere = Place(latitude=20.9, longitude=107.0)
    for place, at, words in (
        (Place(latitude=20.9, longitude=107.0, areas=("193",)), MOVED, "would overlap"),
        (Place(latitude=20.9, longitude=107.0, areas=("193",)), MOVED - timedelta(days=1), "take that move"),
        (HA_LONG, NOW + timedelta(seconds=1), "in the future"),
        (HA_LONG, NOW, "stands at 20.96, 107.05 already"),
        (nowhere, NOW, "no surveyed outline holds 20.9, 107.0: say the codes"),
        (Place(latitude=20.9, longitude=107.0, areas=("191",)), NOW, "no area '191'"),
        (Place(latitude=120.9, longitude=107.0, areas=("193",)), NOW, "no latitude and longitude"),
    ):
        with pytest.raises(PlaceError, match=words):
            await moved(conn, at, place)
    with pytest.raises(UnknownThingError, match="'aq-9'"):
        await installations.move(conn, "aq-9", HA_LONG, NOW, now=NOW, who="Minh")
    assert await state(conn) == before


async def test_areas_follow_from_surveyed_outlines_of_every_generation(
    conn: Connection, city: Profile
) -> None:
    def square(west: float) -> dict[str, Any]:
        east = west + 0.1
        ring = [[west, 20.9], [east, 20.9], [east, 21.0], [west, 21.0], [west, 20.9]]
        return {"type": "Polygon", "coordinates": [ring]}

    outlines = {"193": square(107.0), "06652": square(107.0), "06658": square(107.1)}
    await registry.set_boundaries(conn, outlines, "Survey office, CC BY 4.0")
    inside = Place(latitude=20.95, longitude=107.05)
    done = await moved(conn, place=inside)
    assert (done.entered, (await places(conn))[-1][3]) == (("06652", "193"), ("06652", "193", "22"))
    edge = Place(latitude=20.95, longitude=107.1)
    assert (await moved(conn, NOW, edge, dry_run=True)).entered == ("06658",)
    with pytest.raises(PlaceError, match="outside the surveyed outline of 06658 Cao Xanh Ward"):
        await moved(conn, NOW, replace(inside, latitude=20.94, areas=("06658",)))
    # Where 194 lies, no outline says: it has to be said, and no ward is known.
    far = await moved(conn, NOW, Place(latitude=21.5, longitude=107.9, areas=("194",)))
    assert (far.entered, far.levels_lost) == (("194",), ("commune",))


async def test_everything_is_located_by_the_outlines_that_there_are(
    conn: Connection, city: Profile, halong: Halong
) -> None:
    """The stations at 21.03, 107.34 were assigned to 195 and its ward; the outline of 193 holds them."""

    def square(south: float) -> dict[str, Any]:
        ring = [[107.3, south], [107.4, south], [107.4, south + 0.1], [107.3, south + 0.1], [107.3, south]]
        return {"type": "Polygon", "coordinates": [ring]}

    outlines = {"193": square(21.0), "195": square(22.0), "06781": square(22.0)}
    await registry.set_boundaries(conn, outlines, "Survey office, CC BY 4.0")
    before = await state(conn)
    told = await locate(conn, dry_run=True)
    assert [(each.code, each.left, each.entered, each.outside) for each in told] == [
        ("gw-1", ("195",), ("193",), ()),
        ("aq-1", ("195",), ("193",), ("06781",)),
        ("aq-2", ("195",), ("193",), ("06781",)),
    ]
    assert await state(conn) == before
    said = await halong("things", "locate")
    assert "thing aq-1 leaves 195; enters 193; stands outside the outline of 06781" in said
    assert "3 changed" in said
    assert await places(conn) == [(None, None, 21.03, ("06781", "193", "22"))]
    again = await locate(conn)
    assert [(each.code, each.left, each.entered) for each in again] == [("aq-1", (), ()), ("aq-2", (), ())]


async def test_an_import_leaves_the_place_of_what_was_moved_alone(conn: Connection, city: Profile) -> None:
    await moved(conn)
    before = (await state(conn))[1:3]
    assert (await registry.plan_import(conn, city)).is_empty
    renamed = with_things(city, thing("aq-1", name="Harbour", latitude=21.1), thing("aq-2", latitude=21.1))
    plan = await registry.import_profile(conn, renamed)
    assert effective(plan) == [
        ("things", "aq-1", "update", [("name", "Station aq-1", "Harbour")]),
        ("things", "aq-2", "update", [("latitude", 21.03, 21.1)]),
    ]
    after = (await state(conn))[1:3]
    assert after[1] == before[1]
    corrected = (
        "SELECT i.latitude FROM installations i JOIN things t ON t.id = i.thing_id WHERE t.code = '{}'"
    )
    assert await rows(conn, corrected.format("aq-2")) == [(21.1,)]
    assert await rows(conn, corrected.format("aq-1") + " ORDER BY valid_from") == [(21.03,), (20.96,)]


async def test_who_writes_areas_of_things_writes_those_of_the_present_place(
    conn: Connection, city: Profile
) -> None:
    await moved(conn)
    await conn.execute("DELETE FROM thing_areas")
    await conn.execute(
        """INSERT INTO thing_areas (thing_id, area_id) SELECT t.id, a.id FROM things t, areas a
           WHERE t.code = 'aq-1' AND a.code IN ('194', '22') ON CONFLICT DO NOTHING"""
    )
    assert [codes for *_, codes in await places(conn)] == [("06781", "195", "22"), ("194", "22")]


async def test_of_two_moves_at_once_to_one_time_one_is_refused(
    conn: Connection, database_url: str, city: Profile
) -> None:
    async with await connect(database_url) as other:
        done = await asyncio.gather(*(moved(each) for each in (conn, other)), return_exceptions=True)
    assert sorted(isinstance(each, PlaceError) for each in done) == [False, True]
    assert len(await places(conn)) == 2


async def test_what_somebody_types(conn: Connection, city: Profile, halong: Halong) -> None:
    things = partial(halong, "things")
    to = ("aq-1", "--to", "20.96,107.05", "--at", "2026-11-20T09:00+07:00")
    assert "dry run: nothing was changed" in await things("move", *to, "--area", "193", "--dry-run")
    assert "say the codes of its areas" in await things("move", *to, fails=True)
    assert "is no LAT,LON" in await things("move", "aq-1", "--to", "x", "--at", "now", fails=True)
    said = await things("move", *to, "--area", "193", "--by", "Minh", "--place", "school")
    assert "aq-1 since 2026-11-20 09:00:00+07:00" in said
    assert "leaves 06781 195; enters 193" in said
    assert "counts for no commune any more" in said
    told = await things("places", "aq-1")
    assert [word in told for word in ("06781 195 22", "193 22", "school", "Minh")] == [True] * 4
    assert "taken back" in await things("take-back", "aq-1")
    assert "school" not in await things("places", "aq-1")
