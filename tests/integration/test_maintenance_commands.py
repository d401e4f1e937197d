"""`halong maintenance …`: planned, shown, and ended before its time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from devices.maintenance import OF_GATEWAYS, OF_THINGS, MaintenanceError, add
from tests.integration.city import register

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from tests.integration.terminal import Halong


@pytest.fixture
async def halong(conn: AsyncConnection[Any], halong: Halong) -> Halong:
    """`halong maintenance` over the small city."""
    await register(conn, "gw-a")
    return partial(halong, "maintenance")


async def test_work_is_planned_listed_and_called_off(halong: Halong, conn: AsyncConnection[Any]) -> None:
    day = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()
    work = ("--hours", "4", "--reason", "new mast", "--by", "Lan")
    assert "window 1: gateway gw-a from" in await halong("add", "--gateway", "gw-a", "--from", day, *work)
    begun = await halong("add", "--area", "193", *work)
    assert "it has begun: alerts are quiet, and availability counts on" in begun
    listed = await halong("list")
    for words in ("gateway gw-a", "area 193", "Lan", "new mast", "left out", "counts on: planned too late"):
        assert words in listed
    assert "window 1 is over" in await halong("end", "1", "--by", "Minh")
    assert "gw-a" not in await halong("list", "--days", "0")
    cursor = await conn.execute("SELECT ends_at = starts_at, ended_by FROM maintenance_windows WHERE id = 1")
    assert await cursor.fetchone() == (True, "Minh")


async def test_brackets_in_a_reason_are_brackets(halong: Halong) -> None:
    await halong("add", "--thing", "gw-a-aq", "--hours", "1", "--reason", "mast [/b]")
    assert "mast [/b]" in await halong("list")


async def test_a_window_reaches_what_it_is_about_and_no_more(conn: AsyncConnection[Any]) -> None:
    await register(conn, "gw-b")
    await register(conn, "gw-a")
    start = datetime(2026, 12, 1, tzinfo=UTC)
    for hour, (kind, code) in enumerate((("thing", "gw-a-aq"), ("gateway", "gw-a"), ("area", "193"))):
        at = start + timedelta(hours=hour)
        await add(conn, kind, code, at, at + timedelta(hours=1), reason="x", who="Lan")  # type: ignore[arg-type]
    cursor = await conn.execute(
        f"SELECT t.code FROM ({OF_THINGS}) m JOIN things t ON t.id = thing_id ORDER BY starts_at, 1".encode()
    )
    assert [code for (code,) in await cursor.fetchall()] == [
        "gw-a-aq", "gw-a", "gw-a-aq", "gw-a", "gw-a-aq", "gw-b", "gw-b-aq"
    ]  # fmt: skip
    cursor = await conn.execute(
        f"SELECT g.code FROM ({OF_GATEWAYS}) m JOIN gateways g ON g.id = m.gateway_id "
        "ORDER BY m.starts_at, 1".encode()
    )
    assert [code for (code,) in await cursor.fetchall()] == ["gw-a", "gw-a", "gw-b"]


async def test_what_cannot_be_planned_says_what_to_do(halong: Halong, conn: AsyncConnection[Any]) -> None:
    with pytest.raises(MaintenanceError, match="there is no thing 'x': `halong devices list`"):
        await halong("add", "--thing", "x", "--hours", "1", "--reason", "x")
    with pytest.raises(MaintenanceError, match="say why"):
        await halong("add", "--thing", "gw-a", "--hours", "1", "--reason", " ")
    with pytest.raises(MaintenanceError, match="no window 7 is planned or under way"):
        await halong("end", "7")
    at = datetime(2026, 12, 1, tzinfo=UTC)
    with pytest.raises(MaintenanceError, match="not after it begins"):
        await add(conn, "thing", "gw-a", at, at, reason="x", who="Lan")
