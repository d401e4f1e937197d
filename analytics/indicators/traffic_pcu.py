"""Traffic: flow in passenger car units."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from analytics.area_rules import weighted_mean
from analytics.hours import SUM_SHARE, day_of, peak
from analytics.indicator import Example, Source, Trust
from analytics.indicators.traffic_flow import BY_LENGTH
from analytics.indicators.traffic_links import declared_free_flow, hourly
from analytics.known import Known
from analytics.longer import Rule
from analytics.results import Reason
from analytics.rounding import half_up
from analytics.texts import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analytics.inputs import Period, Site
    from analytics.results import SiteValue
    from analytics.series import Series, Values, Window


@dataclass(frozen=True, kw_only=True)
class PcuFactors:
    """Passenger car units of one vehicle of each class, in force from a day on."""

    valid_from: date
    document: str
    #: on a road with a design speed below 60 km/h, and from there on
    motorcycle_slow: float
    motorcycle_fast: float
    car: float
    bus: float
    #: of two axles
    truck: float
    heavy_truck: float

    def of(self, design_speed: float) -> dict[str, float]:
        """Return the factor of each class on a road with a design speed in km/h."""
        motorcycle = self.motorcycle_slow if design_speed < FAST else self.motorcycle_fast
        return {"motorcycle": motorcycle, **{name: getattr(self, name) for name in CLASSES[1:]}}


#: km/h
FAST = 60.0
CLASSES = ("motorcycle", "car", "bus", "truck", "heavy_truck")
#: Of the first rule's first day only the year is known.
FACTORS = (
    PcuFactors(
        valid_from=date(2007, 1, 1), document="TCXDVN 104:2007", motorcycle_slow=0.25, motorcycle_fast=0.5,
        car=1.0, bus=2.5, truck=2.5, heavy_truck=3.0,
    ),
)  # fmt: skip
#: Observed properties: vehicles of each class in the interval.
COUNTS = tuple(f"{name}_count" for name in CLASSES)
#: Observed properties: shares of the classes in `traffic_flow`, %.
SHARES = ("motorcycle_share", "heavy_share")


def factors_on(day: date, design_speed: float, own: object = None) -> dict[str, float]:
    """Return each class's factor on a local day, 0 of them unknown: a site's own take the table's place.

    Raises:
        ValueError: the day is before the first table.
    """
    fitting = [table for table in FACTORS if table.valid_from <= day]
    if not fitting:
        raise ValueError(f"no PCU factors on {day}: the first ones are in force from {FACTORS[0].valid_from}")
    usable = own.items() if isinstance(own, dict) else ()
    return fitting[-1].of(design_speed) | {name: float(f) for name, f in usable if _is_factor(name, f)}


def _is_factor(name: object, factor: object) -> bool:
    number = isinstance(factor, (int, float)) and not isinstance(factor, bool)
    return name in CLASSES and number and 0 < factor < float("inf")  # type: ignore[operator]


def car_units(vehicles: Mapping[str, float], factors: Mapping[str, float]) -> float:
    """Return the passenger car units of vehicles by class."""
    return sum(factors[name] * count for name, count in vehicles.items())


def by_shares(vehicles: Values, motorcycle_pct: Values, heavy_pct: Values) -> dict[str, float]:
    """Return the vehicles by class of intervals with shares in %; shapes (n,). Heavy ones count as trucks."""
    motorcycles, heavy = vehicles @ motorcycle_pct / 100, vehicles @ heavy_pct / 100
    cars = max(0.0, float(vehicles.sum() - motorcycles - heavy))
    return {"motorcycle": float(motorcycles), "car": cars, "truck": float(heavy)}


def _example(mc: float, car: float, bus: float, truck: float) -> dict[str, float]:
    factors = factors_on(date(2026, 1, 1), 50.0)
    return {"pcu": car_units({"motorcycle": mc, "car": car, "bus": bus, "truck": truck}, factors)}


def classes_of(site: Site, window: Window) -> tuple[Known, dict[str, float]] | None:
    """Return what is known of a window and vehicles per hour by class; None where they are not told."""
    if any(name in site.series for name in COUNTS):
        return _counted(site, window)
    return _shared(site, window) if all(n in site.series for n in ("traffic_flow", *SHARES)) else None


def _counted(site: Site, window: Window) -> tuple[Known, dict[str, float]]:
    told = {name: site.series[f"{name}_count"] for name in CLASSES if f"{name}_count" in site.series}
    share = min(series.completeness(window) for series in told.values())
    suspect = sum(series.suspects(window) for series in told.values())
    means = {name: _mean(series, window) * 3600 / series.interval_s for name, series in told.items()}
    return Known(site.code, share, suspect), means


def _mean(series: Series, window: Window) -> float:
    counts = series.good(window)
    return float(counts.mean()) if len(counts) else 0.0


def _shared(site: Site, window: Window) -> tuple[Known, dict[str, float]]:
    """Return the classes by share: an interval is known with both shares, or without vehicles."""
    flow = site.series["traffic_flow"]
    first, last = flow.good_times.searchsorted((window.start, window.end))
    at, vehicles = flow.good_times[first:last], flow.good_values[first:last]
    shares = [_at(site.series[name], at) for name in SHARES]
    known = (vehicles == 0) | ~np.isnan(shares[0] + shares[1])
    moving = known & (vehicles > 0)
    classes = by_shares(vehicles[moving], shares[0][moving], shares[1][moving])
    share, suspect = min(1.0, int(known.sum()) / flow.expected(window)), flow.suspects(window)
    hours = max(int(known.sum()), 1) * flow.interval_s / 3600
    return Known(site.code, share, suspect), {name: each / hours for name, each in classes.items()}


def _at(series: Series, instants: Any) -> Values:
    """Return the good values at exactly these instants, NaN where there is none; shape (n,)."""
    if not len(series.good_times):
        return np.full(len(instants), np.nan)
    index = np.minimum(series.good_times.searchsorted(instants), len(series.good_times) - 1)
    return np.where(series.good_times[index] == instants, series.good_values[index], np.nan)


@hourly(
    code="traffic_pcu",
    name_en="Traffic flow in passenger car units",
    name_vi="Lưu lượng xe con quy đổi (PCU)",
    unit="{PCU}/h",
    inputs=("traffic_flow", *SHARES, *COUNTS),
    needs=("traffic_flow", *COUNTS),
    area_rule=BY_LENGTH,
    area=weighted_mean,
    decimals=3,
    version=1,
    source=Source(
        Text(
            "TCXDVN 104:2007 (replaced by TCVN 13592:2022)",
            "TCXDVN 104:2007 (được thay thế bởi TCVN 13592:2022)",
        ),
        Text("factors of conversion to passenger cars", "hệ số quy đổi ra xe con"),
        2007,
        Trust.RECALLED,
        Text(
            "Motorcycle 0.25 below a design speed of 60 km/h, else 0.5; car 1; bus and truck of two "
            "axles 2.5; heavier 3. To be checked; those of TCVN 13592:2022 could not be read. The "
            "thing's property `pcu_factors` (class: factor) takes the table's place. Design speed is "
            "its property `design_speed_kmh`, else its declared free-flow speed. Vehicles by class are "
            "counts where the detector tells them (motorcycle_count, car_count, bus_count, truck_count, "
            "heavy_truck_count), else `traffic_flow` by motorcycle_share and heavy_share, where heavy "
            "ones count as trucks.",
            "Xe máy 0,25 khi tốc độ thiết kế dưới 60 km/h, nếu không 0,5; xe con 1; xe buýt và xe tải "
            "hai trục 2,5; xe nặng hơn 3. Cần đối chiếu; chưa đọc được hệ số của TCVN 13592:2022. Thuộc "
            "tính `pcu_factors` (loại xe: hệ số) của thiết bị thay cho bảng này. Tốc độ thiết kế là "
            "thuộc tính `design_speed_kmh`, nếu không có thì là tốc độ dòng tự do đã khai báo. Số xe "
            "theo loại là số đếm nếu thiết bị báo (motorcycle_count, car_count, bus_count, truck_count, "
            "heavy_truck_count), nếu không thì là `traffic_flow` theo motorcycle_share và heavy_share, "
            "trong đó xe nặng tính như xe tải.",
        ),
    ),
    examples=(
        Example(
            case="mixed flow, factors mc .25 car 1 bus 2.5 truck 2.5",
            ours=_example,
            inputs={"mc": 800, "car": 120, "bus": 20, "truck": 10},
            expected={"pcu": 395.0},
            source="computed",
        ),
    ),
)
def traffic_pcu(site: Site, period: Period) -> SiteValue:
    """Passenger car units per hour past a point of the road: each class of vehicle by its factor.

    No value where less than 75 % of the hour was counted by class, or no design speed is declared.

    vi: Số đơn vị xe con quy đổi mỗi giờ qua một điểm của đường: mỗi loại xe nhân với hệ số của nó. Không có
    giá trị nếu đếm theo loại xe được dưới 75 % của giờ, hoặc chưa khai báo tốc độ thiết kế.
    """
    told = classes_of(site, period.step)
    if told is None:
        return Known.of(site, site.series["traffic_flow"], period.step).missing(Reason.NO_VEHICLE_CLASSES)
    known, vehicles = told
    speed = site.number("design_speed_kmh") or declared_free_flow(site)
    if not known.enough or speed is None:
        return known.missing(Reason.NO_DESIGN_SPEED if known.enough else Reason.INSUFFICIENT_DATA)
    factors = factors_on(period.day, speed, site.properties.get("pcu_factors"))
    shown = {name: half_up(count, 3) for name, count in vehicles.items()}
    details = {"vehicles_per_hour": shown, "factors": {name: factors[name] for name in vehicles}}
    return known.value(car_units(vehicles, factors), site.number("length_km"), **details)


day_of(
    "traffic_pcu",
    Rule.SUM,
    name_en="Daily traffic in passenger car units",
    name_vi="Lưu lượng xe con quy đổi ngày đêm (PCU)",
    unit="{PCU}/d",
    minimum=SUM_SHARE,
    words=Text(
        "Passenger car units of the day past a point of the road; nothing is added for hours without a "
        "value.",
        "Số đơn vị xe con quy đổi trong ngày qua một điểm của đường; không cộng thêm gì cho giờ không "
        "có giá trị.",
    ),
    more=peak,
)
