"""What an accepted unknown thing is registered as, and what stands against it."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from devices import unknown_store as store
from devices.edit import create, found, read
from devices.entries import THING
from devices.unknown import UnknownThingError
from storage.pool import connect
from tests.integration.city import register
from tests.integration.test_ingest import until
from tests.integration.test_unknown_things import noted, queue

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    Connection = AsyncConnection[Any]

#: holds the small city
OUTLINE = json.dumps(
    {"type": "Polygon", "coordinates": [[[107.0, 20.9], [107.2, 20.9], [107.1, 21.1], [107.0, 20.9]]]}
)


async def test_it_counts_for_every_generation_of_units_whose_outline_holds_it(conn: Connection) -> None:
    await register(conn, "gw-a")
    await conn.execute(f"""
        INSERT INTO areas (code, level, kind, name_en, name_vi, latitude, longitude, valid_from, valid_to,
                           boundary, boundary_source)
        SELECT code, level, kind, name_en, name_vi, latitude, longitude, '2010-01-01', valid_from,
               '{OUTLINE}', 'survey' FROM areas""")
    id_ = await noted(conn, "gw-a", "gw-a-x")
    await store.accept(conn, id_, "Lan")
    cursor = await conn.execute(
        "SELECT a.code, a.valid_to IS NULL FROM thing_areas l JOIN areas a ON a.id = l.area_id "
        "JOIN things t ON t.id = l.thing_id WHERE t.code = 'gw-a-x' ORDER BY 2"
    )
    assert await cursor.fetchall() == [("193", False), ("193", True)]


async def test_of_a_gateway_in_no_area_it_stands_in_none(conn: Connection) -> None:
    await register(conn, "gw-a")
    await conn.execute("DELETE FROM gateway_areas")
    id_ = await noted(conn, "gw-a", "gw-a-x")
    await store.accept(conn, id_, "Lan")
    assert (await found(conn, THING, "gw-a-x"))["counted_areas"] == []


async def test_what_another_thing_has_is_told(conn: Connection) -> None:
    await register(conn, "gw-a")
    await conn.execute("UPDATE things SET dev_eui = '70b3d57ed0000001' WHERE code = 'gw-a-aq'")
    id_ = await noted(conn, "gw-a", "gw-a-x", dev_eui="70b3d57ed0000001")
    with pytest.raises(UnknownThingError, match="gw-a-x cannot be accepted: dev_eui: another thing has it"):
        await store.accept(conn, id_, "Lan")
    assert await read(conn, THING, "gw-a-x") is None


async def test_what_somebody_registers_meanwhile_is_looked_at_again(
    conn: Connection, database_url: str
) -> None:
    await register(conn, "gw-a")
    id_ = await noted(conn, "gw-a", "gw-a-x")
    thing = {**await found(conn, THING, "gw-a-aq"), "code": "gw-a-x", "name": "gw-a-x"}

    async with await connect(database_url) as other:

        async def waits() -> bool:
            cursor = await conn.execute("SELECT pg_blocking_pids(%s) <> '{}'", [other.info.backend_pid])
            return await cursor.fetchone() == (True,)

        async with conn.transaction():
            await create(conn, THING, thing)
            accepting = asyncio.create_task(store.accept(other, id_, "Lan"))
            await until(waits)
        with pytest.raises(UnknownThingError, match="gw-a-x was registered meanwhile: look again"):
            await accepting
    assert [u.state for u, _ in await queue(conn)] == ["waiting"]
