"""/open: the catalogue, a page for each data set, and the files, for everybody and without a key."""

from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.concurrency import run_in_threadpool

from api import openapi_files, suggest
from api.open_data import answers
from api.open_data import manifest as manifests
from api.open_data.catalogue import Catalogue
from api.open_data.manifest import File, Manifest
from api.open_data.pages import data_set_page, index_page
from api.open_data.plan import NoCityError, Plan
from api.open_data.rdf import bounds, turtle
from api.open_data.state import Published
from api.open_data.store import StoreError
from api.open_data.words import Language
from api.openapi import example
from api.problems import RETRY_LATER, Problem
from api.queries import open_data as queries
from api.schemas import open_data as schemas

router = APIRouter(prefix="/open", tags=["open data"])

_JSON_LD: Final = "application/ld+json"

Code = Annotated[
    str,
    Path(max_length=100, description="Code of the data set.", openapi_examples={"air": {"value": "air"}}),
]
FileName = Annotated[
    str,
    Path(
        max_length=100,
        description="Name of the file, as the manifest has it.",
        openapi_examples={"month": {"value": "air_2026-10_v1.csv"}},
    ),
]
MonthName = Annotated[
    str,
    Path(max_length=100, description="A published month.", openapi_examples={"month": {"value": "2026-10"}}),
]
Lang = Annotated[Language | None, Query(description="vi or en; else Accept-Language decides.")]


@router.get(
    "/",
    operation_id="getOpenDataPage",
    summary="Open data, for people",
    response_class=Response,
    responses=openapi_files.page(HTMLResponse.media_type),
)
async def get_index(request: Request, lang: Lang = None) -> Response:
    """A page with every data set, in Vietnamese or English."""
    catalogue, language = await _catalogue(request), _language(request, lang)
    return answers.page(request, index_page(catalogue, language), language)


@router.get("", include_in_schema=False)
async def get_index_without_slash() -> Response:
    """The same, for whoever leaves the slash out."""
    return RedirectResponse("open/", status_code=308)


@router.get("/style.css", include_in_schema=False)
async def get_style(request: Request) -> Response:
    """How the pages look."""
    return answers.tagged(request, answers.STYLE, "text/css; charset=utf-8")


@router.get(
    "/catalog",
    operation_id="getOpenDataCatalogue",
    summary="The catalogue, as Accept asks for it",
    status_code=303,
    response_class=Response,
    responses=openapi_files.leads("The catalogue in the form that was asked for."),
)
async def get_catalog(request: Request) -> Response:
    """The catalogue in the form that is asked for: Turtle, JSON-LD, or the page."""
    accepted = request.headers.get("accept", "")
    forms = {"text/turtle": "catalog.ttl", "text/html": "./"}
    form = next((place for media_type, place in forms.items() if media_type in accepted), "catalog.jsonld")
    return RedirectResponse(form, status_code=303, headers={"Vary": "Accept"})


@router.get(
    "/catalog.jsonld",
    operation_id="getOpenDataCatalogueAsJsonLd",
    summary="The catalogue as JSON-LD",
    response_class=Response,
    responses=example(schemas.CATALOGUE, _JSON_LD, schema="OpenDataCatalogue"),
)
async def get_catalog_jsonld(request: Request) -> Response:
    """Every published month as DCAT-AP 3, for portals that harvest it."""
    document = (await _catalogue(request)).document()
    return answers.tagged(request, msgspec.json.encode(document), _JSON_LD)


@router.get(
    "/catalog.ttl",
    operation_id="getOpenDataCatalogueAsTurtle",
    summary="The catalogue as Turtle",
    response_class=Response,
    responses=openapi_files.page("text/turtle"),
)
async def get_catalog_turtle(request: Request) -> Response:
    """The same as the JSON-LD, for those who read RDF."""
    document = (await _catalogue(request)).document()
    return answers.tagged(request, await run_in_threadpool(turtle, document), "text/turtle; charset=utf-8")


@router.get(
    f"/files/{{code}}/{manifests.NAME}",
    operation_id="getOpenDataManifest",
    summary="What is published of a data set",
    response_class=Response,
    responses=example(schemas.MANIFEST, schema="OpenDataManifest"),
)
async def get_manifest(request: Request, code: Code) -> Response:
    """Every version of every month, with the reason for it, sizes and SHA-256 of its files."""
    return answers.tagged(request, manifests.encode(await _manifest(request, code)), "application/json")


@router.get(
    "/files/{code}/{name}",
    operation_id="getOpenDataFile",
    summary="A published file",
    response_class=Response,
    responses={
        **openapi_files.files(schemas.PLACES),
        206: {"description": "The part that `Range` asks for (RFC 9110, 14)."},
    },
)
async def get_file(request: Request, code: Code, name: FileName) -> Response:
    """A month as CSV, its metadata (CSV on the Web) or Parquet, or a part of it; it never changes."""
    published, manifest = _published(request), await _manifest(request, code)
    # Only what a manifest names is looked for in the store.
    found = manifest.find(name)
    if found is None:
        near = suggest.nearest(name, {f.name: () for f in _current_files(manifest)})
        raise Problem(
            "not-found",
            f"data set {code} has no file {name[:100]!r}: see its manifest.json",
            did_you_mean=near,
        )
    return answers.file(request, published.store, code, *found)


@router.get(
    "/{code}",
    operation_id="getOpenDataSetPage",
    summary="A data set, for people",
    response_class=Response,
    responses=openapi_files.page(HTMLResponse.media_type),
)
async def get_data_set(request: Request, code: Code, lang: Lang = None) -> Response:
    """A page that tells what a data set holds, its files with checksums, its schema, and how to cite it."""
    await _manifest(request, code)
    catalogue, language = await _catalogue(request), _language(request, lang)
    return answers.page(request, data_set_page(catalogue, code, language), language)


@router.get(
    "/{code}/{month}",
    operation_id="getOpenDataMonth",
    summary="A published month",
    status_code=303,
    response_class=Response,
    responses=openapi_files.leads("The place of the month on its data set's page."),
)
async def get_month(request: Request, code: Code, month: MonthName) -> Response:
    """The name that a month has in the catalogue: it leads to its place on the data set's page."""
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


def _language(request: Request, lang: Language | None) -> Language:
    """Return the language asked for; the city's own where none is."""
    if lang is not None:
        return lang
    first = request.headers.get("accept-language", "").strip().lower()
    return Language.EN if first.startswith("en") else Language.VI
