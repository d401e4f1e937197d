"""/v1/liveness and /v1/availability: what is there, and what was."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from api import pages
from api.links import page
from api.openapi import example
from api.parameters import (
    AreaFilter,
    Connection,
    Cursor,
    GatewayFilter,
    Limit,
    now,
    period,
    require_known,
)
from api.periods import Period
from api.problems import invalid
from api.queries import liveness as queries
from api.schemas import liveness as schemas
from api.schemas.common import Page, page_of
from devices import heard

router = APIRouter(prefix="/v1", tags=["things"])

_EXAMPLE: Any = {"thing": {"value": "ha-long-air-1"}}
Thing = Annotated[str | None, Query(description="Of this thing; or a gateway's.", openapi_examples=_EXAMPLE)]


@router.get(
    "/liveness",
    operation_id="listLiveness",
    summary="Things that measure, and things that are silent",
    response_model=Page[schemas.Liveness],
    responses=example(page_of(schemas.LIVENESS)),
)
async def list_liveness(
    *,
    request: Request,
    response: Response,
    conn: Connection,
    area: AreaFilter = None,
    gateway: GatewayFilter = None,
    state: Annotated[schemas.State | None, Query(description=schemas.STATE_TEXT)] = None,
    limit: Limit = pages.DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Any:
    """Enabled things by code, by the shortest sampling interval that the registry has for each."""
    after = pages.decode_cursor(cursor, str)
    await require_known(conn, "area", "area", area)
    await require_known(conn, "gateway", "gateway", gateway)
    rows = await queries.things(conn, area=area, gateway=gateway, state=state, after=after, limit=limit + 1)
    return page(request, response, rows, limit, "thing")


@router.get(
    "/availability",
    operation_id="getAvailability",
    summary="How much of a period a thing or a gateway was there",
    response_model=schemas.Availability,
    responses=example(schemas.AVAILABILITY),
)
async def get_availability(
    conn: Connection,
    span: Annotated[Period, Depends(period(timedelta(days=1)))],
    thing: Thing = None,
    gateway: GatewayFilter = None,
) -> Any:
    """Its share of the period, and each time in which it was not there.

    A thing is silent from two of its shortest sampling intervals after an observation on, by their own times.
    A gateway is offline by its status and will, and silent from two heartbeats after the five
    minutes in which readings came; while halong was not listening, nothing is known of it.
    """
    if (thing is None) == (gateway is None):
        raise invalid(
            "thing", thing, "one of thing and gateway is asked for", "a thing's code, or a gateway's"
        )
    await require_known(conn, "thing", "thing", thing)
    await require_known(conn, "gateway", "gateway", gateway)
    start, end = span.start, min(span.end, now())
    if end - start > heard.LONGEST:
        raise invalid("from", start, "the period is too long", f"at most {heard.LONGEST.days} days")
    try:
        found = await (
            heard.of_gateway(conn, gateway, start, end)
            if gateway is not None
            else heard.of_thing(conn, thing or "", start, end)
        )
    except heard.NothingExpectedError as error:
        raise invalid("thing", thing, str(error), "a thing that is to measure something") from None
    gone = [each._asdict() for each in found.spans]
    told = {"start": found.start, "end": found.end, "availability": found.share, "gone": gone}
    return told | {"thing": thing, "gateway": gateway}
