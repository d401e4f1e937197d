"""Units of SenML records (RFC 8428, 12.1; RFC 8798) as UCUM units of observed properties. Pure.

A conversion is linear: value * scale + offset. Two units convert into each other where they measure the same
quantity, as the tables below have it; a UCUM annotation (`{vehicle}`) is a count.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import NamedTuple

#: what follows the unit of a sum: SenML integrates over seconds (RFC 8428, 4.2)
SUM = " s"

_DEGREE = Fraction(math.pi) / 180
_ANNOTATION = re.compile(r"\{[^{}]*\}")
_Scale = tuple[str, Fraction | int, Fraction | int]


class Conversion(NamedTuple):
    """`value * multiplier / divisor + offset`; whole numbers keep decimal fractions exact."""

    multiplier: float = 1.0
    divisor: float = 1.0
    offset: float = 0.0

    def apply(self, value: float) -> float:
        """Return the value in the other unit; infinite if it is beyond binary64."""
        return value * self.multiplier / self.divisor + self.offset


#: the unit is the same
SAME = Conversion()

# name: (quantity, scale, offset) to the first unit of the quantity
_SENML: dict[str, _Scale] = {
    # RFC 8428, 12.1; each is a quantity of its own unless it says otherwise
    **{
        name: (name, 1, 0)
        for name in (
            "m",
            "kg",
            "s",
            "A",
            "K",
            "cd",
            "mol",
            "rad",
            "sr",
            "N",
            "Pa",
            "J",
            "W",
            "C",
            "V",
            "F",
            "Ohm",
            "S",
            "Wb",
            "T",
            "H",
            "lm",
            "lx",
            "Bq",
            "Gy",
            "Sv",
            "kat",
            "m2",
            "m3",
            "m/s",
            "m/s2",
            "m3/s",
            "W/m2",
            "cd/m2",
            "bit",
            "bit/s",
            "pH",
            "dB",
            "dBW",
            "count",
            "/",
            "1/s",
            "S/m",
        )
    },
    "g": ("kg", Fraction(1, 1000), 0),
    "Hz": ("1/s", 1, 0),
    "Cel": ("K", 1, Fraction("273.15")),
    "l": ("m3", Fraction(1, 1000), 0),
    "l/s": ("m3/s", Fraction(1, 1000), 0),
    "lat": ("rad", _DEGREE, 0),
    "lon": ("rad", _DEGREE, 0),
    "Bspl": ("Bspl", 1, 0),
    "%": ("/", Fraction(1, 100), 0),
    "%RH": ("/", Fraction(1, 100), 0),
    "%EL": ("/", Fraction(1, 100), 0),
    "EL": ("s", 1, 0),
    "1/min": ("1/s", Fraction(1, 60), 0),
    "beat/min": ("1/s", Fraction(1, 60), 0),
    "beats": ("count", 1, 0),
    # RFC 8798, 2
    **{name: (name, 1, 0) for name in ("VA", "VAs", "var", "vars", "J/m", "kg/m3", "NTU")},
    "B": ("bit", 8, 0),
    "deg": ("rad", _DEGREE, 0),
    # RFC 8798, 3
    "ms": ("s", Fraction(1, 1000), 0),
    "min": ("s", 60, 0),
    "h": ("s", 3600, 0),
    "MHz": ("1/s", 1_000_000, 0),
    "kW": ("W", 1000, 0),
    "kVA": ("VA", 1000, 0),
    "kvar": ("var", 1000, 0),
    "Ah": ("C", 3600, 0),
    "Wh": ("J", 3600, 0),
    "kWh": ("J", 3_600_000, 0),
    "varh": ("vars", 3600, 0),
    "kvarh": ("vars", 3_600_000, 0),
    "kVAh": ("VAs", 3_600_000, 0),
    "Wh/km": ("J/m", Fraction("3.6"), 0),
    "KiB": ("bit", 8 * 1024, 0),
    "GB": ("bit", 8_000_000_000, 0),
    "Mbit/s": ("bit/s", 1_000_000, 0),
    "B/s": ("bit/s", 8, 0),
    "MB/s": ("bit/s", 8_000_000, 0),
    "mV": ("V", Fraction(1, 1000), 0),
    "mA": ("A", Fraction(1, 1000), 0),
    "dBm": ("dBW", 1, -30),
    "ug/m3": ("kg/m3", Fraction(1, 10**9), 0),
    "mm/h": ("m/s", Fraction(1, 3_600_000), 0),
    "m/h": ("m/s", Fraction(1, 3600), 0),
    "ppm": ("/", Fraction(1, 10**6), 0),
    "/100": ("/", Fraction(1, 100), 0),
    "/1000": ("/", Fraction(1, 1000), 0),
    "hPa": ("Pa", 100, 0),
    "mm": ("m", Fraction(1, 1000), 0),
    "cm": ("m", Fraction(1, 100), 0),
    "km": ("m", 1000, 0),
    "km/h": ("m/s", Fraction(1, 1) / Fraction("3.6"), 0),
}

#: quantity: its integral over time
_INTEGRALS = {
    "W": "J", "A": "C", "VA": "VAs", "var": "vars", "m3/s": "m3", "m/s": "m", "bit/s": "bit", "1/s": "count",
}  # fmt: skip
_SENML |= {
    name + SUM: (_INTEGRALS[quantity], scale, 0)
    for name, (quantity, scale, offset) in _SENML.items()
    if quantity in _INTEGRALS
}

# UCUM unit: the quantities that it takes, each with scale and offset; UCUM's 1 is a ratio and a count
_UCUM: dict[str, tuple[_Scale, ...]] = {
    name: ((name, 1, 0),)
    for name in (
        "m", "s", "A", "K", "cd", "mol", "rad", "sr", "N", "Pa", "J", "W", "C", "V", "F", "Ohm", "S", "Wb",
        "T", "H", "lm", "lx", "Bq", "Gy", "Sv", "kat", "m2", "m3", "m/s", "m/s2", "m3/s", "W/m2", "cd/m2",
        "bit", "bit/s", "kg", "S/m", "J/m", "kg/m3",
    )
}  # fmt: skip
_UCUM |= {
    "1": (("/", 1, 0), ("count", 1, 0)),
    "{}": (("count", 1, 0),),
    "%": (("/", Fraction(1, 100), 0),),
    "[ppth]": (("/", Fraction(1, 1000), 0),),
    "[ppm]": (("/", Fraction(1, 10**6), 0),),
    "[ppb]": (("/", Fraction(1, 10**9), 0),),
    "[pH]": (("pH", 1, 0),),
    "[NTU]": (("NTU", 1, 0),),
    # UCUM's dB names no reference: it is sound pressure, a ratio, or 1 mW for a signal strength.
    "dB": (("dB", 1, 0), ("Bspl", Fraction(1, 10), 0), ("dBW", 1, -30)),
    "dB[SPL]": (("Bspl", Fraction(1, 10), 0),),
    "dB[W]": (("dBW", 1, 0),),
    "Cel": (("K", 1, Fraction("273.15")),),
    "[degF]": (("K", Fraction(5, 9), Fraction("459.67") * 5 / 9),),
    "deg": (("rad", _DEGREE, 0),),
    "Hz": (("1/s", 1, 0),),
    "/s": (("1/s", 1, 0),),
    "/min": (("1/s", Fraction(1, 60), 0),),
    "/h": (("1/s", Fraction(1, 3600), 0),),
    "kHz": (("1/s", 1000, 0),),
    "MHz": (("1/s", 10**6, 0),),
    "ms": (("s", Fraction(1, 1000), 0),),
    "min": (("s", 60, 0),),
    "h": (("s", 3600, 0),),
    "d": (("s", 86400, 0),),
    "mm": (("m", Fraction(1, 1000), 0),),
    "cm": (("m", Fraction(1, 100), 0),),
    "km": (("m", 1000, 0),),
    "mm/h": (("m/s", Fraction(1, 3_600_000), 0),),
    "cm/s": (("m/s", Fraction(1, 100), 0),),
    "km/h": (("m/s", Fraction(5, 18), 0),),
    "L": (("m3", Fraction(1, 1000), 0),),
    "L/s": (("m3/s", Fraction(1, 1000), 0),),
    "L/min": (("m3/s", Fraction(1, 60_000), 0),),
    "m3/h": (("m3/s", Fraction(1, 3600), 0),),
    "g": (("kg", Fraction(1, 1000), 0),),
    "t": (("kg", 1000, 0),),
    "ug/m3": (("kg/m3", Fraction(1, 10**9), 0),),
    "mg/m3": (("kg/m3", Fraction(1, 10**6), 0),),
    "g/m3": (("kg/m3", Fraction(1, 1000), 0),),
    "ug/L": (("kg/m3", Fraction(1, 10**6), 0),),
    "mg/L": (("kg/m3", Fraction(1, 1000), 0),),
    "g/L": (("kg/m3", 1, 0),),
    "hPa": (("Pa", 100, 0),),
    "mbar": (("Pa", 100, 0),),
    "kPa": (("Pa", 1000, 0),),
    "bar": (("Pa", 100_000, 0),),
    "mS/cm": (("S/m", Fraction(1, 10), 0),),
    "uS/cm": (("S/m", Fraction(1, 10_000), 0),),
    "mV": (("V", Fraction(1, 1000), 0),),
    "kV": (("V", 1000, 0),),
    "mA": (("A", Fraction(1, 1000), 0),),
    "A.h": (("C", 3600, 0),),
    "mW": (("W", Fraction(1, 1000), 0),),
    "kW": (("W", 1000, 0),),
    "MW": (("W", 10**6, 0),),
    "W.h": (("J", 3600, 0),),
    "kW.h": (("J", 3_600_000, 0),),
    "MW.h": (("J", 3_600_000_000, 0),),
    "kJ": (("J", 1000, 0),),
    "MJ": (("J", 10**6, 0),),
    "V.A": (("VA", 1, 0), ("var", 1, 0)),
    "kV.A": (("VA", 1000, 0), ("var", 1000, 0)),
    "kV.A.h": (("VAs", 3_600_000, 0), ("vars", 3_600_000, 0)),
    "By": (("bit", 8, 0),),
    "kBy": (("bit", 8000, 0),),
    "MBy": (("bit", 8 * 10**6, 0),),
    "By/s": (("bit/s", 8, 0),),
}


def convert(value: float, unit: str, to_ucum: str) -> float | None:
    """Return a value of a SenML unit in a UCUM unit, or None where they do not measure the same.

    Source: RFC 8428, 12.1; RFC 8798, 2 and 3; a unit followed by ` s` is that of a sum (RFC 8428, 4.2).
    """
    found = conversion(unit, to_ucum)
    return None if found is None else found.apply(value)


def conversion(unit: str | None, to_ucum: str) -> Conversion | None:
    """Return how a SenML unit becomes a UCUM unit; None where it cannot. No unit is the UCUM unit itself."""
    if unit is None:
        return SAME
    return _CONVERSIONS.get((unit, to_ucum)) or _CONVERSIONS.get((unit, _ANNOTATION.sub("{}", to_ucum)))


def _linear(given: _Scale, wanted: _Scale) -> Conversion:
    ratio = Fraction(given[1]) / Fraction(wanted[1])
    offset = (Fraction(given[2]) - Fraction(wanted[2])) / Fraction(wanted[1])
    found = Conversion(float(ratio.numerator), float(ratio.denominator), float(offset))
    return SAME if found == SAME else found


_CONVERSIONS = {
    (unit, ucum): _linear(given, wanted)
    for unit, given in _SENML.items()
    for ucum, scales in _UCUM.items()
    for wanted in scales
    if given[0] == wanted[0]
}
# dBW as plain dB would be 30 off where 1 mW is meant.
_CONVERSIONS.pop(("dBW", "dB"))

#: pairs of a SenML unit and a UCUM unit that are the same
SAME_UNITS = frozenset(pair for pair, each in _CONVERSIONS.items() if each is SAME)
