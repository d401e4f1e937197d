"""Who asks, and whether that may do what is asked for. The one place that every request below /v1 passes.

A request without a key is anyone's: that may read what is open, and with HALONG_API_PUBLIC all that can be.
"""

from collections.abc import Iterable
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from api import keys, reach
from api.known import Registry
from api.oidc.claims import TokenRefusedError
from api.oidc.issuer import IssuerAwayError
from api.oidc.tokens import Tokens, is_token
from api.open_data.state import is_open_request
from api.problems import RETRY_LATER, Problem
from api.rates import sent_key
from api.reach import ANYONE, Caller
from api.rights import NEEDED, OPENED, Right, roles_with

_bearer = HTTPBearer(auto_error=False, scheme_name="bearer", description="`halong keys create` makes a key.")
_header = APIKeyHeader(
    name="X-API-Key", auto_error=False, scheme_name="header", description="The same key in a header."
)


async def identify(request: Request) -> Caller:
    """Return who sent a request; it is looked up once.

    A key or token that is sent must be right even where none is needed: a client should not find out later.

    Raises:
        Problem: 401, what was sent is neither, or not valid; 503, the token's issuer cannot be asked.
    """
    state = request.scope.setdefault("state", {})
    if "caller" not in state:
        state["caller"] = await _identified(request)
    found: Caller = state["caller"]
    return found


async def _identified(request: Request) -> Caller:
    text = sent_key(request.headers)
    if not text:
        if "authorization" in request.headers or _header.model.name in request.headers:
            raise _unauthorized("what was sent is not of the form `Authorization: Bearer halong_…`")
        return await request.app.state.visitor(request) or ANYONE
    tokens: Tokens | None = request.app.state.tokens
    caller = await (_of_token(tokens, text) if tokens and is_token(text) else _of_key(request, text))
    request.app.state.clients.know(text, caller)
    return caller


async def no_visitor(_request: Request) -> Caller | None:
    """Return whose cookies came with a request, for an API without pages: nobody's."""
    return None


async def _of_key(request: Request, text: str) -> Caller:
    async with request.app.state.pool.connection() as conn:
        try:
            return (await keys.verify(conn, text)).caller
        except keys.KeyRefusedError as error:
            raise _unauthorized(str(error)) from None


async def _of_token(tokens: Tokens, text: str) -> Caller:
    try:
        return await tokens.caller(text)
    except TokenRefusedError as error:
        raise _unauthorized(str(error), ', error="invalid_token"') from None  # RFC 6750, 3.1
    except IssuerAwayError as error:
        raise Problem("issuer-away", str(error), headers=RETRY_LATER) from None


async def require_access(
    request: Request,
    _bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    _header: Annotated[str | None, Security(_header)],
) -> None:
    """Let a request through whose sender may do what is asked for, and cut all it reads to that one's areas.

    Raises:
        Problem: 401 without a key where one is needed, 403 with one whose role may not.
    """
    caller = await identify(request)
    await _authorize(request, caller)
    reach.enter(await reach_of(request.app.state.registry, caller.areas))


async def reach_of(registry: Registry, areas: Iterable[str] | None) -> reach.Reach:
    """Return what a caller reaches who is confined to areas."""
    return reach.EVERYTHING if areas is None else await registry.reach(areas)


async def may_have(request: Request, caller: Caller) -> bool:
    """Tell whether a caller may have the answer to a request whose route is known."""
    try:
        await _authorize(request, caller)
    except Problem:
        return False
    return True


async def _authorize(request: Request, caller: Caller) -> None:
    right = NEEDED[request.scope["route"].operation_id]
    if not (may(request, caller, right) or await is_open_request(request)):
        raise refused(caller, right)


def may(request: Request, caller: Caller, right: Right) -> bool:
    """Tell whether a caller has a right, as its own or as anyone's."""
    return caller.may(right) or (request.app.state.settings.api_public and right in OPENED)


def refused(caller: Caller, right: Right) -> Problem:
    """Return the problem of who has not the right that is needed: which roles have it."""
    *others, last = roles_with(right)
    wanted = f"{', '.join(others)} or {last}" if others else str(last)
    if caller.kind == "anyone":
        made = f"`halong keys create NAME --role {roles_with(right)[0]}` makes a key"
        return _unauthorized(f"send `Authorization: Bearer halong_…`: {made} that may {right.value}")
    text = f"{caller.who} has the {caller.told_roles} and may not {right.value}: that takes {wanted}"
    return Problem("forbidden", text, roles=roles_with(right))


def _unauthorized(detail: str, more: str = "") -> Problem:
    return Problem("unauthorized", detail, headers={"WWW-Authenticate": f'Bearer realm="halong"{more}'})


async def _name(request: Request) -> str:
    return (await identify(request)).name


Asking = Annotated[Caller, Depends(identify)]
#: the name of who changes something, for the history
Name = Annotated[str, Depends(_name)]
Access = Depends(require_access)
