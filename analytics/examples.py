"""Worked examples: what a source or an independent calculation says, beside what our functions say. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from analytics.indicator import Example, Indicator

# Decimal figures are compared after binary rounding.
_NOISE = 1e-9


@dataclass(frozen=True)
class Figure:
    """One expected figure of an example beside ours; `name` is a path such as `sub.do`."""

    name: str
    expected: Any
    ours: Any
    tolerance: float

    @property
    def agrees(self) -> bool:
        """Tell whether the two are equal, numbers within the tolerance; a figure that is absent never is."""
        if _is_number(self.expected) and _is_number(self.ours):
            return math.isclose(self.expected, self.ours, rel_tol=0, abs_tol=self.tolerance + _NOISE)
        return type(self.expected) is type(self.ours) and bool(self.expected == self.ours)


@dataclass(frozen=True)
class Checked:
    """An example of an indicator with all its figures."""

    indicator: Indicator
    example: Example
    figures: tuple[Figure, ...]

    @property
    def agrees(self) -> bool:
        """Tell whether every figure agrees."""
        return all(figure.agrees for figure in self.figures)


def check(indicator: Indicator, example: Example) -> Checked:
    """Compute an example by the indicator's own functions and set each figure beside the expected one."""
    ours = dict(leaves(example.ours(**example.inputs)))
    expected = leaves(example.expected)
    figures = (Figure(name, each, ours.get(name, _ABSENT), example.tolerance) for name, each in expected)
    return Checked(indicator, example, tuple(figures))


def check_all(indicators: Sequence[Indicator]) -> list[Checked]:
    """Compute every example of these indicators, in their order."""
    return [check(indicator, example) for indicator in indicators for example in indicator.examples]


def leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the figures of nested mappings and lists with their paths, such as `sub.do` and `c.0`."""
    if isinstance(value, Mapping):
        pairs = [(str(key), each) for key, each in value.items()]
    elif isinstance(value, (list, tuple)):
        pairs = [(str(place), each) for place, each in enumerate(value)]
    else:
        yield name, value
        return
    for key, each in pairs:
        yield from leaves(each, f"{name}.{key}" if name else key)


class _Absent:
    def __repr__(self) -> str:
        return "(absent)"


_ABSENT = _Absent()


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
