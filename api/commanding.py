"""What is done with commands in the caller's reach: by the API, the console and the command line alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api.queries import commands as queries
from api.queries import gateways
from devices import commands

if TYPE_CHECKING:
    from uuid import UUID

    from psycopg import AsyncConnection

    from api.queries import Row
    from devices.commands import NewCommand


class UnknownCommandError(ValueError):
    """There is no such command, or it is out of reach."""


async def command(conn: AsyncConnection[Any], number: UUID) -> Row:
    """Return one command with its history.

    Raises:
        UnknownCommandError: there is none in reach.
    """
    found = await queries.command(conn, number)
    if found is None:
        raise UnknownCommandError(f"there is no command {number}: see `halong commands list` or /v1/commands")
    return found


async def send(conn: AsyncConnection[Any], new: NewCommand) -> UUID:
    """Queue a command to a gateway, or a device of it, and return its id.

    Raises:
        UnknownGatewayError: there is none in reach, or it is disabled.
        CommandError: the arguments are no JSON, or too large.
    """
    is_there = await gateways.gateway(conn, new.gateway) is not None
    if not is_there or (new.device and await queries.gateway_of(conn, new.device) != new.gateway):
        raise commands.unknown(new)
    return await commands.create(conn, new)


async def cancel(conn: AsyncConnection[Any], number: UUID, *, by: str) -> Row:
    """Call off a command that is not begun, and return it as it is then.

    Raises:
        UnknownCommandError: there is none in reach.
        BegunError: its gateway has begun, or it is over.
    """
    await command(conn, number)
    await commands.cancel(conn, number, by=by)
    return await command(conn, number)
