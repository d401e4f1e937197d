"""/v1/areas."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from psycopg import AsyncConnection

from api import pages
from api.answers import by_key, request_pool, table_answer
from api.links import page
from api.negotiation import PlacedFormat
from api.openapi import example
from api.parameters import At, Connection, Cursor, Level, Limit, Searched, not_found, require_known
from api.problems import Problem
from api.queries import Row
from api.queries import areas as queries
from api.schemas import registry as schemas
from api.schemas.common import Page, page_of
from api.tables.registry import AREAS, area_row

router = APIRouter(prefix="/v1", tags=["areas"])

_GEOJSON = "application/geo+json"

Parent = Annotated[str | None, Query(description="Only areas directly below this one.")]
Reporting = Annotated[bool | None, Query(description="Only areas for which indicators are (not) computed.")]
Boundaries = Annotated[bool, Query(description="With each boundary as GeoJSON.")]
Code = Annotated[str, Path(description="Code of the area.", openapi_examples={"area": {"value": "193"}})]


@router.get(
    "/areas",
    operation_id="listAreas",
    summary="Administrative units",
    response_model=Page[schemas.Area],
    responses=example(page_of(schemas.AREA), table=(AREAS, [area_row(schemas.AREA)])),
)
async def list_areas(
    *,
    request: Request,
    response: Response,
    conn: Connection,
    at: At,
    wanted: PlacedFormat,
    level: Level = None,
    parent: Parent = None,
    reporting: Reporting = None,
    q: Searched,
    boundaries: Boundaries = False,
    limit: Limit = pages.DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Any:
    """Provinces, districts and communes of every generation, by code; `at` selects those of one day."""
    after = pages.decode_cursor(cursor, tuple[str, int])
    await require_known(conn, "area", "parent", parent)

    async def read(conn: AsyncConnection[Any], key: tuple[str, int] | None, count: int) -> list[Row]:
        return await queries.areas(
            conn,
            level=level,
            parent=parent,
            reporting=reporting,
            at=at,
            boundaries=boundaries or wanted.is_file,
            q=q,
            after=key,
            limit=count,
        )

    async def fetch(conn: AsyncConnection[Any], last: Row | None, count: int) -> list[Row]:
        key = (last["code"], last["id"]) if last else None
        return [area_row(row) for row in await read(conn, key, count)]

    if wanted.is_file:
        return await table_answer(
            AREAS, wanted, by_key(request_pool(request), AREAS, fetch, conn), name="areas"
        )
    return page(request, response, await read(conn, after, limit + 1), limit, "code", "id")


@router.get(
    "/areas.geojson",
    operation_id="listAreasAsGeoJson",
    summary="Administrative units as a map",
    response_class=Response,
    response_model=schemas.AreaFeatures,
    responses=example(schemas.FEATURES, _GEOJSON, schema="AreaFeatures"),
)
async def list_areas_as_geojson(
    *,
    conn: Connection,
    at: At,
    level: Level = None,
    parent: Parent = None,
    reporting: Reporting = None,
) -> Response:
    """All areas with their boundaries as one GeoJSON feature collection (RFC 7946), without pages."""
    await require_known(conn, "area", "parent", parent)
    rows = await queries.areas(
        conn,
        level=level,
        parent=parent,
        reporting=reporting,
        at=at,
        boundaries=True,
        limit=pages.MAX_LIMIT,
    )
    features = schemas.AreaFeatures(features=[_feature(row) for row in rows])
    return Response(features.model_dump_json(), media_type=_GEOJSON)


@router.get(
    "/areas/{code}",
    operation_id="getArea",
    summary="One administrative unit",
    response_model=schemas.AreaDetail,
    responses=example(schemas.AREA_DETAIL),
)
async def get_area(code: Code, conn: Connection, at: At) -> Any:
    """The unit in force on `at`, else the latest of this code, with what it came from and went into."""
    found = None if "\0" in code else await queries.area(conn, code, at)
    if found is not None:
        return found
    times = [] if "\0" in code else await queries.validity(conn, code)
    if not times:
        raise await not_found(conn, "area", code)
    spans = ", ".join(f"{row['valid_from']} to {row['valid_to'] or 'today'}" for row in times)
    raise Problem("not-found", f"area {code!r} was not in force on {at}: it is or was from {spans}")


def _feature(row: dict[str, Any]) -> schemas.AreaFeature:
    properties = schemas.Area.model_validate(row).model_dump(mode="json", exclude={"boundary"})
    return schemas.AreaFeature(id=row["code"], geometry=row["boundary"], properties=properties)
