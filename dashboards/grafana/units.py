"""Grafana's unit ids for the UCUM units of observed properties and indicators."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.models import units

from analytics.written import plain_unit

#: UCUM -> Grafana. Grafana would write 0.2 mm of rain as 200 µm: lengths are given a plain suffix instead.
BY_UCUM: Final[dict[str, str]] = {
    "1": units.NoUnit,
    "%": units.Percent,
    "ug/m3": units.MicrogramPerCubicMeter,
    "km/h": units.KilometersPerHour,
    "m/s": units.MetersPerSecond,
    "dB": units.Decibel,
    "Cel": units.Celsius,
    "hPa": units.Hectopascals,
}


def unit(ucum: str) -> str:
    """Return Grafana's unit id of a UCUM unit; one that Grafana lacks is written behind the number."""
    return BY_UCUM.get(ucum, f"suffix:{plain_unit(ucum)}")


def sql_values() -> str:
    """Return the table as the rows of an SQL VALUES list."""
    return ", ".join(f"('{ucum}', '{grafana}')" for ucum, grafana in BY_UCUM.items())
