"""/v1/datastreams/{id}/observations and /v1/observations."""

from typing import Annotated, Any, Final

import msgspec
import pyarrow as pa
from fastapi import APIRouter, Query, Request, Response
from psycopg import AsyncConnection

from api import downsample, pages, series
from api.answers import request_pool, table_answer
from api.openapi import example
from api.parameters import Areas, Connection, require_known, split_codes
from api.problems import Problem, invalid
from api.queries import Row
from api.queries import observations as queries
from api.queries.observations import Span, StreamFilter
from api.routers.things import DatastreamId
from api.schemas import observations as schemas
from api.selection import Selected, Selection
from api.series import Reading
from api.tables import observations as tables
from storage.observations import to_datetime, to_microseconds

router = APIRouter(prefix="/v1", tags=["observations"])

#: datastreams of one answer, and of one chart
MOST_STREAMS: Final = 1_000
_MOST_DRAWN: Final = 50
#: observations that one answer may be made of
MOST_OBSERVATIONS: Final = 20_000_000
_NARROWER = "a shorter period, fewer datastreams, rollup=hour or day, or an export: POST /v1/exports"

Things = Annotated[
    list[str] | None,
    Query(
        alias="thing",
        description="Only of these things: repeat the parameter, or separate codes by commas.",
        openapi_examples={"thing": {"value": "ha-long-air-1"}},
    ),
]
Properties = Annotated[
    list[str] | None,
    Query(
        alias="property",
        description="Only of these observed properties: repeat the parameter, or separate codes by commas.",
        openapi_examples={"property": {"value": "pm2_5"}},
    ),
]
Datastreams = Annotated[
    list[int] | None, Query(alias="datastream", description="Only these datastreams: repeat the parameter.")
]
Answer = schemas.RawSeries | schemas.SummedSeries | schemas.SampledSeries


@router.get(
    "/datastreams/{id}/observations",  # noqa: FAST003  (alias of `number`)
    operation_id="listObservationsOfDatastream",
    summary="Observations of a datastream",
    response_model=Answer,
    responses=example(schemas.RAW, table=(tables.RAW, [schemas.RAW_ROW])),
)
async def list_of_datastream(
    *, request: Request, conn: Connection, selected: Selected, number: DatastreamId
) -> Response:
    """Values as measured, by hour or day, or as a chart's points, in `from` <= time < `to`; else a day."""
    span = _span(request, selected)
    found = await queries.streams(conn, StreamFilter(ids=_in_range([number])), span, MOST_STREAMS)
    if not found:
        raise Problem("not-found", f"there is no datastream {number}: /v1/datastreams lists them")
    return await _answer(request, conn, Reading(found, span, selected.rollup.value), selected)


@router.get(
    "/observations",
    operation_id="listObservations",
    summary="Observations of things, areas and properties",
    response_model=Answer,
    responses=example(schemas.BY_HOUR, table=(tables.RAW, [schemas.RAW_ROW])),
)
async def list_observations(
    *,
    request: Request,
    conn: Connection,
    selected: Selected,
    datastream: Datastreams = None,
    thing: Things = None,
    area: Areas = None,
    prop: Properties = None,
) -> Response:
    """The same for many datastreams, named by what they belong to; by datastream, then by time."""
    chosen = StreamFilter(datastream, split_codes(thing), split_codes(prop), split_codes(area))
    span = _span(request, selected)
    reading = Reading(await find_streams(conn, chosen, span), span, selected.rollup.value)
    return await _answer(request, conn, reading, selected)


def _span(request: Request, selected: Selection) -> Span:
    return Span(selected.period.start, selected.period.end, request.app.state.settings.zone)


async def find_streams(conn: AsyncConnection[Any], chosen: StreamFilter, span: Span) -> list[Row]:
    """Return datastreams by id with their places in a period, as api.queries.observations.streams.

    Raises:
        Problem: 422 for a code that does not exist, nothing to choose by, or too many; 404 for none.
    """
    if not any(chosen):
        raise invalid(
            "thing", None, "it is not said whose observations", "thing, area, property or datastream"
        )
    ids = chosen.ids and _in_range(chosen.ids)
    found = await queries.streams(conn, chosen._replace(ids=ids), span, MOST_STREAMS + 1)
    await _require_all(conn, chosen, found)
    if not found:
        where = f"/v1/things/{chosen.things[0]}" if chosen.things else "/v1/datastreams"
        raise Problem("not-found", f"{_words(chosen)}: nothing measures that; {where} lists what is measured")
    if len(found) > MOST_STREAMS:
        raise invalid("area", _words(chosen), f"that is more than {MOST_STREAMS:,} datastreams", _NARROWER)
    return found


async def _require_all(conn: AsyncConnection[Any], chosen: StreamFilter, found: list[Row]) -> None:
    """Refuse codes that do not exist: a misspelt one must not pass unseen beside right ones."""
    things = set(chosen.things or ()) - {each["thing"] for each in found}
    properties = set(chosen.properties or ()) - {each["observed_property"] for each in found}
    await require_known(conn, "thing", "thing", *sorted(things))
    await require_known(conn, "observed property", "property", *sorted(properties))
    await require_known(conn, "area", "area", *chosen.areas or ())
    if missing := set(chosen.ids or ()) - {each["id"] for each in found}:
        text = f"there is no such datastream {min(missing)}"
        raise invalid("datastream", min(missing), text, "ids of datastreams, of what else is chosen")


def _in_range(ids: list[int]) -> list[int]:
    return [each for each in ids if 0 < each < 2**31]


def _words(chosen: StreamFilter) -> str:
    named = zip(("datastream", "thing", "property", "area"), chosen, strict=True)
    return ", ".join(f"{name}={','.join(map(str, codes))}" for name, codes in named if codes)[:200]


async def _answer(
    request: Request, conn: AsyncConnection[Any], reading: Reading, selected: Selection
) -> Response:
    if selected.points is not None:
        return await _points(request, conn, reading, selected)
    if selected.wanted.is_file:
        _require_bounded(reading)
        batches = series.batches(request_pool(request), reading, conn)
        table = tables.TABLES[reading.rollup]
        return await table_answer(table, selected.wanted, batches, name=_name(reading), about=_about(reading))
    return await _page(request, conn, reading, selected)


async def _page(
    request: Request, conn: AsyncConnection[Any], reading: Reading, selected: Selection
) -> Response:
    key = pages.decode_cursor(selected.cursor, schemas.Key)
    after = (key[0], to_datetime(key[1])) if key else None
    batch = await series.page(conn, reading, after, selected.limit + 1)
    shown = batch.slice(0, selected.limit)
    following = None
    if len(batch) > selected.limit:
        number, time = series.key_of_last(shown)
        cursor = pages.encode_cursor([number, to_microseconds(time)])
        following = pages.next_address(request.url, request.query_params, cursor)
    body = _head(reading) | {"items": tables.items(shown), "next": following}
    return _json(body, {"Link": f'<{following}>; rel="next"'} if following else {})


async def _points(
    request: Request, conn: AsyncConnection[Any], reading: Reading, selected: Selection
) -> Response:
    number = selected.points or downsample.FEWEST
    if len(reading.streams) > _MOST_DRAWN:
        text = f"{len(reading.streams):,} datastreams are more than a chart's {_MOST_DRAWN}"
        raise invalid("points", number, text, "a thing or a property, or leave points out")
    _require_bounded(reading)
    batches = series.points(request_pool(request), reading, number, selected.method, conn)
    drawn_from = series.drawn_from(reading, selected.method)
    about = {"points": str(number), "method": selected.method.value, "drawn_from": drawn_from}
    if selected.wanted.is_file:
        told = _about(reading) | about
        return await table_answer(tables.SAMPLED, selected.wanted, batches, name=_name(reading), about=told)
    drawn = pa.Table.from_batches([batch async for batch in batches]).combine_chunks().to_batches()
    items = tables.items(drawn[0]) if drawn else []
    return _json(_head(reading) | about | {"points": number, "items": items, "next": None}, {})


def _require_bounded(reading: Reading) -> None:
    if reading.expected > MOST_OBSERVATIONS:
        asked = f"that is about {reading.expected:,} observations, more than {MOST_OBSERVATIONS:,} at once"
        raise invalid("from", reading.span.start, asked, _NARROWER)


def _head(reading: Reading) -> Row:
    shown = [{name: each[name] for name in schemas.STREAM} for each in reading.streams]
    return {
        "datastream": shown[0] if len(shown) == 1 else None,
        "datastreams": shown,
        "from": reading.span.start,
        "to": reading.span.end,
        "rollup": reading.rollup,
    }


def _about(reading: Reading) -> dict[str, str]:
    start, end = (each.isoformat() for each in (reading.span.start, reading.span.end))
    return {"source": "halong", "from": start, "to": end, "rollup": reading.rollup}


def _name(reading: Reading) -> str:
    first = reading.streams[0]
    one = len(reading.streams) == 1
    return f"{first['thing']}-{first['observed_property']}" if one else "observations"


def _json(body: Row, headers: dict[str, str]) -> Response:
    return Response(msgspec.json.encode(body), media_type="application/json", headers=headers)
