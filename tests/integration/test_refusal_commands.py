"""`halong refusals …`: what was refused, over a real broker, as somebody looks for it."""

from __future__ import annotations

import base64
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from runtime.commands.refusals import RefusalError
from tests.integration.city import register
from tests.integration.test_ingest import NOW_MS, gateway_client, ingesting, send, until
from tests.integration.test_unknown_things import refused

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from runtime.settings import Settings
    from tests.conftest import Broker
    from tests.integration.terminal import Halong

#: an escape sequence that would clear a terminal, in bytes that are no UTF-8
HOSTILE = b"\x1b[2J\xff"


@pytest.fixture
async def halong(
    halong: Halong, conn: AsyncConnection[Any], settings: Settings, broker: Broker, gateway_code: str
) -> Halong:
    """`halong refusals`, where a gateway was refused an unknown property, and bytes that are no JSON."""
    await register(conn, gateway_code)
    async with ingesting(settings), gateway_client(broker, gateway_code) as client:
        await send(
            client, gateway_code, {"device": f"{gateway_code}-aq", "time": NOW_MS, "pm\x1b25": 3}, seq=7
        )
        await client.publish(f"city/v1/{gateway_code}/up/observations", HOSTILE, qos=1)

        async def both() -> bool:
            return len(await refused(conn)) == 2

        await until(both)
    return partial(halong, "refusals")


async def test_refusals_are_listed_and_one_is_shown_with_its_payload(
    halong: Halong, gateway_code: str
) -> None:
    head = (await halong("list", "--gateway", gateway_code)).splitlines()
    assert len(head) == 6
    listed = await halong("list", "--reason", "unknown_property", "--open")
    assert "$.readings[0].pm" in listed
    assert "\x1b" not in listed
    assert "malformed" not in listed
    assert "these are the newest 1: --limit shows more" in await halong("list", "--limit", "1")
    assert "nothing was refused in the last 1h" in await halong("list", "--gateway", "x", "--since", "1h")
    shown = await halong("show", "1")
    for words in (
        f"city/v1/{gateway_code}/up/observations",
        "unknown_property",
        f'"device":"{gateway_code}-aq"',
    ):
        assert words in shown.replace(": ", ":")
    assert "\x1b" not in shown
    assert base64.b64encode(HOSTILE).decode() in await halong("show", "2")


async def test_the_payload_alone_is_what_was_sent(halong: Halong, conn: AsyncConnection[Any]) -> None:
    cursor = await conn.execute("SELECT payload FROM refusals WHERE id = 1")
    ((payload,),) = await cursor.fetchall()
    assert (await halong("show", "1", "--raw")).encode() == payload


async def test_what_is_not_there_says_where_to_look(halong: Halong) -> None:
    with pytest.raises(RefusalError, match="no refusal 99: `halong refusals list` shows them"):
        await halong("show", "99")
