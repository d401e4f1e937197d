"""/v1/datastreams/{id}/observations and /v1/observations."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from psycopg import AsyncConnection

from analytics.quality import names
from api import pages
from api.answers import by_key, request_pool, table_answer
from api.links import page
from api.negotiation import PlacedFormat, Wanted
from api.openapi import example
from api.parameters import Connection, Cursor, period, require_known
from api.periods import Period
from api.problems import Problem
from api.queries import Row, things
from api.queries import observations as queries
from api.routers.things import DatastreamId, find_datastream
from api.schemas import series as schemas
from api.tables.observations import HOURLY, RAW
from devices.model import Quality

router = APIRouter(prefix="/v1", tags=["observations"])

_DAY = timedelta(days=1)


class Rollup(StrEnum):
    """How observations are summed up."""

    NONE = "none"
    HOUR = "hour"


@dataclass(frozen=True)
class Selection:
    """What a client asked of one datastream."""

    period: Period
    rollup: Rollup
    limit: int
    cursor: str | None
    wanted: Wanted


def selection(
    *,
    span: Annotated[Period, Depends(period(_DAY))],
    wanted: PlacedFormat,
    rollup: Annotated[Rollup, Query(description="`hour`: one row for each UTC hour.")] = Rollup.NONE,
    limit: Annotated[
        int,
        Query(
            ge=1,
            le=pages.MAX_LIMIT,
            description="Rows in a page of JSON; files give the whole period.",
        ),
    ] = pages.DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Selection:
    """Read the parameters that both paths share."""
    return Selection(span, rollup, limit, cursor, wanted)


Selected = Annotated[Selection, Depends(selection)]
Answer = schemas.RawSeries | schemas.HourlySeries


@router.get(
    "/datastreams/{id}/observations",  # noqa: FAST003  (alias of `number`)
    operation_id="listObservationsOfDatastream",
    summary="Observations of a datastream",
    response_model=Answer,
    responses=example(schemas.RAW_SERIES, table=(RAW, [schemas.RAW_ROW])),
)
async def list_of_datastream(
    *,
    request: Request,
    response: Response,
    conn: Connection,
    selected: Selected,
    number: DatastreamId,
) -> Any:
    """Values as measured, or by hour, in `from` <= time < `to`, by time; the last day by default."""
    return await _answer(request, response, conn, await find_datastream(conn, number), selected)


@router.get(
    "/observations",
    operation_id="listObservations",
    summary="Observations of a thing and property",
    response_model=Answer,
    responses=example(schemas.HOURLY_SERIES, table=(HOURLY, [schemas.HOURLY_ROW])),
)
async def list_observations(
    *,
    request: Request,
    response: Response,
    conn: Connection,
    selected: Selected,
    thing: Annotated[
        str, Query(description="Code of the thing.", openapi_examples={"thing": {"value": "aq-017"}})
    ],
    prop: Annotated[
        str,
        Query(
            alias="property",
            description="Code of the observed property.",
            openapi_examples={"property": {"value": "pm2_5"}},
        ),
    ],
) -> Any:
    """The same as for a datastream, named by its thing and its observed property."""
    await require_known(conn, "thing", "thing", thing)
    await require_known(conn, "observed property", "property", prop)
    found = await things.datastream_of(conn, thing, prop)
    if found is None:
        raise Problem("not-found", f"{thing} does not measure {prop}: /v1/things/{thing} lists what it does")
    return await _answer(request, response, conn, found, selected)


async def _answer(
    request: Request, response: Response, conn: AsyncConnection[Any], datastream: Row, selected: Selection
) -> Any:
    if selected.wanted.is_file:
        return await _file(request, datastream, selected)
    after = pages.decode_cursor(selected.cursor, datetime)
    rows = await _read(conn, datastream["id"], selected, after, selected.limit + 1)
    head = {"datastream": datastream, "start": selected.period.start, "end": selected.period.end}
    body = page(request, response, rows, selected.limit, "time")
    return head | {"rollup": selected.rollup.value} | body


async def _file(request: Request, datastream: Row, selected: Selection) -> Response:
    whose = datastream | {"datastream": datastream["id"], "property": datastream["observed_property"]}

    async def fetch(conn: AsyncConnection[Any], last: Row | None, limit: int) -> list[Row]:
        rows = await _read(conn, datastream["id"], selected, last["time"] if last else None, limit)
        return [whose | _named(row) for row in rows]

    table = HOURLY if selected.rollup is Rollup.HOUR else RAW
    name = f"{datastream['thing']}-{datastream['observed_property']}"
    about = {"from": str(selected.period.start), "to": str(selected.period.end)}
    batches = by_key(request_pool(request), table, fetch)
    return await table_answer(table, selected.wanted, batches, name=name, about=about)


async def _read(
    conn: AsyncConnection[Any], datastream: int, selected: Selection, after: datetime | None, limit: int
) -> list[Row]:
    query = queries.hourly if selected.rollup is Rollup.HOUR else queries.raw
    span = selected.period
    return await query(conn, datastream, span.start, span.end, after=after, limit=limit)


def _named(row: Row) -> Row:
    if "quality" not in row:
        return row
    return row | {"quality": Quality(row["quality"]).name.lower(), "flags": " ".join(names(row["flags"]))}
