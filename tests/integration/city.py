"""A small registered city for tests: one gateway with an air station."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from devices.model import Area, Gateway, ObservedProperty, Profile, Thing
from devices.registry import datastream_ids, import_profile

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from psycopg import AsyncConnection

    from analytics.values import Row

PM2_5 = ObservedProperty(
    code="pm2_5", name_en="PM2.5", name_vi="Bụi mịn PM2.5", unit="ug/m3", minimum=0, maximum=1000,
    aggregation="mean", sampling_interval_s=300, device_kind="air_station",
)  # fmt: skip
PM10 = ObservedProperty(
    code="pm10", name_en="PM10", name_vi="Bụi PM10", unit="ug/m3", minimum=0, maximum=2000,
    aggregation="mean", sampling_interval_s=300, device_kind="air_station",
)  # fmt: skip
AREA = Area(
    code="193", parent=None, level="district", kind="city", name_en="Ha Long", name_vi="Hạ Long",
    latitude=20.95, longitude=107.07, valid_from=date(2020, 1, 1), population=322_710, reporting=True,
)  # fmt: skip


def small_city(gateway: str) -> Profile:
    """A profile whose gateway has the device `{gateway}-aq` and is a device itself."""

    def thing(code: str) -> Thing:
        return Thing(
            code=code, name=code, kind="air_station", latitude=20.95, longitude=107.07,
            datastreams={"pm2_5": 300, "pm10": 300}, areas=("193",),
        )  # fmt: skip

    return Profile(
        code="test", name_en="Test", name_vi="Thử", time_zone="Asia/Ho_Chi_Minh", areas=(AREA,),
        observed_properties=(PM2_5, PM10),
        gateways=(
            Gateway(
                code=gateway, name=gateway, latitude=20.95, longitude=107.07, areas=("193",),
                things=(thing(f"{gateway}-aq"), thing(gateway)),
            ),
        ),
    )  # fmt: skip


async def register(conn: AsyncConnection[Any], gateway: str) -> dict[tuple[str, str], int]:
    """Import the small city and return its datastreams' ids by (device, observed property)."""
    await import_profile(conn, small_city(gateway))
    return await datastream_ids(conn)


async def batch(rows: Sequence[Row]) -> AsyncIterator[Sequence[Row]]:
    """Yield indicators' values all at once, as `analytics.values.store` takes them."""
    yield rows
