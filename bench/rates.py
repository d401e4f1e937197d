"""Messages and readings a second: batches, single messages and duplicates, each beside its limit."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from bench import throughput
from bench.city import DEVICES
from bench.figure import Figure, steps

if TYPE_CHECKING:
    from bench.city import Bench


def batch100(bench: Bench, runs: int, scale: float) -> dict[str, Figure]:
    """Messages of 100 readings against COPY alone."""
    figure = Figure(
        what="readings/s in messages of 100, acknowledged after the commit; limit: sorted binary COPY alone",
        aim="≥ 0.7",
    )
    # Limit and ours in turn, so that a drift of the machine hits both.
    for _ in steps(range(runs), "batch100"):
        limit = throughput.copy_limit(bench, scale)
        figure.add(throughput.batch100(bench, scale).messages_per_s * DEVICES, limit)
    bench.rates["batch100"] = statistics.median(figure.ours) / DEVICES
    return {"batch100_rows_per_s": figure}


def single(bench: Bench, runs: int, scale: float) -> dict[str, Figure]:
    """Messages of one reading against taking and acknowledging alone."""
    figure = Figure(
        what="messages/s of one reading each; limit: the same client takes and acknowledges, and no more",
        aim="≥ 0.8",
    )
    for _ in steps(range(runs), "single"):
        limit = throughput.client_limit(bench, scale)
        figure.add(throughput.single(bench, scale).messages_per_s, limit)
    bench.rates["single"] = statistics.median(figure.ours)
    return {"single_msgs_per_s": figure}


def duplicates20(bench: Bench, runs: int, scale: float) -> dict[str, Figure]:
    """Every fifth message sent twice against none."""
    figure = Figure(
        what="readings/s, repeated ones included, with 20 % of messages sent twice; limit: batch100",
        aim="≥ 0.8",
    )
    for _ in steps(range(runs), "duplicates20"):
        limit = throughput.batch100(bench, scale).messages_per_s * DEVICES
        figure.add(throughput.duplicates20(bench, scale).messages_per_s * DEVICES, limit)
    return {"duplicates20": figure}
