"""Who may open the console: anyone where data are public, else who may read indicators by key or log-in.

Key and session lie in cookies that scripts cannot read and that go when the browser is closed.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from starlette.responses import RedirectResponse

from api import keys
from api.oidc import sessions
from api.reach import ANYONE
from api.rights import OPENED, Right

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from psycopg import AsyncConnection
    from psycopg_pool import AsyncConnectionPool
    from starlette.requests import Request
    from starlette.responses import Response

    from api.reach import Caller

    Pool = AsyncConnectionPool[AsyncConnection[Any]]

KEY_COOKIE: Final = "halong_console_key"
SESSION_COOKIE: Final = "halong_console_session"
#: how long who was accepted is not looked up again; a revoked key closes pages within this time
_TRUST_S: Final = 60.0
_MOST_BYTES: Final = 1000


class Access:
    """Tells who opens the console, and what that one may see."""

    def __init__(self, pool: Callable[[], Pool], *, public: bool) -> None:
        """Take how to get at the pool once the application runs, and whether no key is needed."""
        self._pool, self._public = pool, public
        self._accepted: dict[tuple[str, str], tuple[Caller, float]] = {}

    def sees(self, caller: Caller, right: Right) -> bool:
        """Tell whether somebody, as everyone or for a role, may see what takes a right."""
        return caller.may(right) or (self._public and right in OPENED)

    async def caller(self, cookies: Mapping[str, str], *, anew: bool = False) -> Caller | None:
        """Return whom the console is shown to, by a browser's cookies; None: to nobody.

        `anew`: a key that was accepted a moment ago is looked up all the same.

        Raises:
            psycopg.Error: the key or the session cannot be looked up.
        """
        return await self.known(cookies, anew=anew) or (ANYONE if self._public else None)

    async def known(self, cookies: Mapping[str, str], *, anew: bool = False) -> Caller | None:
        """Return whose key or session a browser has that opens the console.

        Raises:
            psycopg.Error: it cannot be looked up.
        """
        for name in (SESSION_COOKIE, KEY_COOKIE):
            if (text := cookies.get(name)) and (
                found := await self._accept(name, text, anew=anew)
            ) is not None:
                return found
        return None

    async def _accept(self, name: str, text: str, *, anew: bool) -> Caller | None:
        found, until = self._accepted.pop((name, text), (None, 0.0))
        if anew or time.monotonic() >= until:
            found, until = await self._looked_up(name, text), time.monotonic() + _TRUST_S
        if found is None or not found.may(Right.INDICATORS):
            return None
        self._accepted[name, text] = found, until
        return found

    async def _looked_up(self, name: str, text: str) -> Caller | None:
        async with self._pool().connection() as conn:
            return await (sessions.find if name == SESSION_COOKIE else _of_key)(conn, text)

    async def take(self, request: Request) -> Response:
        """Answer the form: keep the key in the browser and open the console, or ask again."""
        if int(request.headers.get("content-length") or _MOST_BYTES + 1) > _MOST_BYTES:
            return to_page(key="refused")
        form = await request.form()
        key, lang = str(form.get("key", "")).strip(), str(form.get("lang", "vi"))
        caller = await self._looked_up(KEY_COOKIE, key)
        if caller is None:
            return to_page(key="refused", lang=lang)
        if not caller.may(Right.INDICATORS):
            return to_page(key="role", role=caller.role, lang=lang)
        answer = to_page(lang=lang)
        keep(answer, request, KEY_COOKIE, key, samesite="strict")
        return answer

    async def leave(self, request: Request) -> None:
        """Forget who a browser was, at once."""
        for name in (SESSION_COOKIE, KEY_COOKIE):
            self._accepted.pop((name, request.cookies.get(name, "")), None)
        if text := request.cookies.get(SESSION_COOKIE):
            async with self._pool().connection() as conn:
                await sessions.end(conn, text)


async def _of_key(conn: AsyncConnection[Any], text: str) -> Caller | None:
    try:
        return (await keys.verify(conn, text)).caller
    except keys.KeyRefusedError:
        return None


def keep(answer: Response, request: Request, name: str, text: str, **options: Any) -> None:
    """Have a browser keep a secret from scripts, and from the network where it came by https."""
    answer.set_cookie(name, text, httponly=True, secure=request.url.scheme == "https", **options)


def to_page(**query: str) -> RedirectResponse:
    """Return the way to the console's page."""
    return RedirectResponse(f"/?{urlencode(query)}", status_code=303)
