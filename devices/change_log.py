"""How long the log of changes is kept: for good what numbers come from, else as long as somebody wants to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from datetime import datetime

    from psycopg import AsyncConnection

#: who had access to what; of all else there are numbers, and their explanation needs to know how it was
FORGETTABLE: Final = (
    "api_key",
    "gateway_password",
    "enrolment_token",
    "certificate",
    "console_session",
    "automatic_acceptance",
)

_COUNT = """
SELECT kind, count(*) FROM registry_changes WHERE time < %(before)s AND kind = ANY(%(kinds)s)
GROUP BY kind ORDER BY kind"""
_FORGET = "DELETE FROM registry_changes WHERE time < %(before)s AND kind = ANY(%(kinds)s)"
# That something was forgotten is a change of its own.
_NOTE = """
INSERT INTO registry_changes (actor, kind, code, before)
VALUES (coalesce(nullif(current_setting('halong.actor', true), ''), 'database user ' || session_user),
        'forgotten_changes', %(code)s, %(counts)s::jsonb)"""


async def forget(conn: AsyncConnection[Any], before: datetime, *, dry_run: bool) -> dict[str, int]:
    """Delete the lines about access that are older than an instant, and return how many by kind.

    The log says afterwards who had how many of them forgotten.
    """
    values = {"before": before, "kinds": list(FORGETTABLE)}
    async with conn.transaction():
        counts: dict[str, int] = dict(await (await conn.execute(_COUNT, values)).fetchall())
        if counts and not dry_run:
            await conn.execute(_FORGET, values)
            noted = {
                "code": f"before {before:%Y-%m-%dT%H:%M:%SZ}",
                "counts": msgspec.json.encode(counts).decode(),
            }
            await conn.execute(_NOTE, noted)
    return counts
