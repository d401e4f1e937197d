"""/v1/mqtt-tokens: short-lived users of the broker for browsers."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Final

import structlog
from fastapi import APIRouter, Body, Depends, Path, Request, Response

from api import reach
from api.openapi import example
from api.parameters import Connection, now, require_known
from api.problems import RETRY_LATER, Problem
from api.rates import Quota
from api.reach import Caller
from api.schemas import mqtt_tokens as schemas
from api.security import Asking
from api.writing import in_body, in_the_name_of, of_body
from devices import mqtt_tokens
from devices.credentials import new_password
from devices.mqtt_tokens import MOST_GATEWAYS, Asker, MqttToken, TooManyTokensError
from devices.token_users import admit, dismiss
from runtime.dynamic_security import ControlError
from runtime.settings import Settings

_log = structlog.get_logger(__name__)

router = APIRouter(prefix="/v1", tags=["mqtt"])

#: of one key or person: a page asks for one when it opens, and before one ends
_QUOTA: Final = Quota("mqtt-token", 60)
_EXAMPLE: Any = {"one": {"value": schemas.TOKEN["user_name"]}}


async def _allowed(request: Request, caller: Asking) -> Caller:
    """Return who asks, before anything of the database or the broker is taken for it."""
    taken = request.app.state.mqtt_tokens.take(caller.who, _QUOTA)
    if not taken.allowed:
        raise Problem(
            "too-many-requests",
            f"{caller.who} may have {_QUOTA.requests} MQTT tokens a minute: ask again in {taken.reset_s} s",
            headers={"Retry-After": str(taken.reset_s)},
        )
    return caller


async def _brokers(request: Request) -> tuple[str, str]:
    """Return where the broker for browsers is reached: by them, and by halong."""
    settings: Settings = request.app.state.settings
    if settings.browser_mqtt_url is None or settings.browser_broker_url is None:
        raise Problem(
            "conflict",
            "this installation has no broker for browsers: set HALONG_BROWSER_MQTT_URL and "
            "HALONG_BROWSER_BROKER_URL, or follow /v1/live",
        )
    return str(settings.browser_mqtt_url), str(settings.browser_broker_url)


@router.post(
    "/mqtt-tokens",
    operation_id="createMqttToken",
    summary="Listen to gateways over MQTT",
    status_code=201,
    response_model=schemas.MqttToken,
    responses=example(schemas.TOKEN, status=201),
)
async def create_mqtt_token(
    *,
    request: Request,
    response: Response,
    caller: Annotated[Caller, Depends(_allowed)],
    brokers: Annotated[tuple[str, str], Depends(_brokers)],
    wish: Annotated[schemas.MqttTokenWish, Body(default_factory=schemas.MqttTokenWish)],
) -> Any:
    """Make a user of the broker for browsers who hears what gateways publish, for some minutes.

    It may subscribe to observations and status of gateways that stand in the caller's areas with all that
    hangs on them, and do nothing else.
    """
    at, (url, control) = now(), brokers
    # Kept before the broker is told: what that has and the database has not is cut off.
    async with in_the_name_of(caller, request) as conn:
        token = await _kept(
            conn, request.app.state.settings, caller, await _gateways(conn, wish.gateways), at
        )
    topics = mqtt_tokens.topics(request.app.state.settings.topic_root, token.gateways)
    password = new_password()
    try:
        await admit(control, token, password, topics, at)
    except ControlError as error:
        await _end(request, caller, token.user_name)
        raise _away(error) from None
    response.headers["Cache-Control"] = "no-store"
    return {
        "url": url,
        "user_name": token.user_name,
        "password": password,
        "topics": topics,
        "expires_at": token.expires_at,
    }


@router.delete(
    "/mqtt-tokens/{user_name}",
    operation_id="endMqttToken",
    summary="End a token before its time",
    status_code=204,
)
async def end_mqtt_token(
    *,
    request: Request,
    caller: Asking,
    brokers: Annotated[tuple[str, str], Depends(_brokers)],
    user_name: Annotated[
        str, Path(max_length=100, description="Of one's own token.", openapi_examples=_EXAMPLE)
    ],
) -> None:
    """End one's own token and its connection; another can be made in its place."""
    if "\0" in user_name or not await _end(request, caller, user_name):
        raise Problem("not-found", f"{caller.who} has no valid MQTT token {user_name!r}")
    try:
        await dismiss(brokers[1], [user_name])
    except ControlError as error:
        # It has ended in the database: who keeps the broker cuts it off as soon as that can be reached.
        raise _away(error) from None


async def _gateways(conn: Connection, wanted: list[str] | None) -> list[str] | None:
    """Return the gateways that a token is for, None: all of the city."""
    present = reach.present()
    if wanted is None and present is None:
        return None
    try:
        await require_known(conn, "gateway", "gateways", *(wanted or ()))
    except Problem as error:
        raise of_body(error) from None
    within = await mqtt_tokens.gateways_within(conn, present)
    if wanted is None:
        return _bounded(within)
    if beyond := sorted(set(wanted) - set(within)):
        raise in_body(
            "gateways",
            "is disabled, or carries things that stand elsewhere",
            "gateways of yours that carry nothing of other areas",
            beyond[0],
        )
    return sorted(set(wanted))


def _bounded(within: list[str]) -> list[str]:
    if not within:
        raise Problem("conflict", "no gateway stands in your areas with all that hangs on it")
    if len(within) > MOST_GATEWAYS:
        raise Problem(
            "conflict",
            f"{len(within)} gateways stand in your areas, and a token is for {MOST_GATEWAYS} at most: "
            "name those that you mean in `gateways`",
        )
    return within


async def _kept(
    conn: Connection, settings: Settings, caller: Caller, gateways: list[str] | None, at: datetime
) -> MqttToken:
    is_key = caller.kind == "key"
    asker = Asker(
        who=caller.who,
        key_prefix=caller.id if is_key else None,
        key_version=caller.version if is_key else None,
        reach=reach.present(),
    )
    ends = at + timedelta(minutes=settings.mqtt_token_minutes)
    expires_at = ends if caller.expires is None else min(ends, caller.expires)
    try:
        return await mqtt_tokens.create(
            conn, asker, gateways, at=at, expires_at=expires_at, most=settings.mqtt_tokens
        )
    except TooManyTokensError as error:
        raise Problem("too-many-tokens", str(error)) from None


def _away(error: ControlError) -> Problem:
    _log.warning("the broker for browsers is away", action="api.browser_broker_away", error=str(error))
    return Problem("broker-away", "the broker for browsers cannot be told: ask again", headers=RETRY_LATER)


async def _end(request: Request, caller: Caller, user_name: str) -> bool:
    async with in_the_name_of(caller, request) as conn:
        return await mqtt_tokens.end(conn, user_name, owner=caller.who, at=now())
