"""What the simulators know of each district of a city: one table per profile code."""

from __future__ import annotations

import csv
from dataclasses import dataclass, fields
from importlib.resources import files


@dataclass(frozen=True, kw_only=True)
class Site:
    """Facts of a district; the defaults are those of a middling coastal town."""

    #: number of devices relative to the least equipment
    scale: float = 1.0
    #: 1 where the sea is near enough for a tide gauge
    coast: float = 0.0
    #: share of the tide in the river's level, 0 upstream to 1 at the mouth
    tide_factor: float = 0.2
    #: 0 on the coast to 1 in the mountains
    inland: float = 0.3
    altitude: float = 10.0
    #: rain, fine dust and coal dust relative to the city's main place
    rain_factor: float = 1.0
    fine_dust: float = 1.0
    coal: float = 0.1
    #: share of traffic and visitors that come for leisure
    tourist: float = 0.2
    urban: float = 0.6
    #: on the main street
    vehicles_per_day: float = 12_000.0


def read_sites(profile_code: str) -> dict[str, Site]:
    """Return district code -> its facts; empty for a city without a table: its districts get the defaults."""
    table = files(__name__) / f"{profile_code}.csv"
    if not table.is_file():
        return {}
    names = [field.name for field in fields(Site)]
    with table.open(encoding="utf-8") as lines:
        rows = csv.DictReader(lines)
        return {row["district"]: Site(**{name: float(row[name]) for name in names}) for row in rows}
