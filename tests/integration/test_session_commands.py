"""`halong sessions …`: who is logged in at the console, and how that ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api.oidc import sessions
from api.reach import Caller
from api.rights import Role

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from tests.integration.terminal import Halong

MINH = Caller(
    kind="person", id="5f1c", name="minh", role=Role.OPERATOR, further=(Role.INSTALLER,), areas=("193", "194")
)
LAN = Caller(kind="person", id="77aa", name="lan", role=Role.ADMIN)


async def test_who_is_logged_in_is_listed_and_logged_out(conn: AsyncConnection[Any], halong: Halong) -> None:
    texts = [await sessions.begin(conn, who, 12) for who in (MINH, LAN, MINH)]
    found = await sessions.find(conn, texts[0])
    assert found is not None
    assert (found.who, found.name, found.areas) == ("person 5f1c", "minh", ("193", "194"))
    assert found.told_roles == "roles operator and installer"
    listed = await halong("sessions", "list")
    assert [listed.count(word) for word in ("5f1c", "77aa", "193 194", "everywhere")] == [2, 1, 2, 1]
    assert listed.count("+07:00") == 6
    assert not any(text in listed for text in texts)
    assert await halong("sessions", "end", "5f1c") == "2 sessions of 5f1c ended\n"
    assert await halong("sessions", "end", "5f1c") == "0 sessions of 5f1c ended\n"
    assert [await sessions.find(conn, text) is None for text in texts] == [True, False, True]


async def test_a_session_that_is_over_is_nobodys_and_is_forgotten(conn: AsyncConnection[Any]) -> None:
    over = await sessions.begin(conn, MINH, 12)
    await conn.execute("UPDATE console_sessions SET expires_at = now()")
    assert await sessions.find(conn, over) is None
    await sessions.begin(conn, LAN, 12)
    rows = await conn.execute("SELECT subject FROM console_sessions")
    assert await rows.fetchall() == [("77aa",)]


async def test_who_logs_in_and_out_stands_in_the_log(conn: AsyncConnection[Any]) -> None:
    text = await sessions.begin(conn, MINH, 12)
    await sessions.end(conn, text)
    await sessions.end(conn, text)
    await sessions.begin(conn, LAN, 12)
    await conn.execute("UPDATE console_sessions SET expires_at = now()")
    await sessions.begin(conn, MINH, 12)
    rows = await (
        await conn.execute(
            """SELECT actor, action, code, coalesce(after, before)->>'name', before->>'hash', after->>'hash'
               FROM registry_changes WHERE kind = 'console_session' AND action <> 'change' ORDER BY id"""
        )
    ).fetchall()
    assert [row[:2] for row in rows] == [
        ("person 5f1c (minh)", "create"),
        ("person 5f1c (minh)", "delete"),
        ("person 77aa (lan)", "create"),
        ("sessions that are over", "delete"),
        ("person 5f1c (minh)", "create"),
    ]
    assert {row[2].split()[0] for row in rows} == {"5f1c", "77aa"}
    assert all((row[4] or row[5]).startswith("digest ") for row in rows)
