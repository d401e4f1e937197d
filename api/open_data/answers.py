"""Answers below /open: pages and documents with a tag, files and parts of them."""

from __future__ import annotations

from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from fastapi import Response
from fastapi.responses import HTMLResponse, StreamingResponse

from api.conditions import http_date, is_unchanged
from api.open_data.writing import CSV, CSVW
from api.problems import beyond
from api.ranges import wanted_range

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import Request

    from api.open_data.manifest import File, Version
    from api.open_data.store import Store
    from api.open_data.words import Language

#: a file has its version in its name and never changes
_FOR_GOOD: Final = "public, max-age=31536000, immutable"
_FOR_A_WHILE: Final = "public, max-age=60"
#: open data may be read by any page
_ANY_ORIGIN: Final = {"Access-Control-Allow-Origin": "*"}
_PAGE_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
STYLE: Final = (files("api.open_data") / "templates" / "style.css").read_text("utf-8")


def page(request: Request, text: str, language: Language) -> Response:
    """Return a page, which may load nothing but its style."""
    headers = {
        "Content-Security-Policy": _PAGE_POLICY,
        "Content-Language": language,
        "Vary": "Accept-Language",
    }
    return tagged(request, text, HTMLResponse.media_type, headers)


def tagged(
    request: Request, body: str | bytes, media_type: str | None, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a document with its tag; 304 where the client has it."""
    content = body.encode() if isinstance(body, str) else body
    etag = f'W/"{sha256(content).hexdigest()[:32]}"'
    told = {"ETag": etag, "Cache-Control": _FOR_A_WHILE, **_ANY_ORIGIN, **(headers or {})}
    if is_unchanged(request.headers, etag, None):
        return Response(status_code=304, headers=told)
    return Response(content, media_type=media_type, headers=told)


def file(request: Request, store: Store, code: str, version: Version, file: File) -> Response:
    """Return a published file or the part of it that is asked for; 304 where the client has it.

    Raises:
        Problem: 416; it has no such part.
    """
    etag, size = f'"{file.sha256}"', file.bytes
    headers = _file_headers(etag, version, file)
    if is_unchanged(request.headers, etag, version.written_at):
        return Response(status_code=304, headers=headers)
    try:
        part = wanted_range(request.headers, etag, version.written_at, size)
    except ValueError as error:
        raise beyond(error, size) from None
    start, end = part or (0, size)
    headers["Content-Length"] = str(end - start)
    if part:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    body = store.read(code, file.name, start, end)
    return StreamingResponse(
        body, status_code=206 if part else 200, headers=headers, media_type=_content_type(file)
    )


def _file_headers(etag: str, version: Version, file: File) -> dict[str, str]:
    described = {"Link": f'<{file.name}-metadata.json>; rel="describedby"; type="{CSVW}"'}
    return {
        "ETag": etag,
        "Last-Modified": http_date(version.written_at),
        "Accept-Ranges": "bytes",
        "Cache-Control": _FOR_GOOD,
        "Content-Disposition": f'attachment; filename="{file.name}"',
        **_ANY_ORIGIN,
        **(described if file.media_type == CSV else {}),
    }


def _content_type(file: File) -> str:
    return f"{file.media_type}; charset=utf-8; header=present" if file.media_type == CSV else file.media_type
