"""Indicators of things that were moved: a district has what was measured in it, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from analytics import values
from analytics.examine import examine
from analytics.indicator import INDICATORS
from analytics.inputs import Period
from analytics.recompute import recompute_late
from analytics.series import HOUR, Window
from devices.installations import Place, move, take_back
from devices.registry import datastream_ids, import_profile
from storage.observations import copy_in
from tests.integration.test_analytics import rows
from tests.integration.test_analytics_late import (
    AT,
    HOURS,
    INTERVAL_S,
    START,
    ZONE,
    compute_all,
    current,
    late_hours,
    town,
)

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from devices.model import Profile

#: in the sixth hour, so that the hours after it have enough of the new place
MOVED = START + timedelta(hours=5, minutes=20)
#: the end of the last hour that compute_all computes
NOW = START + (HOURS + 27) * HOUR
#: an hour's value from the hour's own observations
HOURLY = "laeq_1h"


async def seeded(conn: AsyncConnection[Any]) -> Profile:
    """Import the town, and measure with every thing for HOURS."""
    found = town()
    await import_profile(conn, found)
    await values.write_catalogue(conn, INDICATORS.values())
    ids, random = await datastream_ids(conn), np.random.default_rng(7)
    for datastream in sorted(ids.values()):
        level = random.uniform(1, 90)
        measured = list(level + random.normal(0, level / 20, HOURS * 3600 // INTERVAL_S))
        await copy_in(conn, rows(datastream, START, measured, INTERVAL_S))
    return found


def station_of(profile: Profile, measured: str) -> tuple[str, str]:
    """Return a thing that measures something, and its district."""
    thing = next(t for g in profile.gateways for t in g.things if measured in t.datastreams)
    return thing.code, next(code for code in thing.areas if len(code) == 3)


async def recompute(conn: AsyncConnection[Any]) -> None:
    while await late_hours(conn):
        await recompute_late(conn, AT)


def stations(found: Any) -> set[str]:
    """Return the codes of the things that a value tells of."""
    details = found[-1]
    return {*details.get("stations", {}), *details.get("missing", {}), *details.get("values", {})}


async def test_a_district_keeps_what_was_measured_in_it_and_the_next_begins(
    conn: AsyncConnection[Any],
) -> None:
    station, old = station_of(await seeded(conn), "sound_laeq")
    new = "194" if old != "194" else "195"
    await compute_all(conn)
    before = await current(conn)
    there = Place(latitude=21.5, longitude=107.9, areas=(new,))
    await move(conn, station, there, MOVED, now=NOW, who="Minh")
    await recompute(conn)
    found = await current(conn)

    earlier = [key for key in before if INDICATORS[key[0]].step.after(key[2], ZONE) <= MOVED]
    assert len(earlier) > 1000
    assert [key for key in earlier if found[key] != before[key]] == []
    changed = {key[1] for key in before if found[key] != before[key]}
    assert {old, new} <= changed <= {old, new, "22", *_wards(before)}

    # The middle of the hour of the move is after it: it counts for the new place, from there alone.
    for hour in range(HOURS):
        at = START + hour * HOUR
        is_there = at + HOUR / 2 >= MOVED
        told = {area: station in stations(found[HOURLY, area, at]) for area in (old, new)}
        assert told == {old: not is_there, new: is_there}, at

    await compute_all(conn)
    expected = await current(conn)
    assert {key: found[key] for key in expected} == expected


async def test_a_move_that_is_taken_back_ends_in_the_values_of_before(conn: AsyncConnection[Any]) -> None:
    station, old = station_of(await seeded(conn), "sound_laeq")
    await compute_all(conn)
    before = await current(conn)
    there = Place(latitude=21.5, longitude=107.9, areas=("194" if old != "194" else "195",))
    await move(conn, station, there, MOVED, now=NOW, who="Minh")
    await recompute(conn)
    found = await current(conn)
    assert {key: found[key] for key in before} != before
    await take_back(conn, station, now=NOW)
    await recompute(conn)
    found = await current(conn)
    assert {key: found[key] for key in before} == before


async def test_what_is_registered_later_is_not_missing_before(conn: AsyncConnection[Any]) -> None:
    """Nor does its coming change a number that somebody may have cited."""
    profile = await seeded(conn)
    station, _ = station_of(profile, "pm2_5")
    await compute_all(conn)
    before = await current(conn)
    (gateway,) = (each for each in profile.gateways if station in {t.code for t in each.things})
    (twin,) = (replace(each, code="new-1") for each in gateway.things if each.code == station)
    grown = replace(gateway, things=(*gateway.things, twin))
    await import_profile(conn, replace(profile, gateways=(grown,)))
    await compute_all(conn)
    assert await current(conn) == before


def _wards(found: dict[tuple[str, str, datetime], Any]) -> set[str]:
    return {area for _, area, _ in found if len(area) > 3}


async def test_the_new_place_begins_with_what_was_measured_there_alone(conn: AsyncConnection[Any]) -> None:
    """Its windows reach back to the move, and no further: an explanation says so too."""
    station, old = station_of(await seeded(conn), "pm2_5")
    new = "194" if old != "194" else "195"
    there = Place(latitude=21.5, longitude=107.9, areas=(new,))
    await move(conn, station, there, MOVED, now=NOW, who="Minh")
    start = START + 7 * HOUR
    period = Period(Window.of(start, start + HOUR), ZONE)
    async with conn.transaction():
        found = await examine(conn, INDICATORS["vn_aqi_h"], new, period)
        gone = await examine(conn, INDICATORS["vn_aqi_h"], old, period)
    (site,) = [each for each in found.sites if each.code == station]
    series = site.series["pm2_5"]
    assert len(series.times) == int((start + HOUR - MOVED).total_seconds()) // INTERVAL_S
    assert series.times.min() >= MOVED.timestamp() * 1e6
    assert station not in {each.code for each in gone.sites}
