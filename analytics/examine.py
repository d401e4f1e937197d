"""Computing one value again from observations, with everything that it was made of; nothing is stored."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from analytics import values
from analytics.found import areas_of
from analytics.indicator import INDICATORS
from analytics.needs import Plan
from analytics.reading import read_sites, result_series
from analytics.run import unit
from analytics.schedule import periods

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg import AsyncConnection

    from analytics.indicator import Indicator
    from analytics.inputs import AreaUnit, Period, Site
    from analytics.network import Network, ThingRow
    from analytics.results import SiteValue, Value
    from analytics.series import Series

    #: thing id -> (period, value), oldest first
    Steps = Mapping[int, Sequence[tuple[Period, SiteValue]]]


@dataclass(frozen=True)
class Examination:
    """A value with its sites, their inputs and their values; `site_values[i]` is that of `sites[i]`."""

    indicator: Indicator
    area: AreaUnit
    period: Period
    sites: tuple[Site, ...]
    site_values: tuple[SiteValue, ...]
    value: Value
    #: of an indicator made `of` others: by its code and the site's code, the site's steps, oldest first
    parts: Mapping[str, Mapping[str, Sequence[tuple[Period, SiteValue]]]] = field(default_factory=dict)


async def examine(
    conn: AsyncConnection[Any], indicator: Indicator, area_code: str, period: Period
) -> Examination:
    """Compute an indicator of one area and step from observations, and what it is made `of` as well.

    Needs an open transaction, which may be read-only.

    Raises:
        UnknownAreaError: no area has this code.
    """
    network = await values.read_network(conn, [area_code])
    ids = {area.id for area in network.areas}
    things = tuple(t for t in network.things if areas_of(indicator, t, period) & ids)
    network = replace(network, things=things)
    area = unit(network.areas[0], network)
    parts = await _parts(conn, indicator, network, (period,))
    found = await _evaluate(conn, indicator, network, (period,), parts)
    sites, site_values = tuple(site for _, site, _, _ in found), tuple(value for *_, value in found)
    by_id = {thing.id: thing for thing in things}
    return Examination(
        indicator=indicator,
        area=area,
        period=period,
        sites=sites,
        site_values=site_values,
        value=indicator.combine(area, site_values, period),
        parts={
            of: {by_id[i].code: _counted(by_id[i], steps, period) for i, steps in each.items()}
            for of, each in parts.items()
        },
    )


def _counted(
    thing: ThingRow, steps: Sequence[tuple[Period, SiteValue]], period: Period
) -> Sequence[tuple[Period, SiteValue]]:
    """Return those steps in which the thing stood where it counts for the period."""
    areas = thing.areas_at(period.step.middle)
    return [(each, value) for each, value in steps if thing.areas_at(each.step.middle) == areas]


async def _parts(
    conn: AsyncConnection[Any], indicator: Indicator, network: Network, wanted: tuple[Period, ...]
) -> dict[str, Steps]:
    """Return, by code, the steps of what an indicator is made of, within its inputs of the wanted periods."""
    found: dict[str, Steps] = {}
    for code in indicator.of:
        source = INDICATORS[code]
        spans = [Plan(indicator, wanted).span(t) for t in network.things]
        if spans:
            start, end = min(s.start_time for s in spans), max(s.end_time for s in spans)
            steps = tuple(periods(source, start, end, wanted[0].zone))
            parts = await _parts(conn, source, network, steps) if steps else {}
            by_thing: dict[int, list[tuple[Period, SiteValue]]] = {}
            for thing, _, period, value in await _evaluate(conn, source, network, steps, parts):
                by_thing.setdefault(thing.id, []).append((period, value))
            found[code] = by_thing
    return found


async def _evaluate(
    conn: AsyncConnection[Any],
    indicator: Indicator,
    network: Network,
    wanted: tuple[Period, ...],
    parts: Mapping[str, Steps],
) -> list[tuple[ThingRow, Site, Period, SiteValue]]:
    """Return the sites' values of the wanted periods; the sites are as the indicator sees them."""
    if not wanted:
        return []
    found = []
    async for group in read_sites(conn, [Plan(indicator, wanted)], network, fresh=True):
        for thing, site in group:
            view = indicator.view(_with_parts(site, thing, parts))
            found += [(thing, view.during(each), each, indicator.at(view, each)) for each in wanted]
    return found


def _with_parts(site: Site, thing: ThingRow, parts: Mapping[str, Steps]) -> Site:
    made = {code: _series(code, steps.get(thing.id, ())) for code, steps in parts.items()}
    return replace(
        site,
        results={code: series for code, (series, _) in made.items()},
        weights={code: weights for code, (_, weights) in made.items()},
    )


def _series(code: str, steps: Sequence[tuple[Period, SiteValue]]) -> tuple[Series, Series]:
    valid = [(p.step.start, v) for p, v in steps if v.value is not None]
    times = np.array([start for start, _ in valid], np.int64)
    numbers = np.array([v.value for _, v in valid], np.float64)
    weights = np.array([np.nan if v.weight is None else v.weight for _, v in valid], np.float64)
    return result_series(code, times, numbers), result_series(code, times, weights)
