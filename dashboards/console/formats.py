"""Numbers, units, times and names as people read them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from analytics import written

if TYPE_CHECKING:
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

    from dashboards.console.words import Language, Words

#: a UCUM unit as it is printed; nothing for the unit `1`
unit: Final = written.unit
MINUS: Final = "−"
NO_VALUE: Final = "–"
_NARROW: Final = "\u202f"
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_KINDS_VI: Final = ("Thành phố ", "Thị xã ", "Huyện ", "Tỉnh ", "Phường ", "Xã ", "Đặc khu ")
_KINDS_EN: Final = (" City", " Town", " District", " Province", " Ward", " Commune", " Special Zone")


def number(value: float, decimals: int, language: Language) -> str:
    """Return a number with so many decimals: 1.234,5 in Vietnamese, 1,234.5 in English."""
    text = f"{value:,.{decimals}f}"
    if float(text.replace(",", "")) == 0:
        text = text.removeprefix("-")
    if language == "vi":
        text = text.translate(str.maketrans(",.", ".,"))
    return text.replace("-", MINUS)


def quantity(value: float, decimals: int, ucum: str, language: Language) -> str:
    """Return a number with its unit."""
    return f"{number(value, decimals, language)}{_NARROW}{unit(ucum)}".rstrip(_NARROW)


def share(part: float, language: Language) -> str:
    """Return a share between 0 and 1 in whole per cent; 100 % only where nothing is missing."""
    per_cent = math.floor(part * 100) if part > 0.99 else round(part * 100)
    return f"{number(per_cent, 0, language)}{_NARROW}%"


def decimals(largest: float, at_most: int) -> int:
    """Return how many decimals tell apart values of which `largest` is the largest absolute one."""
    return min(at_most, 0 if largest >= 1000 or largest == 0 else 1 if largest >= 10 else 2)


def age(seconds: float, words: Words) -> str:
    """Return how long ago something was, in its largest unit."""
    if seconds < 2:
        return words("now")
    for key, size, below in (("seconds", 1, 90), ("minutes", 60, 5400), ("hours", 3600, 172_800)):
        if seconds < below:
            return words(f"{key}_ago", n=round(seconds / size))
    return words("days_ago", n=round(seconds / 86_400))


def day(moment: date, language: Language) -> str:
    """Return a day with its year: 01/07/2025 or 1 July 2025's short form."""
    if language == "vi":
        return f"{moment:%d/%m/%Y}"
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


def clock(moment: datetime, zone: ZoneInfo) -> str:
    """Return the time of day with seconds, in the city's zone."""
    return f"{moment.astimezone(zone):%H:%M:%S}"


def instant(moment: datetime, zone: ZoneInfo, language: Language) -> str:
    """Return hour, minute and day, in the city's zone."""
    local = moment.astimezone(zone)
    day_ = f"{local:%d/%m}" if language == "vi" else f"{local.day} {_MONTHS[local.month - 1]}"
    return f"{local:%H:%M} {day_}"


def short_name(name: str) -> str:
    """Return a unit's name without the word for its kind."""
    for kind in _KINDS_VI:
        name = name.removeprefix(kind)
    for kind in _KINDS_EN:
        name = name.removesuffix(kind)
    return name
