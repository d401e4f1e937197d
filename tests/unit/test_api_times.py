"""Times as clients write them."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.times import Duration, TimeError, add_months, parse_day, parse_duration, parse_start, parse_time

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("now", NOW),
        ("2026-11-22T08:00:00+07:00", NOW),
        ("2026-11-22T08:00:00 07:00", NOW),  # a plus sign that was not escaped in a URL
        ("2026-11-22T01:00:00Z", NOW),
        ("2026-11-22t01:00z", NOW),
        ("2026-11-22 01:00:00,5Z", NOW + timedelta(milliseconds=500)),
        ("2026-11-22T01:00:00.123456Z", NOW + timedelta(microseconds=123456)),
        ("2026-11-22", datetime(2026, 11, 21, 17, tzinfo=UTC)),
    ],
)
def test_a_time(text: str, instant: datetime) -> None:
    assert parse_time(text, zone=ZONE, now=NOW) == instant


def test_a_date_as_an_end_is_the_end_of_that_local_day() -> None:
    assert parse_time("2026-11-22", zone=ZONE, now=NOW, end=True) == datetime(2026, 11, 22, 17, tzinfo=UTC)


def test_a_local_day_of_a_zone_with_summer_time_may_have_25_hours() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    start = parse_time("2026-10-25", zone=berlin, now=NOW)
    assert parse_time("2026-10-25", zone=berlin, now=NOW, end=True) - start == timedelta(hours=25)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("2026-11-22T08:00:00", "no offset"),
        ("2026-11-22T08:00", "no offset"),
        ("2026-02-30", "not in the calendar"),
        ("2026-11-22T25:00:00Z", "not in the calendar"),
        ("2026-11-22T08:00:00+0700", "does not end in an offset"),
        ("1969-12-31", "outside the years"),
        ("9999-12-31T23:59:59-10:00", "not in the calendar"),
        ("yesterday", "is no time"),
        ("", "is no time"),
        ("20261122", "is no time"),
    ],
)
def test_what_is_no_time(text: str, why: str) -> None:
    with pytest.raises(TimeError, match=why):
        parse_time(text, zone=ZONE, now=NOW)


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("P7D", Duration(days=7)),
        ("PT6H", Duration(seconds=6 * 3600)),
        ("PT90M", Duration(seconds=90 * 60)),
        ("P1Y2M1W2DT3H4M5S", Duration(14, 9, 3 * 3600 + 4 * 60 + 5)),
        ("P1M", Duration(months=1)),
        ("P", None),
        ("PT", None),
        ("P1D1M", None),
        ("P1.5D", None),
        ("7D", None),
    ],
)
def test_durations(text: str, duration: Duration | None) -> None:
    assert parse_duration(text) == duration


@pytest.mark.parametrize("text", ["P0D", "P999999999999W", "P40000D", "P101Y", "P1201M"])
def test_durations_that_make_no_period(text: str) -> None:
    with pytest.raises(TimeError):
        parse_duration(text)


def test_a_duration_counts_back_from_the_end() -> None:
    end = NOW - timedelta(days=1)
    assert parse_start("PT6H", zone=ZONE, now=NOW, end=end) == end - timedelta(hours=6)
    assert parse_start("2026-11-20", zone=ZONE, now=NOW, end=end) == datetime(2026, 11, 19, 17, tzinfo=UTC)


def test_days() -> None:
    assert parse_day("2025-06-30", today=date(2026, 1, 1)) == date(2025, 6, 30)
    assert parse_day("now", today=date(2026, 1, 1)) == date(2026, 1, 1)
    with pytest.raises(TimeError):
        parse_day("2025-06-31", today=date(2026, 1, 1))


@pytest.mark.parametrize(
    ("day", "months", "other"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2026, 1, 15), -1, date(2025, 12, 15)),
        (date(2026, 12, 31), 14, date(2028, 2, 29)),
    ],
)
def test_months_go_by_the_calendar(day: date, months: int, other: date) -> None:
    assert add_months(day, months) == other


def test_days_of_a_duration_go_by_the_local_clock_and_hours_by_the_real_one() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    noon = datetime(2026, 10, 25, 12, tzinfo=berlin)  # summer time ended in the night
    assert Duration(days=1).before(noon, berlin).astimezone(berlin).hour == 12
    assert Duration(seconds=86_400).before(noon, berlin).astimezone(berlin).hour == 13


@given(
    st.text() | st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9:.,]*([Zz]|[+-][0-9:]*)?|P[0-9YMWDTHS]*")
)
def test_any_text_is_a_time_in_utc_or_a_time_error(text: str) -> None:
    try:
        instant = parse_start(text, zone=ZONE, now=NOW, end=NOW)
    except TimeError:
        return
    assert instant.utcoffset() == timedelta(0)


@given(st.integers(0, 7_000_000_000_000_000), st.integers(-14 * 60, 14 * 60))
def test_every_instant_comes_back_from_every_offset(microseconds: int, offset: int) -> None:
    instant = datetime(1971, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    text = instant.astimezone(timezone(timedelta(minutes=offset))).isoformat()
    assert parse_time(text, zone=ZONE, now=NOW) == instant
