"""Wrong and odd clocks, each from the gateway's message to its row or refusal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.faults.conftest import register_all
from tests.faults.inputs import DAY_MS, NOW_MS, assert_stored, send_all, until_heard

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from tests.conftest import Broker
    from tests.faults.ingesting import Ingest

HOUR_MS = 3_600_000
DAY = f"{datetime.now(UTC) - timedelta(days=3):%Y-%m-%d}"
MIDNIGHT_US = int(datetime.fromisoformat(f"{DAY}T00:00:00+00:00").timestamp()) * 1_000_000
HOUR_US = HOUR_MS * 1000
# JSON text of the time -> µs since 1970 UTC as stored, or the reason and words of its refusal
CLOCKS: dict[str, int | tuple[str, str]] = {
    # ahead, behind
    f"{NOW_MS + 4 * 60_000}": (NOW_MS + 4 * 60_000) * 1000,
    f"{NOW_MS + HOUR_MS}": ("time_in_future", "set the device's clock"),
    '"9999-12-31T23:59:59Z"': ("time_in_future", "9999-12-31"),
    "253402300799999": ("time_in_future", "set the device's clock"),
    f"{NOW_MS - 1800 * DAY_MS}": (NOW_MS - 1800 * DAY_MS) * 1000,
    f"{NOW_MS - 1830 * DAY_MS}": ("time_too_old", "is before"),
    "0": ("time_too_old", "1970-01-01T00:00:00"),
    '"1970-01-01T00:07:11Z"': ("time_too_old", "1970-01-01T00:07:11"),
    "-1": ("time_too_old", "1969-12-31"),
    "-253402300799999": ("time_too_old", "is before"),
    '"0001-01-01T00:00:00+14:00"': ("time_too_old", "is before"),
    # other units
    f"{NOW_MS // 1000}": ("time_too_old", "were seconds meant? give milliseconds"),
    f"{NOW_MS * 1000}": ("time_invalid", "give milliseconds"),
    f"{NOW_MS * 1_000_000}": ("time_invalid", "give milliseconds"),
    f"{NOW_MS}.5": ("time_invalid", "integer milliseconds"),
    f'"{NOW_MS}"': ("time_invalid", "is not RFC 3339"),
    # offsets
    f'"{DAY}T07:30:00+07:00"': MIDNIGHT_US + HOUR_US // 2,
    f'"{DAY}T01:00:00-00:00"': MIDNIGHT_US + HOUR_US,
    f'"{DAY}t02:00:00z"': MIDNIGHT_US + 2 * HOUR_US,
    f'"{DAY} 08:30:00+05:30"': MIDNIGHT_US + 3 * HOUR_US,
    f'"{DAY}T00:00:00-05:00"': MIDNIGHT_US + 5 * HOUR_US,
    f'"{DAY}T00:00:00-04:00"': MIDNIGHT_US + 4 * HOUR_US,
    f'"{DAY}T08:00:00"': ("time_invalid", "has no offset"),
    f'"{DAY} 08:00:00"': ("time_invalid", "has no offset"),
    f'"{DAY}T08:00:00+0700"': ("time_invalid", "is not RFC 3339"),
    f'"{DAY}T08:00:00 ICT"': ("time_invalid", "is not RFC 3339"),
    f'"{DAY}T08:00:00+24:00"': ("time_invalid", "does not exist"),
    # fractions, leap seconds, the calendar
    f'"{DAY}T06:00:00.123456789Z"': MIDNIGHT_US + 6 * HOUR_US + 123_456,
    f'"{DAY}T06:00:00.1Z"': MIDNIGHT_US + 6 * HOUR_US + 100_000,
    f'"{DAY}T23:59:60Z"': MIDNIGHT_US + 24 * HOUR_US,
    f'"{DAY}T23:59:60.25Z"': MIDNIGHT_US + 24 * HOUR_US + 250_000,
    f'"{DAY}T23:59:61Z"': ("time_invalid", "second 61"),
    f'"{DAY}T24:00:00Z"': ("time_invalid", "does not exist"),
    '"2026-02-29T08:00:00Z"': ("time_invalid", "does not exist"),
    '"10000-01-01T00:00:00Z"': ("time_invalid", "is not RFC 3339"),
    "null": ("time_invalid", "must be RFC 3339"),
    "true": ("time_invalid", "must be RFC 3339"),
}


async def test_every_clock_is_stored_right_or_refused_with_a_reason(
    conn: AsyncConnection[Any], broker: Broker, ingest: Ingest, gateway_code: str
) -> None:
    ids = await register_all(conn, gateway_code)
    payloads = [
        f'{{"seq": {seq}, "readings": [{{"time": {time}, "pm10": {seq}}}]}}'.encode()
        for seq, time in enumerate(CLOCKS, start=1)
    ]
    async with ingest:
        await send_all(broker, gateway_code, payloads)
        await until_heard(conn, gateway_code, len(CLOCKS))
    cursor = await conn.execute(
        "SELECT seq, reason, at, detail, count, stored FROM refusals WHERE gateway = %s", [gateway_code]
    )
    refused = {seq: rest for seq, *rest in await cursor.fetchall()}
    stream = ids[gateway_code, "pm10"]
    expected: dict[tuple[int, int], float] = {}
    for seq, (time, outcome) in enumerate(CLOCKS.items(), start=1):
        if isinstance(outcome, int):
            expected[stream, outcome] = float(seq)
            continue
        reason, at, detail, count, stored = refused.pop(seq)
        assert (reason, at, count, stored) == (outcome[0], "$.readings[0].time", 1, False), time
        assert outcome[1] in detail, (time, detail)
    assert refused == {}
    await assert_stored(conn, expected)
