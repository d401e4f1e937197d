"""Who may open the console: anyone where the data is public, else a browser that has sent an API key.

The key lies in a cookie that scripts cannot read and that goes when the browser is closed.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from starlette.responses import RedirectResponse

from api import keys
from api.reach import ANYONE
from api.rights import Right

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import AsyncConnection
    from psycopg_pool import AsyncConnectionPool
    from starlette.requests import Request
    from starlette.responses import Response

    from api.reach import Caller

    Pool = AsyncConnectionPool[AsyncConnection[Any]]

COOKIE: Final = "halong_console_key"
#: how long a key that was accepted is not looked up again; a revoked one closes pages within this time
_TRUST_S: Final = 60.0
_MOST_BYTES: Final = 1000


class Access:
    """Tells whose key it is that opens the console: of those who may read what devices send."""

    def __init__(self, pool: Callable[[], Pool], *, public: bool) -> None:
        """Take how to get at the pool once the application runs, and whether no key is needed."""
        self._pool, self._public = pool, public
        self._accepted: dict[str, tuple[Caller, float]] = {}

    async def caller(self, key: str | None, *, anew: bool = False) -> Caller | None:
        """Return whom the console may be shown to, by the key that was sent; None: to nobody.

        `anew`: a key that was accepted a moment ago is looked up all the same.

        Raises:
            psycopg.Error: the key cannot be looked up.
        """
        if self._public:
            return ANYONE
        if not key:
            return None
        found, until = self._accepted.pop(key, (None, 0.0))
        if anew or time.monotonic() >= until:
            found, until = await self._looked_up(key), time.monotonic() + _TRUST_S
        if found is not None:
            self._accepted[key] = found, until
        return found

    async def _looked_up(self, key: str) -> Caller | None:
        async with self._pool().connection() as conn:
            try:
                found = (await keys.verify(conn, key)).caller
            except keys.KeyRefusedError:
                return None
        return found if found.may(Right.RAW) else None

    async def take(self, request: Request) -> Response:
        """Answer the form: keep the key in the browser and open the console, or ask again."""
        if int(request.headers.get("content-length") or _MOST_BYTES + 1) > _MOST_BYTES:
            return _to("/", key="refused")
        form = await request.form()
        key, lang = str(form.get("key", "")).strip(), str(form.get("lang", "vi"))
        if await self.caller(key) is None:
            return _to("/", key="refused", lang=lang)
        answer = _to("/", lang=lang)
        secure = request.url.scheme == "https"
        answer.set_cookie(COOKIE, key, httponly=True, samesite="strict", secure=secure)
        return answer


def _to(path: str, **query: str) -> RedirectResponse:
    return RedirectResponse(f"{path}?{urlencode(query)}", status_code=303)
