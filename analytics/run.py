"""Computing indicators: read each input once for a span of time, call the pure functions, store in bulk."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from analytics import kept, values
from analytics.found import Found, areas_of
from analytics.indicator import INDICATORS, levels
from analytics.inputs import AreaUnit
from analytics.needs import Plan
from analytics.reading import read_sites
from analytics.schedule import ending

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from psycopg import AsyncConnection

    from analytics.found import Sites
    from analytics.indicator import Indicator
    from analytics.inputs import Period, Site
    from analytics.network import AreaRow, Network, ThingRow

#: Inputs are read, and values committed, for this much time at once.
CHUNK = timedelta(days=1)
_DEFAULT_ZONE = "UTC"

#: Called between two transactions with the end of the chunk that is done.
Between = Callable[["datetime"], Awaitable[None]]


@dataclass(frozen=True)
class Counts:
    """What a run did: values computed, rows written (new or changed), rows that superseded another."""

    computed: int = 0
    written: int = 0
    revised: int = 0

    def __add__(self, other: Counts) -> Counts:
        """Return the sums."""
        return Counts(
            self.computed + other.computed, self.written + other.written, self.revised + other.revised
        )


async def time_zone(conn: AsyncConnection[Any]) -> ZoneInfo:
    """Return the city's time zone; UTC before a profile is imported."""
    return ZoneInfo(await values.city_zone(conn) or _DEFAULT_ZONE)


async def compute(
    conn: AsyncConnection[Any],
    indicators: Sequence[Indicator],
    start: datetime,
    end: datetime,
    *,
    areas: Sequence[str] | None = None,
    chunk: timedelta = CHUNK,
    since: datetime | None = None,
    progress: Callable[[int, int], None] | None = None,
    between: Between | None = None,
) -> Counts:
    """Compute and store the whole steps within start <= t < end.

    A value that equals the stored one is not written; one that differs becomes the next revision. Two
    processes that compute the same wait for each other. What an indicator is made `of` must be computed,
    in this call or before. Each chunk is one transaction: a crash leaves all of it or nothing.

    Args:
        conn: a connection; in autocommit mode, or in a transaction that then holds all chunks.
        indicators: which; their declarations must be in the catalogue.
        start: aware; a step that began before is left out.
        end: aware; a step that ends later is left out.
        areas: codes; None computes the reporting areas.
        chunk: time that is computed at once.
        since: steps that have ended by then are left out.
        progress: called with the time computed and the time asked for, in seconds.
        between: awaited after each chunk.
    """
    network, zone = await values.read_network(conn, areas), await time_zone(conn)
    counts, total = Counts(), int((end - start).total_seconds())
    for first, last in _chunks(since or start, end, chunk):
        plans = [Plan(i, tuple(ending(i, first, last, start, zone))) for i in indicators]
        counts += await _compute_chunk(conn, plans, network)
        if progress is not None:
            progress(int((last - start).total_seconds()), total)
        if between is not None:
            await between(last)
    return counts


async def compute_again(
    conn: AsyncConnection[Any],
    things: Mapping[str, frozenset[int]],
    span: tuple[datetime, datetime],
    network: Network,
    zone: ZoneInfo,
    *,
    chunk: timedelta = CHUNK,
    between: Between | None = None,
) -> Counts:
    """Compute the values of some things again, and store those of the areas that they count for.

    For all other things the values that are kept are taken. It ends in what `compute` ends in, as long as
    nothing has changed for those.

    Args:
        conn: a connection in autocommit mode.
        things: ids of the things that are computed, by the indicator's code.
        span: start and end, as for `compute`.
        network: the areas.
        zone: the city's time zone.
        chunk: as for `compute`.
        between: as for `compute`.
    """
    counts, (start, end) = Counts(), span
    for first, last in _chunks(start, end, chunk):
        plans = [
            Plan(INDICATORS[code], tuple(ending(INDICATORS[code], first, last, start, zone)), ids)
            for code, ids in things.items()
        ]
        counts += await _compute_chunk(conn, plans, network)
        if between is not None:
            await between(last)
    return counts


def _chunks(start: datetime, end: datetime, length: timedelta) -> Iterator[tuple[datetime, datetime]]:
    while start < end:
        yield start, min(start + length, end)
        start += length


async def _compute_chunk(conn: AsyncConnection[Any], plans: Iterable[Plan], network: Network) -> Counts:
    counts, by_code = Counts(), {plan.indicator.code: plan for plan in plans if plan.periods}
    async with conn.transaction():
        await values.lock(conn, [plan.indicator for plan in by_code.values()])
        for level in levels(plan.indicator for plan in by_code.values()):
            found = [await _begun(conn, by_code[indicator.code], network) for indicator in level]
            async for group in read_sites(conn, [f.plan for f in found], network):
                # In a thread: the loop that this runs in may serve others.
                await asyncio.to_thread(_add, found, group)
            counts += await _store(conn, found, network)
    return counts


async def _begun(conn: AsyncConnection[Any], plan: Plan, network: Network) -> Found:
    """Return what is kept of the sites that a plan leaves alone; where a step is missing, it is computed."""
    if plan.things is None:
        return Found(plan)
    sites = (t for t in network.things if plan.indicator.concerns(t.observed_properties))
    others = {t.id: t for t in sites if t.id not in plan.things}
    starts, codes = [p.start for p in plan.periods], {i: t.code for i, t in others.items()}
    named = cache(network.codes)
    stored = await kept.read_whole_sites(conn, plan.indicator, codes, starts[0], starts[-1])
    whole = {i: values for i, values in stored.items() if values.keys() >= set(starts)}

    def kept_in(period: Period) -> Sites:
        areas = {i: named(areas_of(plan.indicator, others[i], period)) for i in whole}
        return [(others[i], found[period.start].of(areas[i])) for i, found in whole.items()]

    left = others.keys() - whole.keys()
    return Found(replace(plan, things=plan.things | left), [kept_in(period) for period in plan.periods])


def _add(found: Sequence[Found], group: Sequence[tuple[ThingRow, Site]]) -> None:
    for each in found:
        each.add(group)


async def _store(conn: AsyncConnection[Any], found: Sequence[Found], network: Network) -> Counts:
    units = {area.id: unit(area, network) for area in network.areas}
    counts = await values.store(conn, _of_areas(found, units))
    await kept.store_sites(conn, (row for each in found for row in each.of_things()))
    return Counts(*counts)


async def _of_areas(found: Iterable[Found], units: Mapping[int, AreaUnit]) -> AsyncIterator[list[values.Row]]:
    for each in found:
        yield await asyncio.to_thread(list, each.of_areas(units))


def unit(area: AreaRow, network: Network) -> AreaUnit:
    """Return an area with its gateways and reporting units."""
    parts = tuple(unit(part, network) for part in network.parts if part.parent_id == area.id)
    gateways = network.gateways.get(area.id, frozenset())
    return AreaUnit(
        area.code, area.population, area.valid_from, area.valid_to, gateways, parts, area.population_source
    )
