"""Periods as clients write them: ISO 8601 dates, weeks, months, years, intervals and durations. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, TypeVar

from api.times import (
    EXPECTED,
    EXPECTED_FROM,
    Duration,
    TimeError,
    add_months,
    parse_day,
    parse_duration,
    parse_start,
    parse_time,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from zoneinfo import ZoneInfo

EXPECTED_PERIOD = (
    "an ISO 8601 period: 2026-11-20, 2026-W47, 2026-11, 2026, a duration up to now such as P7D, or an "
    "interval such as 2026-11-01/2026-11-20, 2026-11-01/P7D, P7D/now"
)

_WEEK = re.compile(r"(\d{4})-W(\d\d)")
_MONTH = re.compile(r"\d{4}-\d\d")
_YEAR = re.compile(r"\d{4}")
_MONTHS_OF_A_YEAR = 12
_DAYS_OF_A_WEEK = 7
_T = TypeVar("_T")


@dataclass(frozen=True)
class Period:
    """A half-open period, `start` <= time < `end`, in UTC."""

    start: datetime
    end: datetime

    def previous(self, zone: ZoneInfo) -> Period:
        """Return the period of the same length that ends where this one starts.

        Whole months are preceded by as many months, whole days by as many days, by the zone's calendar.
        """
        if months := self._whole_months(zone):
            return Period(Duration(months=months).before(self.start, zone), self.start)
        if days := self._whole_days(zone):
            return Period(Duration(days=days).before(self.start, zone), self.start)
        return Period(self.start - (self.end - self.start), self.start)

    def year_before(self, zone: ZoneInfo) -> Period:
        """Return the same dates a year earlier; of a week from Monday to Sunday the one 52 weeks earlier."""
        monday = self.start.astimezone(zone).weekday() == 0
        is_week = monday and self._whole_days(zone) == _DAYS_OF_A_WEEK
        back = Duration(days=364) if is_week else Duration(months=_MONTHS_OF_A_YEAR)
        return Period(back.before(self.start, zone), back.before(self.end, zone))

    def _whole_months(self, zone: ZoneInfo) -> int:
        start, end = self.start.astimezone(zone), self.end.astimezone(zone)
        if any(each.day != 1 or each.time() != time() for each in (start, end)):
            return 0
        return _MONTHS_OF_A_YEAR * (end.year - start.year) + end.month - start.month

    def _whole_days(self, zone: ZoneInfo) -> int:
        start, end = self.start.astimezone(zone), self.end.astimezone(zone)
        return 0 if any(each.time() != time() for each in (start, end)) else (end.date() - start.date()).days


#: all time
EVER = Period(datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))


@dataclass(frozen=True)
class Asked:
    """What a client wrote of a period: `from` and `to`, or `period`, or nothing."""

    start: str | None = None
    end: str | None = None
    period: str | None = None

    @property
    def moves(self) -> bool:
        """Tell whether the same words mean another period later on."""
        if self.period is not None:
            ends = self.period.split("/")
            return "now" in ends or (len(ends) == 1 and ends[0].startswith("P"))
        return self.end in {None, "now"} or self.start == "now"


def parse_period(text: str, *, zone: ZoneInfo, now: datetime) -> Period:
    """Return what an ISO 8601 period means in a time zone; a single duration ends `now`.

    Raises:
        TimeError: another form, outside the calendar, or an end that is not after the start.
    """
    first, slash, second = text.partition("/")
    if slash:
        found = _interval(first, second, zone, now)
    elif duration := parse_duration(text):
        found = Period(duration.before(now, zone), now)
    else:
        found = _unit(text, zone) or _no_period(text, zone, now)
    if found.start >= found.end:
        raise TimeError(f"{text!r} does not end after its start")
    return found


def read(asked: Asked, default: Duration, *, zone: ZoneInfo, now: datetime) -> Period:
    """Return the period that was asked for: `default` long and up to `now` where nothing was said.

    Raises:
        PeriodError: as parse_period, parse_time; or `period` stands beside `from` or `to`.
    """
    if asked.period is not None:
        if asked.start is not None or asked.end is not None:
            raise PeriodError("period", asked.period, "it says the same as from and to", "one of both")
        period = asked.period
        return _named("period", period, EXPECTED_PERIOD, lambda: parse_period(period, zone=zone, now=now))
    return _between(asked, default, zone, now)


class PeriodError(TimeError):
    """A parameter of a period cannot be used."""

    def __init__(self, parameter: str, value: str, problem: str, expected: str) -> None:
        super().__init__(problem)
        self.parameter, self.value, self.expected = parameter, value, expected


def _between(asked: Asked, default: Duration, zone: ZoneInfo, now: datetime) -> Period:
    to = "now" if asked.end is None else asked.end
    end = _named("to", to, EXPECTED, lambda: parse_time(to, zone=zone, now=now, end=True))
    if asked.start is None:
        return Period(_named("to", to, EXPECTED, lambda: default.before(end, zone)), end)
    since = asked.start
    start = _named("from", since, EXPECTED_FROM, lambda: parse_start(since, zone=zone, now=now, end=end))
    if start >= end:
        raise PeriodError("from", since, f"it is not before the end, {to}", "an earlier start")
    return Period(start, end)


def _named(parameter: str, text: str, expected: str, parse: Callable[[], _T]) -> _T:
    try:
        return parse()
    except TimeError as error:
        raise PeriodError(parameter, text, str(error), expected) from error


def _interval(first: str, second: str, zone: ZoneInfo, now: datetime) -> Period:
    before, after = parse_duration(first), parse_duration(second)
    if before and after:
        raise TimeError(f"'{first}/{second}' has two durations: one end must be a date or a time")
    if before:
        end = _end(second, zone, now)
        return Period(before.before(end, zone), end)
    start = _start(first, zone, now)
    return Period(start, after.after(start, zone) if after else _end(second, zone, now))


def _start(text: str, zone: ZoneInfo, now: datetime) -> datetime:
    unit = _unit(text, zone)
    return unit.start if unit else parse_time(text, zone=zone, now=now)


def _end(text: str, zone: ZoneInfo, now: datetime) -> datetime:
    unit = _unit(text, zone)
    return unit.end if unit else parse_time(text, zone=zone, now=now)


def _unit(text: str, zone: ZoneInfo) -> Period | None:
    """Return the local day, ISO week, month or year that a text names; None for another form."""
    if week := _WEEK.fullmatch(text):
        first = _week(text, int(week[1]), int(week[2]))
        return _days(first, first + timedelta(days=_DAYS_OF_A_WEEK), zone)
    if _YEAR.fullmatch(text):
        first = _day(f"{text}-01-01", text)
        return _days(first, add_months(first, _MONTHS_OF_A_YEAR), zone)
    if _MONTH.fullmatch(text):
        first = _day(f"{text}-01", text)
        return _days(first, add_months(first, 1), zone)
    if len(text) == len("2026-11-20") and text[:4].isdigit():
        first = _day(text, text)
        return _days(first, first + timedelta(days=1), zone)
    return None


def _day(first: str, text: str) -> date:
    try:
        return parse_day(first, today=date.min)
    except TimeError as error:
        raise TimeError(str(error).replace(first, text)) from error


def _week(text: str, year: int, week: int) -> date:
    try:
        first = date.fromisocalendar(year, week, 1)
    except ValueError as error:
        raise TimeError(f"{text!r} is not in the calendar") from error
    return parse_day(first.isoformat(), today=date.min)


def _days(first: date, end: date, zone: ZoneInfo) -> Period:
    start, stop = (datetime.combine(each, time(), zone).astimezone(UTC) for each in (first, end))
    return Period(start, stop)


def _no_period(text: str, zone: ZoneInfo, now: datetime) -> Period:
    try:
        parse_time(text, zone=zone, now=now)
    except TimeError:
        raise TimeError(f"{text!r} is no period") from None
    raise TimeError(f"{text!r} is one instant: a period has a length")
