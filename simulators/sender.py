"""What a gateway has on its way: which message to send next, what came back, and the counters of both."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from simulators.outbox import Outbox

log = structlog.get_logger()

#: a message sent so long ago and still not covered by down/committed is sent again, s
RESEND_AFTER_S = 30.0
_REJECTED_LOG_EVERY_S = 60.0


@dataclass
class Stats:
    """What gateways have done since they were started; stats of several gateways can be added."""

    #: messages sent, again ones included
    published: int = 0
    #: … of which the broker has acknowledged
    acked: int = 0
    #: messages known to be in the database
    committed: int = 0
    #: messages kept because they are not
    pending: int = 0
    #: refusals told on down/rejected
    rejected: int = 0
    #: messages given up because the memory was full
    dropped: int = 0
    readings: int = 0
    connected: int = 0
    reconnects: int = 0
    #: commands carried out
    commands: int = 0

    def __add__(self, other: Stats) -> Stats:
        return Stats(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))


@dataclass
class Sender:
    """The messages of one gateway on their way: which to send next, and when each was sent last."""

    outbox: Outbox
    stats: Stats
    resend_after: float = RESEND_AFTER_S
    _queue: deque[int] = field(default_factory=deque)
    _sent: dict[int, float] = field(default_factory=dict)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _empty: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, readings: list[Any]) -> None:
        """Keep a message and send it when its turn comes."""
        self._queue.append(self.outbox.add(readings))
        self.stats.readings += len(readings)
        self._changed()

    def restart(self) -> None:
        """Begin again with everything that is kept: a connection has been made."""
        self._sent.clear()
        self._queue = deque(self.outbox.pending())
        self._changed()

    def committed(self, upto: int, missing: list[tuple[int, int]]) -> None:
        """Forget everything up to a number, and send again what is missing or was sent long ago."""
        self.stats.committed += self.outbox.confirm(upto)
        self._sent = {seq: sent for seq, sent in self._sent.items() if seq in self.outbox}
        # halong tells of a hole with each of its answers; what is sent again needs time to get there
        settled = time.monotonic() - self.resend_after / 10
        lost = [
            seq
            for seq, sent in self._sent.items()
            if sent < settled and any(first <= seq <= last for first, last in missing)
        ]
        self._again(lost)
        self.again_if_silent(everything=True)

    def again_if_silent(self, *, everything: bool = False) -> None:
        """Send what was sent long ago once more: the oldest message as a probe, or everything."""
        late = time.monotonic() - self.resend_after
        stale = [seq for seq, sent in sorted(self._sent.items()) if sent < late]
        self._again(stale if everything else stale[:1])

    def _again(self, seqs: list[int]) -> None:
        for seq in seqs:
            del self._sent[seq]
        self._queue.extendleft(sorted(seqs, reverse=True))
        self._changed()

    def _changed(self) -> None:
        self.stats.pending, self.stats.dropped = len(self.outbox), self.outbox.dropped
        self._wake.set()
        if len(self.outbox):
            self._empty.clear()
        else:
            self._empty.set()

    async def drained(self) -> None:
        """Wait until everything is committed."""
        await self._empty.wait()

    async def next(self) -> int:
        """Wait for the number of the next message to send."""
        while True:
            while self._queue:
                seq = self._queue.popleft()
                if seq in self.outbox:
                    self._sent[seq] = time.monotonic()
                    return seq
            self._wake.clear()
            await self._wake.wait()


class Rejections:
    """Counts down/rejected and logs a line a minute."""

    def __init__(self, code: str, stats: Stats) -> None:
        self._code, self._stats = code, stats
        self._unlogged, self._logged = 0, -_REJECTED_LOG_EVERY_S

    def add(self, payload: dict[str, Any]) -> None:
        """Take a payload of down/rejected; its `count` is what it stands for."""
        count = int(payload.get("count", 1))
        self._stats.rejected += count
        self._unlogged += count
        if time.monotonic() - self._logged >= _REJECTED_LOG_EVERY_S:
            told = {name: payload.get(name) for name in ("reason", "at", "detail", "seq")}
            log.warning("halong refused readings", gateway=self._code, count=self._unlogged, **told)
            self._unlogged, self._logged = 0, time.monotonic()
