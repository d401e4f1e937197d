"""All that was ever stored as one value."""

from datetime import date, datetime
from typing import Any, Literal

from pydantic import Field

from api.schemas.common import Model
from api.schemas.series import NamedArea
from api.schemas.values import AREA, DECLARED, DeclaredIndicator


class ValueRevision(Model):
    """What was known of a value for some time."""

    revision: int
    value: float | None
    category: str | None
    reason: str | None
    completeness: float
    version: int = Field(description="Version of the formula.")
    computed_at: datetime = Field(description="From when on it was known.")
    superseded_at: datetime | None = Field(description="Until when; null: it is in force.")
    cause: Literal["first", "formula", "data"] = Field(
        description="Why it was written: the first, another version of the formula, or observations that "
        "came late, were flagged or calibrated."
    )
    changed: list[str] = Field(description="What differs from the revision before.")
    details: dict[str, Any]


class Revisions(Model):
    """The revisions of the value of one step, the first one first."""

    indicator: DeclaredIndicator
    area: NamedArea
    time_zone: str
    time: datetime = Field(description="Start of the step.")
    period_end: datetime
    day: date
    label: str
    items: list[ValueRevision]


_FIRST: dict[str, Any] = {
    "revision": 1,
    "value": 58,
    "category": "moderate",
    "reason": None,
    "completeness": 0.81,
    "version": 1,
    "computed_at": "2026-11-22T01:02:00Z",
    "superseded_at": "2026-11-23T01:12:00Z",
    "cause": "first",
    "changed": [],
    "details": {"dominant": "pm2_5"},
}
REVISIONS: dict[str, Any] = {
    "indicator": DECLARED,
    "area": AREA,
    "time_zone": "Asia/Ho_Chi_Minh",
    "time": "2026-11-22T00:00:00Z",
    "period_end": "2026-11-22T01:00:00Z",
    "day": "2026-11-22",
    "label": "08:00",
    "items": [
        _FIRST,
        _FIRST
        | {
            "revision": 2,
            "value": 62,
            "completeness": 0.98,
            "computed_at": "2026-11-23T01:12:00Z",
            "superseded_at": None,
            "cause": "data",
            "changed": ["value", "completeness"],
        },
    ],
}
