"""What publishers have sent and had acknowledged, and the comparison with what the database holds."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from psycopg import AsyncConnection

#: (datastream id, time in ms since 1970 UTC)
Key = tuple[int, int]


@dataclass
class Ledger:
    """The messages of one gateway, numbered from 1, each with a handful of readings of its own times.

    A reading's value follows from its time alone, so that a mixed-up one is found out.
    """

    gateway: str
    stream: int
    readings: int = 5
    padding: int = 0
    start_ms: int = field(default_factory=lambda: int(time.time() * 1000) - 7_200_000)
    sent: int = 0
    #: number of an acknowledged message -> when, on the monotonic clock, s
    acked: dict[int, float] = field(default_factory=dict)

    def next(self) -> tuple[int, str]:
        """The number and the payload of the message to send next."""
        self.sent += 1
        readings = ", ".join(f'{{"time": {t}, "pm10": {value(t)}}}' for t in self.times(self.sent))
        return self.sent, f'{{"seq": {self.sent},{" " * self.padding} "readings": [{readings}]}}'

    def times(self, number: int) -> range:
        first = self.start_ms + number * self.readings
        return range(first, first + self.readings)

    def ack(self, number: int) -> None:
        self.acked[number] = time.monotonic()

    def expected(self, numbers: range | None = None) -> dict[Key, float]:
        """The readings of some messages, of the acknowledged ones if none are named."""
        chosen = self.acked if numbers is None else numbers
        return {(self.stream, t): value(t) for number in chosen for t in self.times(number)}

    def number(self, key: Key) -> int:
        """The message that a reading came in."""
        return (key[1] - self.start_ms) // self.readings


def value(time_ms: int) -> float:
    """A number that neighbours do not share and binary64 holds exactly."""
    return (time_ms * 7919 % 15_991) / 8


@dataclass(frozen=True)
class Difference:
    """How stored observations differ from what was acknowledged; all empty: acknowledged = stored, once."""

    lost: frozenset[Key]
    altered: frozenset[Key]
    never_sent: frozenset[Key]
    twice: frozenset[Key]

    def __bool__(self) -> bool:
        return bool(self.lost or self.altered or self.never_sent or self.twice)

    def __str__(self) -> str:
        parts = (("lost", self.lost), ("altered", self.altered), ("never sent", self.never_sent))
        return ", ".join(
            f"{len(keys)} {name} {sorted(keys)[:3]}" for name, keys in (*parts, ("twice", self.twice))
        )


def difference(
    acked: dict[Key, float], sent: dict[Key, float], stored: list[tuple[int, int, float]]
) -> Difference:
    """Compare reading by reading; what was sent and not acknowledged may be stored or not."""
    times = Counter((stream, time_ms) for stream, time_ms, _ in stored)
    values = {(stream, time_ms): number for stream, time_ms, number in stored}
    return Difference(
        lost=frozenset(acked.keys() - values.keys()),
        altered=frozenset(k for k, v in values.items() if k in sent and v != sent[k]),
        never_sent=frozenset(values.keys() - sent.keys()),
        twice=frozenset(key for key, count in times.items() if count > 1),
    )


async def stored(conn: AsyncConnection[Any]) -> list[tuple[int, int, float]]:
    """Every observation as (datastream, ms since 1970, value), read without any of ingest's code."""
    cursor = await conn.execute(
        "SELECT datastream_id, (extract(epoch FROM time) * 1000)::bigint, value FROM observations"
    )
    return await cursor.fetchall()


async def compare(conn: AsyncConnection[Any], *ledgers: Ledger) -> Difference:
    """Compare the database with what these publishers have sent and had acknowledged."""
    acked: dict[Key, float] = {}
    sent: dict[Key, float] = {}
    for ledger in ledgers:
        acked |= ledger.expected()
        sent |= ledger.expected(range(1, ledger.sent + 1))
    return difference(acked, sent, await stored(conn))
