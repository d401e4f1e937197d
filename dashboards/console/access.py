"""Who may open the console: anyone where the data is public, else a browser that has sent an API key.

The key lies in a cookie that scripts cannot read and that goes when the browser is closed.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from starlette.responses import RedirectResponse

from api import keys
from api.rights import Right

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import AsyncConnection
    from psycopg_pool import AsyncConnectionPool
    from starlette.requests import Request
    from starlette.responses import Response

    Pool = AsyncConnectionPool[AsyncConnection[Any]]

COOKIE: Final = "halong_console_key"
#: how long a key that was accepted is not looked up again; a revoked one closes pages within this time
_TRUST_S: Final = 60.0
_MOST_BYTES: Final = 1000


class Access:
    """Tells whether a key opens the console."""

    def __init__(self, pool: Callable[[], Pool], *, public: bool) -> None:
        """Take how to get at the pool once the application runs, and whether no key is needed."""
        self._pool, self._public = pool, public
        self._accepted: dict[str, float] = {}

    async def allows(self, key: str | None) -> bool:
        """Tell whether the console may be shown to who sent `key`.

        Raises:
            psycopg.Error: the key cannot be looked up.
        """
        if self._public:
            return True
        if not key:
            return False
        if time.monotonic() < self._accepted.get(key, 0.0):
            return True
        self._accepted.pop(key, None)
        if not await self._is_good(key):
            return False
        self._accepted[key] = time.monotonic() + _TRUST_S
        return True

    async def _is_good(self, key: str) -> bool:
        async with self._pool().connection() as conn:
            try:
                found = await keys.verify(conn, key)
            except keys.KeyRefusedError:
                return False
        return found.caller.may(Right.RAW) and found.areas is None

    async def take(self, request: Request) -> Response:
        """Answer the form: keep the key in the browser and open the console, or ask again."""
        if int(request.headers.get("content-length") or _MOST_BYTES + 1) > _MOST_BYTES:
            return _to("/", key="refused")
        form = await request.form()
        key, lang = str(form.get("key", "")).strip(), str(form.get("lang", "vi"))
        if not await self.allows(key):
            return _to("/", key="refused", lang=lang)
        answer = _to("/", lang=lang)
        secure = request.url.scheme == "https"
        answer.set_cookie(COOKIE, key, httponly=True, samesite="strict", secure=secure)
        return answer


def _to(path: str, **query: str) -> RedirectResponse:
    return RedirectResponse(f"{path}?{urlencode(query)}", status_code=303)
