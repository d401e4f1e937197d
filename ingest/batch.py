"""Understood messages gathered into batches of numpy columns. No clock, no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from devices.model import Quality
from storage.observations import empty

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from ingest.mqtt import Delivery
    from ingest.rate import Bucket
    from ingest.resolve import Resolved
    from ingest.sparkplug.sessions import Change
    from ingest.status import GatewayStatus


class Entry(NamedTuple):
    """A delivery and what was understood of it; it is acknowledged when its batch is committed."""

    delivery: Delivery
    gateway: str
    resolved: Resolved
    status: GatewayStatus | None = None
    #: what its gateway may send, if that is exceeded and the message kept as it came, to be stored later
    deferred: Bucket | None = None
    #: what it makes of its Sparkplug edge node's session
    sparkplug: Change | None = None


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
        self._rows = 0
        self._bytes = 0
        #: when the open batch must close, on the caller's clock in seconds; None: it is empty
        self.due: float | None = None

    def add(self, entry: Entry, now: float) -> Batch | None:
        """Add a delivery at `now` (seconds of any clock) and return the batch if this fills it."""
        self._entries.append(entry)
        self._rows += len(entry.resolved.times)
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
        batch = Batch(self._entries, _columns(self._entries, self._rows), _owners(self._entries))
        self._clear()
        return batch


def _columns(entries: list[Entry], count: int) -> NDArray[np.void]:
    rows = empty(count)
    parts = [e.resolved for e in entries]
    rows["datastream_id"] = np.fromiter(_joined([p.datastream_ids for p in parts]), "i4", count)
    rows["time"] = np.fromiter(_joined([p.times for p in parts]), "i8", count)
    rows["value"] = np.fromiter(_joined([p.values for p in parts]), "f8", count)
    rows["quality"] = _quality(parts, count)
    return rows


_joined = chain.from_iterable


def _quality(parts: list[Resolved], count: int) -> NDArray[np.int16]:
    quality = np.full(count, Quality.GOOD, "i2")
    first = 0
    for part in parts:
        if part.suspect:
            quality[np.add(part.suspect, first)] = Quality.SUSPECT
        first += len(part.times)
    return quality


def _owners(entries: list[Entry]) -> NDArray[np.int32]:
    return np.repeat(np.arange(len(entries), dtype="i4"), [len(e.resolved.times) for e in entries])
