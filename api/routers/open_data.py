"""/open: the catalogue, a page for each data set, and the files, for everybody and without a key."""

from collections.abc import Mapping
from hashlib import sha256
from importlib.resources import files
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse, StreamingResponse
from starlette.concurrency import run_in_threadpool

from api import suggest
from api.conditions import http_date, is_unchanged
from api.open_data import manifest as manifests
from api.open_data.catalogue import Catalogue
from api.open_data.manifest import File, Manifest, Version
from api.open_data.pages import data_set_page, index_page
from api.open_data.plan import NoCityError, Plan
from api.open_data.ranges import wanted_range
from api.open_data.rdf import bounds, turtle
from api.open_data.state import Published
from api.open_data.store import StoreError
from api.open_data.words import Language
from api.open_data.writing import CSV, CSVW
from api.problems import RETRY_LATER, Problem
from api.queries import open_data as queries

router = APIRouter(prefix="/open", include_in_schema=False)

_GET: Final = ["GET", "HEAD"]
#: a file has its version in its name and never changes
_FOR_GOOD: Final = "public, max-age=31536000, immutable"
_FOR_A_WHILE: Final = "public, max-age=60"
#: open data may be read by any page
_ANY_ORIGIN: Final = {"Access-Control-Allow-Origin": "*"}
_PAGE_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_STYLE: Final = (files("api.open_data") / "templates" / "style.css").read_text("utf-8")

Code = Annotated[str, Path(max_length=100)]
Lang = Annotated[Language | None, Query(description="vi or en; else Accept-Language decides.")]


@router.api_route("/", methods=_GET)
async def get_index(request: Request, lang: Lang = None) -> Response:
    """Every data set, for people."""
    catalogue, language = await _catalogue(request), _language(request, lang)
    return _page(request, index_page(catalogue, language), language)


@router.api_route("", methods=_GET)
async def get_index_without_slash() -> Response:
    """The same, for whoever leaves the slash out."""
    return RedirectResponse("open/", status_code=308)


@router.api_route("/style.css", methods=_GET)
async def get_style(request: Request) -> Response:
    """How the pages look."""
    return _tagged(request, _STYLE, "text/css; charset=utf-8")


@router.api_route("/catalog", methods=_GET)
async def get_catalog(request: Request) -> Response:
    """The catalogue in the form that is asked for: Turtle, JSON-LD, or the page."""
    accepted = request.headers.get("accept", "")
    forms = {"text/turtle": "catalog.ttl", "text/html": "./"}
    form = next((place for media_type, place in forms.items() if media_type in accepted), "catalog.jsonld")
    return RedirectResponse(form, status_code=303, headers={"Vary": "Accept"})


@router.api_route("/catalog.jsonld", methods=_GET)
async def get_catalog_jsonld(request: Request) -> Response:
    """The catalogue as DCAT-AP 3 in JSON-LD."""
    document = (await _catalogue(request)).document()
    return _tagged(request, msgspec.json.encode(document), "application/ld+json")


@router.api_route("/catalog.ttl", methods=_GET)
async def get_catalog_turtle(request: Request) -> Response:
    """The catalogue as DCAT-AP 3 in Turtle."""
    document = (await _catalogue(request)).document()
    return _tagged(request, await run_in_threadpool(turtle, document), "text/turtle; charset=utf-8")


@router.api_route("/files/{code}/{name}", methods=_GET)
async def get_file(request: Request, code: Code, name: Code) -> Response:
    """A published file, or a part of it. Only what a manifest names is looked for in the store."""
    published, manifest = _published(request), await _manifest(request, code)
    if name == manifests.NAME:
        return _tagged(request, manifests.encode(manifest), "application/json")
    found = manifest.find(name)
    if found is None:
        near = suggest.nearest(name, {f.name: () for f in _current_files(manifest)})
        raise Problem(
            "not-found",
            f"data set {code} has no file {name[:100]!r}: see its manifest.json",
            did_you_mean=near,
        )
    return await _file(request, published, code, *found)


@router.api_route("/{code}", methods=_GET)
async def get_data_set(request: Request, code: Code, lang: Lang = None) -> Response:
    """What a data set holds, its files with checksums, and how to cite it."""
    await _manifest(request, code)
    catalogue, language = await _catalogue(request), _language(request, lang)
    return _page(request, data_set_page(catalogue, code, language), language)


@router.api_route("/{code}/{month}", methods=_GET)
async def get_month(request: Request, code: Code, month: Code) -> Response:
    """Where the catalogue's name of a month leads: to its place on the data set's page."""
    manifest = await _manifest(request, code)
    if month not in manifest.months:
        raise Problem("not-found", f"{month[:100]!r} is not published of data set {code}: see its page")
    return RedirectResponse(f"../{code}#{month}", status_code=303)


def _published(request: Request) -> Published:
    published: Published = request.app.state.open_data
    return published


async def _plan(request: Request) -> Plan:
    try:
        _ = _published(request).store
        return await _published(request).plan(request.app.state.pool)
    except NoCityError as error:
        raise Problem("not-ready", str(error), headers=RETRY_LATER) from None


async def _manifest(request: Request, code: str) -> Manifest:
    plan = await _plan(request)
    if code not in plan.data_sets:
        near = suggest.nearest(code, dict.fromkeys(plan.data_sets, ()))
        raise Problem("not-found", f"there is no data set {code[:100]!r}", did_you_mean=near)
    return await _read(request, code)


async def _read(request: Request, code: str) -> Manifest:
    try:
        return await _published(request).manifest(code)
    except (StoreError, manifests.ManifestError) as error:
        raise Problem("store-away", _told(error), headers=RETRY_LATER) from error


async def _catalogue(request: Request) -> Catalogue:
    plan = await _plan(request)
    manifests_ = {code: await _read(request, code) for code in plan.data_sets}
    async with request.app.state.pool.connection() as conn:
        areas = await queries.areas(conn)
    outlines = [msgspec.json.encode(area["boundary"]).decode() for area in areas if area["boundary"]]
    return Catalogue(_base(request), plan, manifests_, bounds(outlines))


def _told(_: Exception) -> str:
    """The store's address and error are for the operator's log, not for everybody."""
    return "the published files cannot be reached: ask again later"


def _base(request: Request) -> str:
    url = request.app.state.settings.public_url
    return str(url or request.base_url).rstrip("/")


def _current_files(manifest: Manifest) -> list[File]:
    return [file for month in manifest.months for file in manifest.months[month][-1].files]


async def _file(request: Request, published: Published, code: str, version: Version, file: File) -> Response:
    etag, size = f'"{file.sha256}"', file.bytes
    headers = _file_headers(etag, version, file)
    if is_unchanged(request.headers, etag, version.written_at):
        return Response(status_code=304, headers=headers)
    try:
        part = wanted_range(request.headers, etag, version.written_at, size)
    except ValueError as error:
        raise Problem(
            "range-not-satisfiable", str(error), headers={"Content-Range": f"bytes */{size}"}
        ) from None
    start, end = part or (0, size)
    headers["Content-Length"] = str(end - start)
    if part:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    if request.method == "HEAD":
        return Response(status_code=206 if part else 200, headers=headers, media_type=_content_type(file))
    body = published.store.read(code, file.name, start, end)
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


def _language(request: Request, lang: Language | None) -> Language:
    """Return the language asked for; the city's own where none is."""
    if lang is not None:
        return lang
    first = request.headers.get("accept-language", "").strip().lower()
    return Language.EN if first.startswith("en") else Language.VI


def _page(request: Request, text: str, language: Language) -> Response:
    headers = {
        "Content-Security-Policy": _PAGE_POLICY,
        "Content-Language": language,
        "Vary": "Accept-Language",
    }
    return _tagged(request, text, HTMLResponse.media_type, headers)


def _tagged(
    request: Request, body: str | bytes, media_type: str | None, headers: Mapping[str, str] | None = None
) -> Response:
    content = body.encode() if isinstance(body, str) else body
    etag = f'W/"{sha256(content).hexdigest()[:32]}"'
    told = {"ETag": etag, "Cache-Control": _FOR_A_WHILE, **_ANY_ORIGIN, **(headers or {})}
    if is_unchanged(request.headers, etag, None):
        return Response(status_code=304, headers=told)
    return Response(content, media_type=media_type, headers=told)
