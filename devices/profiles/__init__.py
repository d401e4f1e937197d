"""Cities as data: folders of tables that `halong devices import` writes to the registry.

A profile is a folder with city.json, areas.csv and observed_properties.csv, and if it brings its devices
along, gateways.csv and things.csv, and lorawan/CODE.json for each LoRaWAN device model. Three may be absent:
alert_rules.json, quality_rules.json with the city's own rules of quality control by observed property
(devices.quality), and open_data.json with publisher, licence and what is published (devices.open_data). The
columns are the fields of the records in devices.model; a cell with several codes has them with spaces
between; an empty cell is a value that is not known.
"""

from __future__ import annotations

from pathlib import Path

from devices.boundaries import with_schematic_boundaries
from devices.model import Profile
from devices.profiles.check import check
from devices.profiles.rows import ProfileError
from devices.profiles.tables import Tables, read_tables

__all__ = ["ProfileError", "assembled", "load", "names"]

_FOLDER = Path(__file__).parent


def names() -> list[str]:
    """Return the names of the profiles that come with halong."""
    return sorted(path.parent.name for path in _FOLDER.glob("*/city.json"))


def load(name: str | Path) -> Profile:
    """Return the profile of that name, or the one in that folder, checked as a whole.

    Areas get schematic boundaries (devices.boundaries.schematic_cells).

    Raises:
        ProfileError: there is none, or a cell is wrong; the message names file, line and column.
    """
    return assembled(read_tables(_folder(name)))


def assembled(tables: Tables) -> Profile:
    """Return the profile that tables say, checked as a whole.

    Raises:
        ProfileError: about each row that is wrong.
    """
    check(tables)
    return _profile(tables)


def _folder(name: str | Path) -> Path:
    for folder in (_FOLDER / name, Path(name)):
        if (folder / "city.json").is_file():
            return folder
    raise ProfileError(
        f"no profile {str(name)!r}: give one of {', '.join(names())}, or a folder that holds a city.json"
    )


def _profile(tables: Tables) -> Profile:
    city = tables.city
    return Profile(
        code=city.code,
        name_en=city.name_en,
        name_vi=city.name_vi,
        time_zone=city.time_zone,
        areas=with_schematic_boundaries([row.record for row in tables.areas]),
        observed_properties=tuple(row.record for row in tables.observed_properties),
        gateways=tables.assembled_gateways(),
        device_models=tuple(tables.device_models),
        alert_rules=tuple(tables.alert_rules),
        properties={
            "latitude": city.latitude,
            "longitude": city.longitude,
            **({"quality_rules": tables.quality_rules} if tables.quality_rules else {}),
            **({"open_data": tables.open_data} if tables.open_data else {}),
        },
    )
