"""/v1/indicators and their values."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from psycopg import AsyncConnection

from analytics.steps import Step
from api import pages
from api.links import page
from api.openapi import example
from api.parameters import (
    Areas,
    AsCsv,
    AsOf,
    Connection,
    Cursor,
    Indicators,
    Level,
    not_found,
    now,
    period,
    require_known,
    split_codes,
)
from api.queries import Row
from api.queries import indicators as queries
from api.schemas import series as schemas
from api.schemas.common import Page, page_of
from api.streams import csv_answer
from api.times import Period

router = APIRouter(prefix="/v1", tags=["indicators"])

_COLUMNS = (
    "indicator", "area", "area_name_en", "area_name_vi", "time", "period_start", "period_end", "day", "label",
    "value", "unit", "category", "category_name_en", "category_name_vi", "completeness", "reason", "version",
    "revision", "computed_at",
)  # fmt: skip
_CSV = (
    ",".join(_COLUMNS) + "\r\nvn_aqi_h,193,Ha Long City,Thành phố Hạ Long,2026-11-22T00:00:00Z,"
    "2026-11-21T13:00:00Z,2026-11-22T01:00:00Z,2026-11-22,08:00,"
    "62,1,moderate,Moderate,Trung bình,0.98,,1,1,2026-11-22T01:02:00Z\r\n"
)

#: what of a declaration stands beside the columns of the catalogue, and what a catalogue without it has
_UNDECLARED: Row = {"inputs": [], "of": [], "categories": [], "crosswalk": [], "source": None}
_DECLARED = ("description", "description_vi", *_UNDECLARED)

Code = Annotated[
    str, Path(description="Code of the indicator.", openapi_examples={"indicator": {"value": "vn_aqi_h"}})
]
Limit = Annotated[
    int, Query(ge=1, le=pages.MAX_LIMIT, description="Rows in a page; CSV gives the whole period.")
]


@router.get(
    "/indicators",
    operation_id="listIndicators",
    summary="Indicators",
    response_model=Page[schemas.Indicator],
    responses=example(page_of(schemas.INDICATOR)),
)
async def list_indicators(conn: Connection) -> Any:
    """Every indicator with its unit, source and clause, inputs and classes, by code; always one page."""
    return {"items": [_declared(row) for row in await queries.indicators(conn)]}


@router.get(
    "/indicators/{code}",
    operation_id="getIndicator",
    summary="One indicator",
    response_model=schemas.Indicator,
    responses=example(schemas.INDICATOR),
)
async def get_indicator(code: Code, conn: Connection) -> Any:
    """How an indicator is computed, from what, and by which rule."""
    return _declared(await _find(conn, code))


@router.get(
    "/indicators/values/latest",
    operation_id="listLatestIndicatorValues",
    summary="Newest values of all indicators",
    response_model=Page[schemas.IndicatorValue],
    responses=example(page_of(schemas.VALUE)),
)
async def list_latest(
    *,
    request: Request,
    response: Response,
    conn: Connection,
    indicator: Indicators = None,
    area: Areas = None,
    level: Level = None,
    limit: Limit = 1000,
    cursor: Cursor = None,
) -> Any:
    """The newest value of every indicator in every area that has one, by indicator and area."""
    after, areas = pages.decode_cursor(cursor, tuple[str, int]), split_codes(area)
    chosen = split_codes(indicator)
    await require_known(conn, "indicator", "indicator", *chosen or ())
    await require_known(conn, "area", "area", *areas or ())
    rows = await queries.latest(conn, chosen=chosen, areas=areas, level=level, after=after, limit=limit + 1)
    declared = {row["code"]: _declared(row) for row in await queries.indicators(conn)}
    zone = request.app.state.settings.zone
    shown = [_value(row, declared[row["indicator"]], zone) for row in rows]
    return page(request, response, shown, limit, "indicator", "area_id")


@dataclass(frozen=True)
class Selection:
    """Which values a client asked for, and the zone in which their steps are cut."""

    zone: ZoneInfo
    period: Period
    areas: list[str] | None
    level: str | None
    as_of: datetime | None
    limit: int
    cursor: str | None


def selection(
    *,
    request: Request,
    span: Annotated[Period, Depends(period(timedelta(days=1)))],
    as_of: AsOf,
    area: Areas = None,
    level: Level = None,
    limit: Limit = pages.DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Selection:
    """Read the parameters that select values."""
    zone = request.app.state.settings.zone
    return Selection(zone, span, split_codes(area), level, as_of, limit, cursor)


@router.get(
    "/indicators/{code}/values",
    operation_id="listIndicatorValues",
    summary="Values of an indicator",
    response_model=schemas.IndicatorValues,
    responses=example(schemas.VALUES, csv=_CSV),
)
async def list_values(
    *,
    request: Request,
    response: Response,
    conn: Connection,
    code: Code,
    as_csv: AsCsv,
    selected: Annotated[Selection, Depends(selection)],
) -> Any:
    """Values of steps that start in `from` <= time < `to`, by area, then by time; default: the last day."""
    declared = _declared(await _find(conn, code))
    await require_known(conn, "area", "area", *selected.areas or ())
    if as_csv:
        return await _csv(request, declared, selected)
    after = pages.decode_cursor(selected.cursor, tuple[int, datetime])
    rows = await _read(conn, declared, selected, after, selected.limit + 1)
    head = {"indicator": declared, "as_of": selected.as_of}
    head |= {"start": selected.period.start, "end": selected.period.end}
    return head | page(request, response, rows, selected.limit, "area_id", "time")


async def _csv(request: Request, declared: Row, selected: Selection) -> Response:
    # One instant for all chunks: a revision written meanwhile must not mix two states.
    fixed = replace(selected, as_of=selected.as_of or now())

    async def fetch(conn: AsyncConnection[Any], last: Row | None, limit: int) -> list[Row]:
        after = (last["area_id"], last["time"]) if last else None
        return [_flat(row) for row in await _read(conn, declared, fixed, after, limit)]

    return await csv_answer(request, declared["code"], _COLUMNS, fetch)


async def _read(
    conn: AsyncConnection[Any],
    declared: Row,
    selected: Selection,
    after: tuple[int, datetime] | None,
    limit: int,
) -> list[Row]:
    rows = await queries.values(
        conn,
        declared["code"],
        selected.period.start,
        selected.period.end,
        areas=selected.areas,
        level=selected.level,
        as_of=selected.as_of,
        after=after,
        limit=limit,
    )
    return [_value(row, declared, selected.zone) for row in rows]


async def _find(conn: AsyncConnection[Any], code: str) -> Row:
    found = None if "\0" in code else await queries.indicator(conn, code)
    if found is None:
        raise await not_found(conn, "indicator", code)
    return found


def _declared(row: Row) -> Row:
    declaration: Row = row["declaration"]
    shown = {name: declaration[name] for name in _DECLARED if name in declaration}
    return row | _UNDECLARED | shown | {"period": Step.lasting(row["step_s"]).iso}


def _value(row: Row, declared: Row, zone: ZoneInfo) -> Row:
    """Return a value with its unit, the period that it stands for, and its class in words and colour."""
    step, start = Step.lasting(declared["step_s"]), row["time"]
    classes = {each["code"]: each for each in declared["categories"]}
    return row | {
        "unit": declared["unit"],
        "period_start": step.inputs_from(start, timedelta(seconds=declared["window_s"])),
        "period_end": step.after(start, zone),
        "day": step.day(start, zone),
        "label": step.label(start, zone),
        "category": classes.get(row["category"]),
    }


def _flat(row: Row) -> Row:
    category = row["category"] or {}
    return row | {
        "category": category.get("code"),
        "category_name_en": category.get("name_en"),
        "category_name_vi": category.get("name_vi"),
    }
