from __future__ import annotations

import csv
import math
from pathlib import Path

import pytest

from devices.catalog import Catalog, KnownGateway, Stream
from devices.model import Quality
from devices.units import SAME, conversion, convert
from ingest.formats.readings import Readings
from ingest.resolve import Resolved, TimeLimits, resolve

PROFILE = Path(__file__).resolve().parents[2] / "devices" / "profiles" / "quang_ninh"
#: RFC 8428, 12.1, then RFC 8798, 2 and 3; each with a UCUM unit and the value that 1.5 of it is
REGISTRY = {
    "m": ("cm", 150), "kg": ("g", 1500), "g": ("kg", 0.0015), "s": ("ms", 1500), "A": ("mA", 1500),
    "K": ("Cel", -271.65), "cd": ("cd", 1.5), "mol": ("mol", 1.5), "Hz": ("/min", 90),
    "rad": ("deg", 85.943669), "sr": ("sr", 1.5), "N": ("N", 1.5), "Pa": ("hPa", 0.015),
    "J": ("kJ", 0.0015), "W": ("kW", 0.0015), "C": ("C", 1.5), "V": ("mV", 1500), "F": ("F", 1.5),
    "Ohm": ("Ohm", 1.5), "S": ("S", 1.5), "Wb": ("Wb", 1.5), "T": ("T", 1.5), "H": ("H", 1.5),
    "Cel": ("K", 274.65), "lm": ("lm", 1.5), "lx": ("lx", 1.5), "Bq": ("Bq", 1.5), "Gy": ("Gy", 1.5),
    "Sv": ("Sv", 1.5), "kat": ("kat", 1.5), "m2": ("m2", 1.5), "m3": ("L", 1500), "l": ("m3", 0.0015),
    "m/s": ("km/h", 5.4), "m/s2": ("m/s2", 1.5), "m3/s": ("L/s", 1500), "l/s": ("m3/s", 0.0015),
    "W/m2": ("W/m2", 1.5), "cd/m2": ("cd/m2", 1.5), "bit": ("By", 0.1875), "bit/s": ("By/s", 0.1875),
    "lat": ("deg", 1.5), "lon": ("deg", 1.5), "pH": ("[pH]", 1.5), "dB": ("dB", 1.5),
    "dBW": ("dB[W]", 1.5), "Bspl": ("dB", 15), "count": ("{vehicle}", 1.5), "/": ("%", 150),
    "%": ("1", 0.015), "%RH": ("%", 1.5), "%EL": ("%", 1.5), "EL": ("min", 0.025), "1/s": ("Hz", 1.5),
    "1/min": ("/s", 0.025), "beat/min": ("/min", 1.5), "beats": ("1", 1.5), "S/m": ("mS/cm", 15),
    "B": ("bit", 12), "VA": ("V.A", 1.5), "VAs": ("kV.A.h", 1.5 / 3.6e6), "var": ("V.A", 1.5),
    "vars": ("kV.A.h", 1.5 / 3.6e6), "J/m": ("J/m", 1.5), "kg/m3": ("mg/L", 1500),
    "deg": ("rad", math.pi / 120), "NTU": ("[NTU]", 1.5), "ms": ("s", 0.0015), "min": ("s", 90),
    "h": ("min", 90), "MHz": ("kHz", 1500), "kW": ("W", 1500), "kVA": ("V.A", 1500),
    "kvar": ("V.A", 1500), "Ah": ("A.h", 1.5), "Wh": ("kW.h", 0.0015), "kWh": ("kW.h", 1.5),
    "varh": ("kV.A.h", 0.0015), "kvarh": ("kV.A.h", 1.5), "kVAh": ("kV.A.h", 1.5),
    "Wh/km": ("J/m", 5.4), "KiB": ("By", 1536), "GB": ("MBy", 1500), "Mbit/s": ("bit/s", 1.5e6),
    "B/s": ("By/s", 1.5), "MB/s": ("By/s", 1.5e6), "mV": ("V", 0.0015), "mA": ("A", 0.0015),
    "dBm": ("dB[W]", -28.5), "ug/m3": ("mg/m3", 0.0015), "mm/h": ("mm/h", 1.5), "m/h": ("mm/h", 1500),
    "ppm": ("[ppb]", 1500), "/100": ("%", 1.5), "/1000": ("%", 0.15), "hPa": ("kPa", 0.15),
    "mm": ("cm", 0.15), "cm": ("mm", 15), "km": ("m", 1500), "km/h": ("m/s", 1.5 / 3.6),
}  # fmt: skip


@pytest.mark.parametrize("unit", REGISTRY)
def test_every_unit_of_the_registry(unit: str) -> None:
    ucum, expected = REGISTRY[unit]
    assert convert(1.5, unit, ucum) == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize(
    ("value", "unit", "ucum", "expected"),
    [
        (101_325, "Pa", "hPa", 1013.25),
        (300.15, "K", "Cel", 27.0),
        (-90, "dBm", "dB", -90.0),
        (3_600_000, "W s", "kW.h", 1.0),
        (2, "kW s", "kJ", 2.0),
        (5, "l/s s", "m3", 0.005),
        (7, "count", "{person}", 7.0),
    ],
)
def test_converted_exactly(value: float, unit: str, ucum: str, expected: float) -> None:
    assert convert(value, unit, ucum) == expected


@pytest.mark.parametrize(
    ("unit", "ucum"),
    [
        ("Cel", "hPa"),
        ("count", "%"),
        ("count", "{MPN}/dL"),
        ("dBW", "dB"),
        ("Cel s", "Cel"),
        ("cel", "Cel"),
        ("", "m"),
        ("m", "no unit"),
    ],
)
def test_not_converted(unit: str, ucum: str) -> None:
    assert convert(1.0, unit, ucum) is None


def test_observed_properties_take_a_unit_of_the_registry() -> None:
    with (PROFILE / "observed_properties.csv").open(encoding="utf-8") as file:
        ucum = {row["unit"] for row in csv.DictReader(file)}
    without = {each for each in ucum if not any(conversion(unit, each) for unit in REGISTRY)}
    assert without == {"{MPN}/dL", "{person}/m2"}  # neither RFC has a count per volume or area


def test_no_unit_and_the_same_unit_cost_nothing() -> None:
    assert conversion(None, "Cel") is SAME
    assert conversion("Cel", "Cel") is SAME


NOW = 1_795_335_360_000_000
CATALOG = Catalog(
    {
        "gw": KnownGateway(
            7,
            True,
            {"aq": True},
            {
                ("aq", "air_pressure"): Stream(1, 900, 1050, "hPa"),
                ("aq", "river_level"): Stream(2, -1e308, 1e308, "mm"),
                ("aq", "air_temperature"): Stream(3, -5, 45, "Cel"),
            },
        )
    },
    frozenset(["air_pressure", "river_level", "air_temperature"]),
)


def resolved(*values: tuple[str, float, str | None]) -> Resolved:
    properties, numbers, units = ([*column] for column in zip(*values, strict=True))
    count = len(values)
    found = Readings(
        devices=["aq"] * count,
        properties=properties,
        times=[NOW] * count,
        values=numbers,
        places=[*range(count)],
        units=units,
    )
    return resolve(found, "gw", CATALOG, TimeLimits(NOW - 1, NOW + 1))


def test_readings_are_stored_in_the_unit_of_their_property() -> None:
    found = resolved(("air_pressure", 101_325, "Pa"), ("air_temperature", 20, None), ("river_level", 2, "m"))
    assert found.observations["value"].tolist() == [1013.25, 20, 2000]
    assert found.refusals == {}


def test_limits_are_in_the_unit_of_the_property() -> None:
    found = resolved(("air_temperature", 300.15, "K"), ("air_temperature", 300.15, "Cel"))
    assert found.observations["value"].tolist() == [27.0, 300.15]
    assert found.observations["quality"].tolist() == [Quality.GOOD, Quality.SUSPECT]


def test_a_unit_that_cannot_be_converted_keeps_its_neighbours() -> None:
    found = resolved(("air_pressure", 20, "Cel"), ("air_pressure", 1000, "hPa"), ("river_level", 1, "hPa"))
    (refusal,) = found.refusals.values()
    assert (refusal.reason, refusal.at, refusal.count) == ("unit_mismatch", "$.readings[0].air_pressure", 2)
    assert "'Cel' is no SenML unit that becomes hPa, the unit of air_pressure" in refusal.detail
    assert found.observations["value"].tolist() == [1000]


def test_a_value_that_overflows_in_its_unit_is_refused() -> None:
    found = resolved(("river_level", 1e307, "km"), ("air_pressure", 1000, "hPa"))
    assert list(found.refusals) == ["value_not_finite"]
    assert found.observations["value"].tolist() == [1000]
