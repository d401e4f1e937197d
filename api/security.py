"""Who may read: an API key, or anyone where the city's data is public. Who may change: an API key alone."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from api import keys
from api.open_data.state import is_open_request
from api.problems import Problem

_bearer = HTTPBearer(auto_error=False, scheme_name="bearer", description="`halong keys create` makes a key.")
_header = APIKeyHeader(
    name="X-API-Key", auto_error=False, scheme_name="header", description="The same key in a header."
)
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="halong"'}


async def require_read(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    header: Annotated[str | None, Security(_header)],
) -> None:
    """Let a request through that may read.

    A key that is sent must be right even where none is needed: a client should not find out later.

    Raises:
        Problem: 401 without a valid key, 403 with a key that may not read.
    """
    text = bearer.credentials if bearer else header
    if text is None and _names_another_scheme(request):
        raise _unauthorized("the Authorization header is not of the form `Bearer halong_…`")
    if text is None:
        if request.app.state.settings.api_public or await is_open_request(request):
            return
        raise _unauthorized("send `Authorization: Bearer halong_…`; `halong keys create` makes a key")
    await _require_scope(request, text, "read")


def _require_key(scope: str) -> Callable[..., Awaitable[str]]:
    """Return a dependency that gives the name of the key that a request was sent with.

    Changes need a key even where reading does not: its name stands in the history.
    """

    async def require(
        request: Request,
        bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
        header: Annotated[str | None, Security(_header)],
    ) -> str:
        text = bearer.credentials if bearer else header
        if text is None:
            made = f"`halong keys create --scope {scope}` makes a key"
            raise _unauthorized(f"send `Authorization: Bearer halong_…`; {made}")
        return (await _require_scope(request, text, scope)).name

    return require


async def _require_scope(request: Request, text: str, scope: str) -> keys.ApiKey:
    async with request.app.state.pool.connection() as conn:
        try:
            key = await keys.verify(conn, text)
        except keys.KeyRefusedError as refused:
            raise _unauthorized(str(refused)) from None
    request.app.state.clients.know(text, key.prefix)
    if scope not in key.scopes:
        raise Problem(
            "forbidden", f"key {key.prefix} may do {', '.join(key.scopes) or 'nothing'}, not {scope}"
        )
    return key


def _names_another_scheme(request: Request) -> bool:
    return bool(request.headers.get("authorization"))


def _unauthorized(detail: str) -> Problem:
    return Problem("unauthorized", detail, headers=_CHALLENGE)


ReadAccess = Depends(require_read)
Operator = Annotated[str, Depends(_require_key("operate"))]
Administrator = Annotated[str, Depends(_require_key("admin"))]
