"""Availability of devices: the sampling intervals of a day in which something came."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from analytics.crosswalk import crosswalk
from analytics.indicator import Example, Source, Trust, indicator
from analytics.inputs import ACTIVITY, ACTIVITY_STEP
from analytics.longer import Rule, longer
from analytics.results import AreaValue, Reason, SiteValue
from analytics.rounding import half_up
from analytics.series import Window
from analytics.steps import Step
from analytics.texts import HALONG, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from analytics.indicator import AreaFunction, SiteFunction
    from analytics.inputs import Activity, AreaUnit, Period, Site
    from analytics.series import Values

#: A device is taken for available on a day from this share on, %.
GOOD = 95.0
#: So many of the worst devices are named.
NAMED = 10
_STEP_S = int(ACTIVITY_STEP.total_seconds())
_DAY_S = 86_400


def spans_of(interval_s: int, window: Window) -> NDArray[np.int64]:
    """Return the bounds, µs, of the spans of time that a window is cut into to count a device's intervals.

    A span is made of whole counting steps and, up to a day, of whole sampling intervals; the last may be
    shorter. Shape (spans + 1,).
    """
    length = min(math.lcm(_STEP_S, max(1, interval_s)), _DAY_S) * 1_000_000
    return np.append(np.arange(window.start, window.end, length), window.end)


def heard(counts: Values | NDArray[np.int64], expected: Values) -> Values:
    """Return in how many of the expected intervals of each span something came, shape (spans,).

    More than expected in a span makes good one that lacks in its neighbour, and no more: at a span's bounds
    a device's clock puts a value on this side or that.
    """
    extra = np.asarray(counts, np.float64) - expected
    for here, there in ((slice(None, -1), slice(1, None)), (slice(1, None), slice(None, -1))):
        moved = np.minimum(np.clip(extra[here], 0, 1), np.clip(-extra[there], 0, None))
        extra[here] -= moved
        extra[there] += moved
    return np.asarray(expected + np.minimum(extra, 0), np.float64)


def availability(received: float, expected: float) -> float:
    """Return intervals in which something came over intervals expected (> 0), in %."""
    return 100 * received / expected


def fleet(shares: Sequence[float]) -> tuple[float, float]:
    """Return the mean of devices' availabilities, and the share of devices with GOOD or more; both in %."""
    good = sum(share >= GOOD for share in shares)
    return float(np.mean(shares)), 100 * good / len(shares)


def planned(properties: Mapping[str, Any]) -> tuple[list[Window], int]:
    """Return the maintenance that was told before it began, and how many entries do not count.

    The property `maintenance` is a list of objects with `from`, `to` and `recorded_at`, ISO 8601 with an
    offset from UTC.
    """
    told = properties.get("maintenance")
    entries = told if isinstance(told, list) else []
    windows = [w for w in map(_window, entries) if w is not None]
    return windows, len(entries) - len(windows)


def _window(entry: object) -> Window | None:
    """Return the time of an entry; None where it can't be read, or was not recorded beforehand."""
    if not isinstance(entry, dict):
        return None
    try:
        start, end, told = (datetime.fromisoformat(entry[k]) for k in ("from", "to", "recorded_at"))
        return Window.of(start, end) if told <= start < end else None
    except (KeyError, TypeError, ValueError):
        return None


def share_outside(bounds: NDArray[np.int64], excluded: Sequence[Window]) -> Values:
    """Return the share of each span that lies outside all the excluded windows, shape (spans,)."""
    inside = np.zeros(len(bounds) - 1)
    for window in _merged(excluded):
        overlap = np.minimum(bounds[1:], window.end) - np.maximum(bounds[:-1], window.start)
        inside += np.clip(overlap, 0, None)
    return 1 - inside / np.diff(bounds)


def _merged(windows: Sequence[Window]) -> list[Window]:
    merged: list[Window] = []
    for window in sorted(windows):
        if merged and window.start <= merged[-1].end:
            merged[-1] = Window(merged[-1].start, max(merged[-1].end, window.end))
        else:
            merged.append(window)
    return merged


def _intervals(site: Site, window: Window, excluded: Sequence[Window]) -> tuple[float, float]:
    """Return a device's intervals in which something came, and those expected, outside the excluded time."""
    interval_s = min(a.interval_s for a in site.activity.values())
    bounds = spans_of(interval_s, window)
    counts = np.max([_counted(activity, bounds) for activity in site.activity.values()], axis=0)
    expected = np.diff(bounds) / (interval_s * 1e6)
    counted = expected * share_outside(bounds, excluded)
    return float(np.minimum(heard(counts, expected), counted).sum()), float(counted.sum())


def _counted(activity: Activity, bounds: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many observations of a datastream fell into each span, shape (spans,)."""
    upto = np.concatenate(([0], np.cumsum(activity.good + activity.suspect)))
    return np.diff(upto[activity.times.searchsorted(bounds)])


def device_day(site: Site, period: Period) -> SiteValue:
    """Return a device's availability on a day."""
    if not site.activity:
        return SiteValue(site.code, None, 0.0, Reason.INSUFFICIENT_DATA)
    windows, refused = planned(site.properties)
    received, expected = _intervals(site, period.step, windows)
    details: dict[str, Any] = {"received": half_up(received, 3), "expected": half_up(expected, 3)}
    if refused:
        details["maintenance_not_counted"] = refused
    if expected <= 0:
        return SiteValue(site.code, None, 1.0, Reason.MAINTENANCE, details=details)
    return SiteValue(site.code, availability(received, expected), 1.0, details=details)


def _fleet_value(sites: Sequence[SiteValue], place: int) -> AreaValue | None:
    known = {s.site: s.value for s in sites if s.value is not None}
    if not known:
        return None
    found = fleet(list(known.values()))
    worst = sorted((value, site) for site, value in known.items() if value < GOOD)[:NAMED]
    details = {
        "devices": len(known),
        "mean_pct": half_up(found[0], 3),
        "share_ge95_pct": half_up(found[1], 3),
        "worst": {site: half_up(value, 3) for value, site in worst},
        "maintenance": [s.site for s in sites if s.reason is Reason.MAINTENANCE],
    }
    return AreaValue(found[place], details)


def fleet_mean(_area: AreaUnit, sites: Sequence[SiteValue], _period: Period) -> AreaValue | None:
    """Return the mean of the devices' availabilities; the share with GOOD or more in the details."""
    return _fleet_value(sites, 0)


def fleet_share(_area: AreaUnit, sites: Sequence[SiteValue], _period: Period) -> AreaValue | None:
    """Return the share of devices with GOOD or more; the mean in the details."""
    return _fleet_value(sites, 1)


def _example(received: int, expected: int, others: Sequence[float]) -> dict[str, float]:
    one = availability(received, expected)
    mean, share = fleet([one, *others])
    return {"device1": one, "fleet_mean": mean, "share_ge95": share}


def _declare(
    code: str,
    name_en: str,
    name_vi: str,
    *,
    area: AreaFunction,
    area_rule: Text,
    examples: tuple[Example, ...] = (),
) -> Callable[[SiteFunction], SiteFunction]:
    return indicator(
        code=code,
        name_en=name_en,
        name_vi=name_vi,
        unit="%",
        inputs=(ACTIVITY,),
        step=Step.DAY,
        window=timedelta(days=1),
        min_completeness=0.0,
        area_rule=area_rule,
        area=area,
        decimals=3,
        version=1,
        source=Source(
            HALONG,
            Text(
                "intervals with a message over intervals expected",
                "số chu kỳ có tín hiệu trên số chu kỳ phải có",
            ),
            None,
            Trust.OWN,
            Text(
                "Expected: the day over the device's shortest sampling interval. Stamps of stored "
                "values, suspect or not, are counted. Maintenance (`halong maintenance`, and the device's "
                "property `maintenance`) leaves the day if it was recorded before it began.",
                "Số phải có: độ dài ngày chia cho chu kỳ đo ngắn nhất của thiết bị. Đếm nhãn thời gian "
                "của các giá trị đã lưu, kể cả bị nghi ngờ. Thời gian bảo trì (`halong maintenance` và thuộc "
                "tính `maintenance` của thiết bị) được loại khỏi ngày nếu đã ghi nhận trước khi bắt đầu.",
            ),
        ),
        crosswalk=crosswalk("availability"),
        examples=examples,
    )


@_declare(
    "iot_availability_d",
    "Device availability",
    "Độ sẵn sàng thiết bị",
    area=fleet_mean,
    area_rule=Text(
        "mean of the devices, each counting alike",
        "trung bình các thiết bị, mỗi thiết bị như nhau",
    ),
    examples=(
        Example(
            case="five devices",
            ours=_example,
            inputs={"received": 1398, "expected": 1440, "others": [100, 0, 99.5, 80]},
            expected={"device1": 97.0833, "fleet_mean": 75.3167, "share_ge95": 60.0},
            source="computed by hand",
        ),
    ),
)
def iot_availability_d(site: Site, period: Period) -> SiteValue:
    """Share of a day's sampling intervals in which a device was heard, in %; the mean of the area's devices.

    A silent device has 0. Maintenance that was recorded before it began leaves the day; a device with
    nothing but maintenance has no value. The details tell the share of devices with 95 % or more, and the
    worst ones.

    vi: Tỷ lệ các chu kỳ đo trong ngày mà thiết bị có tín hiệu, %; trung bình các thiết bị của địa bàn. Thiết
    bị im lặng tính 0. Thời gian bảo trì được ghi nhận trước khi bắt đầu thì loại khỏi ngày; thiết bị bảo trì
    cả ngày không có giá trị. Phần chi tiết cho biết tỷ lệ thiết bị đạt từ 95 % trở lên và những thiết bị kém
    nhất.
    """
    return device_day(site, period)


@_declare(
    "iot_available_d",
    "Devices available 95 % of the time",
    "Tỷ lệ thiết bị sẵn sàng từ 95 % thời gian",
    area=fleet_share,
    area_rule=Text(
        "devices with 95 % or more over devices",
        "số thiết bị đạt từ 95 % trở lên trên số thiết bị",
    ),
)
def iot_available_d(site: Site, period: Period) -> SiteValue:
    """Share of the area's devices that were heard in at least 95 % of the day's sampling intervals, in %.

    A mean hides a few devices that are silent behind many that are well; this does not. Intervals and
    maintenance are counted as for iot_availability_d.

    vi: Tỷ lệ thiết bị của địa bàn có tín hiệu trong ít nhất 95 % số chu kỳ đo của ngày, %. Giá trị trung bình
    có thể che khuất vài thiết bị im lặng giữa nhiều thiết bị tốt; chỉ số này thì không. Chu kỳ và thời gian
    bảo trì được tính như ở iot_availability_d.
    """
    return device_day(site, period)


longer("iot_availability_d", Rule.MEAN)
longer("iot_available_d", Rule.MEAN)
