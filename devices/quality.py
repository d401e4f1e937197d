"""Quality-control rules of an observed property, as data: which tests its values must pass.

A test that is absent is not made. Units are those of the observed property.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta

if TYPE_CHECKING:
    from collections.abc import Mapping

Positive = Annotated[float, Meta(gt=0)]
Duration = Annotated[int, Meta(ge=600, le=86_400)]
Monthly = Annotated[tuple[float, ...], Meta(min_length=12, max_length=12)]

#: what `excludes` may name, in the order of their bits
TESTS = ("range", "rate", "flat", "spike", "neighbours")


class QualityRulesError(ValueError):
    """Quality rules can't be read; the message names the property and the place."""


class Range(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Plausible values: one pair of limits, or twelve of each, from January (UTC)."""

    low: float | Monthly
    high: float | Monthly


class Rate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The largest change against the median of the three readings before: `least`, or by the time passed."""

    per_minute: Positive
    least: Positive


class Spike(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The largest distance from the median of five readings: the greatest of three, and two usual steps.

    `least`, `share` of that median, and `spreads` times the usual distance (1.4826 times the median absolute
    deviation, MAD).
    """

    least: Positive
    share: float = 0.0
    spreads: Positive = 8.0


class Flat(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long a value may stay the same.

    Within `natural` ranges (no wind, no vehicle at night) it may for `natural_seconds`, or for ever.
    """

    seconds: Duration
    readings: Annotated[int, Meta(ge=3)] = 6
    natural: tuple[tuple[float, float], ...] = ()
    natural_seconds: Duration | None = None

    @property
    def longest_s(self) -> int:
        """How far the test looks back, s."""
        return max(self.seconds, self.natural_seconds or 0)


class Neighbours(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far an hour's median may lie from that of the stations around: all conditions must hold.

    `difference`, `factor` (either way) and `spreads` times the stations' own scatter.
    """

    radius_km: Positive
    difference: Positive
    factor: Annotated[float, Meta(gt=1)] | None = None
    spreads: Positive = 5.0
    stations: Annotated[int, Meta(ge=3)] = 3


class PropertyRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The tests of one observed property, and which of them keep a value out of indicators."""

    range: Range | None = None
    rate: Rate | None = None
    spike: Spike | None = None
    flat: Flat | None = None
    neighbours: Neighbours | None = None
    excludes: tuple[str, ...] = ("range", "rate", "flat", "spike")


def read_rules(found: Mapping[str, Mapping[str, Any]]) -> dict[str, PropertyRules]:
    """Return rules by observed property from JSON values.

    Raises:
        QualityRulesError: a name, type or number is wrong.
    """
    return {code: _read(code, values) for code, values in found.items()}


def _read(code: str, values: Mapping[str, Any]) -> PropertyRules:
    try:
        rules = msgspec.convert(values, PropertyRules)
    except msgspec.ValidationError as error:
        raise QualityRulesError(f"quality rules of {code}: {error}") from error
    if unknown := set(rules.excludes) - set(TESTS):
        raise QualityRulesError(
            f"quality rules of {code}, excludes: no test {', '.join(sorted(unknown))}; "
            f"there are {', '.join(TESTS)}"
        )
    return rules


def override(
    usual: Mapping[str, Mapping[str, Any]], own: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Return rules as JSON values in which a city's tests take the place of the usual ones.

    A test is replaced whole; null switches it off.
    """
    return {code: {**usual.get(code, {}), **own.get(code, {})} for code in sorted({*usual, *own})}
