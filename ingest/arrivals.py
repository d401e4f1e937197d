"""Counts how long readings took to arrive, by gateway and five minutes, until they are stored."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import numpy as np

from storage.arrivals import WIDTH, places

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

#: What is counted together, s.
SLOT_S: Final = 300.0
#: Slots that wait for a database that is away; then the oldest are given up.
_MOST_SLOTS: Final = 288


class _Slot:
    """The counts of one slot: a row of WIDTH for each gateway, in the order in which they came."""

    def __init__(self) -> None:
        self.rows: dict[str, int] = {}
        self.counts = np.zeros((64, WIDTH), np.int64)

    def add(
        self,
        gateways: Sequence[str],
        owners: NDArray[np.int32],
        found: NDArray[np.int64],
        times: NDArray[np.int64] | int,
    ) -> None:
        rows = self.rows
        for gateway in set(gateways).difference(rows):
            rows[gateway] = len(rows)
        while len(rows) > len(self.counts):
            self.counts = np.concatenate((self.counts, np.zeros_like(self.counts)))
        row = np.fromiter(map(rows.__getitem__, gateways), np.int64, len(gateways))
        np.add.at(self.counts.reshape(-1), row[owners] * WIDTH + found, times)


class Arrivals:
    """The counts of this process that are not stored yet."""

    def __init__(self, slot_s: float = SLOT_S) -> None:
        """Begin with nothing; slots of time are `slot_s` long."""
        self._slot_s = slot_s
        self._slots: dict[int, _Slot] = {}
        #: when this process began to count
        self.started = datetime.now(UTC)

    def note(
        self,
        ages: NDArray[np.float64],
        owners: NDArray[np.int32],
        gateways: Sequence[str],
        at: float,
        times: NDArray[np.int64] | int = 1,
    ) -> None:
        """Count readings that were committed at an instant: about 0.05 µs an age and 0.1 µs a message.

        Args:
            ages: from readings' own times to their commit, s, shape (n,).
            owners: the message of these readings, shape (n,).
            gateways: of each message.
            at: seconds since 1970 UTC.
            times: how many readings have each age, shape (n,).
        """
        number = int(at // self._slot_s)
        if number not in self._slots:
            self._slots[number] = _Slot()
        self._slots[number].add(gateways, owners, places(ages), times)
        while len(self._slots) > _MOST_SLOTS:
            del self._slots[min(self._slots)]

    def finished(self, at: float) -> list[tuple[datetime, str, NDArray[np.int64]]]:
        """Return (start, gateway, counts by place) of the slots that have ended before an instant."""
        return [
            (datetime.fromtimestamp(slot * self._slot_s, UTC), name, self._slots[slot].counts[row])
            for slot in self._ended(at)
            for name, row in self._slots[slot].rows.items()
            if self._slots[slot].counts[row].any()
        ]

    def forget(self, at: float) -> None:
        """Forget the slots that have ended before an instant: they are stored."""
        for slot in self._ended(at):
            del self._slots[slot]

    def _ended(self, at: float) -> list[int]:
        return [slot for slot in sorted(self._slots) if slot < int(at // self._slot_s)]


#: Of this process.
ARRIVALS: Final = Arrivals()
