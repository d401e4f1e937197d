"""Every SQL statement of the API, one file a resource. Rows are dictionaries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

from psycopg.rows import dict_row

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg import AsyncConnection

Row = dict[str, Any]


async def fetch(conn: AsyncConnection[Any], sql: LiteralString, params: Mapping[str, Any]) -> list[Row]:
    """Run a query and return all its rows."""
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(sql, params)
        return await cursor.fetchall()


async def fetch_one(conn: AsyncConnection[Any], sql: LiteralString, params: Mapping[str, Any]) -> Row | None:
    """Run a query and return its first row."""
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(sql, params)
        return await cursor.fetchone()
