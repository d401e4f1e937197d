"""Reading what indicators need: things with their series, in groups that fit into memory.

Single observations are read as far back as an indicator wants them. Beyond that sums over quarters of an
hour do, which are kept in the database once they have been computed.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from analytics import kept, singles
from analytics.indicator import INDICATORS
from analytics.inputs import Activity, Arrived, Site, SiteStay
from analytics.needs import Need, Plan, union
from analytics.quarters import QUARTER_SUM, QUARTER_US, columns, sum_quarters
from analytics.schedule import SETTLE
from analytics.series import Series, Window
from analytics.singles import NO_ROWS, split
from storage import arrivals

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping

    from numpy.typing import NDArray
    from psycopg import AsyncConnection

    from analytics.network import Datastream, Network, ThingRow

    Rows = Mapping[int, NDArray[np.void]]

#: Observations, and kept sums and values, that are in memory at once; one thing's are not split.
MAX_ROWS = 1_000_000
_NO_SUMS = np.empty(0, QUARTER_SUM)
_NO_VALUES = np.empty(0, kept.SITE_VALUE)
_NO_ARRIVALS = np.empty(0, arrivals.ARRIVAL)


@dataclass(frozen=True)
class _Read:
    """What was read: observations and sums by datastream, values of other indicators by code and thing."""

    observed: Rows
    sums: Rows
    results: Mapping[str, Rows]
    #: by gateway
    arrivals: Mapping[str, NDArray[np.void]]


@dataclass
class _Group:
    """Things that are read together."""

    things: list[ThingRow] = field(default_factory=list)
    rows: float = 0


async def read_sites(
    conn: AsyncConnection[Any], plans: Iterable[Plan], network: Network, *, fresh: bool = False
) -> AsyncIterator[list[tuple[ThingRow, Site]]]:
    """Yield every thing that the plans concern, with its inputs, in groups of about MAX_ROWS observations.

    Needs an open transaction. With `fresh` everything comes from observations and nothing is kept.
    """
    plans, things = list(plans), []
    needs: dict[int, dict[int, Need]] = {}
    for thing in network.things:
        if mine := [plan for plan in plans if plan.concerns(thing)]:
            things.append(thing)
            needs[thing.id] = _needs(mine, thing)
    arrived = await _read_arrivals(conn, plans, things)
    if not fresh:
        await kept.share(conn)
    for outer in _grouped(things, lambda t: _sum_rows(needs[t.id]) + _result_rows(plans)):
        stored = {} if fresh else await _read_sums(conn, outer, needs)
        for t in outer:
            needs[t.id] = {i: n.completed(stored.get(i, _NO_SUMS)) for i, n in needs[t.id].items()}
        for group in _grouped(outer, lambda t: _single_rows(t, needs[t.id])):
            together = {i: n for t in group for i, n in needs[t.id].items()}
            observed = await _read_singles(conn, together, fresh=fresh)
            sums = _all_sums(together, stored, observed)
            if not fresh:
                await _keep(conn, together, sums)
            read = _Read(observed, sums, await _read_results(conn, plans, group), arrived)
            yield [(t, _site(t, needs[t.id], read, network)) for t in group]


def _needs(plans: Iterable[Plan], thing: ThingRow) -> dict[int, Need]:
    found: dict[int, Need] = {}
    for plan in plans:
        for d, need in plan.needs(thing):
            found[d.id] = need | found[d.id] if d.id in found else need
    return {i: need.aligned() for i, need in found.items()}


def _grouped(things: Iterable[ThingRow], rows: Callable[[ThingRow], float]) -> Iterator[list[ThingRow]]:
    group = _Group()
    for thing in things:
        if group.things and group.rows + rows(thing) > MAX_ROWS:
            yield group.things
            group = _Group()
        group.things.append(thing)
        group.rows += rows(thing)
    if group.things:
        yield group.things


def _sum_rows(needs: Mapping[int, Need]) -> float:
    return sum(n.sums.length / QUARTER_US for n in needs.values() if n.sums)


def _single_rows(thing: ThingRow, needs: Mapping[int, Need]) -> float:
    intervals = {d.id: d.interval_s * 1e6 for d in thing.datastreams}
    return sum(n.single.length / intervals[i] for i, n in needs.items() if n.single)


def _result_rows(plans: Iterable[Plan]) -> float:
    """Return how many values of other indicators a thing may have as inputs."""
    return sum(
        Window(p.periods[0].step.start, p.periods[-1].step.end).length / 1e6 / _step_s(code)
        for p in plans
        for code in p.indicator.of
    )


def _step_s(code: str) -> float:
    return INDICATORS[code].step.length.total_seconds()


async def _read_sums(
    conn: AsyncConnection[Any], things: Iterable[ThingRow], needs: Mapping[int, Mapping[int, Need]]
) -> Rows:
    together: dict[Window, list[int]] = defaultdict(list)
    for thing in things:
        for i, need in needs[thing.id].items():
            if need.sums and need.is_kept:
                together[need.sums].append(i)
    found: dict[int, NDArray[np.void]] = {}
    for window, ids in together.items():
        found |= split(await kept.read_quarters(conn, ids, window.start_time, window.end_time))
    return found


async def _read_singles(conn: AsyncConnection[Any], needs: Mapping[int, Need], *, fresh: bool) -> Rows:
    together: dict[tuple[Window, bool], list[int]] = defaultdict(list)
    for i, need in needs.items():
        if need.single:
            together[need.single, need.is_repeated and not fresh].append(i)
    found: dict[int, NDArray[np.void]] = {}
    for (window, is_repeated), ids in together.items():
        found |= await (singles.read_repeated if is_repeated else singles.read)(conn, ids, window)
    return found


def _all_sums(needs: Mapping[int, Need], stored: Rows, observed: Rows) -> Rows:
    """Return, for each datastream of which sums are wanted, those kept and those of what was read."""
    found = {}
    for i, need in needs.items():
        if need.sums:
            sums = stored.get(i, _NO_SUMS)
            if need.single:
                computed = sum_quarters(observed.get(i, NO_ROWS), i, need.single)
                sums = np.concatenate((sums[sums["time"] < need.single.start], computed))
            found[i] = sums
    return found


async def _keep(conn: AsyncConnection[Any], needs: Mapping[int, Need], sums: Rows) -> None:
    computed = []
    for i, rows in sums.items():
        if (single := needs[i].single) and needs[i].is_kept:
            computed.append(rows[rows["time"] >= single.start])
    if computed:
        await kept.store_quarters(conn, np.concatenate(computed), SETTLE)


async def _read_results(
    conn: AsyncConnection[Any], plans: Iterable[Plan], things: Iterable[ThingRow]
) -> dict[str, Rows]:
    spans: dict[str, Window | None] = {}
    for plan in plans:
        for code in plan.indicator.of:
            for thing in things:
                spans[code] = union(spans.get(code), plan.span(thing))
    ids = [t.id for t in things]
    return {
        code: split(await kept.read_sites(conn, code, ids, span.start_time, span.end_time), "thing_id")
        for code, span in spans.items()
        if span
    }


async def _read_arrivals(
    conn: AsyncConnection[Any], plans: Iterable[Plan], things: Iterable[ThingRow]
) -> Mapping[str, NDArray[np.void]]:
    span: Window | None = None
    for plan in plans:
        for thing in things if plan.indicator.arrivals else ():
            span = union(span, plan.span(thing))
    gateways = sorted({t.gateway for t in things})
    return await arrivals.read(conn, gateways, span.start_time, span.end_time) if span else {}


def _site(thing: ThingRow, needs: Mapping[int, Need], read: _Read, network: Network) -> Site:
    mine = [d for d in thing.datastreams if d.id in needs]
    own = {code: rows.get(thing.id, _NO_VALUES) for code, rows in read.results.items()}
    return Site(
        thing.code,
        thing.gateway,
        thing.heartbeat_s,
        thing.properties,
        {d.observed_property: _series(d, needs[d.id], read) for d in mine},
        {d.observed_property: _activity(d, read.sums[d.id]) for d in mine if d.id in read.sums},
        {code: result_series(code, rows["time"], rows["value"]) for code, rows in own.items()},
        {code: result_series(code, rows["time"], rows["weight"]) for code, rows in own.items()},
        network.codes(thing.areas),
        network.codes(thing.gateway_areas),
        _arrived(read.arrivals.get(thing.gateway, _NO_ARRIVALS)),
        tuple(SiteStay(stay.time, network.codes(stay.areas)) for stay in thing.stays),
    )


def _series(datastream: Datastream, need: Need, read: _Read) -> Series:
    rows = read.observed.get(datastream.id, NO_ROWS)
    # Contiguous columns: slicing and searching them is what indicators do most.
    times, found, quality = (np.ascontiguousarray(rows[name]) for name in ("time", "value", "quality"))
    if need.sums is None:
        return Series(times, found, quality, datastream.interval_s)
    single_from = need.single.start if need.single else need.sums.end
    quarters = columns(read.sums[datastream.id]).until(single_from)
    return Series(times, found, quality, datastream.interval_s, quarters, single_from)


def _arrived(rows: NDArray[np.void]) -> Arrived:
    return Arrived(*(np.ascontiguousarray(rows[name]) for name in ("time", "bin", "count")))


def _activity(datastream: Datastream, rows: NDArray[np.void]) -> Activity:
    sums = columns(rows)
    return Activity(sums.times, sums.good, sums.suspect, datastream.interval_s)


def result_series(code: str, times: NDArray[np.int64], found: NDArray[np.float64]) -> Series:
    """Return values of an indicator at the starts of its steps as a series, shape (n,)."""
    quality = np.zeros(len(times), np.int16)
    return Series(np.ascontiguousarray(times), np.ascontiguousarray(found), quality, int(_step_s(code)))
