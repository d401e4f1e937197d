"""What a gateway names is accepted without anybody, so much in 24 hours: off unless limits are set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog
from psycopg import DataError

from devices.model import HOW_TO_REGISTER
from devices.unknown import AUTOMATIC, ENOUGH_MESSAGES, UnknownThingError
from devices.unknown_store import accept, read_one
from storage.actor import act_as
from storage.pool import first_line
from storage.rows import fetch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import AsyncConnection

    from devices.unknown import Proposal, UnknownThing

log = structlog.get_logger(__name__)

_AUTOMATIC = """
SELECT g.code, a.things_per_day, a.datastreams_per_day, a.set_by, a.set_at
FROM automatic_acceptance a JOIN gateways g ON g.id = a.gateway_id ORDER BY g.code"""
_SET_AUTOMATIC = """
INSERT INTO automatic_acceptance (gateway_id, things_per_day, datastreams_per_day, set_by)
SELECT id, %(things)s, %(datastreams)s, %(who)s FROM gateways WHERE code = %(gateway)s
ON CONFLICT (gateway_id) DO UPDATE SET (things_per_day, datastreams_per_day, set_by, set_at)
    = (excluded.things_per_day, excluded.datastreams_per_day, excluded.set_by, now())"""
_END_AUTOMATIC = (
    "DELETE FROM automatic_acceptance a USING gateways g WHERE g.id = a.gateway_id AND g.code = %s"
)
_CANDIDATES = """
SELECT u.id, a.things_per_day - (
           SELECT count(*) FROM unknown_things k WHERE k.gateway_id = u.gateway_id AND k.decided_by = %(who)s
           AND k.created_at > now() - interval '1 day') AS things,
       a.datastreams_per_day - (
           SELECT count(*) FROM unknown_properties p JOIN unknown_things k ON k.id = p.thing_id
           WHERE k.gateway_id = u.gateway_id AND p.accepted_by = %(who)s
           AND p.accepted_at > now() - interval '1 day') AS datastreams
FROM unknown_things u JOIN automatic_acceptance a USING (gateway_id)
WHERE u.id = ANY(%(ids)s) AND u.state = 'waiting' AND u.messages >= %(enough)s ORDER BY u.id"""


async def accept_automatically(conn: AsyncConnection[Any], ids: Sequence[int]) -> list[UnknownThing]:
    """Accept those of these things that their gateways' limits allow, and return them."""
    cursor = await conn.execute(_CANDIDATES, {"who": AUTOMATIC, "ids": list(ids), "enough": ENOUGH_MESSAGES})
    accepted = []
    for id_, *_ in await cursor.fetchall():
        values = {"who": AUTOMATIC, "ids": [id_], "enough": ENOUGH_MESSAGES}
        row = await (await conn.execute(_CANDIDATES, values)).fetchone()
        _, proposal = await read_one(conn, id_)
        if row and _is_within(proposal, things=row[1], datastreams=row[2]):
            accepted += await _accepted(conn, id_)
    return accepted


async def _accepted(conn: AsyncConnection[Any], id_: int) -> list[UnknownThing]:
    try:
        async with conn.transaction():
            await act_as(conn, AUTOMATIC)
            return [(await accept(conn, id_, AUTOMATIC))[0]]
    except UnknownThingError:
        return []  # somebody has registered it meanwhile
    except DataError as error:
        words = "an unknown thing cannot be accepted without anybody"
        log.warning(words, action="unknown_left", id=id_, error=first_line(error))
        return []


def _is_within(proposal: Proposal, *, things: int, datastreams: int) -> bool:
    """Tell whether a proposal adds no more than is left of a gateway's limits."""
    adds = not proposal.is_registered, len(proposal.intervals)
    return proposal.problem is None and bool(adds[1]) and adds[0] <= things and adds[1] <= datastreams


async def automatic(conn: AsyncConnection[Any]) -> list[dict[str, Any]]:
    """Return the gateways that have limits: code, things_per_day, datastreams_per_day, set_by, set_at."""
    return await fetch(conn, _AUTOMATIC)


async def set_automatic(
    conn: AsyncConnection[Any], gateway: str, limits: tuple[int, int] | None, who: str
) -> None:
    """Let so many things and datastreams of a gateway be accepted in 24 hours without anybody; None: none.

    Raises:
        UnknownThingError: there is no such gateway.
    """
    if limits is None:
        await conn.execute(_END_AUTOMATIC, [gateway])
        return
    values = {"gateway": gateway, "things": limits[0], "datastreams": limits[1], "who": who}
    if not (await conn.execute(_SET_AUTOMATIC, values)).rowcount:
        raise UnknownThingError(f"gateway {gateway!r} is not registered: {HOW_TO_REGISTER}")
