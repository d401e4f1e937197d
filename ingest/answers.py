"""`up/response`: what a gateway says of a command that it was sent. `decode` is pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID  # noqa: TC003  (msgspec resolves it at run time)

import msgspec

from devices import commands
from devices.commands import MAX_JSON_BYTES, Answer, AnswerState
from ingest.formats.readings import Problem
from ingest.records import storable

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from ingest.batch import Entry

_MAX_DETAIL = 2000
#: levels of arrays and objects in a result: as many as the API takes
_MAX_DEPTH = 32


class _Response(msgspec.Struct):
    id: UUID
    state: AnswerState
    detail: str = ""
    result: Any = None


_DECODER = msgspec.json.Decoder(_Response)


def decode(payload: bytes) -> Answer | Problem:
    """Return a response decoded, or what is wrong with it (wire contract v1, Topics)."""
    try:
        said = _DECODER.decode(payload)
        if _depth(said.result) > _MAX_DEPTH:
            return Problem("schema", "$.result", f"result has more than {_MAX_DEPTH} levels")
        result = None if said.result is None else msgspec.json.encode(said.result)
    except msgspec.ValidationError as error:
        return Problem("schema", "$", str(error))
    except (ValueError, OverflowError, RecursionError) as error:
        return Problem("not_decodable", "$", f"not a JSON document: {error}")
    if result and len(result) > MAX_JSON_BYTES:
        return Problem("schema", "$.result", f"result has {len(result):,} bytes: at most {MAX_JSON_BYTES:,}")
    detail = storable(said.detail[:_MAX_DETAIL])
    return Answer(said.id, said.state, detail, None if result is None else result.decode())


def _depth(value: object) -> int:
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if below is None else 1 + max(map(_depth, below), default=0)


async def write_answers(conn: AsyncConnection[Any], entries: list[Entry]) -> None:
    """Store what gateways answered; an answer to what its gateway was not sent becomes a refusal."""
    said = [(each.answer, each.resolved) for each in entries if each.answer]
    # Rows are locked in the order of ids: several writers must not wait for one another.
    for answer, resolved in sorted(said, key=lambda each: each[0].id):
        assert resolved.gateway_id is not None
        if not await commands.answer(conn, resolved.gateway_id, answer):
            detail = f"this gateway was sent no command {answer.id}"
            resolved.refuse("unknown_command", "$.id", detail)
