"""/v1/unknown-things: what gateways name and the registry has not, to be accepted or ignored."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Query, Request, Response

from api import pages, reach
from api.links import page
from api.openapi import example
from api.parameters import Connection, Cursor, GatewayFilter, Limit, require_known
from api.problems import Problem
from api.queries import unknown as queries
from api.schemas import unknown as schemas
from api.schemas.common import Page, page_of
from api.security import Name
from api.writing import Writing, require_standing
from devices import unknown_store as store
from devices.unknown import UnknownThingError

router = APIRouter(prefix="/v1", tags=["unknown things"])

_EXAMPLE: Any = {"first": {"value": 1}}
UnknownId = Annotated[
    int, Path(alias="id", ge=1, le=2**63 - 1, description="Its number.", openapi_examples=_EXAMPLE)
]


@router.get(
    "/unknown-things",
    operation_id="listUnknownThings",
    summary="Unknown things, and what they would be",
    response_model=Page[schemas.UnknownThingDetail],
    responses=example(page_of(schemas.UNKNOWN)),
)
async def list_unknown(
    *,
    request: Request,
    response: Response,
    conn: Connection,
    state: Annotated[schemas.State | None, Query(description=schemas.STATE_TEXT)] = "waiting",
    gateway: GatewayFilter = None,
    limit: Limit = pages.DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Any:
    """Devices and properties that messages named and the registry has not, the newest first.

    Kind, unit and interval are guessed from what was refused.
    """
    after = pages.decode_cursor(cursor, int)
    await require_known(conn, "gateway", "gateway", gateway)
    ids = await queries.ids(conn, state=state, gateway=gateway, after=after, limit=limit + 1)
    rows = [schemas.shown(*each) for each in await store.read(conn, ids)]
    return page(request, response, rows, limit, "id")


@router.get(
    "/unknown-things/{id}",  # noqa: FAST003  (alias of `number`)
    operation_id="getUnknownThing",
    summary="One unknown thing",
    response_model=schemas.UnknownThingDetail,
    responses=example(schemas.UNKNOWN),
)
async def get_unknown(number: UnknownId, conn: Connection) -> Any:
    """What was seen of it, what it would be, and how far its refused messages are replayed."""
    await _require_reached(conn, number)
    return schemas.shown(*await store.read_one(conn, number))


@router.post(
    "/unknown-things/{id}/accept",  # noqa: FAST003  (alias of `number`)
    operation_id="acceptUnknownThing",
    summary="Register an unknown thing and store what was refused of it",
    response_model=schemas.UnknownThingDetail,
    responses=example(schemas.ACCEPTED),
)
async def accept_unknown(
    *,
    number: UnknownId,
    acceptance: Annotated[schemas.Acceptance, Body(default_factory=schemas.Acceptance)],
    who: Name,
    conn: Writing,
    dry_run: Annotated[bool, Query(description="Only tell what it would be.")] = False,
) -> Any:
    """Create the thing with its datastreams; ingest then takes its refused messages again, each once.

    It stands in the areas of its place, or of its gateway. A second time stores nothing twice.
    """
    await _require_reached(conn, number)
    unknown, proposal = await store.read_one(conn, number, acceptance.wishes())
    if proposal.is_registered and not proposal.problem:
        await require_standing(conn, proposal.code)
    if dry_run:
        return schemas.shown(unknown, proposal)
    try:
        return schemas.shown(
            *await store.accept(conn, number, who, acceptance.wishes(), within=reach.present())
        )
    except UnknownThingError as error:
        raise Problem("conflict", str(error)) from None


@router.post(
    "/unknown-things/{id}/ignore",  # noqa: FAST003  (alias of `number`)
    operation_id="ignoreUnknownThing",
    summary="Take an unknown thing out of the queue",
    response_model=schemas.UnknownThingDetail,
    responses=example(schemas.IGNORED),
)
async def ignore_unknown(
    number: UnknownId,
    why: Annotated[schemas.Ignoring, Body(default_factory=schemas.Ignoring)],
    who: Name,
    conn: Writing,
) -> Any:
    """What it sends is refused as before; it may be accepted later."""
    await _require_reached(conn, number)
    try:
        await store.ignore(conn, number, who, why.reason)
    except UnknownThingError as error:
        raise Problem("conflict", str(error)) from None
    return schemas.shown(*await store.read_one(conn, number))


async def _require_reached(conn: Connection, number: int) -> None:
    if not await queries.ids(conn, ids=[number], limit=1):
        raise Problem("not-found", f"there is no unknown thing {number}: /v1/unknown-things lists them")
