"""/v1/automatic-acceptance: gateways whose unknown things nobody needs to accept, so many a day."""

from typing import Any

from fastapi import APIRouter, Request, Response

from api import pages
from api.links import page
from api.openapi import example
from api.parameters import Connection, Cursor, Limit
from api.problems import Problem
from api.queries import unknown as queries
from api.routers.registry import GatewayCode
from api.schemas import automatic as schemas
from api.schemas.common import Page, page_of
from api.security import Name
from api.writing import Writing, require_reached
from devices import unknown_limits
from devices.unknown import UnknownThingError

router = APIRouter(prefix="/v1", tags=["unknown things"])


@router.get(
    "/automatic-acceptance",
    operation_id="listAutomaticAcceptance",
    summary="Gateways whose unknown things are accepted without anybody",
    response_model=Page[schemas.AutomaticAcceptance],
    responses=example(page_of(schemas.AUTOMATIC)),
)
async def list_automatic(
    *,
    request: Request,
    response: Response,
    conn: Connection,
    limit: Limit = pages.DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Any:
    """By the gateway's code, with their limits; of all others each unknown thing waits for somebody."""
    after = pages.decode_cursor(cursor, str)
    rows = await queries.automatic(conn, after=after, limit=limit + 1)
    return page(request, response, rows, limit, "gateway")


@router.put(
    "/automatic-acceptance/{code}",
    operation_id="setAutomaticAcceptance",
    summary="Accept unknown things of a gateway without anybody",
    response_model=schemas.AutomaticAcceptance,
    responses=example(schemas.AUTOMATIC),
)
async def set_automatic(code: GatewayCode, limits: schemas.Limits, who: Name, conn: Writing) -> Any:
    """So many things and datastreams in 24 hours, after three messages; the rest waits for somebody."""
    await require_reached(conn, "gateway", code)
    try:
        given = limits.things_per_day, limits.datastreams_per_day
        await unknown_limits.set_automatic(conn, code, given, who)
    except UnknownThingError as error:
        raise Problem("not-found", str(error)) from None
    return await queries.automatic_of(conn, code)


@router.delete(
    "/automatic-acceptance/{code}",
    operation_id="endAutomaticAcceptance",
    summary="Accept nothing of a gateway without somebody",
    status_code=204,
    response_class=Response,
)
async def end_automatic(code: GatewayCode, who: Name, conn: Writing) -> None:
    """What was accepted stays. Where nothing was accepted by itself nothing changes."""
    await require_reached(conn, "gateway", code)
    await unknown_limits.set_automatic(conn, code, None, who)
