"""Computing indicators: read each input once for a span of time, call the pure functions, store in bulk."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from analytics import kept, values
from analytics.indicator import levels, source_codes
from analytics.inputs import AreaUnit
from analytics.needs import Plan
from analytics.reading import read_sites
from analytics.schedule import ending

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from psycopg import AsyncConnection

    from analytics.indicator import Indicator
    from analytics.inputs import Site
    from analytics.network import AreaRow, Network, ThingRow
    from analytics.results import SiteValue, Value

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


@dataclass
class Found:
    """The site values of one plan, by period in the order of the plan."""

    plan: Plan
    of_period: list[list[tuple[ThingRow, SiteValue]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.of_period = [[] for _ in self.plan.periods]

    def add(self, group: Sequence[tuple[ThingRow, Site]]) -> None:
        """Compute every site of a group that the indicator concerns, once a period."""
        indicator = self.plan.indicator
        for thing, site in group:
            if indicator.concerns(thing.observed_properties):
                view = indicator.view(site)
                for period, found in zip(self.plan.periods, self.of_period, strict=True):
                    found.append((thing, indicator.at(view, period)))

    def of_areas(self, units: Mapping[int, AreaUnit]) -> Iterator[tuple[Indicator, int, datetime, Value]]:
        """Yield (indicator, area id, time, value) for every area and period."""
        indicator = self.plan.indicator
        for period, found in zip(self.plan.periods, self.of_period, strict=True):
            by_area: dict[int, list[SiteValue]] = {area: [] for area in units}
            for thing, value in found:
                for area in by_area.keys() & areas_of(indicator, thing):
                    by_area[area].append(value)
            for area, mine in by_area.items():
                yield indicator, area, period.start, indicator.combine(units[area], mine, period)

    def of_things(self) -> Iterator[tuple[Indicator, int, datetime, SiteValue]]:
        """Yield (indicator, thing id, time, value) for every site and period."""
        for period, found in zip(self.plan.periods, self.of_period, strict=True):
            yield from ((self.plan.indicator, thing.id, period.start, value) for thing, value in found)


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
        async with conn.transaction():
            counts += await _compute_chunk(conn, [plan for plan in plans if plan.periods], network)
        if progress is not None:
            progress(int((last - start).total_seconds()), total)
        if between is not None:
            await between(last)
    return counts


def _chunks(start: datetime, end: datetime, length: timedelta) -> Iterator[tuple[datetime, datetime]]:
    while start < end:
        yield start, min(start + length, end)
        start += length


async def _compute_chunk(conn: AsyncConnection[Any], plans: Sequence[Plan], network: Network) -> Counts:
    await values.lock(conn, [plan.indicator for plan in plans])
    counts, by_code = Counts(), {plan.indicator.code: plan for plan in plans}
    for level in levels(plan.indicator for plan in plans):
        found = [Found(by_code[indicator.code]) for indicator in level]
        async for group in read_sites(conn, [f.plan for f in found], network):
            # In a thread: the loop that this runs in may serve others.
            await asyncio.to_thread(_add, found, group)
        counts += await _store(conn, found, network)
    return counts


def _add(found: Sequence[Found], group: Sequence[tuple[ThingRow, Site]]) -> None:
    for each in found:
        each.add(group)


async def _store(conn: AsyncConnection[Any], found: Sequence[Found], network: Network) -> Counts:
    units = {area.id: unit(area, network) for area in network.areas}
    rows = await asyncio.to_thread(lambda: [row for each in found for row in each.of_areas(units)])
    written, revised = await values.store(conn, rows)
    sources = source_codes()
    kept_rows = (row for each in found if each.plan.indicator.code in sources for row in each.of_things())
    await kept.store_sites(conn, kept_rows)
    return Counts(len(rows), written, revised)


def areas_of(indicator: Indicator, thing: ThingRow) -> frozenset[int]:
    """Return the ids of the areas that a thing counts for."""
    return thing.gateway_areas if indicator.by_gateway else thing.areas


def unit(area: AreaRow, network: Network) -> AreaUnit:
    """Return an area with its gateways and reporting units."""
    parts = tuple(unit(part, network) for part in network.parts if part.parent_id == area.id)
    gateways = network.gateways.get(area.id, frozenset())
    return AreaUnit(
        area.code, area.population, area.valid_from, area.valid_to, gateways, parts, area.population_source
    )
