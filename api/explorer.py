"""/docs and /redoc: the OpenAPI document as pages, from an installed package and not from a CDN."""

from importlib.resources import files
from typing import NamedTuple

from fastapi import FastAPI
from fastapi.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles

_STATIC = files("fastapi_standalone_docs") / "static"
# No inline script, so the pages run under a policy that allows none. Both write inline styles; ReDoc
# searches in a worker that it makes itself.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; worker-src blob:; frame-ancestors 'none'"
)
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>halong API</title>
{style}
</head>
<body>
<div id="operations"></div>
<script src="{page}/assets/{script}"></script>
<script src="{page}/start.js"></script>
</body>
</html>
"""


class _Explorer(NamedTuple):
    page: str
    #: of fastapi-standalone-docs
    folder: str
    script: str
    style: str
    start: str


_EXPLORERS = (
    _Explorer(
        page="docs",
        folder="swagger",
        script="swagger-ui-bundle.js",
        style='<link rel="stylesheet" href="docs/assets/swagger-ui.css">',
        start='SwaggerUIBundle({url: "openapi.json", dom_id: "#operations", deepLinking: true, '
        "validatorUrl: null});",
    ),
    _Explorer(
        page="redoc",
        folder="redoc",
        script="redoc.standalone.js",
        style="<style>body { margin: 0 }</style>",
        start='Redoc.init("openapi.json", {}, document.getElementById("operations"));',
    ),
)


def add_explorer(app: FastAPI) -> None:
    """Serve Swagger UI at /docs and ReDoc at /redoc."""
    for each in _EXPLORERS:
        _add(app, each)


def _add(app: FastAPI, explorer: _Explorer) -> None:
    html = _PAGE.format(page=explorer.page, script=explorer.script, style=explorer.style)

    async def show() -> Response:
        return HTMLResponse(html, headers={"Content-Security-Policy": _POLICY})

    async def begin() -> Response:
        return Response(explorer.start, media_type="text/javascript")

    app.add_api_route(f"/{explorer.page}", show, include_in_schema=False)
    app.add_api_route(f"/{explorer.page}/start.js", begin, include_in_schema=False)
    app.mount(f"/{explorer.page}/assets", StaticFiles(directory=str(_STATIC / explorer.folder)))
