"""The steps that indicators are computed for, cut in the city's local time. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_MIDNIGHT = datetime(1970, 1, 1, tzinfo=UTC)


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
