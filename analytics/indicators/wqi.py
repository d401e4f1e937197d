"""VN_WQI: the sub-index of each parameter, of each group, and the index. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Scale:
    """A sub-index: linear between limits, with `q` at them; `below` the first and `above` the last."""

    limits: tuple[float, ...]
    q: tuple[float, ...]
    below: float = 100
    above: float = 10

    def index(self, value: float) -> float:
        """Return the unrounded sub-index of a value in the unit of the limits."""
        if value < self.limits[0]:
            return self.below
        return self.above if value > self.limits[-1] else float(np.interp(value, self.limits, self.q))


OXYGEN, TEMPERATURE = "dissolved_oxygen", "water_temperature"
_FIVE, _FOUR = (100, 75, 50, 25, 10), (100, 75, 50, 25)
#: 100 below the first limit, 75 at it
_JUMP = (75, 50, 25, 10)
#: Sub-indices by group and observed property (Decision 1460/QĐ-TCMT): mg/L, group II in µg/L, group V in
#: MPN or CFU per 100 mL, dissolved oxygen in % of saturation.
GROUPS: dict[str, dict[str, Scale]] = {
    "I": {"water_ph": Scale((5.5, 6, 8.5, 9), (50, 100, 100, 50), below=10)},
    "II": {
        "aldrin": Scale((0.1,), (100,)),
        "bhc": Scale((0.02,), (100,)),
        "dieldrin": Scale((0.1,), (100,)),
        "ddt": Scale((1.0,), (100,)),
        "heptachlor": Scale((0.2,), (100,)),
    },
    "III": {
        "arsenic": Scale((0.01, 0.02, 0.05, 0.1), _FOUR),
        "cadmium": Scale((0.005, 0.008, 0.01, 0.1), _JUMP),
        "lead": Scale((0.02, 0.04, 0.05, 0.5), _JUMP),
        "chromium_6": Scale((0.01, 0.02, 0.04, 0.05, 0.1), _FIVE),
        "copper": Scale((0.1, 0.2, 0.5, 1, 2), _FIVE),
        "zinc": Scale((0.5, 1, 1.5, 2, 3), _FIVE),
        "mercury": Scale((0.001, 0.0015, 0.002, 0.01), _JUMP),
    },
    "IV": {
        OXYGEN: Scale((20, 50, 75, 88, 112, 125, 150, 200), (25, 50, 75, 100, 100, 75, 50, 25), below=10),
        "bod5": Scale((4, 6, 15, 25, 50), _FIVE),
        "cod": Scale((10, 15, 30, 50, 150), _FIVE),
        "toc": Scale((4, 6, 15, 25, 50), _FIVE),
        "ammonium_n": Scale((0.3, 0.6, 0.9, 5), _JUMP),
        "nitrate_n": Scale((2, 5, 10, 15), _FOUR),
        "nitrite_n": Scale((0.05,), (100,)),
        "phosphate_p": Scale((0.1, 0.2, 0.3, 0.5, 4), _FIVE),
    },
    "V": {
        "coliform": Scale((2500, 5000, 7500, 10_000), _FOUR),
        "e_coli": Scale((20, 50, 100, 200), _FOUR),
    },
}
#: Of the five groups; IV is one of them. A thing's property `wqi_min_groups` may say 2.
MIN_GROUPS, MIN_PARAMETERS_IV = 3, 3


def oxygen_saturation(temperature: float) -> float:
    """Return the saturation concentration of oxygen in fresh water, mg/L, at a temperature in °C."""
    return float(np.polyval((-0.000077774, 0.0079910, -0.41022, 14.652), temperature))


def sub_indices(measured: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """Return the unrounded sub-indices by group, groups without any left out.

    Args:
        measured: by observed property, in the units of GROUPS; oxygen in mg/L, used if `water_temperature`
            (°C) is there too.
    """
    known = {name: value for name, value in measured.items() if name != OXYGEN}
    if OXYGEN in measured and TEMPERATURE in measured:
        known[OXYGEN] = 100 * measured[OXYGEN] / oxygen_saturation(measured[TEMPERATURE])
    found = {
        group: {name: scale.index(known[name]) for name, scale in scales.items() if name in known}
        for group, scales in GROUPS.items()
    }
    return {group: indices for group, indices in found.items() if indices}


def group_indices(indices: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Return each group's index: pH itself, geometric mean in II and III, arithmetic mean in IV and V."""
    return {
        group: prod(q.values()) ** (1 / len(q)) if group in ("II", "III") else float(np.mean([*q.values()]))
        for group, q in indices.items()
    }


def wqi(groups: Mapping[str, float], *, weighted: bool = False) -> float:
    """Return the unrounded index from the groups' indices, IV among them; one of I to III missing counts 100.

    The core is √(IV·V), or where `weighted` (IV²·V)^(1/3), or IV alone without V.
    """
    factor = prod(groups.get(group, 100) / 100 for group in ("I", "II", "III"))
    organic, microbes = groups["IV"], groups.get("V")
    if microbes is None:
        return factor * organic
    core = (organic**2 * microbes) ** (1 / 3) if weighted else (organic * microbes) ** 0.5
    return float(factor * core)


def is_sufficient(indices: Mapping[str, Mapping[str, float]], min_groups: int = MIN_GROUPS) -> bool:
    """Tell whether there are enough groups, and enough parameters in group IV."""
    return len(indices) >= min_groups and len(indices.get("IV", ())) >= MIN_PARAMETERS_IV
