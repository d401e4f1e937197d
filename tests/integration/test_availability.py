"""How much of a period things and gateways were there, from what ingest has stored."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from devices import heard
from storage import observations
from tests.integration.city import register

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from tests.integration.terminal import Halong

    Connection = AsyncConnection[Any]

END = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
START = END - timedelta(hours=10)


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


async def measured(conn: Connection, datastream: int, *spans: tuple[float, float]) -> None:
    """Store an observation every 5 min within some hours after START."""
    times = [
        at(first) + timedelta(minutes=5 * n)
        for first, last in spans
        for n in range(round(12 * (last - first)))
    ]
    rows = observations.empty(len(times))
    rows["datastream_id"], rows["value"], rows["quality"] = datastream, 1.0, 0
    rows["time"] = np.array([round(time.timestamp() * 1e6) for time in times])
    await observations.copy_in(conn, observations.sort(rows))


@pytest.fixture
async def gateway(conn: Connection, gateway_code: str) -> str:
    """The code of a gateway whose device measured for 10 h, but for two of them."""
    ids = await register(conn, gateway_code)
    await conn.execute("UPDATE gateways SET created_at = %s", [START])
    await conn.execute("UPDATE things SET created_at = %s", [START])
    await measured(conn, ids[f"{gateway_code}-aq", "pm10"], (0, 3), (5, 10))
    await measured(conn, ids[f"{gateway_code}-aq", "pm2_5"], (1, 2))
    return gateway_code


async def test_a_thing_is_silent_from_two_intervals_on(conn: Connection, gateway: str) -> None:
    found = await heard.of_thing(conn, f"{gateway}-aq", START, END)
    # The last observation before the gap is 5 min before the third hour, and counts for 10 min.
    assert found.spans == ((at(3) + timedelta(minutes=5), at(5), "silent"),)
    assert found.share == pytest.approx(1 - 115 / 600)


async def test_a_thing_that_is_expected_less_often_is_silent_later(conn: Connection, gateway: str) -> None:
    await conn.execute("UPDATE datastreams SET sampling_interval_s = 3600")
    found = await heard.of_thing(conn, f"{gateway}-aq", START, END)
    assert found.spans == ((at(5) - timedelta(minutes=5), at(5), "silent"),)


async def test_a_gateway_by_its_word_by_arrivals_and_by_whether_halong_listened(
    conn: Connection, gateway: str
) -> None:
    rows = await conn.execute("SELECT id FROM gateways")
    (gateway_id,) = await rows.fetchone() or (0,)
    for minute in (*range(0, 180, 5), *range(300, 600, 5)):
        await conn.execute(
            "INSERT INTO arrivals VALUES (%s, %s, 'ingest-0', %s, '{1}', '{1}')",
            [START + timedelta(minutes=minute), gateway_id, START],
        )
    await conn.execute(
        """INSERT INTO gateway_status_history
           VALUES (%(id)s, %(a)s, true), (%(id)s, %(b)s, false), (%(id)s, %(c)s, true)""",
        {"id": gateway_id, "a": START - timedelta(days=1), "b": at(8), "c": at(8.5)},
    )
    # Ingest listened all the time but for an hour, in which it could not know.
    await conn.execute(
        """INSERT INTO ingest_metrics (time, client_id, seconds, messages, observations, duplicates, refused,
                                       replayed, retries, batches, in_flight)
           SELECT t, 'ingest-0', 10, 1, 1, 0, 0, 0, 0, 1, 0
           FROM generate_series(%(a)s::timestamptz, %(b)s, interval '10 seconds') t
           WHERE t NOT BETWEEN %(c)s AND %(d)s""",
        {"a": START, "b": END, "c": at(4), "d": at(5) - timedelta(seconds=1)},
    )
    found = await heard.of_gateway(conn, gateway, START, END)
    silent, unknown, offline = found.spans
    assert silent == (at(3) + timedelta(minutes=10), unknown.start, "silent")
    assert unknown.why == "unknown"
    assert abs(unknown.start - at(4)) < timedelta(seconds=11)
    assert abs(unknown.end - at(5)) < timedelta(seconds=11)
    assert offline == (at(8), at(8.5), "offline")
    assert found.share == pytest.approx(1 - (50 + 30) / 540, abs=0.002)


async def test_before_it_was_registered_nothing_was_expected(conn: Connection, gateway: str) -> None:
    await conn.execute("UPDATE things SET created_at = now()")
    found = await heard.of_thing(conn, f"{gateway}-aq", START - timedelta(days=7), END)
    assert found.start == START  # it was heard before that
    found = await heard.of_thing(conn, gateway, START, END)
    assert (found.start, found.share) == (END, None)


async def test_on_the_command_line(gateway: str, halong: Halong) -> None:
    asked = (f"{gateway}-aq", "--gateway", gateway, "--from", START.isoformat(), "--to", END.isoformat())
    lines = (await halong("devices", "availability", *asked)).splitlines()
    assert lines[0].startswith(f"{gateway}-aq: 80.83 % from ")
    assert lines[1].endswith("  1:55:00  silent")
    assert lines[2].startswith(f"{gateway}: nothing is known from ")
    wrong = await halong("devices", "availability", "nothing", fails=True)
    assert "there is no thing 'nothing'" in wrong
