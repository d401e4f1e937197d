"""Who changes the registry: the database is told, and its triggers write it beside each change."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from psycopg import AsyncConnection

_session: ContextVar[str] = ContextVar("halong.actor", default="")
_SET = "SELECT set_config('halong.actor', %s, true), set_config('halong.request_id', %s, true)"


def act_in_sessions_as(actor: str) -> None:
    """Have whatever this process connects for change the registry in somebody's name."""
    _session.set(actor)


def session_option() -> str:
    """Return what a connection's options say of who uses it; nothing where that is not known."""
    # libpq takes a blank for the end of an option.
    escaped = _session.get().replace("\\", "\\\\").replace(" ", "\\ ")
    return f" -c halong.actor={escaped}" if escaped else ""


async def act_as(conn: AsyncConnection[Any], actor: str, request_id: str | None = None) -> None:
    """Have what the present transaction changes be in somebody's name.

    Args:
        conn: in a transaction.
        actor: `key 1a2b3c4d (duty desk)`.
        request_id: of the request, as the API's log has it.
    """
    await conn.execute(_SET, [actor, request_id or ""])
