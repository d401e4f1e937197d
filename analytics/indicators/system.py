"""The system itself: which gateways are heard, and how much of the data is there."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from analytics.area_rules import weighted_mean
from analytics.crosswalk import crosswalk
from analytics.indicator import Example, Source, Trust, indicator
from analytics.inputs import ACTIVITY, ACTIVITY_STEP, AreaUnit
from analytics.results import AreaValue, Reason, SiteValue
from analytics.rounding import half_up
from analytics.series import HOUR, MINIMUM_SHARE, is_enough
from analytics.steps import Step
from analytics.texts import HALONG, Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.inputs import Period, Site

#: A gateway that missed three heartbeats is silent.
HEARTBEATS = 3
#: A gateway is never waited for longer than this.
LONGEST_SILENCE = timedelta(hours=6)


def coverage(area: AreaUnit, sites: Sequence[SiteValue], period: Period) -> AreaValue | None:
    """Return the share of live units among an area's units, in %; of gateways in an area without units.

    A unit is live with one live gateway. Units are those in force on the day; units that are all
    abolished but still reported (a legacy series) count as they are.
    """
    live = {str(site.details["gateway"]) for site in sites if site.value}
    units = [u for u in area.parts if u.in_force(period.day)] or list(area.parts)
    return _share_of_units(units, live) if units else _share_of_gateways(area, live)


def _share_of_units(units: Sequence[AreaUnit], live: set[str]) -> AreaValue:
    silent = [u for u in units if not u.gateways & live]
    details: dict[str, Any] = {"units": len(units), "live": len(units) - len(silent)}
    details["silent"] = [u.code for u in silent]
    if all(u.population for u in units):
        people = sum(u.population or 0 for u in units)
        reached = people - sum(u.population or 0 for u in silent)
        details["population_weighted"] = half_up(percent(reached, people), 3)
    return AreaValue(percent(len(units) - len(silent), len(units)), details)


def _share_of_gateways(area: AreaUnit, live: set[str]) -> AreaValue | None:
    if not area.gateways:
        return None
    silent = sorted(area.gateways - live)
    share = percent(len(area.gateways) - len(silent), len(area.gateways))
    return AreaValue(share, {"gateways": len(area.gateways), "silent": silent})


def percent(part: float, whole: float) -> float:
    """Return a part of a whole > 0, in %."""
    return 100 * part / whole


def _coverage_example(districts: int, live: int, population_silent: int, population: int) -> dict[str, Any]:
    silent = districts - live
    people = [*_dealt(population_silent, silent), *_dealt(population - population_silent, live)]
    units = [AreaUnit(str(n), each, gateways=frozenset({str(n)})) for n, each in enumerate(people)]
    found = _share_of_units(units, {str(n) for n in range(silent, districts)})
    return {"share_pct": found.value, "population_weighted_pct": found.details["population_weighted"]}


def _dealt(people: int, units: int) -> list[int]:
    """Return the people dealt out to so many units."""
    return [people // units + (n < people % units) for n in range(units)]


def _completeness_example(minutes: int, hours: int) -> dict[str, Any]:
    return {
        "hour_pct": percent(minutes, 60),
        "hour_valid": is_enough(minutes / 60, MINIMUM_SHARE),
        "day_pct": percent(hours, 24),
        "day_valid": is_enough(hours / 24, MINIMUM_SHARE),
    }


@indicator(
    code="iot_coverage",
    name_en="IoT coverage",
    name_vi="Tỷ lệ địa bàn có gateway hoạt động",
    unit="%",
    inputs=(ACTIVITY,),
    step=Step.QUARTER_HOUR,
    window=LONGEST_SILENCE,
    min_completeness=0.0,
    area_rule=Text(
        "units with a live gateway over units; in an area without units, live gateways over gateways",
        "số đơn vị có gateway hoạt động trên số đơn vị; nếu địa bàn không có đơn vị con thì số gateway "
        "hoạt động trên số gateway",
    ),
    area=coverage,
    by_gateway=True,
    decimals=3,
    version=1,
    source=Source(
        HALONG,
        Text("coverage by live gateways", "độ phủ của gateway đang hoạt động"),
        None,
        Trust.OWN,
        Text(
            "A gateway is live when one of its devices has an observation, suspect or not, stamped "
            "within three heartbeats (15 min at 300 s) before the end of the step, or within the "
            "device's sampling interval where that is longer, 6 h at most. Stamps, not arrivals, count: "
            "the value can be computed again.",
            "Gateway được coi là hoạt động khi một thiết bị của nó có số đo, kể cả bị nghi ngờ, có nhãn "
            "thời gian trong ba nhịp báo (heartbeat; 15 phút với nhịp 300 s) trước khi kỳ kết thúc, "
            "hoặc trong chu kỳ đo của thiết bị nếu dài hơn, tối đa 6 giờ. Tính theo nhãn thời gian, "
            "không theo lúc nhận: giá trị có thể tính lại được.",
        ),
    ),
    crosswalk=crosswalk("coverage"),
    examples=(
        Example(
            case="12 of 13 districts live, Cô Tô silent",
            ours=_coverage_example,
            inputs={"districts": 13, "live": 12, "population_silent": 6285, "population": 1320324},
            expected={"share_pct": 92.3077, "population_weighted_pct": 99.524},
            source="computed by hand; census of 2019",
        ),
    ),
)
def iot_coverage(site: Site, period: Period) -> SiteValue:
    """Share of the area's units in which at least one gateway is live, in %.

    vi: Tỷ lệ đơn vị của địa bàn có ít nhất một gateway đang hoạt động, %.
    """
    window = period.last(allowed_silence(site))
    heard = any(sum(activity.counts(window)) for activity in site.activity.values())
    return SiteValue(site.code, float(heard), 1.0, details={"gateway": site.gateway})


def allowed_silence(site: Site) -> timedelta:
    """Return how long a device may be silent: three heartbeats or one sampling interval, in whole steps."""
    sampling = min((a.interval_s for a in site.activity.values()), default=0)
    seconds = max(HEARTBEATS * site.heartbeat_s, sampling)
    steps = -(-seconds // int(ACTIVITY_STEP.total_seconds()))
    return min(steps * ACTIVITY_STEP, LONGEST_SILENCE)


def pooled(area: AreaUnit, sites: Sequence[SiteValue], period: Period) -> AreaValue | None:
    """Return valid over expected values of all sites, in %."""
    found = weighted_mean(area, sites, period)
    if found is None:
        return None
    expected = sum(s.weight or 0 for s in sites)
    details = {
        "expected": half_up(expected, 3),
        "valid": half_up(found.value * expected / 100, 3),
        "stations": sum(s.value is not None for s in sites),
        "silent": [s.site for s in sites if s.value == 0],
    }
    return AreaValue(found.value, details)


@indicator(
    code="data_completeness",
    name_en="Data completeness",
    name_vi="Độ đầy đủ dữ liệu",
    unit="%",
    inputs=(ACTIVITY,),
    step=Step.HOUR,
    window=HOUR,
    min_completeness=0.0,
    area_rule=Text(
        "valid values over expected values, both summed over the area's datastreams",
        "số giá trị hợp lệ trên số giá trị phải có, cả hai cộng trên các luồng dữ liệu của địa bàn",
    ),
    area=pooled,
    decimals=3,
    version=1,
    source=Source(
        HALONG,
        Text("valid over expected values", "số giá trị hợp lệ trên số giá trị phải có"),
        None,
        Trust.OWN,
        Text(
            "Expected: the hour over the sampling interval, of every enabled datastream that measures "
            "at least once an hour; one that sends more often than agreed counts as complete. Suspect "
            "ones are not valid.",
            "Số phải có: độ dài giờ chia cho chu kỳ đo, của mỗi luồng dữ liệu đang bật và đo ít nhất "
            "một lần mỗi giờ; luồng gửi dày hơn thỏa thuận tính là đủ. Giá trị bị nghi ngờ không hợp lệ.",
        ),
    ),
    crosswalk=crosswalk("completeness"),
    examples=(
        Example(
            case="hour of 1 min data; day of hours",
            ours=_completeness_example,
            inputs={"minutes": 55, "hours": 19},
            expected={"hour_pct": 91.6667, "hour_valid": True, "day_pct": 79.1667, "day_valid": True},
            source="computed by hand",
        ),
    ),
)
def data_completeness(site: Site, period: Period) -> SiteValue:
    """Values stored and not suspect over the values that the sampling intervals promise, in %.

    vi: Số giá trị đã lưu và không bị nghi ngờ trên số giá trị phải có theo chu kỳ đo, %.
    """
    hourly = [a for a in site.activity.values() if a.expected(period.step) >= 1]
    expected = [a.expected(period.step) for a in hourly]
    counts = [a.counts(period.step) for a in hourly]
    suspect = sum(s for _, s in counts)
    if not expected:
        return SiteValue(site.code, None, 0.0, Reason.INSUFFICIENT_DATA)
    valid = sum(min(good, promise) for (good, _), promise in zip(counts, expected, strict=True))
    return SiteValue(site.code, percent(valid, sum(expected)), 1.0, None, sum(expected), suspect)
