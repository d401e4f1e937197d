"""What stands beside values of indicators: indicators, areas, steps, who stands for whom. Pure."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from math import isnan
from typing import TYPE_CHECKING

from analytics.steps import Step
from api.stand_ins import land_share
from api.tables.indicators import VALUES
from storage.columns import instants

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

    from api.known import Known, Unit
    from api.queries import Row
    from api.queries.indicators import Stored
    from api.stand_ins import StandIn

#: columns of a small row, and those that may be chosen
COMPACT = ("indicator", "area", "time", "value", "category", "reason", "completeness", "revision")
CHOICES = (*VALUES.names, "details")


@lru_cache(maxsize=8192)
def moments(
    step_s: int, window_s: int, start: datetime, zone: ZoneInfo
) -> tuple[datetime, datetime, date, str]:
    """Return where a step's inputs begin, its end, its local day and what reports call it."""
    step = Step.lasting(step_s)
    inputs = step.inputs_from(start, timedelta(seconds=window_s))
    return inputs, step.after(start, zone), step.day(start, zone), step.label(start, zone)


def computed_at(rows: Stored) -> datetime | None:
    """Return when the newest of some values was computed."""
    return instants(rows["computed_at"].max(keepdims=True))[0] if len(rows) else None


def by_name(rows: Stored) -> list[Row]:
    """Return values that were read as dictionaries; None is what could not be computed."""
    told = zip(*(column.tolist() for column in rows.arrays.values()), strict=True)
    found = [dict(zip(rows.arrays, row, strict=True)) for row in told]
    times = instants(rows["computed_at"])
    return [
        row | {"value": None if isnan(row["value"]) else row["value"], "computed_at": time}
        for row, time in zip(found, times, strict=True)
    ]


def areas(units: Iterable[Unit]) -> list[Row]:
    """Return what the head of an answer says of areas, each once, by code."""
    found = {unit.id: unit for unit in units}
    return [area(unit) for unit in sorted(found.values(), key=lambda unit: (unit.code, unit.valid_from))]


def stand_ins(found: Mapping[StandIn, Sequence[str]], known: Known) -> list[Row]:
    """Return which areas have no values of their own, and whose values stand for them."""
    return [
        {
            "area": each.area.code,
            "area_valid_from": each.area.valid_from,
            "indicators": list(indicators),
            "from": each.start,
            "to": each.end,
            "relation": each.relation,
            "derived_from": [
                area(other.unit)
                | {
                    "is_main": other.is_main,
                    "land_share": land_share(known, each.area, each.relation, other),
                }
                for other in each.derived_from
            ],
        }
        for each, indicators in found.items()
    ]


def area(unit: Unit) -> Row:
    """Return what the head of an answer says of one area."""
    return {
        "code": unit.code,
        "valid_from": unit.valid_from,
        "valid_to": unit.valid_to,
        "level": unit.level,
        "name_en": unit.name_en,
        "name_vi": unit.name_vi,
    }
