"""/v1/alerts, /v1/alert-rules and /v1/alert-silences. What changes something needs a key, always."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from analytics import alert_actions as actions
from analytics.alerts import AlertError
from api import pages
from api.links import page
from api.openapi import example
from api.parameters import AreaFilter, Connection, Cursor, Limit, now, period, require_known
from api.periods import Period
from api.problems import Fault, Problem, sentence
from api.queries import Row, names
from api.queries import alerts as queries
from api.reach import Caller
from api.rights import Role
from api.schemas import alerts as schemas
from api.schemas.common import Page, page_of
from api.security import Asking, Name
from api.times import TimeError, parse_duration, parse_time
from devices.alert_rules import AlertRule, RuleError

router = APIRouter(prefix="/v1", tags=["alerts"])

_MAX_SILENCE = timedelta(days=366)

_EXAMPLE: Any = {"first": {"value": 1}}
AlertId = Annotated[
    int, Path(alias="id", ge=1, le=2**63 - 1, description="Number of the alert.", openapi_examples=_EXAMPLE)
]
SilenceId = Annotated[
    int, Path(alias="id", ge=1, le=2**31 - 1, description="Number of the silence.", openapi_examples=_EXAMPLE)
]
Code = Annotated[str, Path(description="Code of the rule.", openapi_examples={"rule": {"value": "air_bad"}})]


@router.get(
    "/alerts",
    operation_id="listAlerts",
    summary="Alerts",
    response_model=Page[schemas.Alert],
    responses=example(page_of(schemas.ALERT)),
)
async def list_alerts(
    *,
    request: Request,
    response: Response,
    conn: Connection,
    span: Annotated[Period, Depends(period(timedelta(days=7)))],
    state: Annotated[schemas.State | Literal["open"] | None, Query(description=schemas.STATE_TEXT)] = None,
    rule: Annotated[str | None, Query(description="Only of this rule.")] = None,
    area: AreaFilter = None,
    severity: Annotated[schemas.Severity | None, Query(description="Only of this severity.")] = None,
    limit: Limit = pages.DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Any:
    """Alerts that were not over by `from` and began before `to`, the newest first."""
    await require_known(conn, "area", "area", area)
    await require_known(conn, "alert rule", "rule", rule)
    rows = await queries.alerts(
        conn,
        start=span.start,
        end=span.end,
        state=state,
        rule=rule,
        area=area,
        severity=severity,
        after=pages.decode_cursor(cursor, int),
        limit=limit + 1,
    )
    return page(request, response, rows, limit, "id")


@router.get(
    "/alerts/{id}",  # noqa: FAST003  (alias of `alert_id`)
    operation_id="getAlert",
    summary="One alert with its history",
    response_model=schemas.AlertDetail,
    responses=example(schemas.ALERT_DETAIL),
)
async def get_alert(alert_id: AlertId, conn: Connection) -> Any:
    """An alert with every change of its state, who made it and why, and who was told."""
    return await _alert(conn, alert_id)


@router.patch(
    "/alerts/{id}",  # noqa: FAST003  (alias of `alert_id`)
    operation_id="acknowledgeAlert",
    summary="Acknowledge an alert",
    response_model=schemas.AlertDetail,
    responses=example(schemas.ALERT_DETAIL),
)
async def acknowledge_alert(
    *,
    request: Request,
    alert_id: AlertId,
    change: schemas.Acknowledgement,
    who: Name,
    conn: Connection,
) -> Any:
    """End the escalation of a raised alert; a second time adds a note. The history has the key's name."""
    await _alert(conn, alert_id)
    publish = request.app.state.settings.mqtt_url is not None
    try:
        await actions.acknowledge(conn, alert_id, now(), who=who, note=change.note, publish=publish)
    except AlertError as error:
        raise Problem("conflict", str(error)) from None
    except actions.UnknownError as error:
        raise Problem("not-found", str(error)) from None
    return await _alert(conn, alert_id)


async def _alert(conn: Connection, alert_id: int) -> Row:
    found = await queries.alert(conn, alert_id)
    if found is None:
        raise Problem("not-found", f"there is no alert {alert_id}: /v1/alerts lists them")
    return found


@router.get(
    "/alert-rules",
    operation_id="listAlertRules",
    summary="Rules for alerts",
    response_model=Page[schemas.AlertRule],
    responses=example(page_of(schemas.RULE)),
)
async def list_rules(conn: Connection) -> Any:
    """Every rule, by code; always one page."""
    return {"items": await queries.rules(conn)}


@router.post(
    "/alert-rules",
    operation_id="createAlertRule",
    summary="Create a rule",
    status_code=201,
    response_model=schemas.AlertRule,
    responses=example(schemas.RULE, status=201),
)
async def create_rule(rule: schemas.NewAlertRule, who: Name, conn: Connection) -> Any:
    """Store another rule; it is looked at from the next tick of analytics on."""
    try:
        parsed = actions.parse_rule(rule.model_dump(exclude_unset=True))
        await _require_references(conn, parsed)
        await actions.create_rule(conn, parsed, who)
    except RuleError as error:
        raise _wrong(error) from None
    return await _rule(conn, rule.code)


@router.get(
    "/alert-rules/{code}",
    operation_id="getAlertRule",
    summary="One rule",
    response_model=schemas.AlertRule,
    responses=example(schemas.RULE),
)
async def get_rule(code: Code, conn: Connection) -> Any:
    """A rule, and who changed it last."""
    return await _rule(conn, code)


@router.patch(
    "/alert-rules/{code}",
    operation_id="changeAlertRule",
    summary="Change a rule",
    response_model=schemas.AlertRule,
    responses=example(schemas.RULE),
)
async def change_rule(code: Code, change: schemas.AlertRuleChange, who: Name, conn: Connection) -> Any:
    """Change the given fields; from then on an import of the city's profile leaves the rule alone."""
    await _rule(conn, code)
    try:
        async with conn.transaction():
            changed = await actions.change_rule(conn, code, change.model_dump(exclude_unset=True), who)
            await _require_references(conn, changed)
    except RuleError as error:
        raise _wrong(error) from None
    return await _rule(conn, code)


@router.delete(
    "/alert-rules/{code}",
    operation_id="deleteAlertRule",
    summary="Delete a rule",
    status_code=204,
    response_class=Response,
)
async def delete_rule(code: Code, who: Name, conn: Connection) -> None:
    """Delete a rule: its alerts end, their history stays, and no import brings it back."""
    await _rule(conn, code)
    await actions.delete_rule(conn, code, who)


async def _rule(conn: Connection, code: str) -> Row:
    found = None if "\0" in code else await queries.rule(conn, code)
    if found is None:
        raise Problem("not-found", f"there is no alert rule {code[:100]!r}: /v1/alert-rules lists them")
    return found


async def _require_references(conn: Connection, rule: AlertRule) -> None:
    await require_known(conn, "indicator", "indicator", rule.indicator)
    await require_known(conn, "area", "areas", *rule.areas)


def _wrong(error: RuleError) -> Problem:
    return _in_body(error.field, error.message, "see /docs for what a rule takes")


def _in_body(field: str, problem: str, expected: str) -> Problem:
    fault = Fault(parameter=field, place="body", value=None, problem=problem, expected=expected)
    return Problem("invalid-parameter", sentence([fault]), faults=[fault])


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
        raise _in_body("silence", str(error), "a rule, an area or an alert, and a reason") from None
    return await _silence(conn, number)


def _require_place(caller: Caller, area: str | None, alert: int | None) -> None:
    """Refuse a confined caller what concerns the whole city."""
    if caller.areas is not None and area is None and alert is None:
        own = ", ".join(caller.areas)
        text = f"{caller.who} is of {own}: a silence without an area or an alert is of the whole city"
        raise Problem("forbidden", text, roles=[Role.ADMIN])


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
        raise _in_body("ends_at", str(error), expected) from None
    if not present < end <= present + _MAX_SILENCE:
        raise _in_body("ends_at", f"{end.isoformat()} is not within a year from now", expected)
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
