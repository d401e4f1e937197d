"""Which numbered messages of a gateway are committed, and which are missing below the newest. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from psycopg.types.multirange import Multirange

#: `down/committed` names at most so many gaps: the lowest are enough to go on with
MAX_GAPS = 16
#: Ranges kept of a gateway, or one that leaves out every other number would fill the database. Of more, the
#: highest are forgotten: a number that is not known to be committed is only sent again.
MAX_RANGES = 1000


class Committed(NamedTuple):
    """Everything up to and including `seq` is committed; `missing` are the gaps above, both ends included."""

    seq: int
    missing: tuple[tuple[int, int], ...]


def committed(received: Multirange[int]) -> Committed:
    """Return what the ranges of committed numbers mean to the gateway; the lowest MAX_GAPS + 1 are enough.

    Messages are numbered from 1 (or 0); a gateway that starts higher says so by `oldest`.
    Source: wire contract v1, Topics (`down/committed`).
    """
    bounds = [(r.lower, r.upper) for r in received if r.lower is not None and r.upper is not None]
    seq, rest = 0, bounds
    if bounds and bounds[0][0] <= 1:
        seq, rest = bounds[0][1] - 1, bounds[1:]
    gaps, next_expected = [], seq + 1
    for lower, upper in rest[:MAX_GAPS]:
        gaps.append((next_expected, lower - 1))
        next_expected = upper
    return Committed(seq, tuple(gaps))
