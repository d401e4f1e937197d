"""What the console reads and the API has no query for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api.queries import Row, fetch_one

if TYPE_CHECKING:
    from psycopg import AsyncConnection

_CITY = "SELECT code, name_en, name_vi, time_zone FROM city"


async def city(conn: AsyncConnection[Any]) -> Row | None:
    """Return the city's names and time zone; None before a profile is imported."""
    return await fetch_one(conn, _CITY, {})
