"""Computing indicators: read each input once for a span of time, call the pure functions, store in bulk."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np

from analytics import values
from analytics.inputs import ACTIVITY, Activity, AreaUnit, Period, Site
from analytics.schedule import periods
from analytics.series import Series, Window
from storage.observations import OBSERVATION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from numpy.typing import NDArray
    from psycopg import AsyncConnection

    from analytics.indicator import Indicator
    from analytics.network import AreaRow, Datastream, Network, ThingRow
    from analytics.results import SiteValue, Value

    Rows = list[tuple[int, datetime, Value]]

#: Inputs are read, and values committed, for this much time at once.
CHUNK = timedelta(days=1)
_DEFAULT_ZONE = "UTC"
_NOTHING = np.empty(0, OBSERVATION)
_NO_ACTIVITY = np.empty(0, values.ACTIVITY_COUNT)


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


@dataclass(frozen=True)
class Plan:
    """An indicator's periods within a chunk."""

    indicator: Indicator
    periods: tuple[Period, ...]

    def span(self, thing: ThingRow) -> Window:
        """Return the time for which the thing's series are needed."""
        reach = self.indicator.window
        if self.indicator.reach is not None:
            reach = max(reach, self.indicator.reach(thing.properties))
        return Window(self.periods[0].last(reach).start, self.periods[-1].step.end)


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
    progress: Callable[[int, int], None] | None = None,
) -> Counts:
    """Compute and store the whole steps within start <= t < end.

    A value that equals the stored one is not written; one that differs becomes the next revision. Two
    processes that compute the same wait for each other. Each day is one transaction.

    Args:
        conn: a connection in autocommit mode.
        indicators: which; their declarations must be in the catalogue.
        start: aware; a step that began before is left out.
        end: aware; a step that ends later is left out.
        areas: codes; None computes the reporting areas.
        progress: called with the time computed and the time asked for, in seconds.
    """
    network, zone = await values.read_network(conn, areas), await time_zone(conn)
    counts, total = Counts(), int((end - start).total_seconds())
    for first, last in _chunks(start, end):
        plans = [Plan(i, tuple(_starting(i, first, last, end, zone))) for i in indicators]
        counts += await _compute_chunk(conn, [plan for plan in plans if plan.periods], network)
        if progress is not None:
            progress(int((last - start).total_seconds()), total)
    return counts


def _chunks(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    while start < end:
        yield start, min(start + CHUNK, end)
        start += CHUNK


def _starting(
    indicator: Indicator, first: datetime, last: datetime, end: datetime, zone: ZoneInfo
) -> Iterator[Period]:
    """Yield the periods that start in a chunk, of which the last may end after it but not after `end`."""
    reach = min(last + 2 * indicator.step.length, end)
    return (p for p in periods(indicator, first, reach, zone) if p.start < last)


async def _compute_chunk(conn: AsyncConnection[Any], plans: Sequence[Plan], network: Network) -> Counts:
    counts = Counts()
    async with conn.transaction():
        await values.lock(conn, [plan.indicator for plan in plans])
        sites = await _read_sites(conn, plans, network)
        for plan in plans:
            # In a thread: the loop that this runs in may serve others.
            rows = await asyncio.to_thread(evaluate, plan, network, sites)
            written, revised = await values.store(conn, plan.indicator, rows)
            counts += Counts(len(rows), written, revised)
    return counts


def evaluate(plan: Plan, network: Network, sites: dict[int, Site]) -> Rows:
    """Return (area id, time, value) for every area and period; a site is computed once a period."""
    indicator = plan.indicator
    things = [t for t in network.things if indicator.concerns(_properties(t))]
    units = {area.id: _unit(area, network) for area in network.areas}
    rows: Rows = []
    for period in plan.periods:
        found = [(t, indicator.site(sites[t.id], period)) for t in things]
        for area_id, unit in units.items():
            mine: list[SiteValue] = [v for t, v in found if area_id in _areas_of(indicator, t)]
            rows.append((area_id, period.start, indicator.combine(unit, mine, period)))
    return rows


def _areas_of(indicator: Indicator, thing: ThingRow) -> frozenset[int]:
    return thing.gateway_areas if indicator.by_gateway else thing.areas


def _unit(area: AreaRow, network: Network) -> AreaUnit:
    parts = tuple(_unit(part, network) for part in network.parts if part.parent_id == area.id)
    gateways = network.gateways.get(area.id, frozenset())
    return AreaUnit(area.code, area.population, area.valid_from, area.valid_to, gateways, parts)


def _properties(thing: ThingRow) -> frozenset[str]:
    return frozenset(d.observed_property for d in thing.datastreams)


async def _read_sites(conn: AsyncConnection[Any], plans: Sequence[Plan], network: Network) -> dict[int, Site]:
    """Return every thing with the series and counts that the plans need, each read from the database once."""
    observed = await _read_observed(conn, _needed(plans, network))
    counted = await _read_counted(conn, plans, network)
    return {thing.id: _site(thing, observed, counted) for thing in network.things}


def _needed(plans: Sequence[Plan], network: Network) -> dict[int, Window]:
    """Return the time needed of each datastream, widest over the plans."""
    needed: dict[int, Window] = {}
    for plan in plans:
        for thing in network.things:
            if plan.indicator.concerns(_properties(thing)):
                span = plan.span(thing)
                for d in _inputs(plan.indicator, thing):
                    needed[d.id] = _union(needed.get(d.id, span), span)
    return needed


def _inputs(indicator: Indicator, thing: ThingRow) -> Iterable[Datastream]:
    return (d for d in thing.datastreams if d.observed_property in indicator.inputs)


def _union(one: Window, other: Window) -> Window:
    return Window(min(one.start, other.start), max(one.end, other.end))


async def _read_observed(
    conn: AsyncConnection[Any], needed: dict[int, Window]
) -> dict[int, NDArray[np.void]]:
    together: dict[Window, list[int]] = defaultdict(list)
    for datastream, span in needed.items():
        together[span].append(datastream)
    found: dict[int, NDArray[np.void]] = dict.fromkeys(needed, _NOTHING)
    for span, ids in together.items():
        found |= await values.read_observations(conn, ids, span.start_time, span.end_time)
    return found


async def _read_counted(
    conn: AsyncConnection[Any], plans: Sequence[Plan], network: Network
) -> dict[int, NDArray[np.void]]:
    spans = [plan.span(t) for plan in plans if ACTIVITY in plan.indicator.inputs for t in network.things[:1]]
    if not spans:
        return {}
    start, end = min(s.start_time for s in spans), max(s.end_time for s in spans)
    ids = [d.id for t in network.things for d in t.datastreams]
    return dict.fromkeys(ids, _NO_ACTIVITY) | await values.read_activity(conn, ids, start, end)


def _site(
    thing: ThingRow, observed: dict[int, NDArray[np.void]], counted: dict[int, NDArray[np.void]]
) -> Site:
    return Site(
        thing.code,
        thing.gateway,
        thing.heartbeat_s,
        thing.properties,
        {d.observed_property: _series(d, observed[d.id]) for d in thing.datastreams if d.id in observed},
        {d.observed_property: _activity(d, counted[d.id]) for d in thing.datastreams if d.id in counted},
    )


def _series(datastream: Datastream, rows: NDArray[np.void]) -> Series:
    # Contiguous columns: slicing and searching them is what indicators do most.
    times, values_, quality = (np.ascontiguousarray(rows[name]) for name in ("time", "value", "quality"))
    return Series(times, values_, quality, datastream.interval_s)


def _activity(datastream: Datastream, rows: NDArray[np.void]) -> Activity:
    times, good, suspect = (np.ascontiguousarray(rows[name]) for name in ("time", "good", "suspect"))
    return Activity(times, good, suspect, datastream.interval_s)
