"""What stands in the database, to be compared before and after an attack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg import sql

if TYPE_CHECKING:
    from psycopg import AsyncConnection

_TABLES = """
SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'
"""
_ROLES = "SELECT 'role', rolname::text FROM pg_roles ORDER BY 2"


async def contents(conn: AsyncConnection[Any], *without: str) -> dict[str, tuple[int, str]]:
    """Each table's rows, as their number and a digest of all of them; roles are one more table."""
    names = [row[0] for row in await (await conn.execute(_TABLES)).fetchall()]
    found = {name: await _digest(conn, name) for name in sorted(names) if name not in without}
    roles = await (await conn.execute(_ROLES)).fetchall()
    return found | {"pg_roles": (len(roles), str(roles))}


async def _digest(conn: AsyncConnection[Any], table: str) -> tuple[int, str]:
    statement = sql.SQL(
        "SELECT count(*), coalesce(md5(string_agg(t::text, '' ORDER BY t::text)), '') FROM {} t"
    )
    row = await (await conn.execute(statement.format(sql.Identifier(table)))).fetchone()
    assert row
    return int(row[0]), str(row[1])
