"""Parking: occupancy over time, how long it is high, and turnover."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np

from analytics.area_rules import weighted_mean
from analytics.crosswalk import crosswalk
from analytics.held import pieces, usual_hold, value_at
from analytics.hours import day_of
from analytics.indicator import Example, Source, Trust, indicator
from analytics.inputs import Period, Site
from analytics.known import Known
from analytics.longer import Rule
from analytics.results import Reason
from analytics.rounding import half_up
from analytics.series import MINIMUM_SHARE, Series, Window
from analytics.steps import Step
from analytics.texts import HALONG, Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from analytics.results import SiteValue
    from analytics.series import Values

#: Capacity is told once a day, or stands in the thing's property `capacity`.
CAPACITY_HOLDS = timedelta(hours=25)
WINDOW = timedelta(hours=26)
#: A lot is as good as full from this share of its spaces on, %.
HIGH = 85.0
_HOUR_US = 3.6e9
_AREA_RULE = Text(
    "spaces occupied over spaces in service, both summed over the valid lots and the time known",
    "số chỗ có xe trên số chỗ đang phục vụ, cả hai cộng trên các bãi hợp lệ và thời gian đã biết",
)
_NOTE = Text(
    "A reading holds until the next one, for three sampling intervals at most; 75 % of the hour must be "
    "known. Capacity is the last one told within 25 h, which may change within the hour, else the "
    "thing's property `capacity`.",
    "Một số đo có giá trị đến số đo kế tiếp, nhiều nhất ba chu kỳ đo; phải biết được 75 % của giờ. Sức "
    "chứa là số báo gần nhất trong 25 giờ, có thể thay đổi trong giờ, nếu không thì là thuộc tính "
    "`capacity` của thiết bị.",
)


@dataclass(frozen=True)
class Use:
    """The pieces of a step in which occupied spaces and capacity are known; shapes (n,)."""

    known: Known
    #: µs
    durations: NDArray[np.int64]
    occupied: Values
    capacity: Values

    @property
    def space_hours(self) -> float:
        """Spaces in service times hours."""
        return float(self.capacity @ self.durations) / _HOUR_US

    @property
    def occupancy(self) -> float:
        """Occupied over spaces in service, weighted by time, in %."""
        return 100 * float(self.occupied @ self.durations) / float(self.capacity @ self.durations)

    @property
    def high_share(self) -> float:
        """Share of the time with at least HIGH % of the spaces occupied, in %."""
        high = 100 * self.occupied >= HIGH * self.capacity
        return 100 * float(self.durations[high].sum()) / float(self.durations.sum())

    def told(self) -> dict[str, float]:
        """Return the means over the time known, for the details."""
        mean = [np.average(each, weights=self.durations) for each in (self.capacity, self.occupied)]
        return {"capacity": half_up(mean[0], 3), "occupied": half_up(mean[1], 3)}


def use_of(site: Site, period: Period, hold: timedelta | None = None) -> Use | SiteValue:
    """Return how a lot was used in the step, or the site's value without one where it cannot be told."""
    series, told = site.series["parking_occupied"], site.series.get("parking_capacity")
    held = [(series, hold or usual_hold(series, CAPACITY_HOLDS))]
    if told is not None:
        held.append((told, CAPACITY_HOLDS))
    durations, (occupied, *capacities) = pieces(period.step, held)
    capacity = _capacity(site, capacities[0] if capacities else np.full(len(durations), np.nan))
    seen = ~np.isnan(occupied)
    usable = seen & (capacity > 0)
    length, suspect = period.step.length, series.suspects(period.step)
    if not (known := Known(site.code, float(durations[seen].sum()) / length, suspect)).enough:
        return known.missing()
    if not (known := Known(site.code, float(durations[usable].sum()) / length, suspect)).enough:
        return known.missing(Reason.NO_CAPACITY)
    return Use(known, durations[usable], occupied[usable], capacity[usable])


def _capacity(site: Site, told: Values) -> Values:
    declared = site.number("capacity")
    return np.where(np.isnan(told), np.nan if declared is None else declared, told)


def turnover(arrivals: float, space_hours: float) -> float:
    """Return arrivals per space and hour."""
    return arrivals / space_hours


def _example(
    capacity: float, changes: Sequence[tuple[float, float]], end_min: float, arrivals: float
) -> Mapping[str, Any]:
    """Return what a lot's changes, as (minute, occupied), amount to."""
    times = np.array([minute * 60e6 for minute, _ in changes], np.int64)
    occupied = Series(times, np.array([float(o) for _, o in changes]), np.zeros(len(changes), np.int16), 300)
    lot = Site("lot", properties={"capacity": capacity}, series={"parking_occupied": occupied})
    hour = Period(Window(0, int(end_min * 60e6)), ZoneInfo("UTC"))
    use = use_of(lot, hour, hold=timedelta(minutes=end_min))
    if not isinstance(use, Use):
        return {}
    return {
        "occupancy_pct": use.occupancy,
        "share_time_ge85_pct": use.high_share,
        "turnover_per_space_hour": turnover(arrivals, use.space_hours),
    }


def _examples(*figures: str) -> tuple[Example, ...]:
    expected = {"occupancy_pct": 67.5, "share_time_ge85_pct": 25.0, "turnover_per_space_hour": 0.55}
    return (
        Example(
            case="events over one hour",
            ours=_example,
            inputs={"capacity": 100, "changes": [(0, 40), (15, 70), (45, 90)], "end_min": 60, "arrivals": 55},
            expected={name: expected[name] for name in figures},
            tolerance=1e-6,
            source="computed",
        ),
    )


@indicator(
    code="parking_occupancy",
    name_en="Parking occupancy",
    name_vi="Tỷ lệ lấp đầy bãi đỗ",
    unit="%",
    inputs=("parking_occupied", "parking_capacity"),
    held=("parking_occupied",),
    step=Step.HOUR,
    window=WINDOW,
    min_completeness=MINIMUM_SHARE,
    area_rule=_AREA_RULE,
    area=weighted_mean,
    decimals=3,
    # 2: a capacity counts from the instant at which it is told
    version=2,
    source=Source(
        HALONG,
        Text("time-weighted occupancy", "tỷ lệ lấp đầy theo trọng số thời gian"),
        None,
        Trust.OWN,
        _NOTE,
    ),
    crosswalk=crosswalk("parking"),
    examples=_examples("occupancy_pct"),
)
def parking_occupancy(site: Site, period: Period) -> SiteValue:
    """Spaces occupied over spaces in service, weighted by time within the hour, in %.

    No value where less than 75 % of the hour is known, or no capacity.

    vi: Số chỗ có xe trên số chỗ đang phục vụ, lấy trọng số theo thời gian trong giờ, %. Không có giá trị nếu
    biết được dưới 75 % thời gian của giờ, hoặc không biết sức chứa.
    """
    use = use_of(site, period)
    return use.known.value(use.occupancy, use.space_hours, **use.told()) if isinstance(use, Use) else use


@indicator(
    code="parking_high",
    name_en="Share of time with 85 % of parking spaces occupied or more",
    name_vi="Tỷ lệ thời gian bãi đỗ đầy từ 85 % trở lên",
    unit="%",
    inputs=("parking_occupied", "parking_capacity"),
    held=("parking_occupied",),
    step=Step.HOUR,
    window=WINDOW,
    min_completeness=MINIMUM_SHARE,
    area_rule=Text(
        "mean over the lots weighted by spaces in service: the share of the spaces times hours",
        "trung bình các bãi theo trọng số chỗ đang phục vụ: tỷ lệ của chỗ·giờ",
    ),
    area=weighted_mean,
    decimals=3,
    version=1,
    source=Source(
        HALONG,
        Text("time at high occupancy", "thời gian lấp đầy cao"),
        None,
        Trust.OWN,
        Text("85 % is a choice.", "85 % là một lựa chọn.") + _NOTE,
    ),
    crosswalk=crosswalk("parking"),
    examples=_examples("share_time_ge85_pct"),
)
def parking_high(site: Site, period: Period) -> SiteValue:
    """Share of the hour in which at least 85 % of the spaces in service were occupied, in %.

    No value where less than 75 % of the hour is known, or no capacity.

    vi: Tỷ lệ thời gian trong giờ mà ít nhất 85 % số chỗ đang phục vụ có xe, %. Không có giá trị nếu biết được
    dưới 75 % thời gian của giờ, hoặc không biết sức chứa.
    """
    use = use_of(site, period)
    return use.known.value(use.high_share, use.space_hours, **use.told()) if isinstance(use, Use) else use


@indicator(
    code="parking_turnover",
    name_en="Parking turnover",
    name_vi="Hệ số quay vòng chỗ đỗ",
    unit="/h",
    inputs=("parking_arrivals", "parking_capacity"),
    step=Step.HOUR,
    window=WINDOW,
    min_completeness=MINIMUM_SHARE,
    area_rule=Text(
        "arrivals over spaces in service times hours, both summed over the lots that tell them",
        "số lượt vào trên chỗ·giờ đang phục vụ, cả hai cộng trên các bãi có báo",
    ),
    area=weighted_mean,
    decimals=4,
    version=1,
    source=Source(
        HALONG,
        Text("arrivals per space and hour", "số lượt vào trên mỗi chỗ và giờ"),
        None,
        Trust.OWN,
        Text(
            "Vehicles that arrived in the interval (observed property parking_arrivals) over the time "
            "of which they are counted. Rises of the occupied spaces are not taken for arrivals: one "
            "may leave as another comes. Capacity is the last one told within 25 h, else the thing's "
            "property `capacity`.",
            "Số xe vào trong khoảng đo (đại lượng parking_arrivals) chia cho thời gian được đếm. Số chỗ "
            "có xe tăng lên không được coi là lượt vào: một xe có thể ra khi xe khác vào. Sức chứa là "
            "số báo gần nhất trong 25 giờ, nếu không thì là thuộc tính `capacity` của thiết bị.",
        ),
    ),
    crosswalk=crosswalk("parking"),
    examples=_examples("turnover_per_space_hour"),
)
def parking_turnover(site: Site, period: Period) -> SiteValue:
    """Arrivals per space and hour: 0.5 means that every second space took a vehicle in.

    No value where the arrivals of less than 75 % of the hour are counted, or the capacity is not known.

    vi: Số lượt xe vào trên mỗi chỗ trong một giờ: 0,5 nghĩa là cứ hai chỗ thì có một chỗ nhận thêm một xe.
    Không có giá trị nếu số lượt vào được đếm dưới 75 % thời gian của giờ, hoặc không biết sức chứa.
    """
    series, told = site.series["parking_arrivals"], site.series.get("parking_capacity")
    known, arrivals = Known.of(site, series, period.step), series.good(period.step)
    if not known.enough:
        return known.missing()
    last = np.array([period.step.end - 1], np.int64)
    at_end = np.full(1, np.nan) if told is None else value_at(told, last, CAPACITY_HOLDS)
    capacity = float(_capacity(site, at_end)[0])
    if not capacity > 0:
        return known.missing(Reason.NO_CAPACITY)
    space_hours = capacity * len(arrivals) * series.interval_s / 3600
    details = {"arrivals": half_up(float(arrivals.sum()), 3), "capacity": half_up(capacity, 3)}
    return known.value(turnover(float(arrivals.sum()), space_hours), space_hours, **details)


day_of(
    "parking_occupancy",
    Rule.WEIGHTED_MEAN,
    name_en="Parking occupancy of the day",
    name_vi="Tỷ lệ lấp đầy bãi đỗ ngày",
    words=Text(
        "Spaces occupied over spaces in service, both summed over the day's hours, in %.",
        "Số chỗ có xe trên số chỗ đang phục vụ, cả hai cộng trên các giờ của ngày, %.",
    ),
    of_days=Rule.WEIGHTED_MEAN,
)
day_of(
    "parking_high",
    Rule.WEIGHTED_MEAN,
    name_en="Share of the day with 85 % of parking spaces occupied or more",
    name_vi="Tỷ lệ thời gian trong ngày bãi đỗ đầy từ 85 % trở lên",
    words=Text(
        "Share of the day's time in which at least 85 % of the spaces in service were occupied, in %.",
        "Tỷ lệ thời gian trong ngày mà ít nhất 85 % số chỗ đang phục vụ có xe, %.",
    ),
    of_days=Rule.WEIGHTED_MEAN,
)
day_of(
    "parking_turnover",
    Rule.WEIGHTED_MEAN,
    name_en="Parking turnover of the day",
    name_vi="Hệ số quay vòng chỗ đỗ trong ngày",
    words=Text("Arrivals of the day per space and hour.", "Số lượt xe vào trong ngày trên mỗi chỗ và giờ."),
    of_days=Rule.WEIGHTED_MEAN,
)
