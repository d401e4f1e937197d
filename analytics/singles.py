"""Single observations as indicators use them: read, or from packed hours where each step reads them again."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from analytics import kept, quality_run
from analytics.quarters import HOUR_US
from analytics.schedule import SETTLE
from analytics.series import HOUR, Window, to_datetime
from storage import observations

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from numpy.typing import NDArray
    from psycopg import AsyncConnection

    Rows = Mapping[int, NDArray[np.void]]
    Hours = Sequence[tuple[datetime, bytes]]

NO_ROWS = np.empty(0, observations.OBSERVATION)


async def read(conn: AsyncConnection[Any], datastreams: Sequence[int], window: Window) -> Rows:
    """Return the observations of a window by datastream, calibrated and flagged."""
    start, end = window.start_time, window.end_time
    rows = await observations.read(conn, sorted(datastreams), start, end)
    return split(await quality_run.prepare(conn, rows, start, end))


async def read_repeated(conn: AsyncConnection[Any], datastreams: Sequence[int], window: Window) -> Rows:
    """Return what `read` returns, from the beginning of the hour on; and pack the hours that are not.

    Needs an open transaction that shares what is kept.
    """
    first = window.start // HOUR_US * HOUR_US
    packed = await kept.read_hours(conn, datastreams, to_datetime(first), window.end_time)
    together: dict[int, list[int]] = defaultdict(list)
    for i in datastreams:
        together[first + _hours_from(packed.get(i, ()), first) * HOUR_US].append(i)
    found: dict[int, NDArray[np.void]] = {}
    for since, ids in together.items():
        observed = await read(conn, ids, Window(since, window.end))
        whole = Window(since, window.end // HOUR_US * HOUR_US)
        await kept.store_hours(conn, _pack(observed, ids, whole), SETTLE)
        known = (since - first) // HOUR_US
        found |= {i: _joined(packed.get(i, ())[:known], observed.get(i, NO_ROWS)) for i in ids}
    return found


def split(rows: NDArray[np.void], by: str = "datastream_id") -> dict[int, NDArray[np.void]]:
    """Return rows that are ordered by a column as one array for each of its values."""
    if not len(rows):
        return {}
    ids = rows[by]
    first = np.concatenate(([0], np.flatnonzero(np.diff(ids)) + 1))
    return dict(zip(ids[first].tolist(), np.split(rows, first[1:]), strict=True))


def _hours_from(hours: Hours, first: int) -> int:
    """Return how many hours without a gap there are from the first one on."""
    start = to_datetime(first)
    return next((n for n, (hour, _) in enumerate(hours) if hour != start + n * HOUR), len(hours))


def _pack(observed: Rows, ids: Sequence[int], window: Window) -> Iterator[tuple[datetime, int, bytes]]:
    """Yield each whole hour of a window for each datastream, also those without observations."""
    bounds = np.arange(window.start, window.end + 1, HOUR_US)
    for i in ids:
        rows = observed.get(i, NO_ROWS)
        cuts = np.searchsorted(rows["time"], bounds)
        for start, begin, end in zip(bounds.tolist(), cuts, cuts[1:], strict=False):
            yield to_datetime(start), i, rows[begin:end].tobytes()


def _joined(hours: Hours, rows: NDArray[np.void]) -> NDArray[np.void]:
    packed = np.frombuffer(b"".join(each for _, each in hours), observations.OBSERVATION)
    return np.concatenate((packed, rows)) if len(packed) else rows
