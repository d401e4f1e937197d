"""How things and gateways are, as the console's map reads it: a letter for each, by their ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from api.queries import liveness
from api.reach import EVERYTHING, within
from dashboards.console import map_queries
from dashboards.console.points import KINDS, read_points
from tests.integration.city import register

if TYPE_CHECKING:
    from psycopg import AsyncConnection

THING = "gw-map-aq"


async def measure(conn: AsyncConnection[Any], stream: int, minutes_ago: float) -> None:
    await conn.execute(
        "INSERT INTO observations (time, datastream_id, value) "
        "VALUES (now() - %s * interval '1 minute', %s, 7)",
        [minutes_ago, stream],
    )


async def letter(conn: AsyncConnection[Any]) -> str:
    """The letter of the thing; it is also required to be silent just where the API says so."""
    with within(EVERYTHING):
        ids, states = await map_queries.thing_states(conn)
        told = await liveness.things(conn, area=None, gateway=None, state=None, after=None, limit=9)
    ((number,),) = await (await conn.execute("SELECT id FROM things WHERE code = %s", [THING])).fetchall()
    found = states[ids.index(number)]
    live = [row["state"] for row in told if row["thing"] == THING]
    assert (found.lower() == "s") == (live in (["silent"], ["never_heard"]))
    return found


@pytest.mark.parametrize(
    ("pm2_5", "pm10", "expected"),
    [
        (None, None, "s"),
        (1, 1, "f"),
        (1, None, "l"),
        (1, 16, "l"),
        (1, 14, "f"),
        (11, 40, "s"),
        (-5, 11, "s"),
    ],
)
async def test_a_thing_is_fresh_late_or_silent_by_its_sampling_interval_of_five_minutes(
    conn: AsyncConnection[Any], pm2_5: float | None, pm10: float | None, expected: str
) -> None:
    streams = await register(conn, "gw-map")
    for code, minutes in (("pm2_5", pm2_5), ("pm10", pm10)):
        if minutes is not None:
            await measure(conn, streams[THING, code], minutes)
    assert await letter(conn) == expected


async def test_a_flag_of_the_last_hour_is_told_and_an_older_one_is_not(conn: AsyncConnection[Any]) -> None:
    streams = await register(conn, "gw-map")
    for code in ("pm2_5", "pm10"):
        await measure(conn, streams[THING, code], 1)
    flag = (
        "INSERT INTO observation_flags (time, datastream_id, flags, excluded, rule_version) "
        "VALUES (now() - %s * interval '1 minute', %s, 8, true, 'a test')"
    )
    await conn.execute(flag, [90, streams[THING, "pm2_5"]])
    assert await letter(conn) == "f"
    await conn.execute(flag, [30, streams[THING, "pm2_5"]])
    assert await letter(conn) == "F"


async def test_nothing_is_expected_of_what_is_disabled(conn: AsyncConnection[Any]) -> None:
    streams = await register(conn, "gw-map")
    await measure(conn, streams[THING, "pm2_5"], 1)
    await conn.execute("UPDATE gateways SET enabled = false")
    with within(EVERYTHING):
        assert (await map_queries.thing_states(conn))[1] == "dd"
        assert (await map_queries.gateway_states(conn))[1] == "d"


@pytest.mark.parametrize("kind", KINDS)
async def test_who_reaches_no_area_reads_no_point(conn: AsyncConnection[Any], kind: str) -> None:
    await register(conn, "gw-map")
    read = read_points(KINDS[kind])
    with within(EVERYTHING):
        all_ = await read(conn, None)
    assert len(all_.states) == len(all_.places.ids) == (2 if kind == "things" else 1)
    with within(frozenset({-1})):
        assert (await read(conn, None)).states == ""


async def test_a_thing_that_is_registered_meanwhile_is_noticed_at_once(conn: AsyncConnection[Any]) -> None:
    await register(conn, "gw-map")
    read = read_points(KINDS["things"])
    with within(EVERYTHING):
        before = await read(conn, None)
        await conn.execute(
            "INSERT INTO things (code, gateway_id, name, kind, latitude, longitude) "
            "SELECT 'late-comer', id, '', 'air_station', 20.95, 107.07 FROM gateways"
        )
        after = await read(conn, before)
        assert (await read(conn, after)).places is after.places
    assert after.places.version != before.places.version
    assert len(after.states) == len(before.states) + 1
