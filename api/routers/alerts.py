"""/v1/alerts and /v1/alert-rules. What changes something needs a key, always."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from analytics import alert_actions as actions
from analytics.alerts import AlertError
from api import pages
from api.links import page
from api.openapi import example
from api.parameters import AreaFilter, Connection, Cursor, Limit, now, period, require_known
from api.periods import Period
from api.problems import Problem
from api.queries import Row
from api.queries import alerts as queries
from api.schemas import alerts as schemas
from api.schemas.common import Page, page_of
from api.security import Name
from api.writing import Writing, in_body
from devices.alert_rules import AlertRule, RuleError

router = APIRouter(prefix="/v1", tags=["alerts"])

_EXAMPLE: Any = {"first": {"value": 1}}
AlertId = Annotated[
    int, Path(alias="id", ge=1, le=2**63 - 1, description="Number of the alert.", openapi_examples=_EXAMPLE)
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
async def create_rule(rule: schemas.NewAlertRule, who: Name, conn: Writing) -> Any:
    """Store another rule; it is looked at from the next tick of analytics on."""
    sent = rule.model_dump(exclude_unset=True)
    try:
        parsed = actions.parse_rule(sent)
        await _require_references(conn, parsed)
        await actions.create_rule(conn, parsed, who)
    except RuleError as error:
        raise _wrong(error, sent) from None
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
async def change_rule(code: Code, change: schemas.AlertRuleChange, who: Name, conn: Writing) -> Any:
    """Change the given fields; from then on an import of the city's profile leaves the rule alone."""
    await _rule(conn, code)
    sent = change.model_dump(exclude_unset=True)
    try:
        async with conn.transaction():
            changed = await actions.change_rule(conn, code, sent, who)
            await _require_references(conn, changed)
    except RuleError as error:
        raise _wrong(error, sent) from None
    return await _rule(conn, code)


@router.delete(
    "/alert-rules/{code}",
    operation_id="deleteAlertRule",
    summary="Delete a rule",
    status_code=204,
    response_class=Response,
)
async def delete_rule(code: Code, who: Name, conn: Writing) -> None:
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


def _wrong(error: RuleError, sent: Row) -> Problem:
    expected = "what a rule takes: /docs lists its fields"
    return in_body(error.field, error.message, expected, sent.get(error.field))
