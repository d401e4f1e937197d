"""/v1/registry/sensors: which sensor measured what, and when."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from api import pages
from api.links import page
from api.openapi import example
from api.parameters import Connection, Cursor, Limit, checked, now
from api.problems import Problem
from api.queries import Row
from api.queries import sensors as queries
from api.routers.things import Chosen
from api.schemas import sensors as schemas
from api.schemas.common import Page, page_of
from api.security import Name
from api.times import EXPECTED, parse_time
from api.writing import Newest, Writing, created, require_datastream, require_standing, shown, told
from devices import sensors

router = APIRouter(prefix="/v1/registry", tags=["registry"])

_FIRST: Any = {"first": {"value": 1}}
Number = Annotated[
    int, Path(alias="id", ge=1, le=2**31 - 1, description="Number of the sensor.", openapi_examples=_FIRST)
]


async def _measuring(
    request: Request,
    text: Annotated[
        str | None, Query(alias="at", description="Only what measured at this instant; a date: at its start.")
    ] = None,
) -> datetime | None:
    if text is None:
        return None
    zone = request.app.state.settings.zone
    return checked("at", text, EXPECTED, lambda: parse_time(text, zone=zone, now=now()))


@router.get(
    "/sensors",
    operation_id="listSensors",
    summary="Sensors",
    response_model=Page[schemas.Sensor],
    responses=example(page_of(schemas.SENSOR)),
)
async def list_sensors(
    *,
    request: Request,
    response: Response,
    conn: Connection,
    chosen: Chosen,
    at: Annotated[datetime | None, Depends(_measuring)],
    limit: Limit = pages.DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Any:
    """Sensors by number, with the time for which they count and the calibrations of that time."""
    after = pages.decode_cursor(cursor, int)
    rows = await queries.sensors(conn, chosen, at=at, after=after, limit=limit + 1)
    return page(request, response, rows, limit, "id")


@router.post(
    "/sensors",
    operation_id="createSensor",
    summary="Record which sensor measures",
    status_code=201,
    response_model=schemas.Sensor,
    responses=example(schemas.SENSOR, status=201) | example(schemas.SENSOR, schema="Sensor"),
)
async def create_sensor(given: schemas.NewSensor, response: Response, who: Name, conn: Writing) -> Any:
    """The sensor that measured until then ends. Asked again for the same, the answer is 200."""
    stream = await require_datastream(conn, given.datastream)
    values = given.model_dump()
    number = same = await queries.same(conn, values)
    if number is None:
        number = await _install(conn, stream, values, who)
    row = await _sensor(conn, number)
    return created(response, row, f"/v1/registry/sensors/{number}", is_new=same is None)


async def _install(conn: Writing, stream: Row, values: Row, who: str) -> int:
    named = {name: values[name] for name in ("model", "maker", "serial_number", "firmware")}
    thing, code, at = stream["thing"], stream["observed_property"], values["valid_from"]
    try:
        return await sensors.install(conn, thing, code, at, **named, who=who)
    except sensors.SensorError as error:
        raise Problem("conflict", str(error)) from None


@router.get(
    "/sensors/{id}",  # noqa: FAST003  (alias of `number`)
    operation_id="getSensor",
    summary="One sensor",
    response_model=schemas.Sensor,
    responses=example(schemas.SENSOR),
)
async def get_sensor(number: Number, response: Response, conn: Connection) -> Any:
    """Model, maker, serial number and firmware, for which time. The ETag is of its version."""
    return shown(response, await _sensor(conn, number))


@router.patch(
    "/sensors/{id}",  # noqa: FAST003  (alias of `number`)
    operation_id="changeSensor",
    summary="Change a sensor",
    response_model=schemas.Sensor,
    responses=example(schemas.SENSOR),
)
async def change_sensor(
    number: Number, change: schemas.SensorChange, response: Response, newest: Newest, conn: Writing
) -> Any:
    """Change the given fields; `valid_to` says when it was taken out."""
    await _require_own(conn, number)
    with told():
        await sensors.change(conn, number, change.model_dump(exclude_unset=True), newest)
    return shown(response, await _sensor(conn, number))


@router.delete(
    "/sensors/{id}",  # noqa: FAST003  (alias of `number`)
    operation_id="deleteSensor",
    summary="Delete a sensor that was recorded by mistake",
    status_code=204,
    response_class=Response,
)
async def delete_sensor(number: Number, newest: Newest, conn: Writing) -> None:
    """The sensor whose place it took measures on in its time."""
    await _require_own(conn, number)
    with told():
        await sensors.delete(conn, number, newest)


async def _require_own(conn: Writing, number: int) -> None:
    """Check that a sensor's thing stands in the caller's reach at present."""
    await require_standing(conn, (await _sensor(conn, number))["thing"])


async def _sensor(conn: Connection, number: int) -> Row:
    found = await queries.sensor(conn, number)
    if found is None:
        raise Problem("not-found", f"there is no sensor {number}: /v1/registry/sensors lists them")
    return found
