"""What a client asks of indicators: which ones, where, when, and as known when."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Query

from analytics.steps import Step
from api import suggest
from api.parameters import Areas, At, Level, now, resolved, split_codes
from api.periods import EXPECTED_PERIOD, parse_period
from api.problems import Problem, invalid, or_
from api.stand_ins import Choice, choose
from api.times import Duration, TimeError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from zoneinfo import ZoneInfo

    from api.fresh import Kind
    from api.known import Known, Unit
    from api.newest import Extents
    from api.periods import Asked, Period
    from api.queries import Row

#: indicators times areas that have values, in one request
MAX_SERIES = 1_000
#: a revision that was begun before an instant may still be committed for so long
_SETTLED = timedelta(minutes=5)
#: a period that ended less than so long ago is still being completed
_RECENT = timedelta(days=1)

Within = Annotated[
    str | None,
    Query(
        description="Instead of `area`: this area and everything below it, on the day `at` if it is given."
    ),
]


@dataclass(frozen=True)
class Place:
    """Which areas a client wants."""

    areas: tuple[str, ...] | None = None
    within: str | None = None
    at: date | None = None
    level: str | None = None


async def place(at: At, area: Areas = None, within: Within = None, level: Level = None) -> Place:
    """Read `area`, `within`, `at` and `level`."""
    codes = split_codes(area)
    return Place(None if codes is None else tuple(codes), within, at, level)


Placed = Annotated[Place, Depends(place)]


@dataclass(frozen=True)
class Ground:
    """Areas that were asked for, and whether others may stand for those without values of their own."""

    units: tuple[Unit, ...]
    derive: bool


def ground(known: Known, wanted: Place) -> Ground:
    """Return the areas that a client wants; of a code every generation, unless `at` chooses.

    Raises:
        Problem: 422; there is no such area, or not on that day.
    """
    if wanted.areas is not None and wanted.within is not None:
        raise invalid("within", wanted.within, "it chooses areas, as area does", "one of both")
    codes = wanted.areas if wanted.within is None else (wanted.within,)
    named = "area" if wanted.within is None else "within"
    units = known.units.values() if codes is None else _generations(known, codes, named, wanted.at)
    if wanted.within is not None:
        units = tuple(known.below(units))
    chosen = tuple(
        unit
        for unit in units
        if wanted.level in {None, unit.level} and (wanted.at is None or unit.is_in_force(wanted.at))
    )
    return Ground(chosen, wanted.areas is not None or (wanted.within is not None and wanted.at is not None))


def _generations(known: Known, codes: Sequence[str], parameter: str, at: date | None) -> tuple[Unit, ...]:
    for code in codes:
        if code not in known.by_code:
            raise unknown(parameter, "area", code, known.area_names)
        units = known.by_code[code]
        if at is not None and not any(unit.is_in_force(at) for unit in units):
            spans = ", ".join(f"{unit.valid_from} to {unit.valid_to or 'today'}" for unit in units)
            raise invalid(
                parameter,
                code,
                f"area {code!r} was not in force on {at}: it is or was from {spans}",
                "an area of that day, or another at",
            )
    return tuple(unit for code in codes for unit in known.by_code[code])


def unknown(parameter: str, kind: str, code: str, names: Mapping[str, Sequence[str]]) -> Problem:
    """Return the problem of a code in a query that does not exist, with those that look like it."""
    article = "an" if kind[0] in "aio" else "a"
    near = suggest.nearest(code, names)
    return invalid(
        parameter,
        code,
        f"there is no {kind} {code[:100]!r}",
        f"{article} {kind}'s code",
        *near,
        told=suggest.told(near, names),
    )


def chosen_indicators(known: Known, codes: list[str] | None) -> list[str] | None:
    """Return the codes of a parameter `indicator`, sorted; None where there are none.

    Raises:
        Problem: 422; there is no such indicator.
    """
    wanted = split_codes(codes)
    for code in wanted or ():
        if code not in known.indicators:
            raise unknown("indicator", "indicator", code, known.indicator_names)
    return None if wanted is None else sorted(wanted)


def find_indicator(known: Known, code: str) -> Row:
    """Return the declaration of the indicator in a path.

    Raises:
        Problem: 404 with what looks like it.
    """
    if code in known.indicators:
        return known.indicators[code]
    near = suggest.nearest(code, known.indicator_names)
    meant = f": did you mean {or_(suggest.told(near, known.indicator_names))}?" if near else ""
    raise Problem("not-found", f"there is no indicator {code[:100]!r}{meant}", did_you_mean=near)


@dataclass(frozen=True)
class When:
    """A period as it is meant.

    until: the instant from which the same words mean another one; None: never.
    running: the start of the step that runs, which is what `now` means.
    """

    period: Period
    until: datetime | None
    running: datetime

    def kind(self, as_of: datetime | None) -> Kind:
        """Return how an answer may be cached."""
        if as_of is not None and as_of < now() - _SETTLED:
            return "known_then"
        is_over = self.until is None and self.period.end < now() - _RECENT
        return "closed" if is_over else "running"

    def until_of(self, as_of: datetime | None) -> datetime | None:
        """Return when an answer no longer holds: one of what is known right now never does."""
        return as_of if as_of is not None and as_of >= now() - _SETTLED else self.until


def when(asked: Asked, steps: Sequence[int], zone: ZoneInfo) -> When:
    """Return the period of steps that a client asked for, for indicators with steps of so many seconds.

    `now` is the start of the shortest step that runs: it can have no value before it has ended.

    Raises:
        Problem: 422; it cannot be used.
    """
    present, step = now(), Step.lasting(min(steps))
    running = step.floor(present, zone)
    default = {Step.MONTH: Duration(months=1), Step.YEAR: Duration(months=12)}.get(step, Duration(days=1))
    period = resolved(asked, default, zone=zone, now=running)
    until = step.after(running, zone) if asked.moves else None
    return When(period, until, running)


def compared(text: str, when: When, zone: ZoneInfo) -> Period:
    """Return the period that a parameter `with` means beside another one.

    Raises:
        Problem: 422; it cannot be used.
    """
    try:
        if text == "previous":
            return when.period.previous(zone)
        if text == "year":
            return when.period.year_before(zone)
        return parse_period(text, zone=zone, now=when.running)
    except TimeError as error:
        near = suggest.nearest(text, {"previous": (), "year": ()})
        raise invalid("with", text, str(error), f"previous, year, or {EXPECTED_PERIOD}", *near) from None


def series_of(
    known: Known,
    indicators: Sequence[str],
    where: Ground,
    period: Period,
    extents: Extents,
    *,
    most: int = MAX_SERIES,
) -> Choice:
    """Return the stored series that answer a question.

    Raises:
        Problem: 422; they are more than `most`.
    """
    found = choose(known, indicators, where.units, period, extents, derive=where.derive)
    if len(found.series) > most:
        raise invalid(
            "indicator",
            f"{len(indicators):,} indicators",
            f"{len(found.series):,} series (an indicator of an area each) are more than {most:,}",
            "fewer indicators or areas; the newest values of all stand at /v1/indicators/values/latest",
        )
    return found


def after(choice: Choice, key: tuple[str, int, datetime] | None) -> Choice:
    """Return what of the series comes after the value with a key: indicator, area's id, start of the step."""
    if key is None:
        return choice
    code, area_id, time = key
    left = [
        replace(each, start=max(each.start, min(time, each.end) + timedelta(microseconds=1)))
        if each.key == (code, area_id)
        else each
        for each in choice.series
        if each.key >= (code, area_id)
    ]
    return replace(choice, series=tuple(left))
