"""Whatever else is asked for below a path of data: a problem, even where a page is mounted at /."""

from typing import NoReturn

from fastapi import APIRouter, FastAPI
from starlette.requests import Request
from starlette.routing import Route, compile_path
from starlette.types import Receive, Scope, Send

from api import suggest
from api.problems import Problem


class _Refusal:
    """Answers any method: a route of a function knows the methods that it names, and no others."""

    async def __call__(self, scope: Scope, _receive: Receive, _send: Send) -> None:
        """Refuse; the application's handlers answer."""
        refuse(Request(scope))


_PATHS = (
    "/v1", "/v1/{rest:path}", "/open", "/open/{rest:path}", "/health", "/health/{rest:path}", "/metrics",
)  # fmt: skip
router = APIRouter(routes=[Route(path, _Refusal(), include_in_schema=False) for path in _PATHS])


def refuse(request: Request) -> NoReturn:
    """Tell that a path does not exist, or that it exists for another method.

    Raises:
        Problem: 404 or 405.
    """
    app: FastAPI = request.app
    paths: dict[str, dict[str, object]] = app.openapi()["paths"]
    for path, operations in paths.items():
        if compile_path(path)[0].fullmatch(request.url.path):
            known = {method.upper() for method in operations}
            allowed = ", ".join(sorted(known | ({"HEAD"} if "GET" in known else set())))
            raise Problem(
                "method-not-allowed",
                f"{request.method} is not answered at {request.url.path}: use {allowed}",
                headers={"Allow": allowed},
            )
    near = suggest.nearest(request.url.path, dict.fromkeys(paths, ()))
    meant = f": did you mean {' or '.join(near)}?" if near else ": /openapi.json lists every path"
    raise Problem("no-such-path", f"{request.url.path[:200]} does not exist{meant}", did_you_mean=near)
