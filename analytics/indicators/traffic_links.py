"""A link of road as a detector sees it: vehicles, mean speeds, free-flow speed, delay. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from analytics.crosswalk import crosswalk
from analytics.indicator import indicator
from analytics.known import Known
from analytics.results import Reason, SiteValue
from analytics.rounding import half_up
from analytics.series import HOUR, MINIMUM_SHARE, Window, space_mean
from analytics.steps import Step
from analytics.texts import Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from analytics.inputs import Period, Site
    from analytics.series import Series, Values

#: Fewer vehicles in the hour make no mean speed.
MIN_VEHICLES = 5
#: Properties of a thing, either of which declares its free-flow speed in km/h.
FREE_FLOW = ("v_ff", "free_flow_speed")
#: Free-flow speed is sought in the nights of this long, in quarters of an hour from 22 to 05 h local time.
BASELINE = timedelta(days=28)
NIGHT_FROM, NIGHT_TO = 22, 5
#: 12 hours
MIN_NIGHT_QUARTERS = 48
QUARTER = timedelta(minutes=15)
#: Level of service of an urban street: the letter above this travel speed in % of the free-flow speed.
LOS_ABOVE = (("A", 80.0), ("B", 67.0), ("C", 50.0), ("D", 40.0), ("E", 30.0))
LOS_LETTERS = ("A", "B", "C", "D", "E", "F")
_QUARTER_US = 900_000_000

# Words that several declarations share.
BY_VKT = Text(
    "mean weighted by vehicle-kilometres (flow times `length_km`); unweighted if a site has none",
    "trung bình theo trọng số xe·km (lưu lượng nhân `length_km`); không trọng số nếu có điểm thiếu trọng số",
)
FREE_FLOW_NOTE = Text(
    "Free-flow speed is the thing's property `v_ff` or `free_flow_speed` in km/h, else the 85th "
    "percentile (linear interpolation) of its quarter-hour mean speeds from 22 to 05 h local time in "
    "the 28 days before the step, of which at least 48 must be there. A late value reopens its own "
    "hour, not the 28 days after.",
    "Tốc độ dòng tự do là thuộc tính `v_ff` hoặc `free_flow_speed` (km/h) của thiết bị, nếu không có "
    "thì là bách phân vị 85 (nội suy tuyến tính) của tốc độ trung bình từng khắc từ 22 đến 05 giờ địa "
    "phương trong 28 ngày trước kỳ, phải có ít nhất 48 khắc. Giá trị đến muộn chỉ mở lại giờ của chính "
    "nó, không mở lại 28 ngày sau.",
)


@dataclass(frozen=True)
class Passing:
    """The intervals of a window in which a detector saw vehicles; arrays of shape (n,)."""

    known: Known
    #: km/h
    speeds: Values
    #: None: the detector counts none
    vehicles: Values | None = None

    @property
    def count(self) -> float | None:
        """Vehicles counted."""
        return None if self.vehicles is None else float(self.vehicles.sum())


def passing(site: Site, window: Window) -> Passing:
    """Return speeds and counts of a window.

    Where vehicles are counted, an interval is known by speed and count at one time stamp, or by a count of
    none, which has no speed.
    """
    speed, flow = site.series["traffic_speed"], site.series.get("traffic_flow")
    suspect = speed.suspects(window)
    if flow is None:
        return Passing(Known(site.code, speed.completeness(window), suspect), speed.good(window))
    v, q, known = _paired(speed, flow, window)
    return Passing(Known(site.code, min(1.0, known / speed.expected(window)), suspect), v, q)


def _paired(speed: Series, flow: Series, window: Window) -> tuple[Values, Values, int]:
    times = speed.good_times
    first, last = flow.good_times.searchsorted((window.start, window.end))
    at, q = flow.good_times[first:last], flow.good_values[first:last]
    index = np.minimum(times.searchsorted(at), max(len(times) - 1, 0))
    matched = times[index] == at if len(times) else np.zeros(len(at), bool)
    v = speed.good_values[index] if len(times) else np.zeros(len(at))
    moving = matched & (q > 0) & (v > 0)
    return v[moving], q[moving], int((moving | (q == 0)).sum())


def mean_speeds(speeds: Values | Sequence[float], vehicles: Values | None = None) -> dict[str, float]:
    """Return the time-mean and the space-mean of speeds in km/h, shape (n > 0,), weighted by vehicles.

    A speed of 0 has no space-mean.
    """
    v = np.asarray(speeds, dtype=float)
    found = {"time_mean": float(np.average(v, weights=vehicles))}
    return found | ({"space_mean": space_mean(v, vehicles)} if (v > 0).all() else {})


def mean_speed(site: Site, period: Period) -> SiteValue:
    """Return the mean speed of the step in km/h, with the vehicles counted as weight."""
    seen = passing(site, period.step)
    count = seen.count
    details: dict[str, Any] = {} if count is None else {"vehicles": half_up(count, 3)}
    if not seen.known.enough:
        return seen.known.missing(weight=count, **details)
    if count is not None and count < MIN_VEHICLES:
        return seen.known.missing(Reason.TOO_FEW_VEHICLES, count, **details)
    means = mean_speeds(seen.speeds, seen.vehicles)
    details |= {name: half_up(each, 3) for name, each in means.items()}
    return seen.known.value(means["time_mean" if count is None else "space_mean"], count, **details)


def baseline(properties: Mapping[str, Any]) -> timedelta:
    """Return how far back speeds are needed: four weeks unless the detector declares its free-flow speed."""
    return HOUR if any(name in properties for name in FREE_FLOW) else BASELINE + HOUR


def declared_free_flow(site: Site) -> float | None:
    """Return the free-flow speed that the thing declares, km/h."""
    return next((speed for name in FREE_FLOW if (speed := site.number(name)) is not None), None)


def free_flow_speed(site: Site, period: Period) -> tuple[float | None, str]:
    """Return the free-flow speed in km/h, or None, and where it is from: `declared` or `nights`."""
    declared = declared_free_flow(site)
    if declared is not None:
        return declared, "declared"
    quarters = night_speeds(site.series["traffic_speed"], period)
    if len(quarters) < MIN_NIGHT_QUARTERS:
        return None, "nights"
    return float(np.percentile(quarters, 85)), "nights"


def night_speeds(series: Series, period: Period) -> Values:
    """Return the quarter-hour mean speeds of the nights within BASELINE before the step, shape (n,)."""
    span = Window(period.step.start, period.step.start).last(BASELINE)
    first, last = series.good_times.searchsorted((span.start, span.end))
    times, speeds = series.good_times[first:last], series.good_values[first:last]
    offset = period.start.astimezone(period.zone).utcoffset() or timedelta()
    local = times + offset // timedelta(microseconds=1)
    hour = local // 3_600_000_000 % 24
    night = ((hour >= NIGHT_FROM) | (hour < NIGHT_TO)) & (speeds > 0)
    quarters, group = np.unique(local[night] // _QUARTER_US, return_inverse=True)
    counts = np.bincount(group, minlength=len(quarters))
    return np.asarray(np.bincount(group, speeds[night], minlength=len(quarters)) / counts, np.float64)


@dataclass(frozen=True)
class LinkHour:
    """A link in one hour: how fast its vehicles were, and how fast they would be on an empty road."""

    known: Known
    #: km/h
    speed: float
    free_flow: float
    free_flow_from: str
    #: vehicles per hour; None: none are counted
    flow: float | None
    #: vehicle-kilometres per hour; None: no flow or no length
    vkt: float | None

    @property
    def tti(self) -> float:
        """Travel time index."""
        return travel_time_index(self.free_flow, self.speed)

    def value(self, value: float, **details: Any) -> SiteValue:
        """Return a value weighted by vehicle-kilometres, with the speeds that explain it."""
        speeds = {
            "speed": half_up(self.speed, 3),
            "v_ff": half_up(self.free_flow, 3),
            "v_ff_from": self.free_flow_from,
        }
        return self.known.value(value, self.vkt, **speeds, **details)


def link_hour(site: Site, period: Period) -> LinkHour | SiteValue:
    """Return the link's hour, or the site's value without one where it cannot be told."""
    mean = mean_speed(site, period)
    if mean.value is None:
        return mean
    known = Known(site.code, mean.completeness, mean.suspect)
    if mean.value <= 0:
        return known.missing()
    free_flow, origin = free_flow_speed(site, period)
    if free_flow is None:
        return known.missing(Reason.NO_FREE_FLOW_SPEED)
    flow = None if mean.weight is None else mean.weight / mean.completeness
    length = site.number("length_km")
    vkt = None if flow is None or length is None else flow * length
    return LinkHour(known, mean.value, free_flow, origin, flow, vkt)


def travel_time_index(free_flow: float, speed: float) -> float:
    """Return travel time over free-flow travel time, from two speeds > 0 in the same unit."""
    return free_flow / speed


def congestion(tti: float) -> float:
    """Return by how many % the travel time is longer than on an empty road, not below 0."""
    return max(0.0, 100 * (tti - 1))


def level_of_service(
    tti: Values | Sequence[float] | float, over_capacity: Values | bool = False
) -> list[str]:
    """Return the letter for each travel time index, shape (n,); F where volume exceeds capacity."""
    # 100 / (100 / 80) is not quite 80: a speed at a limit belongs to the lower class.
    share = np.round(100 / np.atleast_1d(np.asarray(tti, dtype=float)), 9)
    bounds = np.array([bound for _, bound in LOS_ABOVE])
    index = np.where(np.asarray(over_capacity), len(bounds), (share[:, None] <= bounds).sum(axis=1))
    return [LOS_LETTERS[i] for i in index]


def delay(vehicles: Values | float, length_km: float, speeds: Values | float, free_flow: float) -> float:
    """Return the vehicle-hours of delay on a link against its free-flow speed; arrays of shape (n,)."""
    slower = np.maximum(0.0, 1 / np.asarray(speeds, dtype=float) - 1 / free_flow)
    return float(np.sum(vehicles * length_km * slower))


#: Declares an indicator of the hour …
hourly = partial(
    indicator,
    step=Step.HOUR,
    window=HOUR,
    min_completeness=MINIMUM_SHARE,
    crosswalk=crosswalk("traffic"),
)
#: … and one that compares the hour's speed with the free-flow speed.
of_link = partial(hourly, inputs=("traffic_speed", "traffic_flow"), reach=baseline)
