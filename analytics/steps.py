"""The steps that indicators are computed for, cut in the city's local time. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date
    from zoneinfo import ZoneInfo

_MIDNIGHT = datetime(1970, 1, 1, tzinfo=UTC)
_INSTANT = timedelta(microseconds=1)
#: letters of an ISO date that name a day, a month, a year
_DATE_LENGTH = {"P1D": 10, "P1M": 7, "P1Y": 4}


class Step(Enum):
    """A step: its ISO 8601 duration, and its length, which for a day and longer is the usual one."""

    TEN_MINUTES = ("PT10M", timedelta(minutes=10))
    QUARTER_HOUR = ("PT15M", timedelta(minutes=15))
    HOUR = ("PT1H", timedelta(hours=1))
    DAY = ("P1D", timedelta(days=1))
    MONTH = ("P1M", timedelta(days=30))
    YEAR = ("P1Y", timedelta(days=365))

    def __init__(self, iso: str, length: timedelta) -> None:
        self.iso = iso
        self.length = length

    @classmethod
    def lasting(cls, seconds: int) -> Step:
        """Return the step with this (usual) length, as the catalogue's `step_s` gives it.

        Raises:
            ValueError: no step has this length.
        """
        for step in cls:
            if step.length == timedelta(seconds=seconds):
                return step
        raise ValueError(f"no step lasts {seconds} s: one of {', '.join(step.iso for step in cls)} is meant")

    def floor(self, instant: datetime, zone: ZoneInfo) -> datetime:
        """Return the start, in UTC, of the step that holds an aware instant."""
        local = instant.astimezone(zone)
        if self.length < timedelta(days=1):
            offset = local.utcoffset() or timedelta()
            return instant.astimezone(UTC) - (instant + offset - _MIDNIGHT) % self.length
        month, day = (local.month if self is not Step.YEAR else 1), (local.day if self is Step.DAY else 1)
        return datetime(local.year, month, day, tzinfo=zone).astimezone(UTC)

    def after(self, start: datetime, zone: ZoneInfo) -> datetime:
        """Return the end, in UTC, of the step that begins at `start`."""
        if self.length < timedelta(days=1):
            return start.astimezone(UTC) + self.length
        # Half a step beyond the usual end is within the next one, however long this one is.
        return self.floor(start + self.length + min(self.length / 2, timedelta(days=15)), zone)

    def inputs_from(self, start: datetime, window: timedelta) -> datetime:
        """Return where the inputs of the step that begins at `start` begin: `window` before its end.

        A month and a year have several lengths: theirs begin with the step.
        """
        return start if self.length > timedelta(days=1) else start + self.length - window

    def day(self, start: datetime, zone: ZoneInfo) -> date:
        """Return the local date that holds the last instant of the step that begins at `start`."""
        return (self.after(start, zone) - _INSTANT).astimezone(zone).date()

    def label(self, start: datetime, zone: ZoneInfo) -> str:
        """Return what reports call the step that begins at `start`, in local time.

        Hours and shorter steps by their end on the step's day (01:00 … 24:00, as Decision 1459/QĐ-TCMT does);
        days, months and years by their date: 2026-11-22, 2026-11, 2026.
        """
        if self.length >= timedelta(days=1):
            return self.day(start, zone).isoformat()[: _DATE_LENGTH[self.iso]]
        end = f"{self.after(start, zone).astimezone(zone):%H:%M}"
        return "24:00" if end == "00:00" else end

    def full_label(self, start: datetime, zone: ZoneInfo) -> str:
        """Return the label with the step's day, where it does not say it: 2026-11-22 13:00."""
        label = self.label(start, zone)
        return label if self.length >= timedelta(days=1) else f"{self.day(start, zone)} {label}"

    def span(self, start: datetime, zone: ZoneInfo) -> str:
        """Return from when to when the step is: 2026-11-22 08:00–09:00 (+07:00), 2026-11 (+07:00)."""
        local, shown = start.astimezone(zone), self.label(start, zone)
        if self.length < timedelta(days=1):
            shown = f"{local:%Y-%m-%d %H:%M}–{shown}"
        return f"{shown} ({offset(local)})"


def offset(local: datetime) -> str:
    """Return the offset of a local time from UTC: +07:00."""
    return local.isoformat(timespec="minutes")[-6:]
