"""As many points of a series as a chart can show. Pure.

Sources: LTTB: S. Steinarsson, Downsampling Time Series for Visual Representation (2013), 4.2; the extremes of
equal spans: U. Jugel et al., M4: A Visualization-Oriented Time Series Data Aggregation (VLDB 2014).
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

import numpy as np
from tsdownsample import LTTBDownsampler, MinMaxDownsampler

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: how many points may be asked for
FEWEST: Final = 10
MOST: Final = 10_000


class Method(StrEnum):
    """How points are chosen."""

    LTTB = "lttb"
    MINMAX = "minmax"


def chosen(
    times: NDArray[np.int64], values: NDArray[np.float64], points: int, method: Method
) -> NDArray[np.int64]:
    """Return the indices of at most `points` of a series, ascending; its first and last are among them.

    `lttb` keeps the shape that the eye sees; `minmax` the least and the greatest value of each span of time,
    and so of the whole.

    Args:
        times: ascending, in any unit, shape (n,).
        values: finite, shape (n,).
        points: FEWEST or more.
        method: how to choose.
    """
    if len(times) <= points:
        return np.arange(len(times))
    if method is Method.LTTB:
        return np.asarray(LTTBDownsampler().downsample(times, values, n_out=points), np.int64)
    # Two points a span, and the ends: an even number for the spans.
    inner = MinMaxDownsampler().downsample(times, values, n_out=(points - 2) // 2 * 2)
    return np.unique(np.concatenate(([0], inner, [len(times) - 1])).astype(np.int64))
