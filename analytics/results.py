"""Results: of a site, of an area rule, and of an indicator."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from analytics.texts import Text

if TYPE_CHECKING:
    from collections.abc import Mapping


class Reason(StrEnum):
    """Why there is no value. It is stored in the value's place: neither zero nor the last value is."""

    NO_STATION = "no_station"
    INSUFFICIENT_DATA = "insufficient_data"
    TOO_FEW_VEHICLES = "too_few_vehicles"
    NO_FREE_FLOW_SPEED = "no_free_flow_speed"
    NO_CAPACITY = "no_capacity"
    NO_ALERT_LEVELS = "no_alert_levels"
    NO_TIDE_CONSTANTS = "no_tide_constants"
    CALM = "calm"
    MAINTENANCE = "maintenance"
    NO_LIMIT = "no_limit"
    NO_AREA_CLASS = "no_area_class"
    NO_AREA_SIZE = "no_area_size"
    TOO_FEW_PARAMETERS = "too_few_parameters"
    NO_LENGTH = "no_length"
    NO_DESIGN_SPEED = "no_design_speed"
    NO_VEHICLE_CLASSES = "no_vehicle_classes"
    NO_RATED_POWER = "no_rated_power"
    REGISTER_RESET = "register_reset"
    NOT_APPLICABLE = "not_applicable"


#: What a reason says to readers.
WHY: Mapping[Reason, Text] = {
    Reason.NO_STATION: Text("no station", "không có trạm"),
    Reason.INSUFFICIENT_DATA: Text("insufficient data", "không đủ dữ liệu"),
    Reason.TOO_FEW_VEHICLES: Text("too few vehicles", "quá ít xe"),
    Reason.NO_FREE_FLOW_SPEED: Text("free-flow speed not known yet", "chưa biết tốc độ thông thoáng"),
    Reason.NO_CAPACITY: Text("no capacity declared", "chưa khai báo sức chứa"),
    Reason.NO_ALERT_LEVELS: Text("no alert levels declared", "chưa khai báo mức báo động"),
    Reason.NO_TIDE_CONSTANTS: Text("no tidal constants declared", "chưa có hằng số điều hoà thủy triều"),
    Reason.CALM: Text("calm", "lặng gió"),
    Reason.MAINTENANCE: Text("planned maintenance", "đang bảo trì theo kế hoạch"),
    Reason.NO_LIMIT: Text("no limit is configured", "chưa cấu hình giới hạn"),
    Reason.NO_AREA_CLASS: Text("no class of area declared", "chưa khai báo loại khu vực"),
    Reason.NO_AREA_SIZE: Text("no size declared", "chưa khai báo diện tích"),
    Reason.TOO_FEW_PARAMETERS: Text("too few parameters", "quá ít thông số"),
    Reason.NO_LENGTH: Text("no length declared", "chưa khai báo chiều dài"),
    Reason.NO_DESIGN_SPEED: Text("no design speed declared", "chưa khai báo tốc độ thiết kế"),
    Reason.NO_VEHICLE_CLASSES: Text("no vehicle classes", "không phân loại xe"),
    Reason.NO_RATED_POWER: Text("no rated power declared", "chưa khai báo công suất"),
    Reason.REGISTER_RESET: Text("the register jumped back", "chỉ số công tơ bị nhảy lùi"),
    Reason.NOT_APPLICABLE: Text("not applicable", "không áp dụng"),
}


@dataclass(frozen=True, slots=True)
class SiteValue:
    """The result for one thing. `weight` is its share in an area's mean, None where it has none.

    `areas`, the codes of the areas and of their reporting units that the thing counts for, is filled in from
    the site: an indicator's function leaves it empty.
    """

    site: str
    value: float | None
    completeness: float
    reason: Reason | None = None
    weight: float | None = None
    suspect: int = 0
    details: Mapping[str, Any] = field(default_factory=dict)
    areas: frozenset[str] = frozenset()

    def of(self, areas: frozenset[str]) -> SiteValue:
        """Return the same value with the areas that its site counts for."""
        # dataclasses.replace takes four times as long.
        return SiteValue(
            self.site,
            self.value,
            self.completeness,
            self.reason,
            self.weight,
            self.suspect,
            self.details,
            areas,
        )


@dataclass(frozen=True)
class AreaValue:
    """What an area rule makes of the valid sites."""

    value: float
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Value:
    """The result for one area and step; exactly one of `value` and `reason` is None."""

    value: float | None
    completeness: float
    reason: Reason | None = None
    category: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
