"""What ingest counts, and what the broker tells of itself, on real services."""

from __future__ import annotations

import asyncio
import math
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from structlog.testing import capture_logs

from ingest import broker_stats, metrics
from ingest.broker_stats import BrokerStats
from ingest.metrics_table import Recorder, newest
from runtime.checks import run_checks
from runtime.local.mosquitto import LocalMosquitto
from tests.conftest import changed
from tests.integration.city import register
from tests.integration.test_ingest import Connection, gateway_client, heard, ingesting, send, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
    from pathlib import Path

    import pytest

    from runtime.local.provision import Binaries
    from runtime.settings import Settings
    from tests.conftest import Broker

HOUR_MS = 3_600_000
T = TypeVar("T")


@asynccontextmanager
async def background(work: Coroutine[Any, Any, None]) -> AsyncIterator[asyncio.Task[None]]:
    """Run work as long as the block lasts."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def stats(url: str, **options: Any) -> BrokerStats:
    given = {"client_id": "test", "queue_limit": 1 << 30, "alarm_share": 0.5, **options}
    return BrokerStats(url, **given)


async def until_equal(read: Callable[[], Awaitable[T]], expected: T) -> None:
    """Wait until what is read is what is expected; what it is at last is told."""
    deadline = time.monotonic() + 60
    while (found := await read()) != expected and time.monotonic() < deadline:
        await asyncio.sleep(0.02)
    assert found == expected


async def totals(conn: Connection, *names: str) -> dict[str, int]:
    sums = ", ".join(f"coalesce(sum({name}), 0)::int" for name in names)
    cursor = await conn.execute(f"SELECT {sums} FROM ingest_metrics WHERE client_id = 'test'".encode())
    return dict(zip(names, await cursor.fetchone() or (), strict=True))


async def test_rows_tell_what_was_done(
    conn: Connection, settings: Settings, broker: Broker, gateway_code: str
) -> None:
    """Of five readings three are stored, one of them old; one was there, one is refused. Seq 2 is missing."""
    await register(conn, gateway_code)
    now = int(time.time() * 1000)
    async with ingesting(settings), gateway_client(broker, gateway_code) as client:
        watch = stats(broker.platform_url)
        recorder = Recorder(str(settings.database_url), client_id="test", broker=watch, every_s=0.2)
        async with background(watch.run()):
            await send(client, gateway_code, {"time": now, "pm10": 1}, {"time": now + 1, "pm10": 2}, seq=1)
            await heard(client, "committed")
            await send(client, gateway_code, {"time": now, "pm10": 1}, {"time": now, "xx": 1}, seq=3)
            await send(client, gateway_code, {"time": now - HOUR_MS, "pm10": 1})
            expected = {
                "messages": 3, "observations": 3, "duplicates": 1, "refused": 1, "replayed": 1,
            }  # fmt: skip
            async with background(recorder.run()):
                await until_equal(partial(totals, conn, *expected), expected)
                rows = await newest(conn)
    assert (await totals(conn, "batches"))["batches"] >= 2
    (row,) = (row for row in rows if row["client_id"] == "test")
    assert row["broker_queue_bytes"] > 0
    assert (row["broker_dropped"], row["dropped_1h"], row["in_flight"]) == (0, 0, 0)
    assert (row["gateways_with_gaps"], row["missing_seq"]) == (1, 1)
    cursor = await conn.execute(
        "SELECT max(commit_p50_ms), max(message_p99_ms), max(reading_p99_ms), max(batch_rows) "
        "FROM ingest_metrics"
    )
    commit, message, reading, batch_rows = await cursor.fetchone() or ()
    # The old reading is not among those that are live.
    assert 0 < commit <= message < 10_000
    assert message <= reading < 600_000
    assert 1 <= batch_rows <= 4


async def test_in_flight_is_what_the_broker_waits_for(
    conn: Connection, settings: Settings, broker: Broker, gateway_code: str
) -> None:
    """Also what is not in the batch that is being written; and none of it after the commit."""
    await register(conn, gateway_code)
    now = int(time.time() * 1000)
    one_by_one = changed(settings, ingest_batch_deliveries=1)
    async with ingesting(one_by_one), gateway_client(broker, gateway_code) as client:
        async with conn.transaction():
            await conn.execute("LOCK TABLE observations IN EXCLUSIVE MODE")
            for seq in range(1, 6):
                await send(client, gateway_code, {"time": now + seq, "pm10": 1}, seq=seq)
            await until(lambda: _is_in_flight(5))
        await until(lambda: _is_in_flight(0))


async def _is_in_flight(messages: int) -> bool:
    return metrics.value(metrics.IN_FLIGHT) == messages


async def test_the_database_may_be_away(conn: Connection, database_url: str) -> None:
    """It is told once, and what was counted meanwhile stands in the next row."""
    watch = stats("mqtt://127.0.0.1:9")
    recorder = Recorder(database_url, client_id="test", broker=watch, every_s=0.1)
    await conn.execute("ALTER TABLE ingest_metrics RENAME TO elsewhere")
    with capture_logs() as logged:
        async with background(recorder.run()):
            await until(lambda: _is_logged(logged, "metrics_away"))
            metrics.DUPLICATES.inc(7)
            await asyncio.sleep(0.5)
            await conn.execute("ALTER TABLE elsewhere RENAME TO ingest_metrics")
            await until_equal(partial(totals, conn, "duplicates"), {"duplicates": 7})
    assert [each["action"] for each in logged] == ["metrics_away"]


async def test_old_rows_are_dropped(conn: Connection, database_url: str) -> None:
    await conn.execute(
        "INSERT INTO ingest_metrics (time, client_id, seconds, messages, observations, duplicates, refused, "
        "replayed, retries, batches, in_flight) "
        "SELECT now() - days * interval '1 day', 'old', 10, 0, 0, 0, 0, 0, 0, 0, 0 "
        "FROM (VALUES (29), (32)) d (days)"
    )
    recorder = Recorder(database_url, client_id="test", broker=stats("mqtt://127.0.0.1:9"), every_s=0.1)
    async with background(recorder.run()):
        await until(lambda: _counts(conn, "SELECT count(*) FROM ingest_metrics WHERE client_id = 'old'", 1))


async def _counts(conn: Connection, sql: str, number: int) -> bool:
    return await (await conn.execute(sql.encode())).fetchone() == (number,)


async def _is_logged(logged: list[Any], action: str) -> bool:
    return action in [each.get("action") for each in logged]


class SmallBroker(LocalMosquitto):
    """A broker with other lines in its configuration."""

    def __init__(self, binaries: Binaries, folder: Path, **lines: int) -> None:
        super().__init__(binaries, folder)
        self._lines = lines

    def _config(self) -> str:
        kept = [line for line in super()._config().splitlines() if line.partition(" ")[0] not in self._lines]
        return "\n".join([*(f"{name} {value}" for name, value in self._lines.items()), *kept, ""])

    def client(self, name: str, **options: Any) -> aiomqtt.Client:
        """A client of the platform's listener."""
        return aiomqtt.Client(
            "127.0.0.1", self.platform_port, username="halong", password=self._platform_password(),
            identifier=name, protocol=aiomqtt.ProtocolVersion.V5, **options,
        )  # fmt: skip

    async def keep_for(self, name: str) -> None:
        """Make a session that messages wait for."""
        forever = Properties(PacketTypes.CONNECT)
        forever.SessionExpiryInterval = 3600
        async with self.client(name, clean_start=False, properties=forever) as client:
            await client.subscribe("up/#", qos=1)


async def test_a_broker_that_fills_up_and_drops_is_an_alarm(
    conn: Connection, settings: Settings, binaries: Binaries, scratch: Path
) -> None:
    limit = 100_000
    with SmallBroker(binaries, scratch / "small", max_queued_bytes=limit, sys_interval=1) as server:
        await server.keep_for("ingest-9")
        watch = stats(server.platform_url, queue_limit=limit)
        with capture_logs() as logged:
            async with background(watch.run()), server.client("gateway") as gateway:
                await until(lambda: _knows(watch, metrics.BROKER_DROPPED, 0))
                for _ in range(7):
                    await gateway.publish("up/x", bytes(10_000), qos=1)
                await until(lambda: _is_logged(logged, "broker_queue_high"))
                assert not await _is_logged(logged, "broker_dropped")
                for _ in range(7):
                    await gateway.publish("up/x", bytes(10_000), qos=1)
                await until(lambda: _is_logged(logged, "broker_dropped"))
                assert 2 <= watch.dropped <= 5
                assert metrics.value(metrics.BROKER_DROPPED) == watch.dropped
                await _check_tells(conn, settings, watch)
    assert [each["action"] for each in logged if each["log_level"] == "warning"][:2] == [
        "broker_queue_high",
        "broker_dropped",
    ]


async def _check_tells(conn: Connection, settings: Settings, watch: BrokerStats) -> None:
    """`halong check` passes it on; the recorder's own connection alone does not count as ingest's."""
    url = str(settings.database_url)
    recorder = Recorder(url, client_id="test", broker=watch, every_s=0.1)
    recorder._last = replace(recorder._last, dropped=0)
    async with background(recorder.run()):
        await until(lambda: _counts(conn, "SELECT count(*) > 0 FROM ingest_metrics", True))
    (result,) = await run_checks(settings, "ingest")
    assert result.words.startswith("no ingest process is connected")
    await conn.execute("SET application_name = 'halong ingest'")
    (result,) = await run_checks(settings, "ingest")
    assert not result.ok
    assert f"dropped {watch.dropped} messages in the last hour" in result.words


async def _knows(watch: BrokerStats, gauge: Any, value: int) -> bool:
    return watch.value(gauge) == value


async def test_a_broker_that_tells_nothing_is_no_error(
    binaries: Binaries, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker_stats, "_SILENT_AFTER_S", 0.2)
    with SmallBroker(binaries, scratch / "silent", sys_interval=0) as server, capture_logs() as logged:
        watch = stats(server.platform_url)
        async with background(watch.run()):
            await until(lambda: _is_logged(logged, "broker_untold"))
    assert [each["log_level"] for each in logged] == ["info"]
    assert all(math.isnan(metrics.value(gauge)) for gauge in metrics.BROKER)
    assert watch.value(metrics.BROKER_DROPPED) is None


async def test_a_broker_that_starts_again_counts_from_nothing() -> None:
    watch = stats("mqtt://127.0.0.1:9")
    topic = "$SYS/broker/publish/messages/dropped"
    with capture_logs() as logged:
        for told in (b"40", b"40", b"43", b"2", b"", b"many"):
            watch.take(topic, told)
    assert watch.dropped == 5
    assert [each["dropped"] for each in logged] == [3, 2]
