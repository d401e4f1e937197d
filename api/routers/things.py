"""/v1/things, /v1/datastreams, /v1/observed-properties, /v1/latest."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from psycopg import AsyncConnection

from api import pages
from api.answers import by_key, request_pool, table_answer
from api.links import page
from api.negotiation import PlacedFormat
from api.openapi import example
from api.parameters import (
    AreaFilter,
    Connection,
    Cursor,
    GatewayFilter,
    Limit,
    PropertyFilter,
    Searched,
    StoodAt,
    ThingFilter,
    not_found,
    now,
    require_known,
)
from api.problems import Problem
from api.queries import Row
from api.queries import things as queries
from api.schemas import registry as schemas
from api.schemas.common import Page, page_of
from api.tables.registry import LATEST, THINGS, latest_row, thing_row
from api.tagged import Tagged

router = APIRouter(prefix="/v1", tags=["things"])

_POINT = {"longitude": 107.046, "latitude": 20.961}

ThingCode = Annotated[
    str, Path(description="Code of the thing.", openapi_examples={"thing": {"value": "ha-long-air-1"}})
]
ThingKind = Annotated[str | None, Query(description="Only this kind, for example `air_station`.")]
DeviceKind = Annotated[str | None, Query(description="Only what this kind of device measures.")]
DatastreamId = Annotated[
    int,
    Path(alias="id", ge=1, description="Number of the datastream.", openapi_examples={"id": {"value": 1}}),
]


async def _chosen(
    conn: Connection,
    thing: ThingFilter = None,
    observed_property: PropertyFilter = None,
    area: AreaFilter = None,
    *,
    tags: Tagged,
) -> queries.DatastreamFilter:
    await require_known(conn, "thing", "thing", thing)
    await require_known(conn, "observed property", "property", observed_property)
    await require_known(conn, "area", "area", area)
    return queries.DatastreamFilter(thing, observed_property, area, tags)


Chosen = Annotated[queries.DatastreamFilter, Depends(_chosen)]


@router.get(
    "/things",
    operation_id="listThings",
    summary="Devices",
    response_model=Page[schemas.Thing],
    responses=example(page_of(schemas.THING), table=(THINGS, [thing_row(schemas.THING)])),
)
async def list_things(
    *,
    request: Request,
    response: Response,
    conn: Connection,
    wanted: PlacedFormat,
    area: AreaFilter = None,
    gateway: GatewayFilter = None,
    kind: ThingKind = None,
    q: Searched,
    tags: Tagged,
    at: StoodAt,
    limit: Limit = pages.DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Any:
    """Devices by code, with where they stood at an instant."""
    after = pages.decode_cursor(cursor, str)
    await require_known(conn, "area", "area", area)
    await require_known(conn, "gateway", "gateway", gateway)

    async def read(conn: AsyncConnection[Any], after: str | None, limit: int) -> list[Row]:
        chosen: dict[str, Any] = {
            "area": area,
            "gateway": gateway,
            "kind": kind,
            "q": q,
            "tags": tags,
            "at": at,
        }
        return await queries.things(conn, **chosen, after=after, limit=limit)

    if wanted.is_file:

        async def fetch(conn: AsyncConnection[Any], last: Row | None, limit: int) -> list[Row]:
            return [thing_row(row) for row in await read(conn, last["code"] if last else None, limit)]

        return await table_answer(
            THINGS, wanted, by_key(request_pool(request), THINGS, fetch, conn), name="things"
        )
    return page(request, response, await read(conn, after, limit + 1), limit, "code")


@router.get(
    "/things/{code}",
    operation_id="getThing",
    summary="One device",
    response_model=schemas.ThingDetail,
    responses=example(schemas.THING_DETAIL),
)
async def get_thing(code: ThingCode, conn: Connection) -> Any:
    """A device with its datastreams and the newest observation of each."""
    found = None if "\0" in code else await queries.thing(conn, code, now())
    if found is None:
        raise await not_found(conn, "thing", code)
    streams = await queries.datastreams_of(conn, found["id"])
    return found | {"datastreams": [_with_latest(row) for row in streams]}


@router.get(
    "/datastreams",
    operation_id="listDatastreams",
    summary="What devices measure",
    response_model=Page[schemas.Datastream],
    responses=example(page_of(schemas.DATASTREAM)),
)
async def list_datastreams(
    *,
    request: Request,
    response: Response,
    conn: Connection,
    chosen: Chosen,
    limit: Limit = pages.DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Any:
    """Datastreams (one thing, one observed property) by number."""
    after = pages.decode_cursor(cursor, int)
    rows = await queries.datastreams(conn, chosen, after=after, limit=limit + 1)
    return page(request, response, rows, limit, "id")


@router.get(
    "/datastreams/{id}",  # noqa: FAST003  (alias of `number`)
    operation_id="getDatastream",
    summary="One datastream",
    response_model=schemas.Datastream,
    responses=example(schemas.DATASTREAM),
)
async def get_datastream(conn: Connection, number: DatastreamId) -> Any:
    """What a thing measures, how often, and in which unit."""
    found = await queries.datastream(conn, number)
    if found is None:
        raise Problem("not-found", f"there is no datastream {number}: /v1/datastreams lists them")
    return found


@router.get(
    "/observed-properties",
    operation_id="listObservedProperties",
    summary="What can be measured",
    response_model=Page[schemas.ObservedProperty],
    responses=example(page_of(schemas.PROPERTY)),
)
async def list_observed_properties(
    *,
    request: Request,
    response: Response,
    conn: Connection,
    device_kind: DeviceKind = None,
    limit: Limit = pages.DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Any:
    """Observed properties with unit and physical limits, by code."""
    after = pages.decode_cursor(cursor, str)
    rows = await queries.observed_properties(conn, device_kind=device_kind, after=after, limit=limit + 1)
    return page(request, response, rows, limit, "code")


@router.get(
    "/latest",
    operation_id="listLatestObservations",
    summary="Newest observations",
    response_model=Page[schemas.Latest],
    responses=example(page_of(schemas.LATEST), table=(LATEST, [schemas.LATEST | _POINT])),
)
async def list_latest(
    *,
    request: Request,
    response: Response,
    conn: Connection,
    chosen: Chosen,
    wanted: PlacedFormat,
    limit: Limit = pages.DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Any:
    """The newest observation of each datastream that has one, by datastream number."""
    after = pages.decode_cursor(cursor, int)
    if wanted.is_file:

        async def fetch(conn: AsyncConnection[Any], last: Row | None, limit: int) -> list[Row]:
            number = last["datastream_id"] if last else None
            return [latest_row(row) for row in await queries.latest(conn, chosen, after=number, limit=limit)]

        return await table_answer(
            LATEST, wanted, by_key(request_pool(request), LATEST, fetch, conn), name="latest"
        )
    rows = await queries.latest(conn, chosen, after=after, limit=limit + 1)
    return page(request, response, rows, limit, "datastream_id")


def _with_latest(row: Row) -> Row:
    latest = {name: row[name] for name in ("time", "value", "quality")}
    return row | {"latest": latest if row["time"] is not None else None}
