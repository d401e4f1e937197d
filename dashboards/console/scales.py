"""Which colour stands for which value: an indicator's own classes, or a sequential scale.

The sequential scale goes from `--seq-0` to `--seq-5` of the style sheet: one hue by lightness, which
people with any colour vision can order, and which each theme sets for its own background.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, Protocol

from dashboards.console import formats

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dashboards.console.words import Words

_STEPS: Final = 6
_NICE: Final = (1.0, 2.0, 2.5, 5.0, 10.0)


#: how much of a declared colour a field shows on the panel of the light and of the dark theme: the standards'
#: colours are made for print and small signs, and glare in large fields (`--class-share` of the style sheet)
_LIGHT_SHARE: Final = 0.78
_DARK_SHARE: Final = 0.66
_LIGHT_PANEL: Final = "#ffffff"
_DARK_PANEL: Final = "#161c24"
_BLACK, _WHITE = "#10151b", "#ffffff"


@dataclass(frozen=True)
class Paint:
    """CSS colours of a field, and of the text on it in the light and in the dark theme."""

    fill: str
    ink: str
    dark_ink: str


@dataclass(frozen=True)
class Entry:
    """A line of the legend."""

    fill: str
    label: str


class Scale(Protocol):
    """Colours of values, and their legend."""

    def paint(self, row: dict[str, Any]) -> Paint | None:
        """Return the colours of a value (a row of the API), None where it has none."""

    def legend(self) -> list[Entry]:
        """Return the legend, from low to high."""


def scale(indicator: dict[str, Any], values: Iterable[float], words: Words) -> Scale:
    """Return the scale of an indicator (a row of the API) for these values."""
    if classes := indicator["declaration"].get("categories"):
        return Classes(classes, words)
    return Sequential(sorted(values), words)


class Classes:
    """The classes that the indicator declares, in the colours that it declares."""

    def __init__(self, classes: Sequence[dict[str, Any]], words: Words) -> None:
        """Take the declared classes, from low to high."""
        self._classes, self._words = {each["code"]: each for each in classes}, words

    def paint(self, row: dict[str, Any]) -> Paint | None:
        """Return the colours of a value's class."""
        found = self._classes.get(row["category"])
        return class_paint(found["colour"]) if found is not None else None

    def legend(self) -> list[Entry]:
        """Return the classes with the value at which each begins."""
        return [Entry(class_paint(each["colour"]).fill, self._label(each)) for each in self._classes.values()]

    def _label(self, each: dict[str, Any]) -> str:
        if each["lower"] is None:
            return self._words.of(each)
        return f"{self._words.of(each)} ≥ {formats.number(each['lower'], 0, self._words.language)}"


class Sequential:
    """Classes of equal width between round numbers."""

    def __init__(self, values: Sequence[float], words: Words) -> None:
        """Take the values, from low to high, that the classes must hold."""
        self._words = words
        self._edges = edges(values[0], values[-1]) if values else []

    def paint(self, row: dict[str, Any]) -> Paint | None:
        """Return the colours of the class that holds a value."""
        if row["value"] is None or not self._edges:
            return None
        inner = self._edges[1:-1]
        step = self._step(sum(row["value"] >= edge for edge in inner))
        ink = f"var(--seq-ink-{step})"
        return Paint(f"var(--seq-{step})", ink, ink)

    def legend(self) -> list[Entry]:
        """Return the classes with their limits."""
        decimals = _decimals(self._edges)
        texts = [formats.number(edge, decimals, self._words.language) for edge in self._edges]
        pairs = pairwise(texts)
        return [
            Entry(
                f"var(--seq-{self._step(place)})",
                low if low == high else self._words("range", low=low, high=high),
            )
            for place, (low, high) in enumerate(pairs)
        ]

    def _step(self, place: int) -> int:
        classes = len(self._edges) - 1
        return round((place + 0.5) * _STEPS / classes - 0.5)


def edges(low: float, high: float) -> list[float]:
    """Return the limits of at most six classes between round numbers that hold `low` to `high`."""
    raw = (high - low) / (_STEPS - 1)
    if raw <= 0:
        return [low, high]
    magnitude = 10.0 ** math.floor(math.log10(raw))
    step = next(n * magnitude for n in _NICE if n * magnitude >= raw * (1 - 1e-9))
    return [round(n * step, 9) for n in range(math.floor(low / step), math.ceil(high / step) + 1)]


def _decimals(numbers: Sequence[float]) -> int:
    """Return how many decimals show the numbers as they are, three at most."""
    return next((d for d in range(3) if all(abs(round(n, d) - n) < 1e-9 for n in numbers)), 3)


def class_paint(colour: str) -> Paint:
    """Return the colours of a field in a declared colour #RRGGBB."""
    return Paint(
        f"color-mix(in srgb, {colour} var(--class-share), var(--panel))",
        ink_on(_mix(_channels(colour), _channels(_LIGHT_PANEL), _LIGHT_SHARE)),
        ink_on(_mix(_channels(colour), _channels(_DARK_PANEL), _DARK_SHARE)),
    )


def ink_on(channels: Sequence[float]) -> str:
    """Return black or white, whichever has more contrast on a colour of sRGB (WCAG 2.2, 1.4.3)."""
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return _BLACK if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.18 else _WHITE


def _channels(colour: str) -> list[float]:
    return [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]


def _mix(one: Sequence[float], other: Sequence[float], share: float) -> list[float]:
    return [share * a + (1 - share) * b for a, b in zip(one, other, strict=True)]
