"""Sums over quarters of an hour: what is left of observations once only counts and means are wanted. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analytics.series import Quarters

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analytics.series import Window

QUARTER_US = 900_000_000
HOUR_US = 4 * QUARTER_US
#: Sums of one datastream and quarter; time in microseconds since 1970 UTC.
QUARTER_SUM = np.dtype(
    [("datastream_id", "i4"), ("time", "i8"), ("good", "i4"), ("suspect", "i4"), ("total", "f8")]
)


def sum_quarters(rows: NDArray[np.void], datastream: int, window: Window) -> NDArray[np.void]:
    """Return a datastream's sums for each whole quarter within a window, shape (n,), without gaps.

    Args:
        rows: OBSERVATION rows of the datastream ordered by time, shape (m,); they cover the window.
        datastream: its id.
        window: quarters that begin and end in it.
    """
    times = starts(window)
    found = np.zeros(len(times), QUARTER_SUM)
    found["datastream_id"], found["time"] = datastream, times
    if not len(times):
        return found
    at = (rows["time"] - times[0]) // QUARTER_US
    rows, at = (each[(at >= 0) & (at < len(times))] for each in (rows, at))
    is_good = rows["quality"] == 0
    found["good"] = np.bincount(at[is_good], minlength=len(times))
    found["suspect"] = np.bincount(at[~is_good], minlength=len(times))
    found["total"] = np.bincount(at[is_good], rows["value"][is_good], minlength=len(times))
    return found


def starts(window: Window) -> NDArray[np.int64]:
    """Return the starts of the whole quarters within a window, shape (n,)."""
    return np.arange(-(-window.start // QUARTER_US), window.end // QUARTER_US, dtype=np.int64) * QUARTER_US


def first_missing_hour(stored: NDArray[np.void], window: Window) -> int:
    """Return the start of the hour of the first quarter of a window that is not stored; its end if none is.

    Args:
        stored: QUARTER_SUM rows of a datastream within the window, ordered by time, shape (n,).
        window: whole quarters.
    """
    wanted = starts(window)
    present = wanted[: len(stored)] == stored["time"][: len(wanted)]
    if len(stored) >= len(wanted) and present.all():
        return window.end
    first = int(present.argmin()) if len(present) and not present.all() else len(present)
    return int(wanted[first]) // HOUR_US * HOUR_US


def columns(rows: NDArray[np.void]) -> Quarters:
    """Return QUARTER_SUM rows of one datastream as columns."""
    return Quarters(
        np.ascontiguousarray(rows["time"]),
        rows["good"].astype(np.int64),
        np.ascontiguousarray(rows["total"]),
        rows["suspect"].astype(np.int64),
    )
