"""Ingest latency: from a reading's own time until it is visible."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from analytics.crosswalk import crosswalk
from analytics.indicator import Example, Source, Trust, indicator
from analytics.inputs import ACTIVITY
from analytics.results import AreaValue, Reason, SiteValue
from analytics.rounding import half_up
from analytics.series import HOUR
from analytics.steps import Step
from analytics.texts import HALONG, Text
from storage.arrivals import ACCURACY, AHEAD, REPLAY, REPLAY_AFTER_S, centres

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from analytics.inputs import AreaUnit, Period, Site

#: Percentiles that are told; the last but one is the indicator's value.
PERCENTILES = (50, 95, 99)
#: A reading that takes longer is late, s.
LATE_S = 30.0


def percentile(seconds: NDArray[np.float64], counts: NDArray[np.int64], percent: float) -> float:
    """Return a percentile of values that occur so many times each, by linear interpolation between ranks.

    It is numpy's percentile (method `linear`) of the values written out one by one.

    Args:
        seconds: ascending, shape (n > 0,).
        counts: of each, at least 1, shape (n,).
        percent: 0 to 100.
    """
    upto = np.cumsum(counts)
    rank = (int(upto[-1]) - 1) * percent / 100
    lower, upper = (
        float(seconds[upto.searchsorted(r, side="right")]) for r in (np.floor(rank), np.ceil(rank))
    )
    return lower + (upper - lower) * (rank - float(np.floor(rank)))


def summary(seconds: NDArray[np.float64], counts: NDArray[np.int64]) -> dict[str, float]:
    """Return percentiles and mean in s and the share of late readings in %; arguments as for `percentile`."""
    found = {f"p{p}": percentile(seconds, counts, p) for p in PERCENTILES}
    late = counts[seconds > LATE_S].sum() / counts.sum()
    return found | {
        "mean": float(np.average(seconds, weights=counts)),
        "late_over_30s_pct": float(100 * late),
    }


def pooled(sketches: Sequence[Mapping[int, int]]) -> dict[int, int]:
    """Return the counts of several gateways added up by bin, ascending."""
    total: dict[int, int] = {}
    for sketch in sketches:
        for each, count in sketch.items():
            total[each] = total.get(each, 0) + count
    return dict(sorted(total.items()))


def of_sketch(sketch: Mapping[int, int]) -> tuple[dict[str, float] | None, dict[str, int]]:
    """Return the summary of the live readings of counts by bin, if there are any, and what was counted."""
    live = {b: n for b, n in sorted(sketch.items()) if b not in {AHEAD, REPLAY}}
    counted = {
        "readings": sum(live.values()), "replayed": sketch.get(REPLAY, 0), "ahead": sketch.get(AHEAD, 0)
    }  # fmt: skip
    if not live:
        return None, counted
    bins, counts = np.array(list(live), np.int16), np.array(list(live.values()), np.int64)
    return summary(centres(bins), counts), counted


def all_readings(_area: AreaUnit, sites: Sequence[SiteValue], _period: Period) -> AreaValue | None:
    """Return the 95th percentile of all readings of the area's gateways: their counts are added up first."""
    by_gateway = {s.details["gateway"]: s.details["sketch"] for s in sites}
    found, counted = of_sketch(pooled([_numbered(sketch) for sketch in by_gateway.values()]))
    if found is None:
        return None
    details: dict[str, Any] = {name: half_up(value, 3) for name, value in found.items()} | counted
    slowest = {s.details["gateway"]: s.value for s in sites if s.value is not None}
    worst = sorted(slowest, key=lambda gateway: -slowest[gateway])[:3]
    return AreaValue(found["p95"], details | {"slowest": {g: half_up(slowest[g], 3) for g in worst}})


def _numbered(sketch: Mapping[str, int]) -> dict[int, int]:
    return {int(each): count for each, count in sketch.items()}


def _example(s: Sequence[float]) -> dict[str, float]:
    seconds, counts = np.unique(np.array(s, np.float64), return_counts=True)
    return summary(seconds, counts)


_REPLAY_MIN = round(REPLAY_AFTER_S / 60)


@indicator(
    code="iot_latency",
    name_en="Ingest latency, 95th percentile",
    name_vi="Độ trễ tiếp nhận, bách phân vị 95",
    unit="s",
    inputs=(ACTIVITY,),
    arrivals=True,
    by_gateway=True,
    step=Step.HOUR,
    window=HOUR,
    min_completeness=0.0,
    area_rule=Text(
        "percentile of all readings of the area's gateways, whose counts are added up first",
        "bách phân vị của mọi số đo của các gateway trong địa bàn, cộng số đếm của chúng trước",
    ),
    area=all_readings,
    decimals=3,
    version=1,
    source=Source(
        HALONG,
        Text("a reading's own time up to its commit", "từ nhãn thời gian của số đo đến khi được lưu"),
        None,
        Trust.OWN,
        Text(
            f"Ingest counts each reading at its commit, by gateway and in bins right within {ACCURACY:.0%}. "
            f"Readings older than {_REPLAY_MIN} min are a replay of a buffer, readings ahead of the clock an "
            "error of a clock: both are counted apart. A step holds what arrived in it. Counts are stored "
            "every five minutes; a process that ends loses those since. A reading that comes again counts "
            "again.",
            "Ingest đếm mỗi số đo lúc lưu, theo gateway và theo các khoảng có sai số không quá "
            f"{ACCURACY:.0%}. Số đo cũ hơn {_REPLAY_MIN} phút là gửi bù từ bộ đệm, số đo vượt trước đồng "
            "hồ là lỗi đồng hồ: cả hai được đếm riêng. Một kỳ gồm những gì đến trong kỳ đó. Số đếm được lưu "
            "năm phút một lần; tiến trình kết thúc thì mất phần chưa lưu. Số đo gửi lại được đếm lại.",
        ),
    ),
    crosswalk=crosswalk("latency"),
    examples=(
        Example(
            case="ten messages, s, linear interpolation between ranks",
            ours=_example,
            inputs={"s": [0.8, 1.1, 0.9, 1.0, 5.2, 0.7, 1.3, 60.0, 1.2, 0.95]},
            expected={
                "p50": 1.05,
                "p95": 35.34,
                "p99": 55.068,
                "mean": 7.315,
                "late_over_30s_pct": 10.0,
            },
            source="computed by hand",
        ),
    ),
)
def iot_latency(site: Site, period: Period) -> SiteValue:
    """Time from the readings' own time stamps until they are visible, 95th percentile of the hour, in s.

    Of what arrived in the hour, without replays of buffers and without readings ahead of the clock, which the
    details count. The details tell the median, the 99th percentile, the mean, the share that took more than
    30 s, and the slowest gateways. An area's percentile is that of all its readings, never a mean.

    vi: Thời gian từ nhãn thời gian của số đo đến khi số đo được lưu và đọc được, bách phân vị 95 của giờ, s.
    Tính trên những gì đến trong giờ, không kể số liệu gửi bù từ bộ đệm và số đo có nhãn thời gian ở tương
    lai; hai loại này được đếm riêng trong phần chi tiết. Phần chi tiết còn có trung vị, bách phân vị 99,
    trung bình, tỷ lệ chậm hơn 30 s và các gateway chậm nhất. Bách phân vị của địa bàn lấy trên mọi số đo của
    địa bàn, không phải trung bình các bách phân vị.
    """
    sketch: dict[int, int] = {}
    if site.arrived is not None:
        bins, counts = site.arrived.within(period.step)
        sketch = pooled([{int(b): int(n)} for b, n in zip(bins, counts, strict=True)])
    found, counted = of_sketch(sketch)
    details = {"gateway": site.gateway, "sketch": {str(b): n for b, n in sketch.items()}} | counted
    if found is None:
        return SiteValue(site.code, None, 0.0, Reason.INSUFFICIENT_DATA, details=details)
    return SiteValue(site.code, found["p95"], 1.0, details=details)
