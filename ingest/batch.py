"""Understood messages gathered into batches of numpy columns. No clock, no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from storage.observations import empty

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ingest.mqtt import Delivery
    from ingest.resolve import Resolved
    from ingest.status import GatewayStatus


@dataclass(frozen=True, slots=True)
class Entry:
    """A delivery and what was understood of it; it is acknowledged when its batch is committed."""

    delivery: Delivery
    gateway: str
    resolved: Resolved
    status: GatewayStatus | None = None


@dataclass(frozen=True)
class Batch:
    """Whole deliveries, to be stored in one transaction.

    `rows` are OBSERVATION rows, shape (n,), in the order sent; `owners`, shape (n,), is each row's entry.
    """

    entries: list[Entry]
    rows: NDArray[np.void]
    owners: NDArray[np.int32]


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
    rows["datastream_id"] = _join("i4", count, [p.datastream_ids for p in parts])
    rows["time"] = _join("i8", count, [p.times for p in parts])
    rows["value"] = _join("f8", count, [p.values for p in parts])
    rows["quality"] = _join("i2", count, [p.quality for p in parts])
    return rows


def _join(dtype: str, count: int, lists: list[list[int]] | list[list[float]]) -> NDArray[np.generic]:
    return np.fromiter(chain.from_iterable(lists), dtype, count)


def _owners(entries: list[Entry]) -> NDArray[np.int32]:
    return np.repeat(np.arange(len(entries), dtype="i4"), [len(e.resolved.times) for e in entries])
