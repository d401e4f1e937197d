"""Periods as clients write them."""

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.periods import Asked, Period, PeriodError, parse_period, read
from api.times import Duration, TimeError

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
PAGE = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text("utf-8")


def local(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=ZONE).astimezone(UTC)  # type: ignore[misc, arg-type]


def parse(text: str) -> Period:
    return parse_period(text, zone=ZONE, now=NOW)


FORMS = [
    ("2026-11-20", local(2026, 11, 20), local(2026, 11, 21)),
    ("2026-W47", local(2026, 11, 16), local(2026, 11, 23)),
    ("2026-W01", local(2025, 12, 29), local(2026, 1, 5)),
    ("2026-11", local(2026, 11, 1), local(2026, 12, 1)),
    ("2026-12", local(2026, 12, 1), local(2027, 1, 1)),
    ("2026", local(2026, 1, 1), local(2027, 1, 1)),
    ("P7D", NOW - timedelta(days=7), NOW),
    ("P7D/now", NOW - timedelta(days=7), NOW),
    ("P1M/2026-02-28", local(2026, 2, 1), local(2026, 3, 1)),
    ("2026-11-01/2026-11-20", local(2026, 11, 1), local(2026, 11, 21)),
    ("2026-11-01/P7D", local(2026, 11, 1), local(2026, 11, 8)),
    ("2026-01/P1M", local(2026, 1, 1), local(2026, 2, 1)),
    ("2026-01/2026-03", local(2026, 1, 1), local(2026, 4, 1)),
    ("2026-W45/2026-W47", local(2026, 11, 2), local(2026, 11, 23)),
    ("2026-11-20T08:00:00+07:00/PT6H", local(2026, 11, 20, 8), local(2026, 11, 20, 14)),
    ("2026-11-20T01:00:00Z/2026-11-20T02:00:00Z", local(2026, 11, 20, 8), local(2026, 11, 20, 9)),
    ("2026-11-20/now", local(2026, 11, 20), NOW),
]


@pytest.mark.parametrize(("text", "start", "end"), FORMS)
def test_accepted_forms(text: str, start: datetime, end: datetime) -> None:
    assert parse(text) == Period(start, end)


def test_the_table_of_forms_in_the_docs_is_what_is_accepted() -> None:
    (table,) = re.findall(r"^\| `period=` \|.*?\n(?=\n)", PAGE, re.MULTILINE | re.DOTALL)
    written = [text for row in table.splitlines()[2:] for text in re.findall(r"`([^`]+)`", row.split("|")[1])]
    assert len(written) >= 8
    for text in written:
        parse(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is no period"),
        ("yesterday", "is no period"),
        ("2026-Q3", "is no period"),
        ("2026-W54", "not in the calendar"),
        ("2026-13", "'2026-13' is not in the calendar"),
        ("2026-02-30", "not in the calendar"),
        ("1969", "outside the years"),
        ("2026-W60/2026", "not in the calendar"),
        ("now", "one instant"),
        ("2026-11-20T08:00:00+07:00", "one instant"),
        ("2026-11-20T08:00:00", "is no period"),
        ("P7D/P7D", "two durations"),
        ("now/P0D", "between a second and a hundred years"),
        ("2026-11/2026-10", "does not end after its start"),
        ("2026-11-20T08:00:00/now", "no offset"),
        ("2026-11/2026-12/2027-01", "no"),
        ("0001-01-01/P1D", "outside the years"),
    ],
)
def test_what_is_no_period(text: str, why: str) -> None:
    with pytest.raises(TimeError, match=why):
        parse(text)


@given(st.text() | st.from_regex(r"[0-9WPYMDTHSnow:Z+-]{0,24}(/[0-9WPYMDTHSnow:Z+-]{0,24})?"))
def test_any_text_is_a_period_in_utc_or_a_time_error(text: str) -> None:
    try:
        period = parse(text)
    except TimeError:
        return
    assert period.start < period.end
    assert period.start.utcoffset() == period.end.utcoffset() == timedelta(0)


@given(st.dates(date(1980, 1, 1), date(2190, 1, 1)), st.integers(1, 400))
def test_days_and_the_interval_of_days_are_the_same_period(first: date, days: int) -> None:
    last = first + timedelta(days=days - 1)
    assert parse(f"{first}/{last}") == parse(f"{first}/P{days}D") == parse(f"P{days}D/{last}")


@given(st.dates(date(1980, 1, 1), date(2190, 1, 1)))
def test_weeks_months_and_years_hold_their_days_and_follow_each_other(day: date) -> None:
    year, week, _ = day.isocalendar()
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=ZONE)
    for text in (f"{day}", f"{year}-W{week:02}", f"{day:%Y-%m}", f"{day:%Y}"):
        period = parse(text)
        assert period.start <= noon < period.end
        assert period.previous(ZONE).end == period.start


@pytest.mark.parametrize(
    ("text", "previous", "year"),
    [
        ("2026-10", "2026-09", "2025-10"),
        ("2026-03", "2026-02", "2025-03"),
        ("2026", "2025", "2025"),
        ("2026-01/2026-03", "2025-10/2025-12", "2025-01/2025-03"),
        ("2026-W47", "2026-W46", "2025-W47"),
        ("2026-11-20", "2026-11-19", "2025-11-20"),
        ("2026-11-01/P10D", "2026-10-22/2026-10-31", "2025-11-01/P10D"),
    ],
)
def test_the_period_before(text: str, previous: str, year: str) -> None:
    period = parse(text)
    assert period.previous(ZONE) == parse(previous)
    assert period.year_before(ZONE) == parse(year)


def test_hours_are_preceded_by_as_many_hours() -> None:
    period = parse("2026-11-20T08:00:00+07:00/PT6H")
    assert period.previous(ZONE) == parse("2026-11-20T02:00:00+07:00/PT6H")


def test_an_end_before_the_start_is_named_as_it_was_typed() -> None:
    with pytest.raises(PeriodError, match=r"it is not before the end, 2026-11-01$") as refused:
        read(Asked("2026-11-30", "2026-11-01"), Duration(days=7), zone=ZONE, now=NOW)
    assert (refused.value.parameter, refused.value.value) == ("from", "2026-11-30")


def test_nothing_asked_is_the_default_and_both_ways_at_once_are_refused() -> None:
    day = Duration(days=1)
    assert read(Asked(), day, zone=ZONE, now=NOW) == Period(NOW - timedelta(days=1), NOW)
    assert read(Asked(end="2026-11-20"), day, zone=ZONE, now=NOW) == parse("2026-11-20")
    with pytest.raises(PeriodError, match="the same as from and to") as refused:
        read(Asked(start="P1D", period="P7D"), day, zone=ZONE, now=NOW)
    assert refused.value.parameter == "period"


@pytest.mark.parametrize(
    ("asked", "moves"),
    [
        (Asked(), True),
        (Asked(start="P7D"), True),
        (Asked(start="2026-01-01"), True),
        (Asked(start="2026-01-01", end="2026-01-31"), False),
        (Asked(start="P7D", end="2026-01-31"), False),
        (Asked(period="P7D"), True),
        (Asked(period="P7D/now"), True),
        (Asked(period="2026-11"), False),
        (Asked(period="P1M/2026-11-20"), False),
    ],
)
def test_only_periods_up_to_now_move(asked: Asked, moves: bool) -> None:
    assert asked.moves is moves
