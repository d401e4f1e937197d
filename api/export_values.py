"""Exports of indicators' values: what their routes would answer, as it was known at one instant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from api import questions, value_batches
from api.about import File, about_series
from api.parameters import read_as_of, read_at, split_codes
from api.periods import Asked
from api.problems import Problem, invalid
from api.queries import exports, indicators
from api.tables.indicators import VALUES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from psycopg_pool import AsyncConnectionPool

    from api.answers import Batches
    from api.formats.table import Table
    from api.known import Known, Registry
    from api.newest import Extents, Newest
    from api.periods import Period
    from api.schemas.exports import NewExport
    from api.stand_ins import Choice, Series

#: indicators times areas that have values, in one export
MOST_SERIES: Final = 10_000


@dataclass(frozen=True)
class _Question:
    """What is asked for, read from its words."""

    indicators: Sequence[str]
    place: questions.Place
    period: Period
    as_of: datetime | None


async def fixed(
    pool: AsyncConnectionPool[Any], registry: Registry, wanted: NewExport, zone: ZoneInfo
) -> tuple[NewExport, int]:
    """Return what is wanted so that it means the same whenever it is read, and how many rows to expect.

    Raises:
        Problem: 422 or 404; something cannot be used, or no such values are stored.
    """
    state = await registry.known()
    asked, newest = _read(state[0], wanted, zone), await registry.newest(state)
    async with pool.connection() as conn:
        present = await exports.now(conn)
    choice = _chosen(state[0], asked, newest)
    found = wanted.fixed(
        start=asked.period.start.isoformat(),
        end=asked.period.end.isoformat(),
        at=None if asked.place.at is None else asked.place.at.isoformat(),
        # An instant that is yet to come would let a revision into one page and not into another.
        as_of=min(asked.as_of or present, present).isoformat(),
    )
    return found, _expected(state[0], choice, newest.extents(asked.indicators))


async def rows_of(
    pool: AsyncConnectionPool[Any], registry: Registry, wanted: NewExport, zone: ZoneInfo
) -> tuple[Table, Batches, Mapping[str, str]]:
    """Return the table, its rows, and what the file says of itself; of what `fixed` gave.

    Raises:
        Problem: no such values are stored any more.
    """
    known, _ = await registry.known()
    asked = _read(known, wanted, zone)
    assert asked.as_of is not None
    async with pool.connection() as conn:
        await indicators.wait_for_writers(conn, asked.indicators)
    state = await registry.known()
    choice = _chosen(state[0], asked, await registry.newest(state))
    batches = value_batches.batches(pool, known, choice, VALUES, as_of=asked.as_of, zone=zone)
    file = File(asked.as_of, zone, asked.period)
    return VALUES, batches, about_series(known, asked.indicators, choice.series, file)


def _read(known: Known, wanted: NewExport, zone: ZoneInfo) -> _Question:
    codes = questions.chosen_indicators(known, wanted.indicator)
    if codes is None:
        raise invalid(
            "indicator", None, "it is not said of which indicators", "their codes, from /v1/indicators"
        )
    areas = split_codes(wanted.area)
    place = questions.Place(
        None if areas is None else tuple(areas), wanted.within, read_at(wanted.at, zone), wanted.level
    )
    steps = [known.indicators[code]["step_s"] for code in codes]
    when = questions.when(Asked(wanted.start, wanted.end, wanted.period), steps, zone)
    return _Question(codes, place, when.period, read_as_of(wanted.as_of, zone))


def _chosen(known: Known, asked: _Question, newest: Newest) -> Choice:
    where, stored = questions.ground(known, asked.place), newest.extents(asked.indicators)
    choice = questions.series_of(known, asked.indicators, where, asked.period, stored, most=MOST_SERIES)
    if not choice.series:
        text = "no values of that are stored: /v1/indicators/values/latest lists what there is"
        raise Problem("not-found", text)
    return choice


def _expected(known: Known, choice: Choice, stored: Extents) -> int:
    """Return how many steps there are between the first and the last value of each series."""

    def steps(of: Series) -> int:
        own, length = stored[of.key], known.indicators[of.indicator]["step_s"]
        inside = (min(of.end, own.last) - max(of.start, own.first)).total_seconds()
        return 1 + int(max(inside, 0) // length)

    return sum(steps(each) for each in choice.series)
