"""The newest time stored of each datastream: a hint for the fast way in; the key decides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from storage.observations import sort, to_microseconds

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from psycopg import AsyncConnection

_NEVER = np.iinfo("i8").min


class HighWaterMarks:
    """Newest times in microseconds since 1970 UTC, indexed by datastream id."""

    def __init__(self) -> None:
        self._times = np.full(1024, _NEVER)

    async def load(self, conn: AsyncConnection[Any]) -> None:
        """Read the marks from the database (30 ms for 5,000 datastreams)."""
        cursor = await conn.execute("SELECT datastream_id, time FROM latest_observations")
        async for datastream_id, time in cursor:
            self._reserve(datastream_id)
            self._times[datastream_id] = to_microseconds(time)

    def fresh(self, rows: NDArray[np.void]) -> NDArray[np.bool_]:
        """Tell which OBSERVATION rows, shape (n,), are newer than their datastream's mark."""
        if len(rows):
            self._reserve(int(rows["datastream_id"].max()))
        fresh: NDArray[np.bool_] = rows["time"] > self._times[rows["datastream_id"]]
        return fresh

    def raise_to(self, rows: NDArray[np.void]) -> None:
        """Take stored rows into account, which are sorted by (datastream, time)."""
        all_ids = rows["datastream_id"]
        last = np.ones(len(rows), bool)
        last[:-1] = all_ids[1:] != all_ids[:-1]
        ids = all_ids[last]
        self._times[ids] = np.maximum(self._times[ids], rows["time"][last])

    def _reserve(self, datastream_id: int) -> None:
        if datastream_id >= len(self._times):
            grown = np.full(2 * datastream_id, _NEVER)
            grown[: len(self._times)] = self._times
            self._times = grown


def first_of_each_key(rows: NDArray[np.void]) -> NDArray[np.void]:
    """Return OBSERVATION rows sorted by (datastream, time), of equal keys only the first sent."""
    ordered = sort(rows)
    if len(ordered) < 2:
        return ordered
    keep = np.empty(len(ordered), bool)
    keep[0] = True
    keep[1:] = (ordered["datastream_id"][1:] != ordered["datastream_id"][:-1]) | (
        ordered["time"][1:] != ordered["time"][:-1]
    )
    return ordered if keep.all() else ordered[keep]
