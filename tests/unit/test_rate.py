from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.catalog import Catalog, KnownGateway, Stream
from ingest.rate import BURST_READINGS, BURST_S, FLOOR, Bucket, Rates

STREAMS = {("d", f"p{i}"): Stream(i, 0, 1, "1") for i in range(50)}
CATALOG = Catalog(
    {
        "usual": KnownGateway(1, True, readings_per_s=5.0, streams=STREAMS),
        "rare": KnownGateway(2, True, readings_per_s=0.001, streams=STREAMS),
    },
    frozenset(),
)


def topic(gateway: str) -> str:
    return f"city/v1/{gateway}/up/observations"


def passed(bucket: Bucket, rate: float, seconds: float, readings: float = 1.0) -> int:
    """How many messages of a steady stream go through."""
    start = bucket.at
    return sum(bucket.spend(readings, start + n / rate) for n in range(round(rate * seconds)))


@pytest.mark.parametrize(
    ("gateway", "allowed", "most"),
    [
        ("usual", 50.0, BURST_READINGS * 50),
        ("rare", FLOOR, BURST_READINGS * 50),
        ("unknown", FLOOR, BURST_S * FLOOR),
    ],
)
def test_allowed_is_a_multiple_of_what_the_registry_expects(
    gateway: str, allowed: float, most: float
) -> None:
    bucket = Rates(10.0, "city/v1").bucket(topic(gateway), CATALOG, 0.0)
    assert (bucket.gateway, bucket.allowed, bucket.most, bucket.tokens) == (gateway, allowed, most, most)


def test_a_stream_within_the_rate_passes_and_of_one_above_it_the_allowed_part() -> None:
    rates = Rates(10.0, "city/v1")
    assert passed(rates.bucket(topic("usual"), CATALOG, 0.0), rate=49.0, seconds=100) == 4900
    flood = rates.bucket(topic("unknown"), CATALOG, 0.0)
    assert passed(flood, rate=1000.0, seconds=100) == pytest.approx(100 * FLOOR + BURST_S * FLOOR, abs=2)
    assert flood.observed == pytest.approx(1000, rel=0.02)


def test_a_message_larger_than_the_bucket_passes_and_leaves_a_debt() -> None:
    bucket = Bucket("gw", 10.0, 20.0, 20.0, 0.0)
    assert bucket.spend(120.0, 0.0)
    assert not bucket.spend(1.0, 9.9)
    assert bucket.spend(1.0, 10.1)


@given(
    st.lists(
        st.tuples(st.floats(0, 5, allow_subnormal=False), st.floats(1, 500, allow_subnormal=False)),
        max_size=80,
    )
)
def test_never_more_than_the_rate_the_burst_and_one_message(steps: list[tuple[float, float]]) -> None:
    bucket = Bucket("gw", 10.0, 20.0, 20.0, 0.0)
    now, through, largest = 0.0, 0.0, 0.0
    for pause, readings in steps:
        now += pause
        largest = max(largest, readings)
        through += readings if bucket.spend(readings, now) else 0.0
    assert through <= 20.0 + 10.0 * now + largest + 1e-6


def test_another_snapshot_of_the_registry_counts_at_once() -> None:
    rates = Rates(10.0, "city/v1")
    assert rates.bucket(topic("usual"), CATALOG, 0.0) is rates.bucket(topic("usual"), CATALOG, 1.0)
    faster = Catalog({"usual": KnownGateway(1, True, readings_per_s=100.0)}, frozenset())
    assert rates.bucket(topic("usual"), faster, 2.0).allowed == 1000.0


def test_topics_without_number_take_bounded_memory() -> None:
    rates = Rates(10.0, "city/v1")
    for number in range(5000):
        rates.bucket(topic(f"x{number}"), CATALOG, 0.0)
    assert len(rates._buckets) < 2000
