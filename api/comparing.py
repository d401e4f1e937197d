"""How comparisons and rankings are told. Pure but for the choice of areas."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING

from analytics.direction import Worse, worse
from api import questions, values
from api.period_values import decimals
from api.periods import EVER, Period
from api.problems import invalid
from api.stand_ins import Series
from api.summaries import differences, method, ranks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from fastapi import Request

    from api.known import Known, State, Unit
    from api.period_values import Asking, Found
    from api.queries import Row
    from api.questions import Place
    from api.stand_ins import Choice
    from api.summaries import Method, Summary


class Order(StrEnum):
    """Who comes first in a ranking."""

    HIGHEST = "highest"
    LOWEST = "lowest"
    WORST = "worst"
    BEST = "best"


async def choose_areas(
    request: Request, state: State, code: str, place: Place, periods: Sequence[Period]
) -> Choice:
    """Return the series of an indicator that answer for areas in any of some periods.

    Raises:
        Problem: 422; there is no such area.
    """
    where = questions.ground(state[0], place)
    newest = await request.app.state.registry.newest(state)
    span = Period(min(each.start for each in periods), max(each.end for each in periods))
    return questions.series_of(state[0], [code], where, span, newest.extents([code]))


def told_of(known: Known, code: str, place: Place, choice: Choice) -> list[Series]:
    """Return the series that answer, and one for each area that was asked for and has nothing stored.

    Where no area was named, those are the ones of the levels that answer for which indicators are computed.
    """
    answered = {each.unit.code for each in choice.series}
    answered.update(other for each in choice.series for other in each.stands_for)
    levels = {each.unit.level for each in choice.series if place.areas is None}
    wanted = sorted(units(known, place), key=lambda unit: unit.valid_from)
    missing = {
        unit.code: Series(code, unit, EVER.start, EVER.end)
        for unit in wanted
        if unit.code not in answered and (not levels or unit.level in levels)
    }
    return sorted((*choice.series, *missing.values()), key=lambda each: each.key)


def head(known: Known, asking: Asking, zone: ZoneInfo) -> Row:
    """Return what both answers begin with."""
    how = asking.method
    return {
        "indicator": known.heads[asking.code],
        "time_zone": zone.key,
        "as_of": asking.as_of,
        "method": asdict(how)
        | {
            "unit": known.indicators[how.indicator]["unit"],
            "instead": [known.heads[code] for code in how.instead],
        },
    }


def told(period: Period) -> Row:
    """Return a period as `from` and `to`."""
    return {"from": period.start, "to": period.end}


def derived(choice: Choice, known: Known) -> list[Row]:
    """Return which areas are answered with the values of others."""
    return values.stand_ins(choice.stand_ins, known)


def compared(
    known: Known,
    how: Method,
    series: Sequence[Series],
    current: Mapping[int, Summary],
    previous: Mapping[int, Summary],
) -> list[Row]:
    """Return both summaries of each area, and by how much they differ."""
    unit, digits = known.indicators[how.indicator]["unit"], decimals(known, how.indicator)
    return [
        values.area(each.unit)
        | {
            "stands_for": list(each.stands_for),
            "current": asdict(current[each.unit.id]),
            "previous": asdict(previous[each.unit.id]),
        }
        | differences(current[each.unit.id], previous[each.unit.id], unit, digits)
        for each in series
    ]


def latest(*found: Found) -> datetime | None:
    """Return when the newest of what was found was computed."""
    return max((each.computed_at for each in found if each.computed_at is not None), default=None)


def rankable(known: Known, code: str, period: Period, zone: ZoneInfo) -> Method:
    """Return how a period's values are found that areas can be ranked by.

    Raises:
        Problem: 422; a period of this length has no value.
    """
    how = method(known, code, (period,), zone)
    if not how.has_value:
        span = f"{period.start.isoformat()}/{period.end.isoformat()}"
        raise invalid("period", span, f"{code}: {how.note}", "one step, such as a day of a daily indicator")
    return how


def falls(code: str, order: Order) -> bool:
    """Tell whether the highest value comes first.

    Raises:
        Problem: 422; of this indicator nobody can say which end is the worse one.
    """
    end = worse(code)
    if order in {Order.HIGHEST, Order.LOWEST}:
        return order is Order.HIGHEST
    if end is None:
        problem = f"neither more nor less of {code} is better in itself"
        raise invalid("order", order, problem, "highest or lowest")
    return (end is Worse.HIGH) == (order is Order.WORST)


def units(known: Known, place: Place) -> list[Unit]:
    """Return the areas to rank, those for which indicators are computed first of all.

    Raises:
        Problem: 422; there is no such area.
    """
    found = questions.ground(known, place).units
    if place.areas is not None or place.level is not None:
        return list(found) if place.areas is not None else [unit for unit in found if unit.reporting]
    levels = [unit.level for unit in found if unit.reporting]
    most = max(levels, key=levels.count, default=None)
    return [unit for unit in found if unit.reporting and unit.level == most]


def ranked(units: Sequence[Unit], summaries: Mapping[int, Summary], *, falls: bool) -> Row:
    """Return areas with their ranks, and apart from them those without a value."""
    sign = -1 if falls else 1
    found = [(sign * (summaries[unit.id].value or 0), unit) for unit in units if _has(summaries, unit)]
    found.sort(key=lambda each: (each[0], each[1].code))
    places = ranks([value for value, _ in found])
    return {
        "items": [
            {"rank": place, "tied": places.count(place) > 1} | values.area(unit) | asdict(summaries[unit.id])
            for place, (_, unit) in zip(places, found, strict=True)
        ],
        "without_value": [
            values.area(unit) | {"reason": summaries[unit.id].reason}
            for unit in units
            if not _has(summaries, unit)
        ],
    }


def _has(summaries: Mapping[int, Summary], unit: Unit) -> bool:
    return summaries[unit.id].value is not None
