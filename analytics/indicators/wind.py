"""Wind: mean speed, and the direction of the mean vector."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from analytics.area_rules import weighted_mean
from analytics.crosswalk import crosswalk
from analytics.indicator import Example, Source, Trust, indicator
from analytics.results import AreaValue, Reason, SiteValue
from analytics.rounding import half_up
from analytics.series import HOUR, MINIMUM_SHARE, Series, Window, is_enough
from analytics.steps import Step
from analytics.texts import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.inputs import AreaUnit, Period, Site
    from analytics.series import Values

#: A mean vector shorter than this, m/s, has no direction: the anemometer's own threshold.
CALM = 0.3
_SOURCE = Source(
    Text(
        "WMO-No. 8, Guide to Instruments and Methods of Observation",
        "WMO-No. 8, Hướng dẫn về thiết bị và phương pháp quan trắc",
    ),
    Text("wind vector", "vectơ gió"),
    None,
    Trust.RECALLED,
    Text(
        "Speed is the mean of the readings (scalar); direction is that of the mean of the vectors, "
        "weighted by speed. No direction below 0.3 m/s and 75 % of the hour's readings are halong's "
        "rule.",
        "Tốc độ là trung bình các số đo (vô hướng); hướng là hướng của trung bình các vectơ, có trọng "
        "số theo tốc độ. Không có hướng khi dưới 0,3 m/s, và 75 % số đo của giờ, là quy ước của halong.",
    ),
)


def mean_vector(directions: Values, speeds: Values) -> tuple[float, float]:
    """Return the mean vector's speed and the direction it comes from, in degrees from 0 up to 360.

    Args:
        directions: where the wind comes from, degrees clockwise from north, shape (n > 0,).
        speeds: any unit, shape (n,).
    """
    angle = np.radians(np.asarray(directions, np.float64))
    speed = np.asarray(speeds, np.float64)
    u, v = float(np.mean(-speed * np.sin(angle))), float(np.mean(-speed * np.cos(angle)))
    return float(np.hypot(u, v)), float(np.degrees(np.arctan2(-u, -v)) % 360) % 360


def paired(direction: Series, speed: Series, window: Window) -> tuple[Values, Values]:
    """Return the directions and speeds of the same instants; a speed of 0 needs no direction."""
    times, speeds = _within(speed, window)
    at, directions = _within(direction, window)
    _, left, right = np.intersect1d(times, at, assume_unique=True, return_indices=True)
    still = np.flatnonzero(speeds == 0)
    only_still = np.setdiff1d(still, left, assume_unique=True)
    return (
        np.concatenate((directions[right], np.zeros(len(only_still)))),
        np.concatenate((speeds[left], np.zeros(len(only_still)))),
    )


def _within(series: Series, window: Window) -> tuple[Any, Values]:
    first, last = series.good_times.searchsorted((window.start, window.end))
    return series.good_times[first:last], series.good_values[first:last]


def prevailing(_area: AreaUnit, sites: Sequence[SiteValue], _period: Period) -> AreaValue | None:
    """Return the direction of the mean of the sites' mean vectors."""
    valid = [s for s in sites if s.value is not None]
    if not valid:
        return None
    speeds = np.array([s.weight or 0.0 for s in valid])
    speed, direction = mean_vector(np.array([s.value for s in valid], np.float64), speeds)
    details: dict[str, Any] = {
        "vector_speed": half_up(speed, 3),
        "values": {s.site: half_up(s.value or 0.0, 1) for s in valid},
        "stations": [s.site for s in valid],
    }
    missing = {s.site: str(s.reason) for s in sites if s.value is None}
    return AreaValue(rounded_direction(direction), details | ({"missing": missing} if missing else {}))


def rounded_direction(degrees: float) -> float:
    """Return a direction with one decimal, below 360: 359.96 is north, 0."""
    return half_up(degrees, 1) % 360


def _example(dir: Sequence[float], speed: Sequence[float]) -> dict[str, float]:  # noqa: A002  (the source's name)
    vector, direction = mean_vector(np.array(dir), np.array(speed))
    return {"scalar_speed": float(np.mean(speed)), "vector_speed": vector, "vector_dir": direction}


@indicator(
    code="wind_speed_mean",
    name_en="Mean wind speed",
    name_vi="Tốc độ gió trung bình",
    unit="m/s",
    inputs=("wind_speed",),
    step=Step.HOUR,
    window=HOUR,
    min_completeness=MINIMUM_SHARE,
    area_rule=Text("mean of the stations", "trung bình các trạm"),
    area=weighted_mean,
    decimals=2,
    version=1,
    source=_SOURCE,
    crosswalk=crosswalk("wind"),
)
def wind_speed_mean(site: Site, period: Period) -> SiteValue:
    """Mean of the hour's wind speeds, in m/s; no value where less than 75 % of them is there.

    vi: Trung bình tốc độ gió trong giờ, m/s; không có giá trị nếu có dưới 75 % số đo.
    """
    series = site.series["wind_speed"]
    values, share = series.good(period.step), series.completeness(period.step)
    suspect = series.suspects(period.step)
    if not len(values) or not is_enough(share, MINIMUM_SHARE):
        return SiteValue(site.code, None, share, Reason.INSUFFICIENT_DATA, suspect=suspect)
    details = {"maximum": half_up(values.max(), 2)}
    return SiteValue(site.code, float(values.mean()), share, suspect=suspect, details=details)


@indicator(
    code="wind_direction_mean",
    name_en="Mean wind direction",
    name_vi="Hướng gió trung bình",
    unit="deg",
    inputs=("wind_direction", "wind_speed"),
    step=Step.HOUR,
    window=HOUR,
    min_completeness=MINIMUM_SHARE,
    area_rule=Text(
        "direction of the mean of the stations' mean vectors",
        "hướng của trung bình các vectơ trung bình của trạm",
    ),
    area=prevailing,
    decimals=1,
    version=1,
    source=_SOURCE,
    crosswalk=crosswalk("wind"),
    examples=(
        Example(
            case="three readings",
            ours=_example,
            inputs={"dir": [350, 10, 20], "speed": [2, 2, 4]},
            expected={"scalar_speed": 2.6667, "vector_speed": 2.6062, "vector_dir": 10.077},
            source="computed by hand",
        ),
    ),
)
def wind_direction_mean(site: Site, period: Period) -> SiteValue:
    """Direction that the hour's mean wind vector comes from, in degrees clockwise from north.

    Each direction counts with the speed of the same instant, so 350 and 10 degrees make 0, not 180. A reading
    of no wind needs no direction. No value where less than 75 % of the hour is known, nor in a calm.

    vi: Hướng gió (nơi gió từ đó thổi tới) của vectơ gió trung bình trong giờ, tính bằng độ theo chiều kim
    đồng hồ từ hướng bắc. Mỗi hướng được lấy trọng số theo tốc độ cùng thời điểm, nên 350 và 10 độ cho 0,
    không phải 180. Số đo lặng gió không cần hướng. Không có giá trị nếu biết được dưới 75 % của giờ, hoặc khi
    lặng gió.
    """
    direction, speed = site.series["wind_direction"], site.series.get("wind_speed")
    suspect = direction.suspects(period.step) + (speed.suspects(period.step) if speed else 0)
    if speed is None:
        return SiteValue(site.code, None, 0.0, Reason.INSUFFICIENT_DATA, suspect=suspect)
    directions, speeds = paired(direction, speed, period.step)
    share = min(1.0, len(speeds) / speed.expected(period.step))
    if not len(speeds) or not is_enough(share, MINIMUM_SHARE):
        return SiteValue(site.code, None, share, Reason.INSUFFICIENT_DATA, suspect=suspect)
    vector, degrees = mean_vector(directions, speeds)
    details = {"vector_speed": half_up(vector, 3), "scalar_speed": half_up(speeds.mean(), 3)}
    if vector < CALM:
        return SiteValue(site.code, None, share, Reason.CALM, suspect=suspect, details=details)
    return SiteValue(site.code, degrees, share, None, vector, suspect, details)
