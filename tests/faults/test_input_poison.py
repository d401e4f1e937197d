"""Malformed and half-malformed messages among good ones: each counted, each good reading stored, no crash."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import islice
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from devices.catalog import load
from ingest.mqtt import Delivery
from ingest.pipeline import time_limits
from ingest.understand import understand
from tests.faults.conftest import FULL, register_all
from tests.faults.fuzz import LARGE, NativeFuzzer, mutate
from tests.faults.inputs import DAY_MS, NOW_MS, assert_stored, refusals, send_all, until_heard

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import AsyncConnection

    from devices.catalog import Catalog
    from runtime.settings import Settings
    from tests.conftest import Broker
    from tests.faults.ingesting import Ingest

MESSAGES = 1_000_000 if FULL else 2_000
#: sent before the next ones: with all at once the broker's queue, which is bounded, would be what is tested
PORTION = 10_000 if FULL else 1_000
SEED = 20_261_122


@pytest.fixture
def broker(own_broker: Broker) -> Broker:
    return own_broker


@dataclass
class Poison:
    """Messages of one gateway with what must come of them.

    Its device's readings are known from how the messages are made; what blind mutations make of the gateway's
    own readings is told by `understand`.
    """

    gateway: str
    ids: dict[tuple[str, str], int]
    catalog: Catalog
    settings: Settings
    expected: dict[tuple[int, int], float] = field(default_factory=dict)
    others: defaultdict[tuple[int, int], set[float]] = field(default_factory=lambda: defaultdict(set))
    messages: Counter[str] = field(default_factory=Counter)
    readings: Counter[str] = field(default_factory=Counter)

    def payloads(self, count: int) -> Iterator[bytes]:
        """Three quarters broken on purpose, one quarter mutated blindly."""
        rng = Random(SEED)
        cases = NativeFuzzer(rng, f"{self.gateway}-aq", NOW_MS - DAY_MS).cases(count)
        for case in cases:
            if rng.random() < 0.25 and len(case.payload) < LARGE / 2:
                yield self._mutated(rng)
                continue
            stream = self.ids[f"{self.gateway}-aq", "pm10"]
            self.expected |= {(stream, t * 1000): value for t, value in case.stored}
            self._refuse(case.refused)
            yield case.payload

    def _mutated(self, rng: Random) -> bytes:
        start = NOW_MS - 30 * DAY_MS + rng.randrange(DAY_MS)
        times = [start, "2026-01-15T08:15:00.123456+07:00"]
        readings = [{"time": time, "pm10": 48.5, "pm2_5": rng.randint(0, 999)} for time in times]
        message = {"seq": rng.randrange(10_000), "gateway": self.gateway, "readings": readings}
        payload = mutate(rng, json.dumps(message).encode())
        topic = f"city/v1/{self.gateway}/up/observations"
        found = understand(
            Delivery(topic, payload, None, False, False, 1, 1),
            self.catalog,
            self.settings.topic_root,
            time_limits(self.settings),
        ).resolved
        for stream, time_us, value, _ in found.observations.tolist():
            if self.expected.setdefault((stream, time_us), value) != value:
                self.others[stream, time_us].add(value)
        self._refuse({refusal.reason: refusal.count for refusal in found.refusals.values()})
        return payload

    def _refuse(self, refused: dict[str, int]) -> None:
        self.messages.update(refused.keys())
        self.readings.update(refused)


async def test_poison_is_counted_and_its_neighbours_are_stored(
    conn: AsyncConnection[Any], broker: Broker, settings: Settings, ingest: Ingest, gateway_code: str
) -> None:
    neighbour = f"{gateway_code}-n"
    ids = await register_all(conn, gateway_code, neighbour)
    poison = Poison(gateway_code, ids, await load(conn), settings)
    begin = time.monotonic()
    async with ingest:
        payloads, neighbours = poison.payloads(MESSAGES), good(MESSAGES // 4)
        memory = []
        for sent in range(PORTION, MESSAGES + 1, PORTION):
            await asyncio.gather(
                send_all(broker, gateway_code, islice(payloads, PORTION)),
                send_all(broker, neighbour, islice(neighbours, PORTION // 4)),
            )
            await until_heard(conn, gateway_code, sent)
            await until_heard(conn, neighbour, sent // 4)
            memory.append(ingest.note_memory())
        print(
            f"{MESSAGES} poisoned messages committed after {time.monotonic() - begin:.1f} s, "
            f"{sum(poison.messages.values())} refusals, peak {memory[-1]:.0f} MB "
            f"({', '.join(f'{each:.0f}' for each in memory[:: max(1, len(memory) // 10)])} on the way)"
        )
        # What leaks would grow with the messages, not with what the largest of them take.
        assert memory[-1] - memory[len(memory) // 5] < 40
    assert await refusals(conn, gateway_code) == {
        reason: (poison.messages[reason], poison.readings[reason]) for reason in poison.messages
    }
    assert await refusals(conn, neighbour) == {}
    stream = ids[neighbour, "pm10"]
    good_ones = {(stream, (NOW_MS - number) * 1000): value(number) for number in range(MESSAGES // 4)}
    await assert_stored(conn, poison.expected | good_ones, poison.others)


def good(count: int) -> Iterator[bytes]:
    for number in range(count):
        yield json.dumps({"readings": [{"time": NOW_MS - number, "pm10": value(number)}]}).encode()


def value(number: int) -> float:
    return number % 16_000 / 8
