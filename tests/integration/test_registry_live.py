"""Gateway, thing and datastream are registered by API while ingest runs: what is sent then is stored."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from api import keys
from api.app import create_app
from tests.integration.api.conftest import client_of
from tests.integration.city import register
from tests.integration.test_ingest import NOW_MS, gateway_client, ingesting, send, stored, until

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from runtime.settings import Settings
    from tests.conftest import Broker

_PLACE = {"name": "Hut", "latitude": 20.95, "longitude": 107.07, "areas": ["193"]}


async def test_what_is_registered_is_stored_from_then_on_until_it_is_disabled(
    conn: AsyncConnection[Any], settings: Settings, broker: Broker, gateway_code: str
) -> None:
    await register(conn, "other")
    text, _ = await keys.create(conn, "van", "installer", areas=["193"])
    app, device = create_app(settings), f"{gateway_code}-air"
    async with (
        ingesting(settings),
        app.router.lifespan_context(app),
        client_of(app, authorization=f"Bearer {text}") as van,
        gateway_client(broker, gateway_code) as gateway,
    ):

        async def again() -> None:
            """Send the same; ingest reads in a moment what it is told of."""
            await asyncio.sleep(0.2)
            await send(gateway, gateway_code, {"device": device, "time": NOW_MS, "pm2_5": 31.2})

        async def is_refused(detail: str) -> bool:
            await again()
            rows = await conn.execute("SELECT FROM refusals WHERE detail LIKE %s", [detail])
            return bool(rows.rowcount)

        async def is_stored() -> bool:
            await again()
            return bool(await stored(conn))

        await until(lambda: is_refused(f"gateway '{gateway_code}' is not registered%"))
        for path, body in (
            ("gateways", {"code": gateway_code, **_PLACE}),
            ("things", {"code": device, "gateway": gateway_code, "kind": "air_station", **_PLACE}),
            ("datastreams", {"thing": device, "observed_property": "pm2_5"}),
        ):
            made = await van.post(f"/v1/registry/{path}", json=body)
            assert made.status_code == 201, made.text
        await until(is_stored)
        path = f"/v1/registry/things/{device}"
        off = await van.patch(path, json={"enabled": False}, headers={"if-match": "*"})
        assert off.status_code == 200, off.text
        await until(lambda: is_refused(f"device '{device}' is disabled"))
    assert await stored(conn) == [(made.json()["id"], NOW_MS, 31.2, 0)]
