"""The SQL of who computes what: progress, gaps and runs. Each work item is done by one process at a time.

A row that a process has claimed stays locked until its transaction ends, and others skip it: values and
progress are committed together, or neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, LiteralString

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from psycopg import AsyncConnection

_BEGIN = """
INSERT INTO indicator_progress (indicator, until) SELECT * FROM unnest(%s::text[], %s::timestamptz[])
ON CONFLICT DO NOTHING"""
_UNTIL = "SELECT indicator, until FROM indicator_progress"
_CLAIM = """
SELECT indicator, until FROM indicator_progress WHERE indicator = ANY(%s)
ORDER BY indicator FOR UPDATE SKIP LOCKED"""
_ADVANCE = """
UPDATE indicator_progress p SET until = n.until FROM unnest(%s::text[], %s::timestamptz[]) n(indicator, until)
WHERE p.indicator = n.indicator"""
_ADD_GAP = "INSERT INTO indicator_gaps (indicator, start_at, end_at) VALUES (%s, %s, %s)"
_GAPS = "SELECT indicator, min(start_at) FROM indicator_gaps GROUP BY indicator"
_NEWEST_GAP = """
SELECT indicator, start_at, end_at FROM indicator_gaps WHERE indicator = ANY(%s)
ORDER BY end_at DESC, indicator LIMIT 1 FOR UPDATE SKIP LOCKED"""
# Those that left out the same time are computed together: they share what is read.
_LIKE_IT = """
SELECT indicator, start_at, end_at FROM indicator_gaps
WHERE indicator = ANY(%s) AND start_at = %s AND end_at = %s ORDER BY indicator FOR UPDATE SKIP LOCKED"""
_SHORTEN = "UPDATE indicator_gaps SET end_at = %s WHERE indicator = ANY(%s) AND start_at = %s AND end_at > %s"
_CLOSE = "DELETE FROM indicator_gaps WHERE indicator = ANY(%s) AND start_at = %s"
_RUN = "SELECT until FROM indicator_runs WHERE key = %s"
_REACHED = """
INSERT INTO indicator_runs (key, until) VALUES (%s, %s)
ON CONFLICT (key) DO UPDATE SET until = excluded.until"""
_FORGET_RUN = "DELETE FROM indicator_runs WHERE key = %s"


@dataclass(frozen=True)
class Gap:
    """Time that indicators left out."""

    indicators: frozenset[str]
    start: datetime
    end: datetime


async def begin(conn: AsyncConnection[Any], until: Mapping[str, datetime]) -> None:
    """Note where indicators begin that have no progress yet."""
    await conn.execute(_BEGIN, [list(until), list(until.values())])


async def until(conn: AsyncConnection[Any]) -> dict[str, datetime]:
    """Return up to when each indicator is computed, apart from its gaps."""
    return dict(await _all(conn, _UNTIL))


async def claim(conn: AsyncConnection[Any], codes: Iterable[str]) -> dict[str, datetime]:
    """Claim those indicators that nobody else has, and return their progress; needs an open transaction."""
    return dict(await _all(conn, _CLAIM, [list(codes)]))


async def advance(conn: AsyncConnection[Any], to: Mapping[str, datetime]) -> None:
    """Move claimed indicators forward."""
    await conn.execute(_ADVANCE, [list(to), list(to.values())])


async def leave_out(conn: AsyncConnection[Any], gap: Gap) -> None:
    """Note time that claimed indicators have left out."""
    for code in sorted(gap.indicators):
        await conn.execute(_ADD_GAP, [code, gap.start, gap.end])


async def gaps(conn: AsyncConnection[Any]) -> dict[str, datetime]:
    """Return where the oldest gap begins of each indicator that has any."""
    return dict(await _all(conn, _GAPS))


async def claim_gap(conn: AsyncConnection[Any], codes: Iterable[str]) -> Gap | None:
    """Claim the newest gap of these indicators with all that is like it; needs an open transaction."""
    wanted = list(codes)
    newest = await _all(conn, _NEWEST_GAP, [wanted])
    if not newest:
        return None
    _, start, end = newest[0]
    return Gap(frozenset(row[0] for row in await _all(conn, _LIKE_IT, [wanted, start, end])), start, end)


async def fill(conn: AsyncConnection[Any], gap: Gap, since: datetime) -> None:
    """Note that a claimed gap is computed from `since` to its end."""
    codes = sorted(gap.indicators)
    if since <= gap.start:
        await conn.execute(_CLOSE, [codes, gap.start])
    else:
        await conn.execute(_SHORTEN, [since, codes, gap.start, since])


async def run_until(conn: AsyncConnection[Any], key: str) -> datetime | None:
    """Return how far an interrupted run came."""
    rows = await _all(conn, _RUN, [key])
    return rows[0][0] if rows else None


async def reached(conn: AsyncConnection[Any], key: str, until: datetime) -> None:
    """Note how far a run has come, in the transaction of its values."""
    await conn.execute(_REACHED, [key, until])


async def forget_run(conn: AsyncConnection[Any], key: str) -> None:
    """Forget a run that came to its end."""
    await conn.execute(_FORGET_RUN, [key])


async def _all(conn: AsyncConnection[Any], statement: LiteralString, arguments: Any = None) -> list[Any]:
    return await (await conn.execute(statement, arguments)).fetchall()
