"""Properties of downsampling."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from api.downsample import FEWEST, Method, chosen

_GAPS = st.lists(
    st.sampled_from([1, 10_000_000, 10_000_001, 3_600_000_000, 10**15]), min_size=1, max_size=300
)
_VALUES = st.one_of(st.sampled_from([0.0, 1.0, -1.0]), st.floats(-1e300, 1e300))


@st.composite
def series(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    times = np.cumsum(np.array(draw(_GAPS), "i8"))
    return times, draw(arrays("f8", len(times), elements=_VALUES))


@pytest.mark.parametrize("method", Method)
@given(made=series(), points=st.integers(FEWEST, 60))
def test_points_are_some_of_the_series_with_its_ends(
    method: Method, made: tuple[np.ndarray, np.ndarray], points: int
) -> None:
    times, values = made
    found = chosen(times, values, points, method)
    assert len(found) <= points
    assert (np.diff(found) > 0).all()
    assert (found[0], found[-1]) == (0, len(times) - 1)
    if len(times) <= points:
        assert len(found) == len(times)


@given(made=series(), points=st.integers(FEWEST, 60))
def test_minmax_keeps_the_extremes(made: tuple[np.ndarray, np.ndarray], points: int) -> None:
    times, values = made
    kept = values[chosen(times, values, points, Method.MINMAX)]
    assert (kept.min(), kept.max()) == (values.min(), values.max())


def test_lttb_keeps_a_spike_and_little_of_a_line() -> None:
    times = np.arange(10_000, dtype="i8") * 10_000_000
    values = np.zeros(10_000)
    values[7_321] = 100
    found = chosen(times, values, 100, Method.LTTB)
    assert 7_321 in found
    assert len(found) == 100


def test_lttb_is_the_largest_triangle_of_each_bucket() -> None:
    """By hand: the bucket's point, the one chosen before and the mean of the next bucket span the most."""
    times = np.arange(42, dtype="i8")
    values = np.random.default_rng(5).normal(size=42)
    buckets = [np.arange(1 + 4 * n, 5 + 4 * n) for n in range(10)]
    last, expected = 0, [0]
    for bucket, following in zip(buckets, [*buckets[1:], np.array([41])], strict=True):
        x, y = times[following].mean(), values[following].mean()
        area = np.abs(
            (times[last] - x) * (values[bucket] - values[last])
            - (times[last] - times[bucket]) * (y - values[last])
        )
        last = int(bucket[np.argmax(area)])
        expected.append(last)
    assert chosen(times, values, 12, Method.LTTB).tolist() == [*expected, 41]
