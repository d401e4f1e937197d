"""Commands to gateways as the database knows them: who asked for what, how far it is, what was answered.

A state never goes back: queued, sent, expired or cancelled, acknowledged, timed_out, done or failed. What
halong concludes (expired, timed_out) and what people call off (cancelled) gives way to what the gateway says
later; its first `done` or `failed` stands. The history has all that decided the state, and what else was
answered as long as it has fewer than MAX_LINES.
"""

# ruff: noqa: S608  (the statements are put together from constants of this file alone, as LiteralString says)

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, LiteralString
from uuid import UUID, uuid4

import msgspec
from psycopg.rows import class_row

from devices.identities import UnknownGatewayError

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from psycopg import AsyncConnection

#: an answer that was under way when its command expired comes within this time, s
GRACE_S: Final = 10
#: how long a command may wait for its gateway, s
DEFAULT_EXPIRY_S, MAX_EXPIRY_S = 300, 30 * 86_400
DEFAULT_TIMEOUT_S, MAX_TIMEOUT_S = 60, 86_400
#: of arguments and of a result, as JSON
MAX_JSON_BYTES: Final = 32_768
#: of a command's history: what decides its state is noted beyond them
MAX_LINES: Final = 100
#: states in which nothing more is expected
ENDED: Final = frozenset({"expired", "cancelled", "timed_out", "done", "failed"})
#: states in which the gateway has not begun, as far as is known
NOT_BEGUN: Final = frozenset({"queued", "sent"})

AnswerState = Literal["acknowledged", "done", "failed"]

_RANK: LiteralString = (
    "array_position(ARRAY['queued', 'sent', 'expired', 'acknowledged', 'timed_out', 'done'], "
    "CASE {state} WHEN 'failed' THEN 'done' WHEN 'cancelled' THEN 'expired' ELSE {state} END)"
)
_CREATE = """
WITH created AS (
    INSERT INTO commands (id, gateway_id, thing_id, command, arguments, created_by, expires_at, timeout_s)
    SELECT %(id)s, g.id, t.id, %(command)s, %(arguments)s::json, %(by)s,
           now() + %(expires_in)s, extract(epoch FROM %(timeout)s::interval)::int
    FROM gateways g LEFT JOIN things t ON t.code = %(device)s AND t.gateway_id = g.id
    WHERE g.code = %(gateway)s AND g.enabled AND (%(device)s::text IS NULL OR t.enabled)
    RETURNING id, created_by
)
INSERT INTO command_history (command_id, state, stands, actor)
SELECT id, 'queued', true, created_by FROM created"""
_QUEUED = """
SELECT c.id, g.code AS gateway, t.code AS device, c.command, c.arguments, c.expires_at
FROM commands c JOIN gateways g ON g.id = c.gateway_id LEFT JOIN things t ON t.id = c.thing_id
WHERE c.state = 'queued' AND c.expires_at > now() AND g.enabled
ORDER BY c.created_at, c.id"""
# What was taken to be sent a moment ago may go out all the same: then it says so.
_CANCEL = """
WITH ended AS (
    UPDATE commands SET state = 'cancelled', ended_at = now()
    WHERE id = %(id)s AND state = ANY(%(not_begun)s) RETURNING id
)
INSERT INTO command_history (command_id, state, stands, actor)
SELECT id, 'cancelled', true, %(by)s FROM ended"""
# The answer may be quicker than this.
_SENT = """
WITH sent AS (
    UPDATE commands SET sent_at = coalesce(sent_at, now()),
        state = CASE WHEN state = 'queued' THEN 'sent' ELSE state END
    WHERE id = %(id)s RETURNING id, state
)
INSERT INTO command_history (command_id, state, stands, actor)
SELECT id, 'sent', state = 'sent', 'halong' FROM sent"""
_ANSWER: LiteralString = f"""
WITH command AS (
    SELECT id, {_RANK.format(state="%(state)s::text")} > {_RANK.format(state="state")} AS stands
    FROM commands WHERE id = %(id)s AND gateway_id = %(gateway_id)s FOR UPDATE
), noted AS (
    INSERT INTO command_history (command_id, state, stands, actor, detail, result)
    SELECT id, %(state)s, stands, 'gateway', %(detail)s, %(result)s::json FROM command
    WHERE (stands OR %(most)s > (
        SELECT count(*)
        FROM (SELECT FROM command_history h WHERE h.command_id = command.id LIMIT %(most)s) lines))
      AND NOT EXISTS (
        SELECT FROM command_history h
        WHERE h.command_id = command.id AND h.actor = 'gateway' AND h.state = %(state)s
          AND h.detail = %(detail)s AND h.result::text IS NOT DISTINCT FROM %(result)s::json::text)
), changed AS (
    UPDATE commands c SET state = %(state)s, detail = %(detail)s, result = %(result)s::json,
        sent_at = coalesce(sent_at, now()), acknowledged_at = coalesce(acknowledged_at, now()),
        ended_at = CASE WHEN %(state)s <> 'acknowledged' THEN now() END
    FROM command WHERE c.id = command.id AND stands
)
SELECT FROM command"""
_SETTLE = """
WITH late AS (
    SELECT id, CASE state WHEN 'acknowledged' THEN 'timed_out' ELSE 'expired' END AS becomes
    FROM commands
    WHERE (state = 'queued' AND expires_at <= now())
       OR (state = 'sent' AND expires_at + %(grace)s * interval '1 second' <= now())
       OR (state = 'acknowledged' AND acknowledged_at + timeout_s * interval '1 second' <= now())
    ORDER BY id FOR UPDATE SKIP LOCKED
), ended AS (
    UPDATE commands c SET state = becomes, ended_at = now() FROM late WHERE c.id = late.id
    RETURNING c.id, c.state
)
INSERT INTO command_history (command_id, state, stands, actor) SELECT id, state, true, 'halong' FROM ended"""


@dataclass(frozen=True, kw_only=True)
class NewCommand:
    """What a gateway, or a device of it, is to do.

    expires_in: it is not begun later than this after now. timeout: from its acknowledgement to its end.
    """

    gateway: str
    command: str
    by: str
    expires_in: timedelta
    timeout: timedelta
    device: str | None = None
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Queued:
    """A command that is to be sent."""

    id: UUID
    gateway: str
    device: str | None
    command: str
    arguments: dict[str, Any]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """What a gateway says of a command; `result` is JSON."""

    id: UUID
    state: AnswerState
    detail: str
    result: str | None


class CommandError(ValueError):
    """A command cannot be created."""


class BegunError(ValueError):
    """A command cannot be cancelled: its gateway has begun, or it is over."""


async def create(conn: AsyncConnection[Any], new: NewCommand) -> UUID:
    """Queue a command and return its id.

    Raises:
        UnknownGatewayError: no such gateway, or it is disabled, or has no such device that is enabled.
        CommandError: the arguments are no JSON, or too large.
    """
    number = uuid4()
    values = {
        "id": number,
        "gateway": new.gateway,
        "device": new.device,
        "command": new.command,
        "arguments": _json(new.arguments),
        "by": new.by,
        "expires_in": new.expires_in,
        "timeout": new.timeout,
    }
    if not (await conn.execute(_CREATE, values)).rowcount:
        raise unknown(new)
    return number


def value_of(text: str) -> Any:
    """Return the value of an argument that somebody typed: what the text is in JSON, or else the text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _json(arguments: dict[str, Any]) -> str:
    try:
        text = msgspec.json.encode(arguments)
    except (ValueError, OverflowError, RecursionError, TypeError) as error:
        raise CommandError(f"the arguments cannot be written as JSON: {error}") from error
    if len(text) > MAX_JSON_BYTES:
        raise CommandError(f"the arguments have {len(text):,} bytes: at most {MAX_JSON_BYTES:,} may be sent")
    return text.decode()


def unknown(new: NewCommand) -> UnknownGatewayError:
    """Return what is told of a command to what is not there."""
    device = f", or has no device {new.device!r}" if new.device else ""
    return UnknownGatewayError(
        f"gateway {new.gateway!r} is not registered, or is disabled{device}: see `halong devices list`"
    )


async def cancel(conn: AsyncConnection[Any], number: UUID, *, by: str) -> None:
    """Call a command off that is not begun; what the broker has may still reach the gateway.

    Raises:
        BegunError: it is begun or over, or there is none.
    """
    values = {"id": number, "not_begun": list(NOT_BEGUN), "by": by}
    if not (await conn.execute(_CANCEL, values)).rowcount:
        raise BegunError(f"command {number} is begun or over: only what is queued or sent can be cancelled")


async def listen(conn: AsyncConnection[Any]) -> None:
    """Have a connection be told that there is something to send."""
    await conn.execute("LISTEN halong_down")


async def queued(conn: AsyncConnection[Any]) -> list[Queued]:
    """Return what is to be sent, in the order in which it was asked for."""
    async with conn.cursor(row_factory=class_row(Queued)) as cursor:
        await cursor.execute(_QUEUED)
        return await cursor.fetchall()


async def sent(conn: AsyncConnection[Any], number: UUID) -> None:
    """Note that the broker has a command."""
    await conn.execute(_SENT, {"id": number})


async def answer(conn: AsyncConnection[Any], gateway_id: int, said: Answer) -> bool:
    """Note a gateway's answer, once; False: it was sent no command of this id.

    What decides nothing is not kept once the history is full: a gateway must not fill the database.
    """
    values = {"id": said.id, "state": said.state, "detail": said.detail, "result": said.result}
    cursor = await conn.execute(_ANSWER, values | {"gateway_id": gateway_id, "most": MAX_LINES})
    return bool(cursor.rowcount)


async def settle(conn: AsyncConnection[Any], *, grace_s: float = GRACE_S) -> int:
    """End what has expired, or was acknowledged and not done in time; return how many commands that were."""
    return (await conn.execute(_SETTLE, {"grace": grace_s})).rowcount
