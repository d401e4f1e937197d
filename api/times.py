"""Times as clients write them: RFC 3339 with an offset, local dates, `now`, and ISO 8601 durations. Pure."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

EXPECTED = (
    "a time with its offset such as 2026-11-22T08:00:00+07:00 or 2026-11-22T01:00:00Z, "
    "a local date such as 2026-11-22, or now"
)
EXPECTED_STEP = f"{EXPECTED}; for a month 2026-11, for a year 2026"
EXPECTED_FROM = f"{EXPECTED}, or a duration before the end such as P7D, P1M or PT6H"

_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_MONTH_OR_YEAR = re.compile(r"\d{4}(-\d\d)?")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d([.,]\d+)?)?")
_OFFSET = re.compile(r"([Zz]|[+-]\d\d:\d\d)")
#: an unescaped + in a query string arrives as a space, which can be nothing else in front of an offset
_LOST_PLUS = re.compile(r" (\d\d:\d\d)$")
_DURATION = re.compile(
    r"P(?!$)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?!$)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?"
)
_EARLIEST, _LATEST = 1970, 2199
_LONGEST = timedelta(days=36_525)


class TimeError(ValueError):
    """A text is no time that can be used; the message says why."""


@dataclass(frozen=True)
class Duration:
    """An ISO 8601 duration: months and days go by the city's calendar, seconds by the clock."""

    months: int = 0
    days: int = 0
    seconds: int = 0

    def after(self, instant: datetime, zone: ZoneInfo) -> datetime:
        """Return the instant that is so much later, in UTC.

        A month after the 31st ends with a shorter month; a day has the hours that it has in the zone.

        Raises:
            TimeError: it is outside the calendar.
        """
        return self._shift(instant, zone, 1)

    def before(self, instant: datetime, zone: ZoneInfo) -> datetime:
        """Return the instant that is so much earlier, in UTC.

        Raises:
            TimeError: it is outside the calendar.
        """
        return self._shift(instant, zone, -1)

    def _shift(self, instant: datetime, zone: ZoneInfo, sign: int) -> datetime:
        local = instant.astimezone(zone)
        try:
            day = add_months(local.date(), sign * self.months) + timedelta(days=sign * self.days)
            if day != local.date():
                local = datetime.combine(day, local.time(), zone)
            return local.astimezone(UTC) + timedelta(seconds=sign * self.seconds)
        except (ValueError, OverflowError) as error:
            raise TimeError("it reaches beyond the calendar") from error

    @property
    def longest(self) -> timedelta:
        """How long it is at most."""
        return timedelta(days=31 * self.months + self.days, seconds=self.seconds)


def add_months(day: date, months: int) -> date:
    """Return the same day of another month, or that month's last day where it has no such day.

    Raises:
        ValueError: outside the calendar.
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def parse_day(text: str, *, today: date) -> date:
    """Return a local date; `now` is today.

    Raises:
        TimeError: no date of the calendar between 1970 and 2199.
    """
    if text == "now":
        return today
    if not _DATE.fullmatch(text):
        raise TimeError(f"{text!r} is no date")
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise TimeError(f"{text!r} is not in the calendar") from error
    return _in_range(day, text)


def parse_time(text: str, *, zone: ZoneInfo, now: datetime, end: bool = False) -> datetime:
    """Return an instant in UTC. A date is the start of that local day, or with `end` the end of it.

    Raises:
        TimeError: another form, no offset, or outside 1970 to 2199.
    """
    if text == "now":
        return now
    if _DATE.fullmatch(text):
        day = parse_day(text, today=now.date()) + timedelta(days=1 if end else 0)
        return datetime.combine(day, time(), zone).astimezone(UTC)
    return _parse_instant(_LOST_PLUS.sub(r"+\1", text))


def parse_step(text: str, *, zone: ZoneInfo, now: datetime) -> datetime:
    """Return an instant as parse_time, or the start of a local month (2026-11) or year (2026).

    Raises:
        TimeError: as parse_time.
    """
    begun = f"{text}-01-01"[: len("2026-11-22")] if _MONTH_OR_YEAR.fullmatch(text) else text
    return parse_time(begun, zone=zone, now=now)


def parse_duration(text: str) -> Duration | None:
    """Return an ISO 8601 duration such as P1Y2M, P2W, P7D or PT6H30M; None if it has another form.

    Raises:
        TimeError: zero, or longer than a hundred years.
    """
    match = _DURATION.fullmatch(text)
    if match is None:
        return None
    years, months, weeks, days, hours, minutes, seconds = (min(int(g or 0), 10**9) for g in match.groups())
    duration = Duration(
        12 * years + months, 7 * weeks + days, 3600 * hours + 60 * minutes + seconds
    )  # whatever was written in one unit may be more than the next one holds: PT90M
    if not any((duration.months, duration.days, duration.seconds)) or _is_too_long(duration):
        raise TimeError(f"{text!r} is not between a second and a hundred years")
    return duration


def _is_too_long(duration: Duration) -> bool:
    try:
        return duration.months > 1200 or duration.longest - timedelta(days=duration.months) > _LONGEST
    except OverflowError:
        return True


def parse_start(text: str, *, zone: ZoneInfo, now: datetime, end: datetime) -> datetime:
    """Return the start of a period; a duration counts back from `end`.

    Raises:
        TimeError: as parse_time.
    """
    duration = parse_duration(text)
    return parse_time(text, zone=zone, now=now) if duration is None else duration.before(end, zone)


def _parse_instant(text: str) -> datetime:
    clock = _TIME.match(text)
    if clock is None:
        raise TimeError(f"{text!r} is no time")
    offset = text[clock.end() :]
    if not offset:
        raise TimeError(f"{text!r} has no offset, so it could be any of 24 hours")
    if not _OFFSET.fullmatch(offset):
        raise TimeError(f"{text!r} does not end in an offset such as +07:00 or Z")
    try:
        instant = datetime.fromisoformat(clock[0].upper().replace(",", ".") + offset.upper()).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise TimeError(f"{text!r} is not in the calendar") from error
    _in_range(instant.date(), text)
    return instant


def _in_range(day: date, text: str) -> date:
    if not _EARLIEST <= day.year <= _LATEST:
        raise TimeError(f"{text!r} is outside the years {_EARLIEST} to {_LATEST}")
    return day
