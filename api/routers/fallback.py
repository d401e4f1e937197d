"""Whatever else is asked for below /v1: a problem, even where a page is mounted at /."""

from fastapi import APIRouter, Request
from starlette.routing import compile_path

from api import suggest
from api.problems import Problem

router = APIRouter(include_in_schema=False)

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


@router.api_route("/v1/{rest:path}", methods=_METHODS)
@router.api_route("/v1", methods=_METHODS)
async def refuse(request: Request) -> None:
    """Tell that a path does not exist, or that it exists for another method."""
    paths: dict[str, dict[str, object]] = request.app.openapi()["paths"]
    for path, operations in paths.items():
        if compile_path(path)[0].fullmatch(request.url.path):
            allowed = ", ".join(sorted(method.upper() for method in operations))
            raise Problem(
                "method-not-allowed",
                f"{request.method} is not answered at {request.url.path}: use {allowed}",
                headers={"Allow": allowed},
            )
    near = suggest.nearest(request.url.path, dict.fromkeys(paths, ()))
    meant = f": did you mean {' or '.join(near)}?" if near else ": /openapi.json lists every path"
    raise Problem("no-such-path", f"{request.url.path[:200]} does not exist{meant}", did_you_mean=near)
