"""Who the points of the map are and where they stand, for the browser: asked once, and kept by its ETag."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import psycopg
from starlette.responses import JSONResponse, Response

from api.conditions import is_unchanged
from api.rights import Right, roles_with
from dashboards.console.bridge import is_of_our_page

if TYPE_CHECKING:
    from starlette.requests import Request

    from dashboards.console.access import Access
    from dashboards.console.feed import Feeds

PATH: Final = "/console/points/{kind}"
_HEADERS: Final = {"Cache-Control": "private, no-cache", "Vary": "Cookie"}


class PointsRoute:
    """Answers with the things, or the gateways, that one reaches who may see what devices send."""

    def __init__(self, access: Access, feeds: Feeds) -> None:
        """Take who may look, and what is read for them."""
        self._access, self._feeds = access, feeds

    async def answer(self, request: Request) -> Response:
        """Answer with `{"version", "points": [[code, name, kind, area, longitude, latitude], …]}`."""
        try:
            return await self._answer(request)
        except (psycopg.Error, OSError):
            return _refuse(503, "the database does not answer: try again")

    async def _answer(self, request: Request) -> Response:
        caller = await self._access.caller(request.cookies if is_of_our_page(request) else {})
        if caller is None:
            return _refuse(401, "open the console first: its page asks for this")
        feed = await self._feeds.of(caller.areas, raw=self._access.sees(caller, Right.RAW))
        if feed.readings is None:
            return _refuse(
                403, f"what devices send takes one of the roles {', '.join(roles_with(Right.RAW))}"
            )
        kept = feed.readings.points.get(request.path_params["kind"])
        if kept is None:
            return _refuse(404, "there are points of things and gateways alone")
        points = await kept.get()
        if points is None:
            return _refuse(503, "the database does not answer: try again")
        headers = _HEADERS | {"ETag": f'"{points.places.version}"'}
        if is_unchanged(request.headers, headers["ETag"], None):
            return Response(status_code=304, headers=headers)
        return Response(points.places.body, media_type="application/json", headers=headers)


def _refuse(status: int, detail: str) -> Response:
    return JSONResponse({"detail": detail}, status, {"Cache-Control": "no-store"})
