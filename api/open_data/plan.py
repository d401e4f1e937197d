"""What a city publishes, as its database and the settings say."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec

from analytics.texts import Text
from api.open_data.csvw import table_of
from api.open_data.data_sets import DataSet, PublicProperty, data_sets, licence_url, publisher
from api.open_data.manifest import FORMAT
from api.queries import open_data as queries
from devices.open_data import OpenData, read_open_data

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from devices.open_data import Agent
    from runtime.settings import Settings


class NoCityError(LookupError):
    """No profile has been imported."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The city, its zone, what it says of open data, and the data sets by code."""

    city: Text
    code: str
    zone: ZoneInfo
    says: OpenData
    data_sets: dict[str, DataSet]
    #: counts of fewer people are suppressed
    smallest_cell: int
    #: a month is settled so many days after its end
    settle_days: int

    @property
    def publisher(self) -> Agent:
        """Who publishes."""
        return publisher(self.says, self.city)

    @property
    def licence_url(self) -> str:
        """The address of the licence's text."""
        return licence_url(self.says)

    def rules(self, data_set: DataSet) -> str:
        """Return a digest of what decides on a file besides the values: another one is another version."""
        told: list[Any] = [
            FORMAT,
            [(each.name, str(each.type)) for each in table_of(data_set).shown],
            [each.code for each in data_set.indicators],
            [(each.code, each.aggregation) for each in data_set.properties],
            self.smallest_cell if data_set.counts_people else None,
            [self.says.licence, self.publisher, str(self.zone)],
        ]
        return hashlib.sha256(msgspec.json.encode(told)).hexdigest()[:16]


async def read_plan(conn: AsyncConnection[Any], settings: Settings) -> Plan:
    """Return what the city publishes.

    Raises:
        NoCityError: no profile has been imported.
    """
    city = await queries.city(conn)
    if city is None:
        raise NoCityError("there is no city yet: run `halong devices import PROFILE`")
    says = read_open_data(city["properties"].get("open_data", {}))
    named = await queries.observed_properties(conn, says.public_properties)
    return Plan(
        city=Text(city["name_en"], city["name_vi"]),
        code=city["code"],
        zone=ZoneInfo(city["time_zone"]),
        says=says,
        data_sets=data_sets(says, [PublicProperty(**row) for row in named]),
        smallest_cell=settings.open_data_smallest_cell,
        settle_days=settings.open_data_settle_days,
    )
