"""/v1/registry/calibrations."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from analytics import calibrations
from api import pages
from api.links import page
from api.openapi import example
from api.parameters import Connection, Cursor, Limit
from api.problems import Problem
from api.queries import Row
from api.queries import calibrations as queries
from api.routers.things import Chosen
from api.schemas import registration as schemas
from api.schemas.common import Page, page_of
from api.writing import Newest, Writing, created, require_datastream, shown, told

router = APIRouter(prefix="/v1/registry", tags=["registry"])

_FIRST: Any = {"first": {"value": 1}}
Number = Annotated[
    int,
    Path(alias="id", ge=1, le=2**31 - 1, description="Number of the calibration.", openapi_examples=_FIRST),
]
_USUAL: dict[str, Any] = {"valid_to": None, "gain": 1.0, "offset": 0.0}


@router.get(
    "/calibrations",
    operation_id="listCalibrations",
    summary="Calibrations",
    response_model=Page[schemas.Calibration],
    responses=example(page_of(schemas.CALIBRATION)),
)
async def list_calibrations(
    *,
    request: Request,
    response: Response,
    conn: Connection,
    chosen: Chosen,
    limit: Limit = pages.DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Any:
    """Calibrations by number."""
    after = pages.decode_cursor(cursor, int)
    rows = await queries.calibrations(conn, chosen, after=after, limit=limit + 1)
    return page(request, response, rows, limit, "id")


@router.post(
    "/calibrations",
    operation_id="createCalibration",
    summary="Record a calibration",
    status_code=201,
    response_model=schemas.Calibration,
    responses=example(schemas.CALIBRATION, status=201) | example(schemas.CALIBRATION, schema="Calibration"),
)
async def create_calibration(given: schemas.NewCalibration, response: Response, conn: Writing) -> Any:
    """Indicators of its time are computed again. Asked again for the same, the answer is 200."""
    await require_datastream(conn, given.datastream)
    with told():
        number, hours = await calibrations.add(conn, **_USUAL | given.model_dump(exclude_unset=True))
    row = await _calibration(conn, number)
    return created(response, row, f"/v1/registry/calibrations/{number}", is_new=hours is not None)


@router.get(
    "/calibrations/{id}",  # noqa: FAST003  (alias of `number`)
    operation_id="getCalibration",
    summary="One calibration",
    response_model=schemas.Calibration,
    responses=example(schemas.CALIBRATION),
)
async def get_calibration(number: Number, response: Response, conn: Connection) -> Any:
    """Gain and offset, for which time and why. The ETag is of its version."""
    return shown(response, await _calibration(conn, number))


@router.patch(
    "/calibrations/{id}",  # noqa: FAST003  (alias of `number`)
    operation_id="changeCalibration",
    summary="Change a calibration",
    response_model=schemas.Calibration,
    responses=example(schemas.CALIBRATION),
)
async def change_calibration(
    number: Number, change: schemas.CalibrationChange, response: Response, newest: Newest, conn: Writing
) -> Any:
    """Change the given fields; `valid_to` ends it. Indicators of both times are computed again."""
    await _calibration(conn, number)
    with told():
        await calibrations.change(conn, number, change.model_dump(exclude_unset=True), newest)
    return shown(response, await _calibration(conn, number))


@router.delete(
    "/calibrations/{id}",  # noqa: FAST003  (alias of `number`)
    operation_id="deleteCalibration",
    summary="Delete a calibration",
    status_code=204,
    response_class=Response,
)
async def delete_calibration(number: Number, newest: Newest, conn: Writing) -> None:
    """Indicators of its time are computed again, without it."""
    await _calibration(conn, number)
    with told():
        await calibrations.delete(conn, number, newest)


async def _calibration(conn: Connection, number: int) -> Row:
    found = await queries.calibration(conn, number)
    if found is None:
        text = f"there is no calibration {number}: /v1/registry/calibrations lists them"
        raise Problem("not-found", text)
    return found
