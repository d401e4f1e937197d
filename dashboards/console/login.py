"""Log-in at the console by the identity provider, and log-out of whoever is there."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Final

import structlog
from starlette.responses import HTMLResponse, RedirectResponse

from api.oidc import sessions
from api.oidc.code_flow import Attempt, CodeFlow, LogInError
from api.oidc.issuer import IssuerAwayError
from api.rights import Right
from dashboards.console.access import KEY_COOKIE, SESSION_COOKIE, keep, to_page
from dashboards.console.words import LANGUAGE_COOKIE, language

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.responses import Response

    from dashboards.console.access import Access
    from runtime.settings import Settings

log = structlog.get_logger(__name__)

LOG_IN_PATH: Final = "/console/log-in"
LOG_OUT_PATH: Final = "/console/log-out"
#: where the provider sends the browser back to: what is registered there
_BACK_PATH: Final = "/console/logged-in"
_ATTEMPT_COOKIE: Final = "halong_console_attempt"
_ATTEMPT_S: Final = 600


class Login:
    """The ways of a browser to the provider and back."""

    def __init__(self, app: FastAPI, access: Access, settings: Settings) -> None:
        """Take the application, whose tokens are checked as the API's are."""
        self._app, self._access, self.settings = app, access, settings
        tokens = app.state.tokens
        self._flow = CodeFlow(tokens, settings) if tokens and settings.oidc_client_id else None

    @property
    def is_on(self) -> bool:
        """Tell whether one can log in."""
        return self._flow is not None

    def add_routes(self) -> None:
        """Serve the ways on the application."""
        ways: list[tuple[str, Any, str]] = [(LOG_OUT_PATH, self.end, "POST")]
        if self.is_on:
            ways += [(LOG_IN_PATH, self.begin, "GET"), (_BACK_PATH, self.finish, "GET")]
        for path, way, method in ways:
            self._app.add_route(path, way, methods=[method], include_in_schema=False)

    async def begin(self, request: Request) -> Response:
        """Send the browser to the provider."""
        assert self._flow is not None
        attempt = Attempt.new()
        try:
            answer = RedirectResponse(await self._flow.address(attempt, self._back(request)), status_code=303)
        except (IssuerAwayError, LogInError) as error:
            return _failed(request, "away", str(error))
        # Lax: the way back begins at another site.
        keep(answer, request, _ATTEMPT_COOKIE, attempt.packed(), samesite="lax", max_age=_ATTEMPT_S)
        spoken = language(request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE))
        answer.set_cookie(LANGUAGE_COOKIE, spoken, samesite="lax")
        return answer

    async def finish(self, request: Request) -> Response:
        """Take the browser back, and let it in if the provider says who it is and that one may."""
        assert self._flow is not None
        try:
            attempt = Attempt.unpacked(request.cookies.get(_ATTEMPT_COOKIE, ""))
            caller = await self._flow.finish(attempt, request.query_params, self._back(request))
        except IssuerAwayError as error:
            return _failed(request, "away", str(error))
        except LogInError as error:
            return _failed(request, "failed", str(error))
        if not caller.may(Right.INDICATORS):
            return _failed(request, "role", f"{caller.who} has the {caller.told_roles}")
        async with self._app.state.pool.connection() as conn:
            text = await sessions.begin(conn, caller, self.settings.oidc_session_hours)
        log.info("somebody has logged in", action="console.log_in", who=caller.who, roles=caller.told_roles)
        answer = to_page()
        answer.delete_cookie(_ATTEMPT_COOKIE)
        keep(answer, request, SESSION_COOKIE, text, samesite="lax")
        return answer

    async def end(self, request: Request) -> Response:
        """Log out, at the provider too if that was the way in."""
        place = await self._goodbye(request) if SESSION_COOKIE in request.cookies else None
        await self._access.leave(request)
        # A page and no redirect: of a form, the policy of our pages lets none lead to another site.
        page = f'<!doctype html><meta http-equiv="refresh" content="0;url={escape(place)}">' if place else ""
        answer: Response = HTMLResponse(page) if place else to_page()
        # Of another site's form no cookie comes, and none is taken away.
        for name in request.cookies.keys() & {SESSION_COOKIE, KEY_COOKIE}:
            answer.delete_cookie(name)
        return answer

    async def _goodbye(self, request: Request) -> str | None:
        if self._flow is None:
            return None
        try:
            return await self._flow.goodbye(f"{self._address(request)}/")
        except IssuerAwayError:
            return None

    def _back(self, request: Request) -> str:
        return f"{self._address(request)}{_BACK_PATH}"

    def _address(self, request: Request) -> str:
        """Return where browsers reach the console."""
        return str(self.settings.public_url or request.base_url).rstrip("/")


def _failed(request: Request, reason: str, detail: str) -> Response:
    log.warning("somebody could not log in", action="console.log_in_failed", reason=reason, detail=detail)
    lang = language(request.cookies.get(LANGUAGE_COOKIE))
    answer = to_page(log_in=reason, lang=lang)
    answer.delete_cookie(_ATTEMPT_COOKIE)
    return answer
