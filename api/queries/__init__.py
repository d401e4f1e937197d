"""Every SQL statement of the API, one file a resource. Rows are dictionaries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

from psycopg.rows import dict_row

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg import AsyncConnection

Row = dict[str, Any]

# As api.suggest.plain does it: without accents (NFD's marks), case, blanks and signs.
_PLAIN: LiteralString = (
    r"lower(regexp_replace(normalize(translate({column}, 'Đđ', 'dd'), NFD), "
    r"'[\u0300-\u036f\u2000-\u206f[:space:][:punct:]]', '', 'g'))"
)


def holds_q(*columns: LiteralString) -> LiteralString:
    """Return the condition that one of these columns has the plain text `q` in it, or that `q` is null."""
    found = [f"strpos({_PLAIN.format(column=column)}, %(q)s) > 0" for column in columns]
    return f"(%(q)s::text IS NULL OR {' OR '.join(found)})"


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
