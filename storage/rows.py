"""Rows of a query as dicts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg.rows import dict_row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import LiteralString

    from psycopg import AsyncConnection

    Row = dict[str, Any]
    Values = Mapping[str, Any] | Sequence[Any] | None


async def fetch(conn: AsyncConnection[Any], statement: LiteralString, values: Values = None) -> list[Row]:
    """Run a statement and return all its rows, each by column."""
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(statement, values)
        return await cursor.fetchall()


async def fetch_one(
    conn: AsyncConnection[Any], statement: LiteralString, values: Values = None
) -> Row | None:
    """Run a statement and return its first row, by column."""
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(statement, values)
        return await cursor.fetchone()
