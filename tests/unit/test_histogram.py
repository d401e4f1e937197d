from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import numpy as np
import pytest
from prometheus_client import REGISTRY, CollectorRegistry, Histogram, generate_latest

from ingest.histogram import ArrayHistogram, quantile
from ingest.metrics import runs

if TYPE_CHECKING:
    from collections.abc import Iterator

# Powers of two: their sums are exact.
BOUNDS = (0.0625, 0.125, 0.25, 1.0)
VALUES = [0.03125, 0.0625, 0.09375, 0.125, 0.1875, 0.5, 0.5, 7.0]
LATE = [False, False, True, True, False, True, False, True]


@pytest.fixture
def histogram() -> Iterator[ArrayHistogram]:
    made = ArrayHistogram(f"test_{secrets.token_hex(4)}", "Words.", BOUNDS, ("live", "replay"))
    yield made
    REGISTRY.unregister(made)


def exposed(registry: CollectorRegistry, name: str) -> set[str]:
    """Its lines as Prometheus reads them, without the time of creation."""
    lines = generate_latest(registry).decode().splitlines()
    return {line for line in lines if name in line and "_created" not in line}


def test_prometheus_reads_what_its_own_histogram_would_say(histogram: ArrayHistogram) -> None:
    name = histogram.collect()[0].name  # type: ignore[index]
    theirs = Histogram(name, "Words.", ["class"], registry=CollectorRegistry(), buckets=BOUNDS)
    for value, is_late in zip(VALUES, LATE, strict=True):
        theirs.labels("replay" if is_late else "live").observe(value)
    for part in (slice(0, 3), slice(3, None)):
        histogram.observe(np.array(VALUES[part]), np.array(LATE[part]))
    own = CollectorRegistry()
    own.register(histogram)
    registry = CollectorRegistry()
    registry.register(theirs)
    assert exposed(own, name) == exposed(registry, name)


def test_without_classes_all_is_of_the_first(histogram: ArrayHistogram) -> None:
    histogram.observe(np.array(VALUES))
    histogram.observe(np.array([]))
    assert histogram.counts.tolist() == [[2, 2, 1, 2, 1], [0, 0, 0, 0, 0]]
    assert histogram.sums.tolist() == [pytest.approx(sum(VALUES)), 0]


def test_a_value_that_came_several_times_counts_so_often(histogram: ArrayHistogram) -> None:
    times = [3, 0, 1, 2, 1, 5, 1, 2]
    histogram.observe(np.array(VALUES), np.array(LATE), np.array(times))
    one_by_one = ArrayHistogram(f"test_{secrets.token_hex(4)}", "Words.", BOUNDS, ("live", "replay"))
    one_by_one.observe(np.repeat(VALUES, times), np.repeat(LATE, times))
    REGISTRY.unregister(one_by_one)
    assert histogram.counts.tolist() == one_by_one.counts.tolist()
    assert histogram.sums.tolist() == one_by_one.sums.tolist()


def test_readings_of_one_message_and_time_are_one_run() -> None:
    times, owners = np.array([5, 5, 5, 7, 5, 5]), np.array([0, 0, 1, 1, 1, 2], "i4")
    begins, lengths = runs(times, owners)
    assert begins.tolist() == [0, 2, 3, 4, 5]
    assert lengths.tolist() == [2, 1, 1, 1, 1]
    assert [part.tolist() for part in runs(times[:0], owners[:0])] == [[], []]


@pytest.mark.parametrize("share", [0.01, 0.5, 0.9, 0.99])
def test_a_quantile_lies_in_the_bucket_of_the_true_one(share: float) -> None:
    values = np.random.default_rng(7).lognormal(-3, 1, 10_000)
    bounds = np.geomspace(0.0001, 100, 60)
    counts = np.bincount(np.searchsorted(bounds, values), minlength=61)
    found, true = quantile(share, bounds, counts), float(np.quantile(values, share))
    assert found is not None
    place = np.searchsorted(bounds, true)
    assert bounds[place - 1] <= found <= bounds[place]


def test_quantiles_at_the_ends() -> None:
    bounds = np.array([1.0, 2.0])
    assert quantile(0.5, bounds, np.array([0, 0, 0])) is None
    assert quantile(0.5, bounds, np.array([4, 0, 0])) == 0.5
    assert quantile(0.99, bounds, np.array([0, 0, 4])) == 2.0
