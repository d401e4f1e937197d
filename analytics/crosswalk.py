"""Where other catalogues of city indicators ask for the same as ours, as data.

The texts of ISO 37120 and ISO 37122 are sold and were not read. The trust of an entry is that of its weakest
part, which for both is the clause number; PROVENANCE says what could be checked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analytics.indicator import Equivalent

ISO_37120 = "ISO 37120:2018"
ISO_37122 = "ISO 37122:2019"
U4SSC = "U4SSC (ITU-T Y.4903)"

#: What could be checked of each catalogue, for readers.
PROVENANCE: dict[str, str] = {
    ISO_37120: "Not read. Clause numbers and names are general knowledge: check them in a bought copy.",
    ISO_37122: "Not read. The names were seen on a public page about the identical MS ISO 37122:2019, which "
    "numbers them otherwise; the clause numbers are general knowledge: check them in a bought copy.",
    U4SSC: "Codes marked as read in the standard were read on the ITU's pages about the indicators; the "
    "others are recalled. A code without number is that of the group.",
}

# Names of members of Trust.
_READ, _RECALLED = "STANDARD", "RECALLED"

#: (catalogue, clause or code, name, trust)
_Entry = tuple[str, str, str, str]


def _iso_37120(clause: str, name: str) -> _Entry:
    return ISO_37120, clause, name, _RECALLED


def _iso_37122(clause: str, name: str) -> _Entry:
    return ISO_37122, clause, name, _RECALLED


_ALERTS = _iso_37122("11.3", "population with real-time public alerts for air and water quality")
_METERS = (
    _iso_37122("7.9", "buildings with smart energy meters"),
    _iso_37122("12.1", "households with smart energy meters"),
    (U4SSC, "EC: ICT: ES: 1C", "Smart Electricity Meters", _READ),
    (U4SSC, "EN: E: E: 2C", "electricity consumption", _RECALLED),
)
_DRAINAGE = (
    _ALERTS,
    _iso_37122("22.5", "wastewater network with sensors"),
    (U4SSC, "EC: ICT: D: 1A", "drainage monitoring", _RECALLED),
)
_DOWNTIME = (_iso_37122("10.4", "average downtime of IT infrastructure"),)

_TABLE: dict[str, tuple[_Entry, ...]] = {
    "air": (
        _iso_37120("8.1", "PM2.5 concentration"),
        _iso_37120("8.2", "PM10 concentration"),
        _iso_37120("8.5", "NO2 concentration"),
        _iso_37120("8.6", "SO2 concentration"),
        _iso_37120("8.7", "O3 concentration"),
        _iso_37122("8.2", "real-time remote air quality stations per square kilometre"),
        _ALERTS,
        (U4SSC, "EN: EN: AQ: 1C", "Air Pollution", _READ),
    ),
    "water": (
        _iso_37120("23", "drinking water"),
        _iso_37122("23.2", "real-time environmental water quality stations per 100 000 people"),
    ),
    "noise": (
        _iso_37120("8.8", "noise pollution"),
        (U4SSC, "EN: EN: EQ", "exposure to noise", _RECALLED),
    ),
    "heat": (),
    "traffic": (
        _iso_37120("19", "commuting and transport"),
        _iso_37122("19.1", "streets covered by real-time traffic alerts"),
        _iso_37122("19.9", "smart traffic lights"),
        _iso_37122("19.10", "area mapped by real-time street maps"),
        (U4SSC, "EC: ICT: T: 2C", "Traffic Monitoring", _READ),
        (U4SSC, "EC: ICT: T: 3A", "Intersection Control", _READ),
    ),
    "parking": (
        _iso_37122("19.7", "public parking spaces with e-payment"),
        _iso_37122("19.8", "public parking spaces with real-time availability"),
    ),
    "rain": _DRAINAGE,
    "level": _DRAINAGE,
    "wind": (),
    "light": (
        _iso_37120("7.6", "street-lighting electricity per kilometre"),
        _iso_37122("7.6", "street lighting under a performance management system"),
        _iso_37122("7.7", "street lighting refurbished or newly installed"),
    ),
    "energy": (
        _iso_37120("7.1", "end-use energy per head"),
        _iso_37120("7.2-7.3", "residential electricity"),
        *_METERS,
    ),
    "waste": (
        _iso_37120("16.1-16.3", "waste collection, waste per head, recycling"),
        _iso_37122("16.5", "sensor-enabled public bins"),
        _iso_37122("16.1", "drop-off centres with telemetering"),
        _iso_37122("16.2", "door-to-door collection with individual monitoring"),
        (U4SSC, "EN: EN: W", "waste", _RECALLED),
    ),
    "water_volume": (
        _iso_37120("23", "water consumption"),
        _iso_37122("12.2", "households with smart water meters"),
        _iso_37122("23.4", "buildings with smart water meters"),
        _iso_37122("23.3", "water network monitored"),
        (U4SSC, "EC: ICT: WS: 1C, 2A", "water supply", _RECALLED),
    ),
    "people": (),
    "coverage": (
        _iso_37122("18.2-18.3", "connectivity of the area"),
        (U4SSC, "EC: ICT: ICT", "ICT infrastructure", _RECALLED),
    ),
    "latency": _DOWNTIME,
    "availability": _DOWNTIME,
    "completeness": (),
    "open": (
        _iso_37122("5.1", "service contracts with an open-data policy"),
        _iso_37122("10.1", "visits of the open-data portal per 100 000 people"),
        (U4SSC, "EC: ICT: PS: 1A", "Open Data", _READ),
    ),
}
#: Subjects that `crosswalk` knows.
SUBJECTS = tuple(_TABLE)


def crosswalk(subject: str) -> tuple[Equivalent, ...]:
    """Return the equivalents of the indicators of a subject, none where no catalogue asks for it.

    Raises:
        KeyError: the subject is not in the table.
    """
    # Imported at a call: analytics.indicator imports the declarations, and they import this module.
    from analytics.indicator import Equivalent, Trust

    if subject not in _TABLE:
        raise KeyError(f"no crosswalk for {subject!r}: choose from {', '.join(SUBJECTS)}")
    return tuple(Equivalent(s, clause, name, Trust[trust]) for s, clause, name, trust in _TABLE[subject])
