"""Values of indicators as clients get them: rows that explain themselves, or small ones with a head. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from analytics.steps import Step
from api.queries.indicators import FIELDS
from api.stand_ins import land_share
from api.tables.indicators import VALUES, value_row

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date
    from zoneinfo import ZoneInfo

    from api.known import Known, Unit
    from api.queries import Row
    from api.queries.indicators import Stored
    from api.stand_ins import StandIn

#: columns of a small row, and those that may be chosen
COMPACT = ("indicator", "area", "time", "value", "category", "reason", "completeness", "revision")
CHOICES = (*VALUES.names, "details")
#: what a row has behind its fields: indicator, start of the step, when it was computed, its place
_BEHIND = 4
_NAMED = ("code", "name_en", "name_vi", "unit", "period", "step_s", "window_s", "version", "categories")


def value(stored: Stored, unit: Unit, known: Known, zone: ZoneInfo, stands_for: Sequence[str] = ()) -> Row:
    """Return a value, read with all of FIELDS, with its unit, its names, and the period it stands for."""
    row = named_fields(stored)
    declared = known.indicators[row["indicator"]]
    start, end, day, label = moments(declared["step_s"], declared["window_s"], row["time"], zone)
    classes = {each["code"]: each for each in declared["categories"]}
    return row | {
        "area_name_en": unit.name_en,
        "area_name_vi": unit.name_vi,
        "area_valid_from": unit.valid_from,
        "longitude": unit.longitude,
        "latitude": unit.latitude,
        "unit": declared["unit"],
        "period_start": start,
        "period_end": end,
        "day": day,
        "label": label,
        "category": classes.get(row["category"]),
        "stands_for": list(stands_for),
    }


@lru_cache(maxsize=8192)
def moments(
    step_s: int, window_s: int, start: datetime, zone: ZoneInfo
) -> tuple[datetime, datetime, date, str]:
    """Return where a step's inputs begin, its end, its local day and what reports call it."""
    step = Step.lasting(step_s)
    inputs = step.inputs_from(start, timedelta(seconds=window_s))
    return inputs, step.after(start, zone), step.day(start, zone), step.label(start, zone)


def small(stored: Sequence[Stored]) -> list[Stored]:
    """Return small rows of what was read with their columns."""
    return [row[:-_BEHIND] for row in stored]


def picked(row: Row, columns: Iterable[str]) -> list[Any]:
    """Return some columns of a value that explains itself."""
    flat = value_row(row) | {"details": row["details"]}
    return [flat[name] for name in columns]


def named_fields(stored: Stored) -> Row:
    """Return a value, read with all of FIELDS, by name."""
    return dict(zip(FIELDS, stored, strict=False))


def computed_at(stored: Sequence[Stored]) -> datetime | None:
    """Return when the newest of some values was computed."""
    return max((row[-2] for row in stored), default=None)


def named(declared: Row) -> Row:
    """Return what the head of an answer says of an indicator."""
    return {name: declared[name] for name in _NAMED}


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
                    "land_share": land_share(known, each.area, each.relation, other.unit),
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
