"""Sensors in datastreams: one at a time, the one before ends, what is recorded afterwards fits in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from devices.sensors import SensorError, install, sensors
from tests.integration.city import register

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from tests.integration.terminal import Halong


def day(number: int) -> datetime:
    return datetime(2026, 11, number, tzinfo=UTC)


async def test_one_takes_the_place_of_the_other_also_when_it_is_told_afterwards(
    conn: AsyncConnection[Any],
) -> None:
    await register(conn, "gw-a")
    for model, number in (("first", 1), ("third", 20), ("second", 10)):
        await install(conn, "gw-a-aq", "pm2_5", day(number), model=model, who="Lan")
    await install(conn, "gw-a-aq", "pm10", day(5), model="other", serial_number="4711", who="Lan")
    told = [(s.property, s.model, s.valid_from, s.valid_to) for s in await sensors(conn, "gw-a-aq")]
    assert told == [
        ("pm10", "other", day(5), None),
        ("pm2_5", "first", day(1), day(10)),
        ("pm2_5", "second", day(10), day(20)),
        ("pm2_5", "third", day(20), None),
    ]
    assert [s.model for s in await sensors(conn, at=day(10))] == ["other", "second"]
    assert await sensors(conn, "gw-a") == []


async def test_what_cannot_be_recorded_says_why_and_changes_nothing(conn: AsyncConnection[Any]) -> None:
    await register(conn, "gw-a")
    await install(conn, "gw-a-aq", "pm2_5", day(1), model="first", who="Lan")
    with pytest.raises(SensorError, match="a sensor was installed at 2026-11-01T00:00:00"):
        await install(conn, "gw-a-aq", "pm2_5", day(1), model="another", who="Lan")
    with pytest.raises(SensorError, match="'gw-a-aq' does not measure 'no2': see `halong devices list`"):
        await install(conn, "gw-a-aq", "no2", day(2), model="another", who="Lan")
    with pytest.raises(SensorError, match="model"):
        await install(conn, "gw-a-aq", "pm2_5", day(2), model=" ", who="Lan")
    assert [(s.model, s.valid_to) for s in await sensors(conn)] == [("first", None)]


async def test_the_commands_record_and_list(conn: AsyncConnection[Any], halong: Halong) -> None:
    await register(conn, "gw-a")
    assert "no sensor is recorded" in await halong("sensors", "list")
    what = ("--model", "OPC-N3", "--maker", "Alphasense", "--serial", "4711", "--firmware", "1.18")
    said = await halong("sensors", "install", "gw-a-aq", "pm2_5", *what, "--from", "2026-11-01")
    assert "sensor 1: OPC-N3 measures pm2_5 of gw-a-aq from 2026-11-01 00:00" in said
    listed = await halong("sensors", "list", "gw-a-aq", "--at", "2026-11-20")
    assert all(words in listed for words in ("OPC-N3", "Alphasense", "4711", "1.18"))
    await halong("sensors", "install", "gw-a-aq", "pm2_5", "--model", "SPS30", "--from", "2026-11-10")
    assert "sensor 2 is deleted" in await halong("sensors", "remove", 2, "--mistake")
    shown = await halong("sensors", "remove", 1, "--at", "2026-11-20")
    assert "sensor 1 measured until 2026-11-20 00:00" in shown
    (left,) = await sensors(conn)
    assert (left.model, left.valid_to) == ("OPC-N3", datetime(2026, 11, 19, 17, tzinfo=UTC))
