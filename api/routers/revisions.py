"""/v1/indicators/{code}/revisions: what was known of a value, from when to when, and why it changed."""

from datetime import datetime
from itertools import pairwise
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from analytics.steps import Step
from api import questions, values
from api.answers import request_pool
from api.fresh import Freshness, json_answer
from api.known import Known, Unit
from api.openapi import example
from api.problems import Problem
from api.queries import Row
from api.queries import indicators as queries
from api.routers.explanations import Area, instant
from api.routers.indicators import Code
from api.schemas import revisions as schemas

router = APIRouter(prefix="/v1", tags=["indicators"])

_COMPARED = ("value", "category", "reason", "completeness", "version", "details")


@router.get(
    "/indicators/{code}/revisions",
    operation_id="listRevisions",
    summary="All revisions of a value",
    response_model=schemas.Revisions,
    responses=example(schemas.REVISIONS),
)
async def list_revisions(
    *, request: Request, code: Code, area: Area, time: Annotated[datetime | None, Depends(instant)]
) -> Any:
    """What was known of the value of one step, from when to when, and why it changed; see also `explain`."""
    known, counts = await request.app.state.registry.known()
    declared, zone = questions.find_indicator(known, code), request.app.state.settings.zone
    units = questions.ground(known, questions.Place((area,))).units
    step = Step.lasting(declared["step_s"])
    async with request_pool(request).connection() as conn:
        newest = await queries.newest(conn, code, [unit.id for unit in units])
        start = None if newest is None else step.floor(time or newest, zone)
        rows = await queries.revisions(conn, code, [unit.id for unit in units], start) if start else []
    if not rows or start is None or newest is None:
        raise _not_stored(known, units, code, area, None if newest is None else newest.astimezone(zone))
    moments = values.moments(declared["step_s"], declared["window_s"], start, zone)
    body = {
        "indicator": known.heads[code],
        "area": values.area(known.units[rows[0]["area_id"]]),
        "time_zone": zone.key,
        "time": start,
        **dict(zip(("period_start", "period_end", "day", "label"), moments, strict=True)),
        "items": _with_causes(_of_one_area(rows)),
    }
    return json_answer(request, body, Freshness(counts, [code]), computed_at=rows[-1]["computed_at"])


def _of_one_area(rows: list[Row]) -> list[Row]:
    """Return the rows of the first area without its id, which is of the inside."""
    number = rows[0]["area_id"]
    return [
        {name: row[name] for name in row if name != "area_id"} for row in rows if row["area_id"] == number
    ]


def _with_causes(rows: list[Row]) -> list[Row]:
    """Say of each revision why it was written, and what differs from the one before."""
    first, *_ = rows
    told = [first | {"cause": "first", "changed": []}]
    for before, row in pairwise(rows):
        changed = [name for name in _COMPARED if row[name] != before[name]]
        told.append(row | {"cause": "formula" if "version" in changed else "data", "changed": changed})
    return told


def _not_stored(
    known: Known, units: tuple[Unit, ...], code: str, area: str, newest: datetime | None
) -> Problem:
    if newest is not None:
        when = f"the newest one is of the step that begins at {newest.isoformat()}"
        return Problem("not-found", f"no value of {code} is stored for {area} and this step: {when}")
    others = [each.code for unit in units for each in known.came_from(unit)]
    hint = f"; {area} came from {', '.join(others)}: ask for that" if others else ""
    return Problem("not-found", f"no value of {code} is stored for {area}{hint}", did_you_mean=others)
