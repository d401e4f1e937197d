"""SIGKILL of the broker: who goes by `down/committed` loses nothing; who goes by PUBACK, the last second."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from devices import profiles
from devices.registry import datastream_ids, import_profile
from ingest.formats.times import parse_time
from simulators import gateway
from simulators.city import populate
from simulators.outbox import Outbox
from simulators.sender import Stats
from simulators.signals import Signals
from tests.conftest import make_settings
from tests.faults.conftest import register_all, until
from tests.faults.ingesting import Ingest
from tests.faults.ledger import Ledger, compare, difference
from tests.faults.publishers import Paho, publishing

if TYPE_CHECKING:
    from pathlib import Path

    from runtime.local.mosquitto import LocalMosquitto
    from tests.conftest import Broker


Connection = psycopg.AsyncConnection[Any]
#: the store is saved each second (`autosave_interval 1`), and saving takes its time on a busy machine
SAVED_WITHIN_S = 3.0


@pytest.fixture
def private_broker(own_broker: Broker, gateway_code: str) -> LocalMosquitto:
    """A broker to be killed; the gateway's password is `secret`."""
    own_broker.add_gateway(gateway_code, "secret")
    return own_broker.server


@pytest.fixture
def ingest(database_url: str, private_broker: LocalMosquitto, tmp_path: Path) -> Ingest:
    settings = make_settings(database_url=database_url, mqtt_url=private_broker.platform_url)
    return Ingest(settings, tmp_path / "ingest.log")


async def crash(broker: LocalMosquitto, ingest: Ingest) -> float:
    """Kill the broker, start it again, wait for ingest; return when it was killed."""
    subscribed = ingest.count("mqtt_subscribed")
    at = time.monotonic()
    await asyncio.to_thread(broker.kill)
    await asyncio.to_thread(broker.start)
    await until(lambda: ingest.count("mqtt_subscribed") > subscribed)
    return at


async def test_a_gateway_that_goes_by_committed_loses_nothing(
    conn: Connection,
    private_broker: LocalMosquitto,
    ingest: Ingest,
    gateway_code: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    full: bool,
) -> None:
    city = populate(profiles.load("quang_ninh"))
    chosen = replace(next(g for g in city.gateways if g.code == "ha-long-1"), code=gateway_code)
    city = replace(city, gateways=(chosen,))
    await import_profile(conn, city)
    ids = await datastream_ids(conn)
    measured: dict[tuple[int, int], float] = {}
    add = Outbox.add

    def note(outbox: Outbox, readings: list[Any]) -> int:
        for reading in readings:
            time_ms = parse_time(reading["time"]) // 1000
            for name in reading.keys() - {"device", "time"}:
                measured.setdefault((ids[reading["device"], name], time_ms), reading[name])
        return add(outbox, readings)

    monkeypatch.setattr(Outbox, "add", note)
    monkeypatch.setattr(gateway, "_RECONNECT_S", (0.5, 2.0))  # many crashes in a short time
    monkeypatch.setattr(gateway, "_DRAIN_S", 120.0)  # all that was measured, on a busy machine too
    stats, stop, moments = Stats(), asyncio.Event(), random.Random(7)
    async with ingest:
        simulated = asyncio.create_task(
            gateway.run(
                chosen, Signals(city), url=private_broker.gateway_url, password="secret",
                topic_root="city/v1", journal=tmp_path, stop=stop, interval=0.2, stats=stats,
                resend_after=1.0,
            )
        )  # fmt: skip
        for _ in range(30 if full else 2):
            before = stats.committed
            await until(lambda n=before: stats.committed > n + 20, 120)
            await asyncio.sleep(moments.uniform(0.0, 0.5))
            await crash(private_broker, ingest)
        before = stats.committed
        await until(lambda: stats.committed > before + 20, 120)
        stop.set()
        await simulated
    assert (stats.pending, stats.dropped) == (0, 0)
    cursor = await conn.execute(
        "SELECT datastream_id, (extract(epoch FROM time) * 1000)::bigint, value FROM observations"
    )
    found = difference(measured, measured, await cursor.fetchall())
    assert not found, str(found)
    again = stats.published - stats.committed
    print(f"{stats.committed} messages, {len(measured)} readings, 0 lost, {again} sent again")


async def test_a_gateway_that_forgets_on_puback_loses_the_last_second(
    conn: Connection, private_broker: LocalMosquitto, ingest: Ingest, gateway_code: str, full: bool
) -> None:
    ids = await register_all(conn, gateway_code)
    ledger = Ledger(gateway_code, ids[gateway_code, "pm10"])
    publisher = Paho(private_broker.gateway_url, ledger, "secret", burst=20)
    moments, kills = random.Random(11), []
    async with ingest:
        with publishing(publisher):
            for _ in range(20 if full else 2):
                # What ingest stores at once a crash cannot take: a locked table lets messages wait.
                async with conn.transaction():
                    await conn.execute("LOCK TABLE observations IN EXCLUSIVE MODE")
                    await asyncio.sleep(moments.uniform(1.0, 2.0))
                    kills.append(await crash(private_broker, ingest))
                await asyncio.sleep(1.0)

        async def settled() -> bool:
            before = await compare(conn, ledger)
            await asyncio.sleep(1.0)
            return before == await compare(conn, ledger)

        await until(settled)
        found = await compare(conn, ledger)
    assert not replace(found, lost=frozenset()), str(found)
    lost = {ledger.number(key) for key in found.lost}
    ages = [min(kill - at for kill in kills if kill >= at - 0.1) for at in map(ledger.acked.get, lost) if at]
    oldest = max(ages, default=0.0)
    print(
        f"{len(kills)} kills, {len(ledger.acked)} messages with PUBACK 0x00, {len(lost)} lost, "
        f"acknowledged at most {oldest:.2f} s before the kill; other reason codes {publisher.refused}"
    )
    assert len(ages) == len(lost)
    assert oldest < SAVED_WITHIN_S
