"""A town with a few things, whose readings a gateway publishes and ingest stores, for tests of indicators."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from analytics import values
from analytics.indicator import INDICATORS, select
from analytics.run import compute
from analytics.steps import Step
from devices.model import Gateway, Profile, Thing
from devices.profiles import load
from devices.registry import import_profile
from tests.integration.city import AREA
from tests.integration.test_analytics import current
from tests.integration.test_ingest import gateway_client, heard, ingesting, send

if TYPE_CHECKING:
    from collections.abc import Iterable

    from psycopg import AsyncConnection

    from runtime.settings import Settings
    from tests.conftest import Broker

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
#: Yesterday in Hạ Long.
DAY = Step.DAY.floor(datetime.now(UTC) - timedelta(days=1), ZONE)


def thing(code: str, datastreams: dict[str, int], **properties: Any) -> Thing:
    return Thing(
        code=code, name=code, kind=code, latitude=20.95, longitude=107.07, areas=("193",),
        datastreams=datastreams, properties=properties,
    )  # fmt: skip


def town(gateway: str, *things: Thing) -> Profile:
    """Hạ Long with these things, whose observed properties are those of the profile quang_ninh."""
    properties = {p.code: p for p in load("quang_ninh").observed_properties}
    used = sorted({name for each in things for name in each.datastreams})
    gateways = (
        Gateway(
            code=gateway, name=gateway, latitude=20.95, longitude=107.07, areas=("193",), things=things
        ),
    )  # fmt: skip
    return Profile(
        code="test", name_en="Test", name_vi="Thử", time_zone=str(ZONE), areas=(AREA,),
        observed_properties=tuple(properties[name] for name in used), gateways=gateways,
    )  # fmt: skip


def reading(device: str, minutes: float, **measured: float) -> dict[str, Any]:
    """What a device measured so many minutes after the beginning of DAY."""
    return {"device": device, "time": int((DAY + timedelta(minutes=minutes)).timestamp() * 1000)} | measured


async def publish(
    conn: AsyncConnection[Any],
    settings: Settings,
    broker: Broker,
    profile: Profile,
    messages: Iterable[list[dict[str, Any]]],
) -> None:
    """Import the profile and have its gateway publish the messages; return when all are committed."""
    await import_profile(conn, profile)
    await values.write_catalogue(conn, INDICATORS.values())
    (gateway,) = profile.gateways
    sent = list(messages)
    async with ingesting(settings), gateway_client(broker, gateway.code) as client:
        for seq, readings in enumerate(sent, 1):
            await send(client, gateway.code, *readings, seq=seq)
        while (await heard(client, "committed"))["seq"] < len(sent):
            pass


async def computed(
    conn: AsyncConnection[Any], expected: Iterable[tuple[str, datetime]]
) -> dict[tuple[str, datetime], Any]:
    """Compute these indicators over DAY and return their values of Hạ Long at these instants."""
    wanted = list(expected)
    await compute(conn, select([*dict(wanted)]), DAY, DAY + timedelta(days=1))
    return {(code, at): (await current(conn, code, "193"))[at][0] for code, at in wanted}
