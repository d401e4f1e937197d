"""Values of many indicators: rows that explain themselves, and small rows with one head."""

from datetime import datetime
from typing import Any

from pydantic import Field

from api.schemas.common import Model, Page
from api.schemas.series import (
    CATEGORY,
    HEAD,
    NAME,
    VALUE,
    Category,
    DerivedFrom,
    IndicatorName,
    IndicatorValue,
    NamedArea,
)


class DeclaredIndicator(IndicatorName):
    """An indicator in the head of small rows."""

    version: int = Field(description="Version of the formula.")
    categories: list[Category]


class Available(Model):
    """From when to when there are values."""

    start: datetime = Field(serialization_alias="from", description="Start of the first step.")
    end: datetime = Field(serialization_alias="to", description="End of the last step.")


class _Head(Model):
    start: datetime = Field(serialization_alias="from", description="Start of the period, included.")
    end: datetime = Field(serialization_alias="to", description="End of the period, excluded.")
    time_zone: str = Field(description="IANA name of the zone in which days and steps are cut.")
    as_of: datetime | None = Field(description="Null: as known today.")
    available: Available | None = Field(
        default=None, description="Where the period has no values: from when to when there are; null: none."
    )


class _Next(Model):
    next: str | None = Field(default=None, description="Path and query of the next page; null on the last.")


class Values(_Head, _Next):
    """Values by indicator, area and time."""

    indicators: list[DeclaredIndicator]
    derived_from: list[DerivedFrom]
    items: list[IndicatorValue]


class _Compact(_Next):
    indicators: list[DeclaredIndicator]
    areas: list[NamedArea]
    derived_from: list[DerivedFrom]
    columns: list[str] = Field(description="Names of what stands in each row.")
    rows: list[list[Any]] = Field(
        description="By indicator, area and time; `category` is a code of the indicator's classes."
    )


class CompactValues(_Head, _Compact):
    """Values as small rows: `pandas.DataFrame(a["rows"], columns=a["columns"])`."""


class LatestValues(Page[IndicatorValue]):
    """The newest values by indicator and area."""

    derived_from: list[DerivedFrom] = Field(default=[])


class CompactLatest(_Compact):
    """The newest values as small rows."""


DECLARED: dict[str, Any] = NAME | {"version": 1, "categories": [CATEGORY]}
AREA: dict[str, Any] = {
    "code": "193",
    "valid_from": "2020-01-01",
    "valid_to": "2025-07-01",
    "level": "district",
    "name_en": "Ha Long City",
    "name_vi": "Thành phố Hạ Long",
}
VALUES: dict[str, Any] = HEAD | {"indicators": [DECLARED], "items": [VALUE], "next": None}
