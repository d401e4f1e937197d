"""Sunrise and sunset by the NOAA solar calculator's formulas (after Meeus), good to about a minute."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from simulators.draws import Floats, Ints

#: refraction and the sun's radius, degrees
_ZENITH = 90.833


def _declination_and_equation_of_time(days: Floats) -> tuple[Floats, Floats]:
    """Return declination in radians and equation of time in minutes, for days since 1970 UTC."""
    century = (days + 2440587.5 - 2451545.0) / 36525.0
    longitude = np.radians((280.46646 + 36000.76983 * century) % 360)
    anomaly = np.radians(357.52911 + 35999.05029 * century)
    eccentricity = 0.016708634 - 0.000042037 * century
    centre = np.radians(
        1.914602 * np.sin(anomaly) + 0.019993 * np.sin(2 * anomaly) + 0.000289 * np.sin(3 * anomaly)
    )
    obliquity = np.radians(23.4393 - 0.0130042 * century)
    declination = np.arcsin(np.sin(obliquity) * np.sin(longitude + centre))
    y = np.tan(obliquity / 2) ** 2
    equation = 4 * np.degrees(
        y * np.sin(2 * longitude)
        - 2 * eccentricity * np.sin(anomaly)
        + 4 * eccentricity * y * np.sin(anomaly) * np.cos(2 * longitude)
        - 0.5 * y**2 * np.sin(4 * longitude)
        - 1.25 * eccentricity**2 * np.sin(2 * anomaly)
    )
    return declination, equation


def sunrise_sunset(days: Ints, latitude: float, longitude: float, offset: float) -> tuple[Floats, Floats]:
    """Return local hours of sunrise and sunset on local days, between the polar circles.

    Args:
        days: local day numbers, 0 = 1970-01-01.
        latitude: degrees north.
        longitude: degrees east.
        offset: hours ahead of UTC.
    """
    declination, equation = _declination_and_equation_of_time(np.asarray(days + 0.5 - offset / 24, float))
    phi = np.radians(latitude)
    cosine = np.cos(np.radians(_ZENITH)) / (np.cos(phi) * np.cos(declination))
    half_day = np.degrees(np.arccos(cosine - np.tan(phi) * np.tan(declination))) / 15
    noon = 12 + offset - longitude / 15 - equation / 60
    return noon - half_day, noon + half_day
