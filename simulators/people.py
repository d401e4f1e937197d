"""People counted at the entrance of a place: so many in, and as many out after their stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulators import draws
from simulators.scene import rounded
from simulators.street import people_until

if TYPE_CHECKING:
    from simulators.draws import Floats
    from simulators.moment import Moment
    from simulators.scene import Scene

#: Of a beach town by month, mean 1.
_SEASON = (0.4, 0.5, 0.6, 0.9, 1.3, 1.8, 2.0, 1.7, 1.0, 0.8, 0.6, 0.4)
#: On an ordinary day the mean, on others so many times it.
_SATURDAY, _SUNDAY, _HOLIDAY = 1.5, 1.3, 2.5
#: Groups come together: variance over mean of a count.
_DISPERSION = 2.5
#: A counter sees so much less of who leaves: its balance drifts until it is set back at closing.
_UNSEEN = 0.02


def people_counter(scene: Scene) -> dict[str, Floats]:
    """Return the people in and out of the interval before each instant; facts: `visits_per_day`, `stay_h`."""
    stay, span = scene.place.number("stay_h", 1.0), scene.interval("people_in") / 3600
    inn = _expected(scene, scene.moment, span)
    out = _expected(scene, scene.moment.later(-stay), span) * (1 - _UNSEEN)
    return {
        "people_in": _counted(scene, "in", inn),
        "people_out": _counted(scene, "out", out),
    }


def _expected(scene: Scene, until: Moment, span: float) -> Floats:
    passing = people_until(until.hours) - people_until(until.hours - span)
    return np.asarray(scene.place.number("visits_per_day", 800) * passing * _crowd(scene, until))


def _crowd(scene: Scene, moment: Moment) -> Floats:
    """Return the factor of a day's weekday, season and rain."""
    weekday = np.where(moment.weekday == 5, _SATURDAY, np.where(moment.weekday == 6, _SUNDAY, 1.0))
    day = np.where(moment.is_holiday | moment.is_tet, _HOLIDAY, weekday)
    tourist = scene.place.number("tourist", 0.2)
    season = 1 + tourist * (moment.monthly(_SEASON) - 1)
    wet = -np.expm1(-scene.weather.rain.fallen(scene.place, moment.hours - 1, moment.hours) / 3)
    return np.asarray(day * season * (1 - 0.7 * wet))


def _counted(scene: Scene, name: str, expected: Floats) -> Floats:
    return rounded(draws.counts(scene.stream(name), scene.moment.seconds, expected, _DISPERSION), 0)
