"""Surge: what the sea is above or below the tide that sun and moon raise."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np

from analytics.area_rules import worst
from analytics.crosswalk import crosswalk
from analytics.indicator import Example, Source, Trust, indicator
from analytics.results import Reason, SiteValue
from analytics.rounding import half_up
from analytics.series import HOUR, MINIMUM_SHARE, is_enough
from analytics.steps import Step
from analytics.texts import Text
from analytics.tide import CONSTITUENTS, Tide, predict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analytics.inputs import Period, Site


def tide_of(properties: Mapping[str, Any]) -> Tide | None:
    """Read a gauge's property `tide`; None where it has none that can be used.

    It is an object with `mean_level_m`, `constituents` (name -> [amplitude in m, Greenwich lag in degrees])
    and `datum`, which must be the gauge's own `datum` where that is told.
    """
    told = properties.get("tide")
    if not isinstance(told, dict) or told.get("datum") != properties.get("datum", told.get("datum")):
        return None
    constants, level = told.get("constituents"), [told.get("mean_level_m")]
    if not isinstance(constants, dict) or not constants or not _are_numbers(level):
        return None
    if not all(name in CONSTITUENTS and _are_numbers(pair, 2) for name, pair in constants.items()):
        return None
    return Tide(mean_level=level[0], constants={k: (float(a), float(g)) for k, (a, g) in constants.items()})


def _are_numbers(found: object, count: int = 1) -> TypeGuard[list[float]]:
    return (
        isinstance(found, list)
        and len(found) == count
        and all(isinstance(n, (int, float)) and not isinstance(n, bool) and math.isfinite(n) for n in found)
    )


def residual(observed: Any, predicted: Any) -> float:
    """Return the mean of observed minus predicted levels of the same instants, shape (n > 0,) or numbers."""
    return float(np.mean(np.asarray(observed) - np.asarray(predicted)))


def _example(observed: float, predicted: float) -> dict[str, float]:
    return {"residual": half_up(residual(observed, predicted), 3)}


@indicator(
    code="level_surge",
    name_en="Surge: sea level above the predicted tide",
    name_vi="Nước dâng: mực nước biển so với thủy triều dự tính",
    unit="m",
    inputs=("sea_level",),
    step=Step.TEN_MINUTES,
    window=HOUR,
    min_completeness=MINIMUM_SHARE,
    area_rule=Text("the gauge with the largest surge", "trạm đo có nước dâng lớn nhất"),
    area=worst,
    decimals=3,
    version=1,
    source=Source(
        Text(
            "P. Schureman, Manual of Harmonic Analysis and Prediction of Tides",
            "P. Schureman, Sổ tay phân tích điều hòa và dự tính thủy triều",
        ),
        Text("prediction with nodal corrections", "dự tính có hiệu chỉnh chu kỳ giao điểm"),
        1958,
        Trust.RECALLED,
        Text(
            "The gauge's harmonic constants are configuration, its property `tide`. With the constants "
            "known for the northern Gulf of Tonkin weather is not all that is left: their analyses left "
            "0.13 to 0.15 m (root mean square).",
            "Hằng số điều hòa của trạm là cấu hình, thuộc tính `tide`. Với các hằng số đã biết cho phía "
            "bắc vịnh Bắc Bộ, phần còn lại không chỉ do thời tiết: các phân tích còn dư 0,13 đến 0,15 m "
            "(căn quân phương).",
        ),
    ),
    crosswalk=crosswalk("level"),
    examples=(
        Example(
            case="sea",
            ours=_example,
            inputs={"observed": 4.35, "predicted": 3.52},
            expected={"residual": 0.83},
            tolerance=1e-6,
            source="computed by hand",
        ),
    ),
)
def level_surge(site: Site, period: Period) -> SiteValue:
    """Observed sea level minus the predicted tide of the same instants, mean of ten minutes, in m.

    Negative when the sea is lower than predicted. A gauge that measures less often than every ten minutes has
    the value of its last interval. No value without the gauge's harmonic constants, or when they belong to
    another datum.

    vi: Mực nước biển quan trắc trừ mực nước triều dự tính cùng thời điểm, trung bình mười phút, m. Âm khi mực
    nước thấp hơn dự tính. Trạm đo thưa hơn mười phút một lần lấy giá trị của khoảng đo cuối. Không có giá trị
    nếu trạm chưa khai báo hằng số điều hòa, hoặc hằng số thuộc hệ cao độ khác.
    """
    series, tide = site.series["sea_level"], tide_of(site.properties)
    window = period.last(max(Step.TEN_MINUTES.length, timedelta(seconds=series.interval_s)))
    share, suspect = series.completeness(window), series.suspects(window)
    observed = series.good(window)
    if not len(observed) or not is_enough(share, MINIMUM_SHARE):
        return SiteValue(site.code, None, share, Reason.INSUFFICIENT_DATA, suspect=suspect)
    if tide is None:
        return SiteValue(site.code, None, share, Reason.NO_TIDE_CONSTANTS, suspect=suspect)
    first, last = series.good_times.searchsorted((window.start, window.end))
    predicted = predict(tide, series.good_times[first:last])
    details = {"observed_m": half_up(observed.mean(), 3), "predicted_m": half_up(predicted.mean(), 3)}
    details |= {"datum": site.properties["tide"].get("datum")}
    return SiteValue(site.code, residual(observed, predicted), share, suspect=suspect, details=details)
