"""/v1/indicators/{code}/comparison and /ranking: what periods come to, side by side."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request

from api import comparing, period_values, questions
from api.fresh import Freshness, json_answer
from api.openapi import example
from api.parameters import AskedPeriod, AsOf
from api.period_values import Asking
from api.questions import Placed
from api.schemas import comparisons as schemas
from api.summaries import method

router = APIRouter(prefix="/v1", tags=["indicators"])

Code = Annotated[
    str, Path(description="Code of the indicator.", openapi_examples={"indicator": {"value": "pm2_5_d"}})
]
With = Annotated[
    str,
    Query(
        alias="with",
        description="`previous`: the period of the same length right before; `year`: the same dates a year "
        "earlier (of a week from Monday to Sunday the one 52 weeks earlier); or a period.",
        max_length=100,
    ),
]


@router.get(
    "/indicators/{code}/comparison",
    operation_id="compareIndicator",
    summary="A period beside an earlier one",
    response_model=schemas.Comparison,
    responses=example(schemas.COMPARISON),
)
async def compare(
    *, request: Request, code: Code, place: Placed, asked: AskedPeriod, as_of: AsOf, other: With = "previous"
) -> Any:
    """What a period comes to in each area, what an earlier one did, and the difference.

    Where an indicator has the periods as its steps (`pm2_5_month` for months of `pm2_5_d`), its values are
    compared. Else the steps are combined by the indicator's own rule for periods. An index has none: it is
    never averaged, and what is compared is how many steps fell into each class. `method` says which. An area
    of which nothing is stored is there with the reason.
    """
    known, counts = await request.app.state.registry.known()
    declared, zone = questions.find_indicator(known, code), request.app.state.settings.zone
    when = questions.when(asked, [declared["step_s"]], zone)
    before = questions.compared(other, when, zone)
    how = method(known, code, (when.period, before), zone)
    choice = await comparing.choose_areas(request, (known, counts), code, place, (when.period, before))
    series = comparing.told_of(known, code, place, choice)
    asking = Asking(code, how, [each.unit for each in series], as_of)
    found, earlier = [
        await period_values.read(request, known, asking, each) for each in (when.period, before)
    ]
    body = comparing.head(known, asking, zone) | {
        "period": comparing.told(when.period),
        "compared_with": comparing.told(before),
        "derived_from": comparing.derived(choice, known),
        "items": comparing.compared(known, how, series, found.summaries, earlier.summaries),
    }
    fresh = Freshness(counts, {code, how.indicator}, when.kind(as_of), when.until_of(as_of))
    return json_answer(request, body, fresh, computed_at=comparing.latest(found, earlier))


@router.get(
    "/indicators/{code}/ranking",
    operation_id="rankIndicator",
    summary="Areas in order",
    response_model=schemas.Ranking,
    responses=example(schemas.RANKING),
)
async def rank(
    *,
    request: Request,
    code: Code,
    place: Placed,
    asked: AskedPeriod,
    as_of: AsOf,
    order: Annotated[
        comparing.Order,
        Query(description="`worst` and `best` where it is clear which is which; else `highest` or `lowest`."),
    ] = comparing.Order.HIGHEST,
) -> Any:
    """Areas of one level by what a period comes to; equal values share a rank.

    Areas without a value are not ranked: they stand at the end with the reason. Without `area`, `within` and
    `level` it is the level that most areas with indicators have.
    """
    known, counts = await request.app.state.registry.known()
    declared, zone = questions.find_indicator(known, code), request.app.state.settings.zone
    when = questions.when(asked, [declared["step_s"]], zone)
    how, falls = comparing.rankable(known, code, when.period, zone), comparing.falls(code, order)
    asking = Asking(code, how, comparing.units(known, place), as_of)
    found = await period_values.read(request, known, asking, when.period)
    body = comparing.head(known, asking, zone) | comparing.told(when.period) | {"order": order}
    body |= comparing.ranked(asking.units, found.summaries, falls=falls)
    fresh = Freshness(counts, {code, how.indicator}, when.kind(as_of), when.until_of(as_of))
    return json_answer(request, body, fresh, computed_at=found.computed_at)
