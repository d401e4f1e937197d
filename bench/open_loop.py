"""A generator in its own process that publishes on schedule, whatever the broker's acknowledgements do.

A reading's `time` is the scheduled time of sending, so that waiting of any kind, in the generator too,
counts as latency (no coordinated omission).
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import mqtt5

from bench.city import DEVICES, messages, observations_topic
from bench.publisher import Publisher, connected

if TYPE_CHECKING:
    from collections.abc import Iterator

#: A stand-in for the time, thirteen digits as milliseconds since 1970 have.
_TIME = 1_111_111_111_111
_DIGITS = str(_TIME).encode()
_TICK_S = 0.001


@dataclass(frozen=True)
class Plan:
    """What to publish: `rate` messages of `readings` readings a second, from `start` (seconds since 1970)."""

    rate: float
    readings: int
    gateways: int
    start: float
    seconds: float

    @property
    def count(self) -> int:
        """Messages in all."""
        return round(self.rate * self.seconds)


@dataclass(frozen=True)
class Sent:
    """What became of a plan: messages acknowledged and refused, processor and lag seconds."""

    acked: int
    refused: int
    cpu_s: float
    worst_lag_s: float


class OpenLoop(Publisher):
    """Publishes each message when it is due, or as soon after as the broker's window allows."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(())
        self._due = _schedule(plan)
        self._next = next(self._due, None)
        self.worst_lag_s = 0.0

    def publish(self) -> None:
        """Send what is due."""
        now, ready = time.time(), []
        while self._free and self._next and self._next[0] <= now:
            due, topic, payload = self._next
            self.worst_lag_s = max(self.worst_lag_s, now - due)
            packet_id = self._free.pop()
            ready.append(
                mqtt5.PublishPacket(topic, payload, qos=mqtt5.QoS.AT_LEAST_ONCE, packet_id=packet_id).write()
            )
            self._next = next(self._due, None)
        if ready:
            self.sent += len(ready)
            self.send(b"".join(ready))
        if self._next is None:
            self.finish()

    async def tick(self) -> None:
        """Publish until all is acknowledged."""
        while not self.done.done():
            self.publish()
            await asyncio.sleep(_TICK_S)
        await self.done


def _schedule(plan: Plan) -> Iterator[tuple[float, str, bytes]]:
    """Due times, topics and payloads, in rounds over the gateways as in `messages`."""
    rounds = DEVICES // plan.readings
    made = messages(plan.gateways, plan.gateways * rounds, plan.readings, start_ms=_TIME)
    payloads = [payload for _, payload in made]
    topics = [observations_topic(gateway) for gateway in range(plan.gateways)]
    for number in range(plan.count):
        due = plan.start + number / plan.rate
        payload = payloads[number % len(payloads)].replace(_DIGITS, b"%d" % (due * 1000))
        yield due, topics[number % plan.gateways], payload


def run(url: str, plan: Plan) -> Sent:
    """Carry out a plan; meant for a process of its own."""
    return asyncio.run(_run(url, plan))


async def _run(url: str, plan: Plan) -> Sent:
    async with connected(url, OpenLoop(plan), client_id="bench-open-loop") as generator:
        await asyncio.sleep(plan.start - time.time())
        began = time.process_time()
        await generator.tick()
        spent = time.process_time() - began
    return Sent(generator.sent - generator.refused, generator.refused, spent, generator.worst_lag_s)
