"""/v1/commands: what gateways are told to do, in the areas that the caller reaches."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request, Response

from api import commanding, pages
from api.links import page
from api.openapi import example
from api.parameters import (
    Connection,
    Cursor,
    GatewayFilter,
    Limit,
    ThingFilter,
    now,
    period,
    require_known,
)
from api.periods import Period
from api.problems import Problem
from api.queries import Row
from api.queries import commands as queries
from api.schemas import commands as schemas
from api.schemas.common import Page, page_of
from api.security import Name
from api.times import TimeError, parse_duration, parse_time
from api.writing import Writing, in_body
from devices import commands
from devices.identities import UnknownGatewayError

router = APIRouter(prefix="/v1", tags=["commands"])

_EXAMPLE: Any = {"one": {"value": "6f1c0a52-f4b1-4b0b-9d0c-6a6f0f7d3b52"}}
CommandId = Annotated[UUID, Path(alias="id", description="Id of the command.", openapi_examples=_EXAMPLE)]
State = Annotated[schemas.State | Literal["open"] | None, Query(description=schemas.STATE_TEXT)]
_EXPIRES = "an instant within 30 days, such as 2026-11-22T18:00:00+07:00, or PT5M"
_LONGEST = timedelta(seconds=commands.MAX_EXPIRY_S)


@router.get(
    "/commands",
    operation_id="listCommands",
    summary="Commands to gateways",
    response_model=Page[schemas.Command],
    responses=example(page_of(schemas.COMMAND)),
)
async def list_commands(
    *,
    request: Request,
    response: Response,
    conn: Connection,
    span: Annotated[Period, Depends(period(timedelta(days=7)))],
    gateway: GatewayFilter = None,
    thing: ThingFilter = None,
    state: State = None,
    limit: Limit = pages.DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Any:
    """What gateways were told to do, and how far that is; the newest first."""
    await require_known(conn, "gateway", "gateway", gateway)
    await require_known(conn, "thing", "thing", thing)
    rows = await queries.commands(
        conn,
        start=span.start,
        end=span.end,
        gateway=gateway,
        thing=thing,
        state=state,
        after=pages.decode_cursor(cursor, tuple[Annotated[datetime, msgspec.Meta(tz=True)], UUID]),
        limit=limit + 1,
    )
    return page(request, response, rows, limit, "created_at", "id")


@router.post(
    "/commands",
    operation_id="createCommand",
    summary="Send a command to a gateway",
    status_code=201,
    response_model=schemas.CommandDetail,
    responses=example(schemas.COMMAND_DETAIL, status=201),
)
async def create_command(
    request: Request, response: Response, wanted: schemas.NewCommand, who: Name, conn: Connection
) -> Any:
    """Queue a command; it is sent at once, and dropped when it expires. `Location` says where to look."""
    expires_in = _expires_in(wanted.expires, request)
    new = commands.NewCommand(
        gateway=await _gateway(conn, wanted),
        device=wanted.thing,
        command=wanted.command,
        arguments=wanted.arguments,
        by=who,
        expires_in=expires_in,
        timeout=timedelta(seconds=wanted.timeout_s),
    )
    try:
        number = await commanding.send(conn, new)
    except commands.CommandError as error:
        raise in_body("arguments", str(error), "an object of JSON values") from None
    except UnknownGatewayError as error:
        raise in_body("gateway", str(error), "an enabled gateway and a thing of it that is enabled") from None
    response.headers["Location"] = f"/v1/commands/{number}"
    return await _command(conn, number)


@router.get(
    "/commands/{id}",  # noqa: FAST003  (alias of `number`)
    operation_id="getCommand",
    summary="One command with its history",
    response_model=schemas.CommandDetail,
    responses=example(schemas.COMMAND_DETAIL),
)
async def get_command(number: CommandId, conn: Connection) -> Any:
    """A command, how far it is, and everything that was answered."""
    return await _command(conn, number)


@router.delete(
    "/commands/{id}",  # noqa: FAST003  (alias of `number`)
    operation_id="cancelCommand",
    summary="Cancel a command",
    status_code=204,
    response_class=Response,
)
async def cancel_command(number: CommandId, who: Name, conn: Writing) -> None:
    """Call off a command that is not begun (else 409). What the broker has may still reach the gateway."""
    try:
        await commanding.cancel(conn, number, by=who)
    except commanding.UnknownCommandError:
        raise _missing(number) from None
    except commands.BegunError as error:
        raise Problem("conflict", str(error)) from None


async def _gateway(conn: Connection, wanted: schemas.NewCommand) -> str:
    """Return the code of the gateway that is meant, which is in reach, and so is the thing."""
    await require_known(conn, "gateway", "gateway", wanted.gateway)
    await require_known(conn, "thing", "thing", wanted.thing)
    if wanted.gateway is not None:
        return wanted.gateway
    owner = None if wanted.thing is None else await queries.gateway_of(conn, wanted.thing)
    if owner is None:
        raise in_body("gateway", "nobody is named", "a gateway, or a thing of one")
    return owner


def _expires_in(text: str, request: Request) -> timedelta:
    present, zone = now(), request.app.state.settings.zone
    try:
        duration = parse_duration(text)
        end = duration.after(present, zone) if duration else parse_time(text, zone=zone, now=present)
    except TimeError as error:
        raise in_body("expires", str(error), _EXPIRES) from None
    if not timedelta() < end - present <= _LONGEST:
        raise in_body("expires", f"{end.isoformat()} is not within 30 days from now", _EXPIRES)
    return end - present


async def _command(conn: Connection, number: UUID) -> Row:
    try:
        return await commanding.command(conn, number)
    except commanding.UnknownCommandError:
        raise _missing(number) from None


def _missing(number: UUID) -> Problem:
    return Problem("not-found", f"there is no command {number}: /v1/commands lists them")
