"""VN_AQI (Decision 1459/QĐ-TCMT, 2019): breakpoints, sub-indices, NowCast, classes. Pure.

Concentrations are in µg/m³ at 25 °C and 760 mmHg, those of CO too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analytics.indicator import Category

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Index at the breakpoints.
INDEX = (0, 50, 100, 150, 200, 300, 400, 500)
#: Breakpoints; None: the column is not used that far up.
BREAKPOINTS: dict[str, tuple[float | None, ...]] = {
    "o3_1h": (0, 160, 200, 300, 400, 800, 1000, 1200),
    "o3_8h": (0, 100, 120, 170, 210, 400, None, None),
    "co": (0, 10_000, 30_000, 45_000, 60_000, 90_000, 120_000, 150_000),
    "so2": (0, 125, 350, 550, 800, 1600, 2100, 2630),
    "no2": (0, 100, 200, 700, 1200, 2350, 3100, 3850),
    "pm10": (0, 50, 150, 250, 350, 420, 500, 600),
    "pm2_5": (0, 25, 50, 80, 150, 250, 350, 500),
}
PARTICLES = ("pm2_5", "pm10")
#: The column that an hourly mean of a gas is looked up in.
HOURLY_COLUMN = {"so2": "so2", "co": "co", "no2": "no2", "o3": "o3_1h"}
NOWCAST_HOURS = 12

CATEGORIES = (
    Category("good", "Good", "Tốt", "#00E400", 0),
    Category("moderate", "Moderate", "Trung bình", "#FFFF00", 51),
    Category("poor", "Poor", "Kém", "#FF7E00", 101),
    Category("bad", "Bad", "Xấu", "#FF0000", 151),
    Category("very_bad", "Very bad", "Rất xấu", "#8F3F97", 201),
    Category("hazardous", "Hazardous", "Nguy hại", "#7E0023", 301),
)


def sub_index(column: str, concentration: float) -> float | None:
    """Return the unrounded index of a concentration in µg/m³; None above the end of a column without one.

    Linear between the breakpoints, 500 from the last one on.
    """
    points = [(c, i) for c, i in zip(BREAKPOINTS[column], INDEX, strict=True) if c is not None]
    if concentration > points[-1][0] and len(points) < len(INDEX):
        return None
    return float(np.interp(concentration, [c for c, _ in points], [i for _, i in points]))


def nowcast(hours: Sequence[float | None], *, as_printed: bool = False) -> tuple[float | None, float | None]:
    """Return NowCast and its weight w from hourly means, newest first; None for a missing hour.

    No value unless two of the newest three hours are there. For w = 1/2 the decision prints a sum that is not
    divided by the weights used, which reads low where hours are missing; `as_printed` does it that way.
    """
    present = [hour for hour in hours if hour is not None]
    if sum(hour is not None for hour in hours[:3]) < 2:
        return None, None
    w = max(min(present) / max(present), 0.5) if max(present) > 0 else 1.0
    used = np.array([0.0 if hour is None else w**i for i, hour in enumerate(hours)])
    total = float(np.dot(used, [hour or 0.0 for hour in hours]))
    return (total / 2 if as_printed and w == 0.5 else total / float(used.sum())), w


def category_of(index: float) -> Category:
    """Return the class of a rounded index."""
    return [c for c in CATEGORIES if c.lower is not None and c.lower <= index][-1]
