"""Rules that make one value for an area out of its sites' values.

Each takes the area, all sites and the period, and returns None where no site has a value.
An area without a valid site has no value: none is borrowed from a neighbour.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from analytics.results import AreaValue
from analytics.rounding import half_up

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from analytics.inputs import AreaUnit, Period
    from analytics.results import SiteValue


def worst(_area: AreaUnit, sites: Sequence[SiteValue], _period: Period) -> AreaValue | None:
    """Return the largest value, with the details of the site that has it: for alerts."""
    valid = _valid(sites)
    if not valid:
        return None
    top = max(valid, key=_value)
    return AreaValue(_value(top), {"station": top.site, **top.details, **_stations(sites)})


def median(_area: AreaUnit, sites: Sequence[SiteValue], _period: Period) -> AreaValue | None:
    """Return the median over the sites, with the largest value and its site in the details."""
    valid = _valid(sites)
    if not valid:
        return None
    top = max(valid, key=_value)
    details = {"maximum": half_up(_value(top), 3), "station": top.site, **_stations(sites)}
    return AreaValue(float(np.median([_value(s) for s in valid])), details)


def weighted_mean(_area: AreaUnit, sites: Sequence[SiteValue], _period: Period) -> AreaValue | None:
    """Return Σ w·x / Σ w; with equal weights where a site has none.

    With the denominator of a ratio as weight this is the ratio of the sums.
    """
    valid = _valid(sites)
    if not valid:
        return None
    values = np.array([_value(s) for s in valid])
    weights = _weights(valid)
    rule = {"weighting": "equal" if weights is None else "weighted"}
    return AreaValue(float(np.average(values, weights=weights)), rule | _values(valid) | _stations(sites))


def total(_area: AreaUnit, sites: Sequence[SiteValue], _period: Period) -> AreaValue | None:
    """Return the sum over the sites that have a value, and in the details what share of all sites they are.

    Nothing is added for the others.
    """
    valid = _valid(sites)
    if not valid:
        return None
    share = {"reporting_pct": half_up(100 * len(valid) / len(sites), 2)}
    return AreaValue(sum(_value(s) for s in valid), share | _values(valid) | _stations(sites))


def population_weighted(area: AreaUnit, sites: Sequence[SiteValue], period: Period) -> AreaValue | None:
    """Return Σ p·C / Σ p over the area's units in force: C the mean of a unit's sites, p its population.

    Where none of those has a population and units of another time have, it is over the latter. An area
    without units is one itself. Units without a population are left out, unless none has one: then all weigh
    the same. Details: the units used, the share of the population in them, and the largest site.
    """
    valid = _valid(sites)
    means = {unit: _mean_of(unit, area, valid) for unit in _units(area, period)}
    known = {unit: value for unit, value in means.items() if value is not None}
    used = {unit: value for unit, value in known.items() if unit.population} or known
    if not used:
        return None
    top = max(valid, key=_value)
    details = {
        "weighting": "population" if all(unit.population for unit in used) else "equal",
        "population_covered_pct": _covered(used, means),
        "units": {
            u.code: {"value": half_up(v, 4), **({"population": u.population} if u.population else {})}
            for u, v in used.items()
        },
        "maximum": half_up(_value(top), 4),
        "station": top.site,
    }
    value = mean_by_population([*used.values()], [unit.population for unit in used])
    return AreaValue(value, details | _stations(sites))


def mean_by_population(values: Sequence[float], populations: Sequence[int | None]) -> float:
    """Return Σ p·x / Σ p; a unit without a population weighs one, so that such units weigh the same."""
    return float(np.average(values, weights=[people or 1 for people in populations]))


def _units(area: AreaUnit, period: Period) -> list[AreaUnit]:
    present = [u for u in area.parts if u.in_force(period.day)]
    others = [u for u in area.parts if u not in present]
    # Units that report beside those of before may have no census yet: then people are counted in the latter.
    known = (units for units in (present, others) if any(unit.population for unit in units))
    return next(known, present or others or [area])


def _mean_of(unit: AreaUnit, area: AreaUnit, valid: Sequence[SiteValue]) -> float | None:
    values = [_value(s) for s in valid if unit is area or unit.code in s.areas]
    return float(np.mean(values)) if values else None


def _covered(used: Iterable[AreaUnit], units: Iterable[AreaUnit]) -> float | None:
    everybody = sum(unit.population or 0 for unit in units)
    return half_up(100 * sum(unit.population or 0 for unit in used) / everybody, 2) if everybody else None


def flow_weighted_speed(_area: AreaUnit, sites: Sequence[SiteValue], _period: Period) -> AreaValue | None:
    """Return the flow-weighted harmonic mean; where a site has no flow, the plain mean over the sites."""
    valid = _valid(sites)
    if not valid:
        return None
    values = np.array([_value(s) for s in valid])
    weights = _weights(valid)
    if weights is None:
        speed, rule = float(values.mean()), "time_mean"
    else:
        speed, rule = float(weights.sum() / (weights / values).sum()), "flow_weighted_harmonic"
    return AreaValue(speed, {"mean": rule} | _values(valid) | _stations(sites))


def _value(site: SiteValue) -> float:
    assert site.value is not None
    return site.value


def _valid(sites: Sequence[SiteValue]) -> list[SiteValue]:
    return [site for site in sites if site.value is not None]


def _weights(valid: Sequence[SiteValue]) -> np.ndarray[Any, np.dtype[np.float64]] | None:
    if any(site.weight is None or site.weight <= 0 for site in valid):
        return None
    return np.array([site.weight for site in valid], dtype=np.float64)


def _values(valid: Sequence[SiteValue]) -> dict[str, Any]:
    return {
        "values": {
            s.site: {
                "value": half_up(_value(s), 4),
                **({} if s.weight is None else {"weight": half_up(s.weight, 3)}),
                **s.details,
            }
            for s in valid
        }
    }


def _stations(sites: Sequence[SiteValue]) -> dict[str, Any]:
    used = [site.site for site in sites if site.value is not None]
    missing = {site.site: str(site.reason) for site in sites if site.value is None}
    return {"stations": used, **({"missing": missing} if missing else {})}
