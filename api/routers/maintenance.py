"""/v1/maintenance-windows: planned work, which is nobody's outage."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Query, Request, Response

from api import pages
from api.links import page
from api.openapi import example
from api.parameters import Connection, Cursor, GatewayFilter, Limit, ThingFilter, now, require_known
from api.problems import Problem
from api.queries import Row
from api.queries import maintenance as queries
from api.schemas import maintenance as schemas
from api.schemas.common import Page, page_of
from api.security import Name
from api.times import EXPECTED, TimeError, parse_duration, parse_time
from api.writing import Writing, in_body, require_named, require_standing
from devices import maintenance

router = APIRouter(prefix="/v1", tags=["maintenance"])

_LONGEST = timedelta(days=366)
_END = f"{EXPECTED}, or for how long, such as PT4H"
_FIRST: Any = {"first": {"value": 1}}
WindowId = Annotated[
    int, Path(alias="id", ge=1, le=2**63 - 1, description="Number of the window.", openapi_examples=_FIRST)
]


@router.get(
    "/maintenance-windows",
    operation_id="listMaintenanceWindows",
    summary="Planned maintenance",
    response_model=Page[schemas.MaintenanceWindow],
    responses=example(page_of(schemas.WINDOW)),
)
async def list_windows(
    *,
    request: Request,
    response: Response,
    conn: Connection,
    thing: ThingFilter = None,
    gateway: GatewayFilter = None,
    open_alone: Annotated[
        bool, Query(alias="open", description="Only what is planned or under way; false: also what was.")
    ] = True,
    limit: Limit = pages.DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Any:
    """Work on things, gateways and in areas, the newest first."""
    after = pages.decode_cursor(cursor, int)
    await require_known(conn, "thing", "thing", thing)
    await require_known(conn, "gateway", "gateway", gateway)
    chosen: dict[str, Any] = {"thing": thing, "gateway": gateway, "open_alone": open_alone}
    rows = await queries.windows(conn, **chosen, after=after, limit=limit + 1)
    return page(request, response, rows, limit, "id")


@router.post(
    "/maintenance-windows",
    operation_id="createMaintenanceWindow",
    summary="Plan maintenance",
    status_code=201,
    response_model=schemas.MaintenanceWindow,
    responses=example(schemas.WINDOW, status=201),
)
async def create_window(
    request: Request, window: schemas.NewMaintenanceWindow, who: Name, conn: Writing
) -> Any:
    """While it lasts no alert begins because a gateway is silent.

    Availability leaves it out if it is planned before it begins: who plans afterwards does not mend the past.
    """
    kind, code = await _place(conn, window)
    starts_at, ends_at = _times(window, request.app.state.settings.zone)
    try:
        number = await maintenance.add(conn, kind, code, starts_at, ends_at, reason=window.reason, who=who)
    except maintenance.MaintenanceError as error:
        raise in_body(kind, str(error), f"a {kind} that is registered", code) from None
    return await _window(conn, number)


@router.get(
    "/maintenance-windows/{id}",  # noqa: FAST003  (alias of `number`)
    operation_id="getMaintenanceWindow",
    summary="One maintenance window",
    response_model=schemas.MaintenanceWindow,
    responses=example(schemas.WINDOW),
)
async def get_window(number: WindowId, conn: Connection) -> Any:
    """On what, from when to when, why, and by whom."""
    return await _window(conn, number)


@router.delete(
    "/maintenance-windows/{id}",  # noqa: FAST003  (alias of `number`)
    operation_id="endMaintenanceWindow",
    summary="End maintenance, or call it off",
    status_code=204,
    response_class=Response,
)
async def end_window(number: WindowId, who: Name, conn: Writing) -> None:
    """A window that is under way ends now; one that has not begun is called off. What is over stays (409)."""
    found = await _window(conn, number)
    if found["thing"] is not None:
        await require_standing(conn, found["thing"])
    try:
        await maintenance.end(conn, number, who)
    except maintenance.MaintenanceError:
        told = (
            f"window {number} has been over since {found['ends_at'].isoformat()}: availability counts with it"
        )
        raise Problem("conflict", told) from None


async def _place(conn: Writing, window: schemas.NewMaintenanceWindow) -> tuple[maintenance.Kind, str]:
    """Return on what the work is, which the caller reaches."""
    given: dict[maintenance.Kind, str] = window.model_dump(
        include={"thing", "gateway", "area"}, exclude_unset=True
    )  # type: ignore[assignment]
    if len(given) != 1:
        told = f"it names {' and '.join(given) or 'none'} of thing, gateway and area"
        raise in_body("maintenance window", told, "one of them")
    ((kind, code),) = given.items()
    await require_named(conn, {kind: kind}, {kind: code})
    if kind == "thing":
        await require_standing(conn, code)
    return kind, code


def _times(window: schemas.NewMaintenanceWindow, zone: ZoneInfo) -> tuple[datetime, datetime]:
    present = now()
    with _reading("starts_at", window.starts_at, EXPECTED):
        start = parse_time(window.starts_at, zone=zone, now=present)
    with _reading("ends_at", window.ends_at, _END):
        length = parse_duration(window.ends_at)
        end = (
            length.after(start, zone)
            if length
            else parse_time(window.ends_at, zone=zone, now=present, end=True)
        )
        if not start < end <= start + _LONGEST:
            raise TimeError(f"{end.isoformat()} is not within a year after it begins, at {start.isoformat()}")
    return start, end


@contextmanager
def _reading(field: str, text: str, expected: str) -> Iterator[None]:
    try:
        yield
    except TimeError as error:
        raise in_body(field, str(error), expected, text) from None


async def _window(conn: Connection, number: int) -> Row:
    found = await queries.window(conn, number)
    if found is None:
        raise Problem("not-found", f"there is no window {number}: /v1/maintenance-windows lists them")
    return found
