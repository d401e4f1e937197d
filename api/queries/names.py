"""The codes that clients may name, to check them and to suggest the right one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, LiteralString

from api.queries import fetch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import AsyncConnection

Kind = Literal["area", "observed property", "thing", "gateway", "indicator", "alert rule"]

_KNOWN: dict[Kind, LiteralString] = {
    "area": "SELECT DISTINCT code FROM areas WHERE code = ANY(%(codes)s)",
    "observed property": "SELECT code FROM observed_properties WHERE code = ANY(%(codes)s)",
    "thing": "SELECT code FROM things WHERE code = ANY(%(codes)s)",
    "gateway": "SELECT code FROM gateways WHERE code = ANY(%(codes)s)",
    "indicator": "SELECT code FROM indicators WHERE code = ANY(%(codes)s)",
    "alert rule": "SELECT code FROM alert_rules WHERE code = ANY(%(codes)s)",
}
_ALL: dict[Kind, LiteralString] = {
    "area": "SELECT code, name_en AS one, name_vi AS two FROM areas ORDER BY id",
    "observed property": "SELECT code, name_en AS one, name_vi AS two FROM observed_properties ORDER BY id",
    "thing": "SELECT code, name AS one, '' AS two FROM things ORDER BY id LIMIT 5000",
    "gateway": "SELECT code, name AS one, '' AS two FROM gateways ORDER BY id LIMIT 5000",
    "indicator": "SELECT code, name_en AS one, name_vi AS two FROM indicators ORDER BY code",
    "alert rule": "SELECT code, name_en AS one, name_vi AS two FROM alert_rules ORDER BY code",
}


async def known(conn: AsyncConnection[Any], kind: Kind, codes: Sequence[str]) -> set[str]:
    """Return those of `codes` that exist."""
    return {row["code"] for row in await fetch(conn, _KNOWN[kind], {"codes": list(codes)})}


async def names(conn: AsyncConnection[Any], kind: Kind) -> dict[str, tuple[str, str]]:
    """Return every code of a kind with its names (5,000 at most)."""
    return {row["code"]: (row["one"], row["two"]) for row in await fetch(conn, _ALL[kind], {})}
