"""Local months, and when they are over. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from analytics.steps import Step

_FORM = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")


class MonthError(ValueError):
    """A text is no month."""


@dataclass(frozen=True, order=True)
class Month:
    """A month of the local calendar; its text is ISO 8601's: 2026-10."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> Month:
        """Return the month of a text such as 2026-10.

        Raises:
            MonthError: it is of another form.
        """
        form = _FORM.fullmatch(text)
        if form is None or form[1] == "0000":
            raise MonthError(f"{text!r} is no month: give one as 2026-10")
        return cls(int(form[1]), int(form[2]))

    @classmethod
    def of(cls, instant: datetime, zone: ZoneInfo) -> Month:
        """Return the local month that holds an aware instant."""
        local = instant.astimezone(zone)
        return cls(local.year, local.month)

    def __str__(self) -> str:
        """Return the text."""
        return f"{self.year:04}-{self.number:02}"

    @property
    def following(self) -> Month:
        """The month after this one."""
        return Month(self.year + self.number // 12, self.number % 12 + 1)

    @property
    def first_day(self) -> date:
        """The first of the month."""
        return date(self.year, self.number, 1)

    @property
    def last_day(self) -> date:
        """The last of the month."""
        return self.following.first_day - timedelta(days=1)

    def start(self, zone: ZoneInfo) -> datetime:
        """Return the first instant, in UTC."""
        return datetime(self.year, self.number, 1, tzinfo=zone).astimezone(UTC)

    def end(self, zone: ZoneInfo) -> datetime:
        """Return the first instant after it, in UTC."""
        return self.following.start(zone)

    def steps(self, step: Step, zone: ZoneInfo) -> tuple[datetime, datetime] | None:
        """Return between which instants the steps start that end in the month; None where none can.

        A year ends in December; all shorter steps lie within one month.
        """
        if step.length <= timedelta(days=31):
            return self.start(zone), self.end(zone)
        if self.number < 12:
            return None
        begun = Month(self.year, 1)
        return begun.start(zone), begun.end(zone)


def settled(first: datetime, at: datetime, days: int, zone: ZoneInfo) -> Iterator[Month]:
    """Yield the months from that of `first` on that ended `days` before `at`, oldest first."""
    month = Month.of(first, zone)
    while month.end(zone) + timedelta(days=days) <= at:
        yield month
        month = month.following
