"""The values of an indicator's sites, computed or kept, and what its areas make of them. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from analytics.indicator import Indicator
    from analytics.inputs import AreaUnit, Period, Site
    from analytics.needs import Plan
    from analytics.network import ThingRow
    from analytics.results import SiteValue, Value

    Sites = list[tuple[ThingRow, SiteValue]]


@dataclass
class Found:
    """The site values of one plan, by period in the order of the plan."""

    plan: Plan
    #: of the sites that the plan leaves alone
    kept: list[Sites] = field(default_factory=list)
    computed: list[Sites] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.kept = self.kept or [[] for _ in self.plan.periods]
        self.computed = [[] for _ in self.plan.periods]

    def add(self, group: Sequence[tuple[ThingRow, Site]]) -> None:
        """Compute every site of a group that the plan concerns, once a period."""
        indicator = self.plan.indicator
        for thing, site in group:
            if self.plan.concerns(thing):
                view = indicator.view(site)
                for period, found in zip(self.plan.periods, self.computed, strict=True):
                    found.append((thing, indicator.at(view, period)))

    def of_areas(self, units: Mapping[int, AreaUnit]) -> Iterator[tuple[Indicator, int, datetime, Value]]:
        """Yield (indicator, area id, time, value) for every area and period."""
        indicator = self.plan.indicator
        for period, kept, computed in zip(self.plan.periods, self.kept, self.computed, strict=True):
            by_area: dict[int, list[SiteValue]] = {area: [] for area in units}
            # In one order, whatever was kept: sums of floats and lists of stations depend on it.
            for thing, value in sorted(kept + computed, key=lambda each: each[0].id):
                for area in by_area.keys() & areas_of(indicator, thing, period):
                    by_area[area].append(value)
            for area, mine in by_area.items():
                yield indicator, area, period.start, indicator.combine(units[area], mine, period)

    def of_things(self) -> Iterator[tuple[Indicator, int, datetime, SiteValue]]:
        """Yield (indicator, thing id, time, value) for every site that was computed, and period."""
        for period, found in zip(self.plan.periods, self.computed, strict=True):
            yield from ((self.plan.indicator, thing.id, period.start, value) for thing, value in found)


def areas_of(indicator: Indicator, thing: ThingRow, period: Period) -> frozenset[int]:
    """Return the ids of the areas that a thing counts for in a step: where it stood in the middle of it."""
    middle = period.step.middle
    return thing.gateway_areas_at(middle) if indicator.by_gateway else thing.areas_at(middle)
