"""Late hours: only things that read them are computed, and it ends in what computing everything ends in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from analytics import values
from analytics.flagging import flag_hours
from analytics.indicator import INDICATORS, levels
from analytics.recompute import recompute_late
from analytics.run import compute
from analytics.schedule import SETTLE
from analytics.steps import Step
from devices.profiles import load
from devices.registry import datastream_ids, import_profile
from simulators.city import populate
from storage.observations import copy_in
from tests.integration.test_analytics import HOUR, rows

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from devices.model import Profile

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
START = datetime(2026, 3, 30, 17, tzinfo=UTC)
HOURS = 14
#: All of it has ended, the year as well.
AT = datetime(2027, 1, 2, tzinfo=UTC) + SETTLE
INTERVAL_S = 600
DRIED = {"humidity_correction": {"kappa": 0.4}}


def town() -> Profile:
    """As many of the province's gateways as have every kind of thing; PM is dried by another thing's RH."""
    city = populate(load("quang_ninh"))
    chosen, kinds = [], set[str]()
    for gateway in city.gateways:
        if {thing.kind for thing in gateway.things} - kinds:
            chosen.append(gateway)
            kinds |= {thing.kind for thing in gateway.things}
    slow = [
        replace(
            g,
            things=tuple(
                replace(
                    t, datastreams=dict.fromkeys(t.datastreams, INTERVAL_S), properties=t.properties | DRIED
                )
                for t in g.things
            ),
        )
        for g in chosen
    ]
    return replace(city, gateways=tuple(slow))


async def compute_all(conn: AsyncConnection[Any]) -> None:
    """Flag and compute, without anything kept, all steps that hold the observations or read back to them."""
    network = await values.read_network(conn)
    for table in ("indicator_values", "site_values", "quarter_sums", "observation_flags"):
        await conn.execute(f"DELETE FROM {table}")
    await flag_hours(conn, network, START, START + HOURS * HOUR)
    for level in levels(INDICATORS.values()):
        for step in Step:
            chosen = [i for i in level if i.step is step]
            start = step.floor(START, ZONE)
            end = step.after(step.floor(START + (HOURS + 26) * HOUR, ZONE), ZONE)
            await compute(conn, chosen, start, end, chunk=timedelta(days=400))


async def current(conn: AsyncConnection[Any]) -> dict[tuple[str, str, datetime], Any]:
    cursor = await conn.execute(
        "SELECT indicator, a.code, time, value, category, reason, completeness, details "
        "FROM indicator_values v JOIN areas a ON a.id = v.area_id WHERE superseded_at IS NULL"
    )
    return {row[:3]: row[3:] for row in await cursor.fetchall()}


async def late_hours(conn: AsyncConnection[Any]) -> int:
    [[count]] = await (await conn.execute("SELECT count(*) FROM late_hours")).fetchall()
    return int(count)


@pytest.mark.parametrize("seed", [1])
async def test_late_hours_end_in_what_computing_everything_ends_in(
    conn: AsyncConnection[Any], seed: int
) -> None:
    await import_profile(conn, town())
    await values.write_catalogue(conn, INDICATORS.values())
    ids, random = await datastream_ids(conn), np.random.default_rng(seed)
    streams = sorted(ids.values())
    chosen = zip(random.choice(streams, 12), random.integers(0, HOURS, 12), strict=True)
    late = {(int(d), int(h)) for d, h in chosen}
    humid = {i for (_, observed_property), i in ids.items() if observed_property == "relative_humidity"}
    late |= {(datastream, 5) for datastream in humid}
    held_back = []
    for datastream in streams:
        level = 92.0 if datastream in humid else random.uniform(1, 90)
        measured = rows(
            datastream,
            START,
            list(level + random.normal(0, level / 20, HOURS * 3600 // INTERVAL_S)),
            INTERVAL_S,
        )
        hours = np.arange(len(measured)) * INTERVAL_S // 3600
        is_late = np.array([(datastream, hour) in late for hour in hours.tolist()])
        held_back.append(measured[is_late])
        await copy_in(conn, measured[~is_late])
    await compute_all(conn)
    before = await current(conn)

    await copy_in(conn, np.concatenate(held_back))
    await conn.execute(
        "INSERT INTO late_hours (datastream_id, hour) SELECT * FROM unnest(%s::int[], %s::timestamptz[])",
        [[d for d, _ in late], [START + h * HOUR for _, h in late]],
    )
    while await late_hours(conn):
        await recompute_late(conn, AT)
    found = await current(conn)
    await compute_all(conn)
    expected = await current(conn)
    assert found == expected
    assert len([key for key in before if before[key] != found[key]]) > 30
