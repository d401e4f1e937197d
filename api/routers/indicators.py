"""/v1/indicators and their values."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request

from api import questions, suggest
from api.layout import LaidOut
from api.openapi import example
from api.parameters import AskedPeriod, AsOf, Indicators, Searched
from api.problems import invalid
from api.questions import Placed
from api.schemas import series as schemas
from api.schemas import values as many
from api.schemas.common import Page, page_of
from api.tables.indicators import VALUES, value_row
from api.value_answers import Question, answer, latest_answer

router = APIRouter(prefix="/v1", tags=["indicators"])

_ROW = value_row(schemas.VALUE) | {"longitude": 107.0289, "latitude": 21.0904}

Code = Annotated[
    str, Path(description="Code of the indicator.", openapi_examples={"indicator": {"value": "vn_aqi_h"}})
]
SomeIndicators = Annotated[
    list[str],
    Query(
        alias="indicator",
        description="These indicators: repeat the parameter, or separate codes by commas.",
        openapi_examples={"two": {"value": "vn_aqi_h,rain_1h"}},
    ),
]


@router.get(
    "/indicators",
    operation_id="listIndicators",
    summary="Indicators",
    response_model=Page[schemas.Indicator],
    responses=example(page_of(schemas.INDICATOR)),
)
async def list_indicators(request: Request, q: Searched) -> Any:
    """Every indicator with its unit, source and clause, inputs and classes, by code; always one page."""
    known, _ = await request.app.state.registry.known()
    names = known.indicator_names
    found = [
        row for code, row in known.indicators.items() if q is None or suggest.holds(q, code, *names[code])
    ]
    return {"items": found}


@router.get(
    "/indicators/values",
    operation_id="listValues",
    summary="Values of several indicators",
    response_model=many.Values | many.CompactValues,
    responses=example(many.VALUES, table=(VALUES, [_ROW])),
)
async def list_values(
    *,
    request: Request,
    indicator: SomeIndicators,
    place: Placed,
    asked: AskedPeriod,
    as_of: AsOf,
    laid_out: LaidOut,
) -> Any:
    """Values of many indicators of many areas in one period, by indicator, area and time.

    An area that has no values of its own, such as a unit of 2025, is answered with those of the unit that it
    came from or went into: `derived_from` says so, and such a value's `stands_for`.
    """
    state = await request.app.state.registry.known()
    codes = questions.chosen_indicators(state[0], indicator)
    if codes is None:
        raise invalid("indicator", "", "there is no code in it", "one or more indicators' codes")
    question = Question(codes, place, asked, as_of, laid_out)
    return await answer(request, state, question)


@router.get(
    "/indicators/values/latest",
    operation_id="listLatestIndicatorValues",
    summary="Newest values of all indicators",
    response_model=many.LatestValues | many.CompactLatest,
    responses=example(page_of(schemas.VALUE) | {"derived_from": []}, table=(VALUES, [_ROW])),
)
async def list_latest(
    *,
    request: Request,
    place: Placed,
    indicator: Indicators = None,
    laid_out: LaidOut,
) -> Any:
    """The newest value of every indicator in every area that has one, by indicator and area.

    `fields=indicator,area,value,category` is what a map needs, at a tenth of the size.
    """
    state = await request.app.state.registry.known()
    codes = questions.chosen_indicators(state[0], indicator)
    return await latest_answer(request, state, codes, place, laid_out)


@router.get(
    "/indicators/{code}",
    operation_id="getIndicator",
    summary="One indicator",
    response_model=schemas.Indicator,
    responses=example(schemas.INDICATOR),
)
async def get_indicator(request: Request, code: Code) -> Any:
    """How an indicator is computed, from what, and by which rule."""
    known, _ = await request.app.state.registry.known()
    return questions.find_indicator(known, code)


@router.get(
    "/indicators/{code}/values",
    operation_id="listIndicatorValues",
    summary="Values of an indicator",
    response_model=schemas.IndicatorValues | many.CompactValues,
    responses=example(schemas.VALUES, table=(VALUES, [_ROW])),
)
async def list_values_of_one(
    *, request: Request, code: Code, place: Placed, asked: AskedPeriod, as_of: AsOf, laid_out: LaidOut
) -> Any:
    """Values of steps that start in `from` <= time < `to`, by area, then by time; default: the last day.

    Areas without values of their own are answered as at `/v1/indicators/values`.
    """
    state = await request.app.state.registry.known()
    questions.find_indicator(state[0], code)
    question = Question([code], place, asked, as_of, laid_out, is_of_one=True)
    return await answer(request, state, question)
