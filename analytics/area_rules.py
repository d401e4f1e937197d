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
    from collections.abc import Sequence

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
