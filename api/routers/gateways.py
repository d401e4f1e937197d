"""/v1/gateways and /v1/refusals."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from api import pages, payloads, reach
from api.links import page
from api.openapi import example
from api.parameters import (
    AreaFilter,
    Connection,
    Cursor,
    Limit,
    StoodAt,
    checked,
    not_found,
    now,
    period,
    require_known,
)
from api.periods import Period
from api.problems import Problem, invalid
from api.queries import Row
from api.queries import gateways as queries
from api.schemas import registry, series
from api.schemas.common import Page, page_of
from api.schemas.installations import NewPlace
from api.security import Asking
from api.tagged import Tagged
from api.times import EXPECTED, parse_time
from api.writing import Writing, in_body, require_areas, require_reached
from devices.gateway_moves import move
from devices.installations import Place
from devices.places import PlaceError

router = APIRouter(prefix="/v1", tags=["gateways"])

_START_BYTES = 2_000
_FULL_LIMIT = 100

Code = Annotated[
    str, Path(description="Code of the gateway.", openapi_examples={"gateway": {"value": "ha-long-1"}})
]


_REFUSAL_EXAMPLE: Any = {"first": {"value": 1}}
RefusalId = Annotated[
    int, Path(alias="id", ge=1, le=2**63 - 1, description="Its number.", openapi_examples=_REFUSAL_EXAMPLE)
]


class PayloadPart(StrEnum):
    """How much of a refused message is shown."""

    NONE = "none"
    START = "start"
    FULL = "full"


Payload = Annotated[
    PayloadPart,
    Query(description=f"`start`: the first {_START_BYTES:,} bytes; `full` allows {_FULL_LIMIT} rows a page."),
]


@router.get(
    "/gateways",
    operation_id="listGateways",
    summary="Gateways and their state",
    response_model=Page[registry.Gateway],
    responses=example(page_of(registry.GATEWAY)),
)
async def list_gateways(
    *,
    request: Request,
    response: Response,
    conn: Connection,
    area: AreaFilter = None,
    state: Annotated[registry.State | None, Query(description=registry.STATE_TEXT)] = None,
    tags: Tagged,
    at: StoodAt,
    limit: Limit = pages.DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Any:
    """Gateways by code: online, silent, offline or never heard, with where they stood at an instant."""
    after = pages.decode_cursor(cursor, str)
    await require_known(conn, "area", "area", area)
    rows = await queries.gateways(
        conn, area=area, state=state, tags=tags, at=at, after=after, limit=limit + 1
    )
    return page(request, response, rows, limit, "code")


@router.get(
    "/gateways/{code}",
    operation_id="getGateway",
    summary="One gateway",
    response_model=registry.GatewayDetail,
    responses=example(registry.GATEWAY_DETAIL),
)
async def get_gateway(code: Code, conn: Connection, at: StoodAt) -> Any:
    """A gateway's state with its last changes between online and offline; where it stood at an instant."""
    found = None if "\0" in code else await queries.gateway(conn, code, at)
    if found is None:
        raise await not_found(conn, "gateway", code)
    return found | {
        "history": await queries.history(conn, found["id"]),
        "places": await queries.places(conn, found["id"]),
    }


@router.post(
    "/gateways/{code}/places",
    operation_id="moveGateway",
    summary="Move a gateway",
    status_code=201,
    response_model=registry.GatewayDetail,
    responses=example(registry.GATEWAY_DETAIL, status=201),
)
async def move_gateway(
    *, request: Request, code: Code, wanted: NewPlace, caller: Asking, conn: Writing
) -> Any:
    """Record that a gateway stands elsewhere since an instant. Its devices are moved by themselves.

    A key that is confined to areas moves what stands in them, to a place in them.
    """
    await require_reached(conn, "gateway", code)
    zone, present = request.app.state.settings.zone, now()
    since = checked("at", wanted.at, EXPECTED, lambda: parse_time(wanted.at, zone=zone, now=present))
    if wanted.areas:
        await require_areas(conn, wanted.areas)
    place = Place(latitude=wanted.latitude, longitude=wanted.longitude, areas=tuple(wanted.areas))
    try:
        await move(
            conn,
            code,
            place,
            since,
            now=present,
            who=caller.name,
            reason=wanted.reason,
            within=reach.present(),
        )
    except PlaceError as error:
        expected = "a position within surveyed outlines, or the codes of its areas, and a past instant"
        raise in_body("place", str(error), expected) from None
    return await get_gateway(code, conn, present)


@router.get(
    "/refusals",
    operation_id="listRefusals",
    summary="What was refused, and why",
    response_model=Page[series.Refusal],
    responses=example(page_of(series.REFUSAL)),
)
async def list_refusals(
    *,
    request: Request,
    response: Response,
    conn: Connection,
    span: Annotated[Period, Depends(period(timedelta(days=7)))],
    gateway: Annotated[
        str | None, Query(description="As in the topic; it may be unknown to the registry.")
    ] = None,
    reason: Annotated[
        str | None, Query(description="Only this reason, for example `unknown_device`.")
    ] = None,
    open_alone: Annotated[
        bool, Query(alias="open", description="Only those that were not replayed.")
    ] = False,
    payload: Payload = PayloadPart.START,
    limit: Limit = pages.DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Any:
    """Messages that could not be stored as sent, the newest first, with topic, place and payload."""
    if payload is PayloadPart.FULL and limit > _FULL_LIMIT:
        raise invalid("limit", limit, "a page of full payloads would be too large", f"at most {_FULL_LIMIT}")
    rows = await queries.refusals(
        conn,
        span.start,
        span.end,
        gateway=gateway,
        reason=reason,
        open_alone=open_alone,
        payload_bytes={PayloadPart.NONE: 0, PayloadPart.START: _START_BYTES, PayloadPart.FULL: None}[payload],
        after=pages.decode_cursor(cursor, tuple[datetime, int]),
        limit=limit + 1,
    )
    if not rows and cursor is None:  # who sends under a code of its own making is shown, a typing error told
        await require_known(conn, "gateway", "gateway", gateway)
    shown = [row | _shown(row, payload) for row in rows]
    return page(request, response, shown, limit, "time", "id")


@router.get(
    "/refusals/{id}",  # noqa: FAST003  (alias of `number`)
    operation_id="getRefusal",
    summary="One refusal with its whole message",
    response_model=series.Refusal,
    responses=example(series.REFUSAL),
)
async def get_refusal(number: RefusalId, conn: Connection) -> Any:
    """When it came, why and where it was refused, and the message as it is kept."""
    row = await queries.refusal(conn, number)
    if row is None:
        raise Problem("not-found", f"there is no refusal {number}: /v1/refusals lists them")
    return row | _shown(row, PayloadPart.FULL)


def _shown(row: Row, part: PayloadPart) -> Row:
    """Return a payload as text where it is UTF-8, else in base64."""
    if part is PayloadPart.NONE:
        return {"payload": None, "payload_encoding": None, "payload_complete": False}
    raw: bytes = row["payload"]
    complete = len(raw) == row["payload_size"]
    text, encoding = payloads.shown(raw, complete=complete)
    return {"payload": text, "payload_encoding": encoding, "payload_complete": complete}
