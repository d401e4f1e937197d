"""/v1/alert-silences, of the areas that the caller reaches. What changes something needs a key, always."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from analytics import alert_actions as actions
from analytics.alerts import AlertError
from api import pages
from api.links import page
from api.openapi import example
from api.parameters import Connection, Cursor, Limit, now
from api.problems import Problem
from api.queries import Row, names
from api.queries import alerts as queries
from api.reach import Caller
from api.rights import Role
from api.schemas import alerts as schemas
from api.schemas.common import Page, page_of
from api.security import Asking
from api.times import TimeError, parse_duration, parse_time
from api.writing import in_body

router = APIRouter(prefix="/v1", tags=["alerts"])

_MAX_SILENCE = timedelta(days=366)

_EXAMPLE: Any = {"first": {"value": 1}}
SilenceId = Annotated[
    int, Path(alias="id", ge=1, le=2**31 - 1, description="Number of the silence.", openapi_examples=_EXAMPLE)
]


@router.get(
    "/alert-silences",
    operation_id="listAlertSilences",
    summary="Silences",
    response_model=Page[schemas.AlertSilence],
    responses=example(page_of(schemas.SILENCE)),
)
async def list_silences(
    *,
    request: Request,
    response: Response,
    conn: Connection,
    in_force: Annotated[bool, Query(description="Only those in force at present.")] = True,
    limit: Limit = pages.DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Any:
    """For what nobody is told for a time, until when and why; the newest first."""
    after = pages.decode_cursor(cursor, int)
    rows = await queries.silences(conn, in_force=in_force, after=after, limit=limit + 1)
    return page(request, response, rows, limit, "id")


@router.post(
    "/alert-silences",
    operation_id="createAlertSilence",
    summary="Silence alerts for a time",
    status_code=201,
    response_model=schemas.AlertSilence,
    responses=example(schemas.SILENCE, status=201),
)
async def create_silence(
    request: Request, silence: schemas.NewAlertSilence, caller: Asking, conn: Connection
) -> Any:
    """Tell nobody of a rule, an area, a rule in an area, or one alert, up to an instant.

    A key that is confined to areas names one of them, or an alert there: a rule alone is silent everywhere.
    """
    ends_at = _end(silence.ends_at, request)
    given = silence.model_dump(exclude={"ends_at"})
    _require_place(caller, silence.area, silence.alert)
    try:
        await _require_reached(conn, silence)
        number = await actions.add_silence(conn, **given, ends_at=ends_at, who=caller.name)
    except (AlertError, actions.UnknownError) as error:
        raise in_body("silence", str(error), "a rule, an area or an alert, and a reason") from None
    return await _silence(conn, number)


def _require_place(caller: Caller, area: str | None, alert: int | None) -> None:
    """Refuse a confined caller what concerns the whole city."""
    if caller.areas is not None and area is None and alert is None:
        own = ", ".join(caller.areas)
        text = (
            f"{caller.who} is of {own}: a silence without an area or an alert is of the whole city, and "
            "takes a key that is confined to no areas; name an area or an alert"
        )
        raise Problem("forbidden", text, roles=[Role.OPERATOR, Role.ADMIN])


async def _require_reached(conn: Connection, silence: schemas.NewAlertSilence) -> None:
    asked: dict[names.Kind, str | None] = {"alert rule": silence.rule, "area": silence.area}
    for kind, code in asked.items():
        if code is not None and not await names.known(conn, kind, [code]):
            raise actions.UnknownError(f"there is no {kind} {code!r}")
    if silence.alert is not None and await queries.alert(conn, silence.alert) is None:
        raise actions.UnknownError(f"there is no alert {silence.alert}")


def _end(text: str, request: Request) -> datetime:
    present, expected = now(), "an instant within a year, such as 2026-11-22T18:00:00+07:00, or PT6H"
    try:
        duration = parse_duration(text)
        zone = request.app.state.settings.zone
        end = (
            duration.after(present, zone) if duration else parse_time(text, zone=zone, now=present, end=True)
        )
    except TimeError as error:
        raise in_body("ends_at", str(error), expected, text) from None
    if not present < end <= present + _MAX_SILENCE:
        raise in_body("ends_at", f"{end.isoformat()} is not within a year from now", expected, text)
    return end


@router.get(
    "/alert-silences/{id}",  # noqa: FAST003  (alias of `number`)
    operation_id="getAlertSilence",
    summary="One silence",
    response_model=schemas.AlertSilence,
    responses=example(schemas.SILENCE),
)
async def get_silence(number: SilenceId, conn: Connection) -> Any:
    """A silence: who made it, why, and until when."""
    return await _silence(conn, number)


@router.delete(
    "/alert-silences/{id}",  # noqa: FAST003  (alias of `number`)
    operation_id="endAlertSilence",
    summary="End a silence",
    status_code=204,
    response_class=Response,
)
async def end_silence(number: SilenceId, caller: Asking, conn: Connection) -> None:
    """End a silence before its time: alerts that are still raised are told of again."""
    found = await _silence(conn, number)
    _require_place(caller, found["area"], found["alert"])
    try:
        await actions.end_silence(conn, number, caller.name)
    except actions.UnknownError as error:
        raise Problem("not-found", str(error)) from None


async def _silence(conn: Connection, number: int) -> Row:
    found = await queries.silence(conn, number)
    if found is None:
        raise Problem("not-found", f"there is no silence {number}: /v1/alert-silences lists them")
    return found
