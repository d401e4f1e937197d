"""An indicator is a declaration and two pure functions: the value of one site, and the rule for an area.

Modules in `analytics/indicators` declare them with the decorator `indicator`; each file found there is
loaded, so that adding an indicator touches one file.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import analytics.indicators
from analytics.inputs import ACTIVITY, AreaInputs, AreaUnit, Period, Site
from analytics.results import AreaValue, Reason, SiteValue, Value
from analytics.rounding import half_up
from analytics.texts import Text, both, described

if TYPE_CHECKING:
    from datetime import date, timedelta

    from analytics.steps import Step


class Trust(StrEnum):
    """How far the rule's wording could be checked."""

    STANDARD = "read in the standard or a full transcription of it"
    SECONDARY = "read in secondary sources"
    RECALLED = "general knowledge, to be checked against the standard"
    OWN = "halong's own definition"

    @property
    def text(self) -> Text:
        """It in both languages."""
        return Text(self.value, _TRUST_VI[self])


_TRUST_VI = {
    Trust.STANDARD: "đọc trong chính văn bản quy định hoặc bản chép đầy đủ",
    Trust.SECONDARY: "đọc trong nguồn thứ cấp",
    Trust.RECALLED: "kiến thức chung, cần đối chiếu với văn bản gốc trước khi trích dẫn",
    Trust.OWN: "định nghĩa riêng của halong",
}


@dataclass(frozen=True)
class Source:
    """Where a rule comes from."""

    document: Text
    clause: Text
    year: int | None
    trust: Trust
    note: Text | None = None

    @property
    def cited(self) -> Text:
        """The document and the clause."""
        document, clause = self.document, self.clause
        return Text(f"{document.en}, {clause.en}", f"{document.vi}, {clause.vi}")

    def json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            **both("document", self.document),
            **both("clause", self.clause),
            "year": self.year,
            "trust": self.trust,
            **both("note", self.note or Text("", "")),
        }


@dataclass(frozen=True)
class Category:
    """A class of values from `lower` upwards; None where a dated limit or a rule decides."""

    code: str
    name_en: str
    name_vi: str
    colour: str
    lower: float | None


@dataclass(frozen=True)
class Equivalent:
    """The indicator of another standard that one of ours answers, or is an input of."""

    standard: str
    clause: str
    name: str
    trust: Trust


@dataclass(frozen=True, kw_only=True)
class Example:
    """A worked example; `ours` is called with `inputs` and must give `expected` within `tolerance`."""

    case: str
    ours: Callable[..., Mapping[str, Any]]
    inputs: Mapping[str, Any]
    expected: Mapping[str, Any]
    tolerance: float = 1e-3
    #: where the expected figures come from
    source: str = ""


SiteFunction = Callable[[Site, Period], SiteValue]
AreaFunction = Callable[[AreaUnit, Sequence[SiteValue], Period], AreaValue | None]


@dataclass(frozen=True, kw_only=True)
class Indicator:
    """A declared indicator; see the fields of `indicator_values` for what it yields."""

    code: str
    name_en: str
    name_vi: str
    #: UCUM
    unit: str
    description: Text
    #: observed properties, the first of which a site must have; or ACTIVITY; none if it is made `of` others
    inputs: tuple[str, ...] = ()
    #: indicators with shorter steps, whose values of the same site are the inputs: days of a month
    of: tuple[str, ...] = ()
    step: Step
    #: how far the inputs reach back from the end of the step
    window: timedelta
    #: how far back from the end of the step single observations are wanted, where that is less than `window`:
    #: before it counts, means and hourly means are known, at a small part of the cost
    raw_window: timedelta | None = None
    #: inputs whose readings hold until the next one, for `held.SILENT_INTERVALS` at most: what is older than
    #: that at the start of the step is not wanted, however long the `window`
    held: tuple[str, ...] = ()
    min_completeness: float
    area_rule: Text
    source: Source
    version: int
    decimals: int
    site: SiteFunction
    area: AreaFunction
    #: any one of these makes a thing a site
    needs: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None
    categories: tuple[Category, ...] = ()
    #: for categories that depend on the date
    categorise: Callable[[float, Period], str] | None = None
    #: where other standards ask for the same
    crosswalk: tuple[Equivalent, ...] = ()
    #: worked examples: what the source or an independent calculation says, and what ours says
    examples: tuple[Example, ...] = ()
    #: limits in force, for readers: (first day, limit in the indicator's unit)
    limits: tuple[tuple[date, float], ...] = ()
    #: a thing counts for the areas of its gateway instead of its own
    by_gateway: bool = False
    #: how long the gateway's readings took to arrive is wanted
    arrivals: bool = False
    #: how far back the series of a thing with these properties is wanted, where that is more than `window`
    reach: Callable[[Mapping[str, Any]], timedelta] | None = None

    def concerns(self, properties: frozenset[str]) -> bool:
        """Tell whether a thing that measures these properties is a site of the indicator."""
        if self.of:
            return all(INDICATORS[code].concerns(properties) for code in self.of)
        return ACTIVITY in self.inputs or not properties.isdisjoint(self.needs or self.inputs[:1])

    @property
    def level(self) -> int:
        """How many indicators stand between this one and the observations."""
        return 1 + max((INDICATORS[code].level for code in self.of), default=-1)

    def in_force(self, period: Period) -> bool:
        """Tell whether the rule is valid on the step's local date."""
        after = self.valid_from is None or self.valid_from <= period.day
        return after and (self.valid_to is None or period.day < self.valid_to)

    def evaluate(self, inputs: AreaInputs, period: Period) -> Value:
        """Return the indicator of an area for one step."""
        sites = [s for s in inputs.sites if self._has_inputs(s)]
        return self.combine(inputs.area, [self.at(self.view(s), period) for s in sites], period)

    def view(self, site: Site) -> Site:
        """Return the site with the indicator's inputs alone: what others read must not change its value."""
        return replace(
            site,
            series={name: series for name, series in site.series.items() if name in self.inputs},
            activity=site.activity if ACTIVITY in self.inputs else {},
            results={code: series for code, series in site.results.items() if code in self.of},
            weights={code: series for code, series in site.weights.items() if code in self.of},
            areas=site.gateway_areas if self.by_gateway else site.areas,
            stays=() if self.by_gateway else site.stays,
            arrived=site.arrived if self.arrivals else None,
        )

    def at(self, site: Site, period: Period) -> SiteValue:
        """Return the value of one site, as `view` gives it, with the areas that it counts for."""
        there = site.during(period)
        return self.site(there, period).of(there.areas)

    def _has_inputs(self, site: Site) -> bool:
        if self.of:
            return all(code in site.results for code in self.of)
        return self.concerns(frozenset(site.series) | frozenset(site.activity))

    def combine(self, area: AreaUnit, sites: Sequence[SiteValue], period: Period) -> Value:
        """Return the area's value from its sites' values."""
        found = self.area(area, sites, period)
        completeness = sum(s.completeness for s in sites) / len(sites) if sites else 0.0
        details: dict[str, Any] = {"suspect": sum(s.suspect for s in sites)}
        if found is None:
            return Value(None, half_up(completeness, 6), _reason(sites), None, details | _absent(sites))
        return Value(
            half_up(found.value, self.decimals),
            half_up(completeness, 6),
            None,
            self.category(found.value, period),
            details | dict(found.details),
        )

    def category(self, value: float, period: Period) -> str | None:
        """Return the code of the category that a value belongs to."""
        if self.categorise is not None:
            return self.categorise(value, period)
        fitting = [c.code for c in self.categories if c.lower is not None and c.lower <= value]
        return fitting[-1] if fitting else None

    def declaration(self) -> dict[str, Any]:
        """Return, as JSON values, what readers need besides code, names, unit and version."""
        return {
            **both("description", self.description),
            "inputs": list(self.inputs),
            "of": list(self.of),
            "period": self.step.iso,
            "min_completeness": half_up(self.min_completeness, 6),
            **both("area_rule", self.area_rule),
            "decimals": self.decimals,
            "source": self.source.json(),
            "valid_from": self.valid_from and self.valid_from.isoformat(),
            "valid_to": self.valid_to and self.valid_to.isoformat(),
            "crosswalk": [asdict(e) for e in self.crosswalk],
            "categories": [asdict(c) for c in self.categories],
            "limits": [{"valid_from": d.isoformat(), "limit": limit} for d, limit in self.limits],
        }


#: Every declared indicator by its code.
INDICATORS: dict[str, Indicator] = {}


def indicator(**declaration: Any) -> Callable[[SiteFunction], SiteFunction]:
    """Declare the decorated site function as an indicator.

    Its docstring describes it in both languages, unless a `description` is given.

    Raises:
        ValueError: the code is declared twice, or there is no description in Vietnamese.
    """

    def declare(site: SiteFunction) -> SiteFunction:
        description = declaration.get("description") or described(site.__doc__)
        declared = Indicator(**declaration | {"description": description, "site": site})
        if declared.code in INDICATORS:
            raise ValueError(f"indicator {declared.code} is declared twice: give one of them another code")
        INDICATORS[declared.code] = declared
        return site

    return declare


def select(codes: Sequence[str]) -> list[Indicator]:
    """Return the indicators with these codes, or all of them for none.

    Raises:
        KeyError: no indicator has one of the codes.
    """
    unknown = sorted(set(codes) - set(INDICATORS))
    if unknown:
        raise KeyError(f"no indicator {', '.join(unknown)}: choose from {', '.join(INDICATORS)}")
    return [INDICATORS[code] for code in codes] if codes else list(INDICATORS.values())


def levels(indicators: Iterable[Indicator]) -> list[list[Indicator]]:
    """Return the indicators in the order in which they depend on each other; those of a list do not."""
    by_level: dict[int, list[Indicator]] = {}
    for each in indicators:
        by_level.setdefault(each.level, []).append(each)
    return [by_level[level] for level in sorted(by_level)]


def with_sources(indicators: Iterable[Indicator]) -> list[Indicator]:
    """Return the indicators and all that they are made of, in the order of `INDICATORS`."""
    wanted = {code for each in indicators for code in (each.code, *_sources(each))}
    return [each for code, each in INDICATORS.items() if code in wanted]


def _sources(each: Indicator) -> Iterator[str]:
    for code in each.of:
        yield code
        yield from _sources(INDICATORS[code])


def _reason(sites: Sequence[SiteValue]) -> Reason:
    reasons = {site.reason for site in sites}
    if not reasons:
        return Reason.NO_STATION
    return (reasons.pop() if len(reasons) == 1 else None) or Reason.INSUFFICIENT_DATA


def _absent(sites: Sequence[SiteValue]) -> dict[str, Any]:
    return {"missing": {site.site: str(site.reason) for site in sites}} if sites else {}


def _load() -> None:
    for module in sorted(m.name for m in pkgutil.iter_modules(analytics.indicators.__path__)):
        importlib.import_module(f"analytics.indicators.{module}")


_load()
