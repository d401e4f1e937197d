"""Traffic: mean speed and travel time index."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from analytics.area_rules import flow_weighted_speed, weighted_mean
from analytics.indicator import Source, Trust, indicator
from analytics.results import Reason, SiteValue
from analytics.rounding import half_up
from analytics.series import HOUR, MINIMUM_SHARE, Series, Window, is_enough, space_mean
from analytics.steps import Step

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from analytics.inputs import Period, Site

#: Fewer vehicles in the hour make no mean speed.
MIN_VEHICLES = 5
#: Properties of a thing, either of which declares its free-flow speed in km/h.
FREE_FLOW = ("v_ff", "free_flow_speed")
#: Free-flow speed is sought in the nights of this long, in quarters of an hour from 22 to 05 h local time.
BASELINE = timedelta(days=28)
NIGHT_FROM, NIGHT_TO = 22, 5
#: 12 hours
MIN_NIGHT_QUARTERS = 48
_QUARTER = 900_000_000


@indicator(
    code="traffic_speed",
    name_en="Mean speed",
    name_vi="Tốc độ trung bình",
    unit="km/h",
    inputs=("traffic_speed", "traffic_flow"),
    step=Step.HOUR,
    window=HOUR,
    min_completeness=MINIMUM_SHARE,
    area_rule="harmonic mean weighted by flow; arithmetic mean of the sites where one of them has no flow",
    area=flow_weighted_speed,
    decimals=3,
    version=1,
    source=Source(
        "Highway Capacity Manual, 6th edition; FHWA",
        "space-mean speed",
        2016,
        Trust.RECALLED,
        "Intervals are combined harmonically, weighted by flow. A detector that tells no flow has the "
        "arithmetic mean of its readings (time-mean). 75 % of the intervals known and 5 vehicles in the hour "
        "are halong's rule.",
    ),
)
def traffic_speed(site: Site, period: Period) -> SiteValue:
    """Mean speed of the vehicles of the hour, in km/h.

    Harmonic and weighted by flow where flow is counted, else the arithmetic mean of the detector's readings.
    No vehicles means no value, not 0 km/h.
    """
    speed, flow = site.series["traffic_speed"], site.series.get("traffic_flow")
    suspect = speed.suspects(period.step)
    found = _time_mean(speed, period.step) if flow is None else _space_mean(speed, flow, period.step)
    value, share, reason, vehicles = found
    details = {} if vehicles is None else {"vehicles": half_up(vehicles, 3)}
    return SiteValue(site.code, value, share, reason, vehicles, suspect, details)


_Found = tuple[float | None, float, Reason | None, float | None]


def _time_mean(speed: Series, window: Window) -> _Found:
    share = speed.completeness(window)
    if not is_enough(share, MINIMUM_SHARE):
        return None, share, Reason.INSUFFICIENT_DATA, None
    return float(speed.good(window).mean()), share, None, None


def _space_mean(speed: Series, flow: Series, window: Window) -> _Found:
    v, q, known = _paired(speed, flow, window)
    share = min(1.0, known / speed.expected(window))
    vehicles = float(q.sum())
    if not is_enough(share, MINIMUM_SHARE):
        return None, share, Reason.INSUFFICIENT_DATA, vehicles
    if vehicles < MIN_VEHICLES:
        return None, share, Reason.TOO_FEW_VEHICLES, vehicles
    return space_mean(v, q), share, None, vehicles


def _paired(
    speed: Series, flow: Series, window: Window
) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
    """Return speeds and flows of the intervals with vehicles, and how many intervals are known.

    An interval is known by speed and flow at one time stamp, or by a flow of none, which has no speed.
    """
    times = speed.good_times
    counted = (flow.good_times >= window.start) & (flow.good_times < window.end)
    at, q = flow.good_times[counted], flow.good_values[counted]
    index = np.minimum(times.searchsorted(at), max(len(times) - 1, 0))
    matched = times[index] == at if len(times) else np.zeros(len(at), bool)
    v = speed.good_values[index] if len(times) else np.zeros(len(at))
    moving = matched & (q > 0) & (v > 0)
    return v[moving], q[moving], int((moving | (q == 0)).sum())


def baseline(properties: Mapping[str, Any]) -> timedelta:
    """Return how far back speeds are needed: four weeks unless the detector declares its free-flow speed."""
    return HOUR if any(name in properties for name in FREE_FLOW) else BASELINE + HOUR


@indicator(
    code="traffic_tti",
    name_en="Travel time index",
    name_vi="Chỉ số thời gian hành trình",
    unit="1",
    inputs=("traffic_speed", "traffic_flow"),
    step=Step.HOUR,
    window=HOUR,
    reach=baseline,
    min_completeness=MINIMUM_SHARE,
    area_rule="mean weighted by vehicle-kilometres (flow times `length_km`); unweighted if a site has none",
    area=weighted_mean,
    decimals=4,
    version=1,
    source=Source(
        "FHWA, Urban Congestion Reports",
        "travel time index",
        None,
        Trust.RECALLED,
        "Free-flow speed is the thing's property `v_ff` or `free_flow_speed` in km/h, else the 85th "
        "percentile (linear interpolation) of its quarter-hour mean speeds from 22 to 05 h local time in the "
        "28 days before the step, of which at least 48 must be there. A late value reopens its own hour, not "
        "the 28 days after.",
    ),
)
def traffic_tti(site: Site, period: Period) -> SiteValue:
    """Free-flow speed over the hour's mean speed: 1 is free flow, 2 is twice the travel time.

    The congestion level in the details is 100 (TTI - 1) %, not below 0.
    """
    mean = traffic_speed(site, period)
    if mean.value is None or mean.value <= 0:
        return mean if mean.value is None else SiteValue(site.code, None, 0.0, Reason.INSUFFICIENT_DATA)
    free_flow, rule = _free_flow(site, period)
    if free_flow is None:
        return SiteValue(site.code, None, mean.completeness, Reason.NO_FREE_FLOW_SPEED, suspect=mean.suspect)
    tti = free_flow / mean.value
    weight = None if mean.weight is None else mean.weight * (site.number("length_km") or 1.0)
    details = {
        "speed": half_up(mean.value, 3),
        "v_ff": half_up(free_flow, 3),
        "v_ff_from": rule,
        "congestion_pct": half_up(max(0.0, 100 * (tti - 1)), 2),
    }
    return SiteValue(site.code, tti, mean.completeness, None, weight, mean.suspect, details)


def _free_flow(site: Site, period: Period) -> tuple[float | None, str]:
    declared = [speed for name in FREE_FLOW if (speed := site.number(name)) is not None]
    if declared:
        return declared[0], "declared"
    quarters = night_speeds(site.series["traffic_speed"], period)
    if len(quarters) < MIN_NIGHT_QUARTERS:
        return None, "nights"
    return float(np.percentile(quarters, 85)), "nights"


def night_speeds(series: Series, period: Period) -> NDArray[np.float64]:
    """Return the quarter-hour mean speeds of the nights within BASELINE before the step, shape (n,)."""
    span = Window(period.step.start, period.step.start).last(BASELINE)
    inside = (series.good_times >= span.start) & (series.good_times < span.end)
    times, speeds = series.good_times[inside], series.good_values[inside]
    offset = period.start.astimezone(period.zone).utcoffset() or timedelta()
    local = times + offset // timedelta(microseconds=1)
    hour = local // 3_600_000_000 % 24
    night = ((hour >= NIGHT_FROM) | (hour < NIGHT_TO)) & (speeds > 0)
    quarters, group = np.unique(local[night] // _QUARTER, return_inverse=True)
    counts = np.bincount(group, minlength=len(quarters))
    return np.asarray(np.bincount(group, speeds[night], minlength=len(quarters)) / counts, np.float64)
