"""What periods come to, side by side."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from api.schemas.common import Model
from api.schemas.series import DerivedFrom, NamedArea
from api.schemas.values import AREA, DECLARED, DeclaredIndicator


class Span(Model):
    """A half-open period."""

    start: datetime = Field(serialization_alias="from")
    end: datetime = Field(serialization_alias="to")


class PeriodMethod(Model):
    """How a period's value is found."""

    kind: Literal["stored", "combined", "classes", "none"] = Field(
        description="`stored`: the value of `indicator` for this very step. `combined`: of the steps' values "
        "by `rule`. `classes`: no value, steps are counted by class. `none`: no value, and it has no classes."
    )
    indicator: str
    unit: str = Field(description="UCUM")
    rule: str | None
    note: str
    instead: list[DeclaredIndicator] = Field(
        description="Indicators of longer steps that say the same, where there is no value."
    )


class Summary(Model):
    """What the steps of a period come to."""

    value: float | None
    category: str | None = Field(description="Class of a stored value.")
    reason: str | None = Field(
        description="Why there is no value: as of a value, or `not_computed`, `no_rule_for_periods`."
    )
    completeness: float = Field(description="Mean over the period's steps; a missing one counts as 0.")
    steps: int = Field(description="Steps with a value.")
    steps_expected: int
    minimum: float | None = Field(description="Least value of a step.")
    maximum: float | None
    classes: dict[str, int] = Field(description="Steps by class.")


class ComparedArea(NamedArea):
    """An area's periods side by side."""

    stands_for: list[str]
    current: Summary
    previous: Summary
    difference: float | None = Field(description="Current less previous.")
    relative_difference: float | None = Field(
        description="Difference by the previous value's amount; null of dB, degrees, and where that is 0."
    )
    classes: dict[str, int] = Field(description="Steps by class: current less previous.")


class _Compared(Model):
    indicator: DeclaredIndicator
    time_zone: str
    as_of: datetime | None
    method: PeriodMethod


class Comparison(_Compared):
    """A period beside an earlier one."""

    period: Span
    compared_with: Span
    derived_from: list[DerivedFrom]
    items: list[ComparedArea]


class RankedArea(NamedArea, Summary):
    """An area with its rank."""

    rank: int = Field(description="1 comes first; equal values share a rank, and the next one is left out.")
    tied: bool


class UnrankedArea(NamedArea):
    """An area without a value."""

    reason: str | None


class Ranking(_Compared):
    """Areas in order."""

    start: datetime = Field(serialization_alias="from")
    end: datetime = Field(serialization_alias="to")
    order: Literal["highest", "lowest", "worst", "best"]
    items: list[RankedArea]
    without_value: list[UnrankedArea]


_MONTH: dict[str, Any] = {"from": "2026-09-30T17:00:00Z", "to": "2026-10-31T17:00:00Z"}
_MONTH_BEFORE: dict[str, Any] = {"from": "2026-08-31T17:00:00Z", "to": "2026-09-30T17:00:00Z"}
_SUMMARY: dict[str, Any] = {
    "value": None,
    "category": None,
    "reason": "no_rule_for_periods",
    "completeness": 0.97,
    "steps": 740,
    "steps_expected": 744,
    "minimum": 31,
    "maximum": 142,
    "classes": {"good": 410, "moderate": 290, "poor": 40},
}
_HEAD: dict[str, Any] = {"indicator": DECLARED, "time_zone": "Asia/Ho_Chi_Minh", "as_of": None}
_DAY: dict[str, Any] = {
    "code": "vn_aqi_d",
    "name_en": "Daily air quality index (VN_AQI)",
    "name_vi": "Chỉ số chất lượng không khí ngày (VN_AQI ngày)",
    "period": "P1D",
    "step_s": 86_400,
    "window_s": 86_400,
}
_BY_CLASS: dict[str, Any] = {
    "kind": "classes",
    "indicator": "vn_aqi_h",
    "unit": "1",
    "rule": None,
    "note": "it has no rule for periods; an index is never averaged: steps are counted by class instead; "
    "use an indicator of longer steps: vn_aqi_d (P1D)",
    "instead": [DECLARED | _DAY],
}
COMPARISON: dict[str, Any] = _HEAD | {
    "method": _BY_CLASS,
    "period": _MONTH,
    "compared_with": _MONTH_BEFORE,
    "derived_from": [],
    "items": [
        AREA
        | {
            "stands_for": [],
            "current": _SUMMARY,
            "previous": _SUMMARY | {"classes": {"good": 420, "moderate": 270, "poor": 30}},
            "difference": None,
            "relative_difference": None,
            "classes": {"good": -10, "moderate": 20, "poor": 10},
        }
    ],
}
_STORED: dict[str, Any] = {
    "kind": "stored",
    "indicator": "vn_aqi_d",
    "unit": "1",
    "rule": None,
    "note": "each period is a step of vn_aqi_d",
    "instead": [],
}
RANKING: dict[str, Any] = (
    _HEAD
    | {"from": "2026-11-20T17:00:00Z", "to": "2026-11-21T17:00:00Z", "order": "highest", "method": _STORED}
    | {
        "items": [
            {"rank": 1, "tied": False}
            | AREA
            | _SUMMARY
            | {"value": 62, "category": "moderate", "reason": None}
        ],
        "without_value": [AREA | {"code": "194", "reason": "no_station"}],
    }
)
