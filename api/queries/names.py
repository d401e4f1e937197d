"""The codes that clients may name, to check them and to suggest the right one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, LiteralString

from api.queries import AREA_IN_REACH, GATEWAY_IN_REACH, THING_IN_REACH, fetch
from api.queries.alerts import RULE_IN_REACH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import AsyncConnection

Kind = Literal["area", "observed property", "thing", "gateway", "indicator", "alert rule"]

_KNOWN: dict[Kind, LiteralString] = {
    "area": f"SELECT DISTINCT code FROM areas a WHERE code = ANY(%(codes)s) AND {AREA_IN_REACH}",
    "observed property": "SELECT code FROM observed_properties WHERE code = ANY(%(codes)s)",
    "thing": f"SELECT code FROM things t WHERE code = ANY(%(codes)s) AND {THING_IN_REACH}",
    "gateway": f"SELECT code FROM gateways g WHERE code = ANY(%(codes)s) AND {GATEWAY_IN_REACH}",
    "indicator": "SELECT code FROM indicators WHERE code = ANY(%(codes)s)",
    "alert rule": f"SELECT code FROM alert_rules r WHERE code = ANY(%(codes)s) AND {RULE_IN_REACH}",
}
_ALL: dict[Kind, LiteralString] = {
    "area": f"SELECT code, name_en AS one, name_vi AS two FROM areas a WHERE {AREA_IN_REACH} ORDER BY id",
    "observed property": "SELECT code, name_en AS one, name_vi AS two FROM observed_properties ORDER BY id",
    "thing": f"""
        SELECT code, name AS one, '' AS two FROM things t WHERE {THING_IN_REACH}
        ORDER BY id LIMIT 5000""",
    "gateway": f"""
        SELECT code, name AS one, '' AS two FROM gateways g WHERE {GATEWAY_IN_REACH}
        ORDER BY id LIMIT 5000""",
    "indicator": "SELECT code, name_en AS one, name_vi AS two FROM indicators ORDER BY code",
    "alert rule": f"""
        SELECT code, name_en AS one, name_vi AS two FROM alert_rules r WHERE {RULE_IN_REACH}
        ORDER BY code""",
}


async def known(conn: AsyncConnection[Any], kind: Kind, codes: Sequence[str]) -> set[str]:
    """Return those of `codes` that exist."""
    return {row["code"] for row in await fetch(conn, _KNOWN[kind], {"codes": list(codes)})}


async def names(conn: AsyncConnection[Any], kind: Kind) -> dict[str, tuple[str, str]]:
    """Return every code of a kind with its names (5,000 at most)."""
    return {row["code"]: (row["one"], row["two"]) for row in await fetch(conn, _ALL[kind], {})}
