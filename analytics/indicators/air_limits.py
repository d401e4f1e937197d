"""Limits of the national ambient air regulation QCVN 05:2023/BTNMT, by averaging time and date. Pure."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from analytics.crosswalk import crosswalk
from analytics.indicator import Category, Source, Trust
from analytics.texts import Text

if TYPE_CHECKING:
    from analytics.indicator import Equivalent
    from analytics.inputs import Period

#: First day of a limit, and the limit in µg/m³ at 25 °C and 760 mmHg; the oldest first.
Dated = tuple[tuple[date, float], ...]

IN_FORCE = date(2023, 9, 12)
REGULATION = Text(
    "QCVN 05:2023/BTNMT, Circular 01/2023/TT-BTNMT",
    "QCVN 05:2023/BTNMT, Thông tư 01/2023/TT-BTNMT",
)


def _since_2023(limit: float) -> Dated:
    return ((IN_FORCE, limit),)


#: By observed property and averaging time. The regulation also limits lead, H2S, NH3 and benzene.
LIMITS: dict[str, dict[str, Dated]] = {
    "so2": {"1h": _since_2023(350), "24h": _since_2023(125), "1y": _since_2023(50)},
    "co": {"1h": _since_2023(30_000), "8h": _since_2023(10_000)},
    "no2": {"1h": _since_2023(200), "24h": _since_2023(100), "1y": _since_2023(40)},
    "o3": {"1h": _since_2023(200), "8h": _since_2023(120)},
    "tsp": {"1h": _since_2023(300), "24h": _since_2023(200), "1y": _since_2023(100)},
    "pm10": {"24h": _since_2023(100), "1y": _since_2023(50)},
    "pm2_5": {"24h": ((IN_FORCE, 50.0), (date(2026, 1, 1), 45.0)), "1y": _since_2023(25)},
}
#: Formulas as they are written, for names in both languages.
NAMES = {
    "so2": "SO2", "co": "CO", "no2": "NO2", "o3": "O3", "tsp": "TSP", "pm10": "PM10", "pm2_5": "PM2.5",
}  # fmt: skip

COMPLIES = Category("complies", "Within the limit", "Đạt", "#00E400", None)
EXCEEDS = Category("exceeds", "Above the limit", "Vượt", "#FF0000", None)
CATEGORIES = (COMPLIES, EXCEEDS)


def limit_on(limits: Dated, day: date) -> float:
    """Return the limit that is in force on a local day.

    Raises:
        ValueError: the day is before the regulation.
    """
    fitting = [limit for since, limit in limits if since <= day]
    if not fitting:
        raise ValueError(f"no limit of QCVN 05:2023 on {day}: it is in force since {limits[0][0]}")
    return fitting[-1]


def pm2_5_limit(day: date) -> float:
    """Return the 24 h limit of PM2.5 in µg/m³ on a local day.

    Raises:
        ValueError: the day is before the regulation.
    """
    return limit_on(LIMITS["pm2_5"]["24h"], day)


def complies(value: float, limit: float) -> bool:
    """Tell whether a mean complies: one that equals the limit does ("not more than")."""
    return value <= limit


def pm2_5_category(value: float, period: Period) -> str:
    """Return the category of a 24 h mean of PM2.5 by the limit of the step's local date."""
    return (COMPLIES if complies(value, pm2_5_limit(period.day)) else EXCEEDS).code


def equivalents(pollutant: str) -> tuple[Equivalent, ...]:
    """Return where other standards ask for the same, without the concentrations of other pollutants."""
    own = f"{NAMES[pollutant]} "
    return tuple(
        e for e in crosswalk("air") if not e.name.endswith("concentration") or e.name.startswith(own)
    )


def source(clause: Text, note: Text) -> Source:
    """Return the regulation as a source."""
    return Source(REGULATION, clause, 2023, Trust.STANDARD, note)
