"""/v1/indicators/{code}/explain: why a value is what it is."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request

from analytics.explain import NotStoredError, explain
from analytics.indicator import INDICATORS
from api.known import Known
from api.openapi import example
from api.parameters import AsOf, Connection, checked, not_found, now, require_known
from api.problems import Problem
from api.routers.indicators import Code
from api.schemas import explanation as schemas
from api.times import EXPECTED_STEP, parse_step

router = APIRouter(prefix="/v1", tags=["indicators"])

_TIME_TEXT = f"Any instant of the step: {EXPECTED_STEP}. Default: the newest value's step."
Area = Annotated[
    str, Query(description="Code of the area.", openapi_examples={"area": {"value": "193"}}, max_length=100)
]


async def instant(
    request: Request, time: Annotated[str | None, Query(description=_TIME_TEXT)] = None
) -> datetime | None:
    """Read `time`."""
    if time is None:
        return None
    zone = request.app.state.settings.zone
    return checked("time", time, EXPECTED_STEP, lambda: parse_step(time, zone=zone, now=now()))


@router.get(
    "/indicators/{code}/explain",
    operation_id="explainIndicatorValue",
    summary="Why a value is what it is",
    response_model=schemas.Explanation,
    responses=example(schemas.EXAMPLE),
)
async def explain_value(
    *,
    request: Request,
    conn: Connection,
    code: Code,
    area: Area,
    time: Annotated[datetime | None, Depends(instant)],
    as_of: AsOf,
) -> Any:
    """One value of an area with all its revisions, and the same value computed again from the observations.

    It tells the stations with what they measured, the intermediate numbers, what is missing, the rule with
    its clause, and whether the recomputed value equals the stored one. `as_of` chooses the revision that was
    known then; it is compared with the observations of today, as nothing tells when one of them came.
    """
    if code not in INDICATORS:
        raise await not_found(conn, "indicator", code)
    await require_known(conn, "area", "area", area)
    try:
        found = await explain(conn, INDICATORS[code], area, time, as_of)
    except NotStoredError as error:
        known, _ = await request.app.state.registry.known()
        raise _not_stored(known, area, str(error)) from None
    return found.to_json()


def _not_stored(known: Known, area: str, what: str) -> Problem:
    """Return the problem of a value that is not there, with the areas whose values stand for this one."""
    others = [each.code for unit in known.by_code.get(area, ()) for each in known.came_from(unit)]
    hint = f"; {area} came from {', '.join(others)}: ask for that" if others else ""
    return Problem("not-found", f"{what}{hint}", did_you_mean=others)
