"""`halong unknown …`: what an operator types, from the first look to the last replayed message."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from devices.unknown import UnknownThingError
from tests.integration.city import register
from tests.integration.terminal import typed
from tests.integration.test_ingest import gateway_client, ingesting
from tests.integration.test_unknown_things import noted, send_rounds, stored, until_seen, until_stored

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from runtime.settings import Settings
    from tests.conftest import Broker
    from tests.integration.terminal import Halong


@pytest.fixture
async def halong(conn: AsyncConnection[Any], halong: Halong, gateway_code: str) -> Halong:
    """`halong unknown` over the small city."""
    await register(conn, gateway_code)
    return partial(halong, "unknown")


async def test_a_device_is_found_tried_accepted_and_its_messages_followed(
    halong: Halong, conn: AsyncConnection[Any], settings: Settings, broker: Broker, gateway_code: str
) -> None:
    device = f"{gateway_code}-new"
    async with ingesting(settings), gateway_client(broker, gateway_code) as client:
        await send_rounds(client, gateway_code, device)
        await until_seen(conn, device, 14)
        listed = await halong("list", "--gateway", gateway_code)
        for words in (device, "14 times since 20", "air_station with pm10", "halong unknown accept 1"):
            assert words in listed
        assert "what to do" in listed
        tried = await halong("accept", device, "--dry-run", "--interval", "pm10=120")
        assert "every 120 s" in tried
        assert "dry run: nothing was changed" in tried
        assert "waiting" in await halong("show", "1")
        said = await halong("accept", device, "--only", "pm10", "--by", "Lan")
        assert f"{device} is accepted" in said
        assert "14 refused messages went through ingest again" in said
        await until_stored(conn, 14)
        again = await halong("accept", device, "--by", "Minh")
        assert "14 refused messages went through ingest again" in again
        await until_stored(conn, 28)
        assert "0 refused messages went through" in await halong("accept", device)
    assert len(await stored(conn)) == 28
    assert "nothing is unknown" in await halong("list")
    assert "accepted by" in await halong("list", "--state", "all")


async def test_one_is_ignored_and_limits_are_set(
    halong: Halong, conn: AsyncConnection[Any], gateway_code: str
) -> None:
    await noted(conn, gateway_code, "bench")
    said = await halong("ignore", "bench", "--reason", "a test bench", "--by", "Lan")
    assert f"bench of {gateway_code} is ignored" in said
    assert "a test bench" in await halong("list", "--state", "ignored")
    assert "nothing is accepted without somebody" in await halong("automatic")
    set_ = await halong("automatic", gateway_code, "--things", "3", "--datastreams", "9", "--by", "Lan")
    assert [cell.strip() for cell in set_.splitlines()[3].split("│")[1:4]] == [gateway_code, "3", "9"]
    assert "nothing is accepted" in await halong("automatic", gateway_code, "--off")


async def test_what_cannot_be_accepted_is_offered_to_be_ignored(
    halong: Halong, conn: AsyncConnection[Any], gateway_code: str
) -> None:
    await noted(conn, gateway_code, f"{gateway_code}-aq", property="pm25")
    await noted(conn, gateway_code, "uplink", source="lorawan")
    listed = await halong("list")
    assert "halong unknown ignore 1" in listed
    assert "halong unknown accept 2" in listed


async def test_what_cannot_be_says_what_to_do(halong: Halong) -> None:
    with pytest.raises(UnknownThingError, match="no unknown thing 'x': `halong unknown list` shows them"):
        await halong("accept", "x")
    with pytest.raises(UnknownThingError, match="gateway 'x' is not registered"):
        await halong("automatic", "x")


@pytest.mark.parametrize("asked", ["pm10", "pm10=0", "pm10=86401", "pm10=99999999999"])
async def test_an_interval_is_a_day_at_most(asked: str) -> None:
    printed = await typed("unknown", "accept", "x", "--interval", asked, fails=True)
    assert f"{asked!r} is not of the form pm10=60, in seconds from 1 to 86400 (a day)" in printed
