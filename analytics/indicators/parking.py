"""Parking: the share of the spaces in use, over time."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from analytics.area_rules import weighted_mean
from analytics.indicator import Source, Trust, indicator
from analytics.results import Reason, SiteValue
from analytics.rounding import half_up
from analytics.series import MINIMUM_SHARE, is_enough, time_weighted
from analytics.steps import Step

if TYPE_CHECKING:
    from analytics.inputs import Period, Site

#: A lot that has been silent for three sampling intervals is unknown.
SILENT_INTERVALS = 3
#: Capacity is told once a day, or stands in the thing's property `capacity`.
WINDOW = timedelta(hours=25)


@indicator(
    code="parking_occupancy",
    name_en="Parking occupancy",
    name_vi="Tỷ lệ lấp đầy bãi đỗ",
    unit="%",
    inputs=("parking_occupied", "parking_capacity"),
    step=Step.HOUR,
    window=WINDOW,
    min_completeness=MINIMUM_SHARE,
    area_rule="spaces occupied over spaces in service, both summed over the valid lots and the time known",
    area=weighted_mean,
    decimals=3,
    version=1,
    source=Source(
        "halong",
        "time-weighted occupancy",
        None,
        Trust.OWN,
        "A reading holds until the next one, for three sampling intervals at most; 75 % of the hour must be "
        "known. Related to ISO 37122, parking with real-time availability.",
    ),
)
def parking_occupancy(site: Site, period: Period) -> SiteValue:
    """Spaces occupied over spaces in service, weighted by time within the hour, in %."""
    series = site.series["parking_occupied"]
    suspect = series.suspects(period.step)
    hold = timedelta(seconds=SILENT_INTERVALS * series.interval_s)
    occupied, known = time_weighted(series, period.step, hold)
    share, capacity = known / period.step.length, _capacity(site, period)
    if not is_enough(share, MINIMUM_SHARE):
        return SiteValue(site.code, None, share, Reason.INSUFFICIENT_DATA, suspect=suspect)
    if not capacity:
        return SiteValue(site.code, None, share, Reason.NO_CAPACITY, suspect=suspect)
    details = {"capacity": capacity, "occupied": half_up(occupied / known, 3)}
    weight = capacity * share
    return SiteValue(site.code, 100 * occupied / (capacity * known), share, None, weight, suspect, details)


def _capacity(site: Site, period: Period) -> float | None:
    told = site.series.get("parking_capacity")
    values = told.good(period.last(WINDOW)) if told else None
    return site.number("capacity") if values is None or not len(values) else float(values[-1])
