"""Figures as they are written in running text in English and in Vietnamese. Pure."""

from __future__ import annotations

import math
from typing import Final

from analytics.results import WHY, Reason
from analytics.texts import Text

_WITHOUT_ANNOTATIONS: Final = str.maketrans({"{": None, "}": None, ".": "·"})
#: UCUM -> how it is written, where that is not plainly what UCUM has
_UNITS: Final = {
    "1": "", "ug/m3": "µg/m³", "mg/m3": "mg/m³", "Cel": "°C", "deg": "°", "dB[A]": "dB(A)", "m3/s": "m³/s",
}  # fmt: skip
NO_VALUE: Final = Text("no value", "không có giá trị")


def plain_unit(ucum: str) -> str:
    """Return a UCUM unit without the braces of annotations, a dot between factors: `vehicle·km/d`."""
    return ucum.translate(_WITHOUT_ANNOTATIONS)


def unit(ucum: str) -> str:
    """Return a UCUM unit as people write it: `µg/m³`; nothing for the unit `1`."""
    return _UNITS.get(ucum, plain_unit(ucum))


def number(value: float) -> Text:
    """Return a number with a decimal point, or comma; nothing between thousands, which could mislead."""
    text = f"{value:.10g}"
    return Text(text, text.replace(".", ","))


def share(part: float) -> Text:
    """Return a share between 0 and 1 in per cent; 100 % only where nothing is missing."""
    per_cent = number(math.floor(round(part * 10_000, 4)) / 100)
    return Text(f"{per_cent.en} %", f"{per_cent.vi} %")


def why(reason: str | None) -> Text:
    """Return what a stored reason says; one that no longer exists as it is."""
    return WHY[Reason(reason)] if reason in set(Reason) else Text(str(reason), str(reason))


def figure(value: float | None, reason: str | None, ucum: str) -> Text:
    """Return a value with its unit; without one that there is none, and why."""
    if value is None:
        because = why(reason)
        return Text(f"{NO_VALUE.en}: {because.en}", f"{NO_VALUE.vi}: {because.vi}")
    text, of = number(value), unit(ucum)
    return Text(f"{text.en} {of}".rstrip(), f"{text.vi} {of}".rstrip())
