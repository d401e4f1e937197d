"""Understood messages gathered into batches of numpy columns. No clock, no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from storage.observations import OBSERVATION

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from devices.commands import Answer
    from ingest.mqtt import Delivery
    from ingest.rate import Bucket
    from ingest.resolve import Resolved
    from ingest.sparkplug.sessions import Change
    from ingest.status import GatewayStatus


class Entry(msgspec.Struct, frozen=True):
    """A delivery and what was understood of it; it is acknowledged when its batch is committed."""

    delivery: Delivery
    gateway: str
    resolved: Resolved
    status: GatewayStatus | None = None
    #: what its gateway may send, if that is exceeded and the message kept as it came, to be stored later
    deferred: Bucket | None = None
    #: what it makes of its Sparkplug edge node's session
    sparkplug: Change | None = None
    #: what its gateway says of a command
    answer: Answer | None = None
    #: when its message came; None: just now
    heard: datetime | None = None


@dataclass(frozen=True)
class Batch:
    """Whole deliveries, to be stored in one transaction.

    `rows` are OBSERVATION rows, shape (n,), in the order sent; `owners`, shape (n,), is each row's entry.
    """

    entries: list[Entry]
    rows: NDArray[np.void]
    owners: NDArray[np.int32]
    #: when its messages came; None: just now
    heard: datetime | None = None

    def eventful(self) -> list[Entry]:
        """Return the entries that say or leave more than observations; of usual traffic none do."""
        return [
            e
            for e in self.entries
            if e.resolved.refusals or e.deferred or e.status or e.sparkplug or e.answer
        ]


class Batcher:
    """Closes a batch on rows, deliveries, bytes of payload or age; a delivery is never split."""

    def __init__(
        self, *, max_rows: int, max_deliveries: int, max_age: float, max_bytes: int = 8 << 20
    ) -> None:
        self._max_rows = max_rows
        self._max_deliveries = max_deliveries
        self._max_age = max_age
        self._max_bytes = max_bytes
        self._clear()

    def _clear(self) -> None:
        self._entries: list[Entry] = []
        self._counts: list[int] = []  # rows of each entry
        self._rows = 0
        self._bytes = 0
        #: when the open batch must close, on the caller's clock in seconds; None: it is empty
        self.due: float | None = None

    def add(self, entry: Entry, now: float) -> Batch | None:
        """Add a delivery at `now` (seconds of any clock) and return the batch if this fills it."""
        self._entries.append(entry)
        count = len(entry.resolved.rows) // OBSERVATION.itemsize
        self._counts.append(count)
        self._rows += count
        self._bytes += len(entry.delivery.payload)
        if self.due is None:
            self.due = now + self._max_age
        full = (
            self._rows >= self._max_rows
            or len(self._entries) >= self._max_deliveries
            or self._bytes >= self._max_bytes
        )
        return self.close() if full else None

    def close(self) -> Batch | None:
        """Return what was gathered, or None if nothing was."""
        if not self._entries:
            return None
        rows = np.frombuffer(b"".join([entry.resolved.rows for entry in self._entries]), OBSERVATION)
        owners = np.repeat(np.arange(len(self._entries), dtype="i4"), self._counts)
        batch = Batch(self._entries, rows, owners)
        self._clear()
        return batch
