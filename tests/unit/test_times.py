from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.formats.times import InvalidTimeError, parse_time

OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@given(st.datetimes(timezones=OFFSETS, min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1)))  # noqa: DTZ001
def test_every_offset_is_the_instant_that_it_says(time: datetime) -> None:
    assert parse_time(time.isoformat()) == (time - EPOCH) // timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("text", "microseconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-11-22T08:15:00+07:00", 1795310100000000),
        ("2026-11-22t01:15:00z", 1795310100000000),
        ("2026-11-22 01:15:00.5Z", 1795310100500000),
        ("2026-11-22T01:15:00.123456789Z", 1795310100123456),
        ("2016-12-31T23:59:60Z", 1483228800000000),  # a leap second
        ("1969-12-31T23:59:59.999999Z", -1),
    ],
)
def test_texts(text: str, microseconds: int) -> None:
    assert parse_time(text) == microseconds


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("2026-11-22T08:15:00", "has no offset"),
        ("2026-11-22", "is not RFC 3339"),
        ("2026-02-30T00:00:00Z", "does not exist"),
        ("2026-01-01T24:00:00Z", "does not exist"),
        ("2026-01-01T00:00:61Z", "has second 61"),
        ("٢٠٢٦-11-22T08:15:00Z", "is not RFC 3339"),
        ("2026-01-01T00:00:00+99:99", "does not exist"),
        (1795335360.5, "integer milliseconds"),
        (True, "integer milliseconds"),
        (None, "integer milliseconds"),
        (10**18, "beyond year 9999"),
    ],
)
def test_what_is_no_time(value: object, words: str) -> None:
    with pytest.raises(InvalidTimeError, match=words):
        parse_time(value)
