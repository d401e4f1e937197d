"""/v1/registry/datastreams and /v1/registry/observed-properties."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from api.openapi import example
from api.parameters import Connection
from api.problems import Problem
from api.queries import things
from api.queries.names import Kind as Named
from api.routers.registry import entry
from api.schemas import registration as schemas
from api.writing import (
    Newest,
    Writing,
    created,
    require_named,
    require_reached,
    require_standing,
    shown,
    told,
)
from devices import edit
from devices.entries import DATASTREAM, OBSERVED_PROPERTY

router = APIRouter(prefix="/v1/registry", tags=["registry"])

_FIRST: Any = {"first": {"value": 1}}
Number = Annotated[
    int,
    Path(alias="id", ge=1, le=2**31 - 1, description="Number of the datastream.", openapi_examples=_FIRST),
]
PropertyCode = Annotated[
    str, Path(alias="code", description="Code.", openapi_examples={"property": {"value": "pm2_5"}})
]
_OF_A_STREAM: dict[str, Named] = {"thing": "thing", "observed_property": "observed property"}


@router.post(
    "/datastreams",
    operation_id="createDatastream",
    summary="Have a thing measure something",
    status_code=201,
    response_model=schemas.RegisteredDatastream,
    responses=example(schemas.DATASTREAM, status=201)
    | example(schemas.DATASTREAM, schema="RegisteredDatastream"),
)
async def create_datastream(datastream: schemas.NewDatastream, response: Response, conn: Writing) -> Any:
    """What the thing sends of it is stored from then on. Asked again for the same, the answer is 200."""
    given = datastream.model_dump(exclude_unset=True)
    await require_named(conn, _OF_A_STREAM, given)
    await require_standing(conn, datastream.thing)
    with told():
        row, is_new = await edit.create(conn, DATASTREAM, given)
    return created(response, row, f"/v1/registry/datastreams/{row['id']}", is_new=is_new)


@router.get(
    "/datastreams/{id}",  # noqa: FAST003  (alias of `number`)
    operation_id="getRegisteredDatastream",
    summary="A datastream as it is registered",
    response_model=schemas.RegisteredDatastream,
    responses=example(schemas.DATASTREAM),
)
async def get_datastream(number: Number, response: Response, conn: Connection) -> Any:
    """What was registered. The ETag is of its version."""
    await _standing(conn, number)
    with told():
        return shown(response, await edit.found(conn, DATASTREAM, number))


@router.patch(
    "/datastreams/{id}",  # noqa: FAST003  (alias of `number`)
    operation_id="changeDatastream",
    summary="Change a datastream",
    response_model=schemas.RegisteredDatastream,
    responses=example(schemas.DATASTREAM),
)
async def change_datastream(
    number: Number, change: schemas.DatastreamChange, response: Response, newest: Newest, conn: Writing
) -> Any:
    """Change the given fields; ingest knows at once."""
    await _standing(conn, number)
    with told():
        row = await edit.change(conn, DATASTREAM, number, change.model_dump(exclude_unset=True), newest)
    return shown(response, row)


@router.delete(
    "/datastreams/{id}",  # noqa: FAST003  (alias of `number`)
    operation_id="deleteDatastream",
    summary="Delete a datastream that was never used",
    status_code=204,
    response_class=Response,
)
async def delete_datastream(number: Number, newest: Newest, conn: Writing) -> None:
    """One that has observations is disabled instead; any is disabled for a minute before."""
    await _standing(conn, number)
    with told():
        await edit.delete(conn, DATASTREAM, number, newest)


async def _standing(conn: Connection, number: int) -> None:
    """Check that a datastream's thing stands in the caller's reach at present.

    Raises:
        Problem: 404.
    """
    found = await things.datastream(conn, number)
    if found is None:
        raise Problem("not-found", f"there is no datastream {number}: /v1/datastreams lists them")
    await require_standing(conn, found["thing"])


@router.post(
    "/observed-properties",
    operation_id="createObservedProperty",
    summary="Register an observed property",
    status_code=201,
    response_model=schemas.RegisteredObservedProperty,
    responses=example(schemas.OBSERVED_PROPERTY, status=201)
    | example(schemas.OBSERVED_PROPERTY, schema="RegisteredObservedProperty"),
)
async def create_property(given: schemas.NewObservedProperty, response: Response, conn: Writing) -> Any:
    """Datastreams may measure it from then on. Asked again for the same, the answer is 200."""
    with told():
        row, is_new = await edit.create(conn, OBSERVED_PROPERTY, given.model_dump(exclude_unset=True))
    return created(response, row, f"/v1/registry/observed-properties/{row['code']}", is_new=is_new)


@router.get(
    "/observed-properties/{code}",
    operation_id="getRegisteredObservedProperty",
    summary="An observed property as it is registered",
    response_model=schemas.RegisteredObservedProperty,
    responses=example(schemas.OBSERVED_PROPERTY),
)
async def get_property(code: PropertyCode, response: Response, conn: Connection) -> Any:
    """What was registered. The ETag is of its version."""
    return shown(response, await entry(conn, OBSERVED_PROPERTY, "observed property", code))


@router.patch(
    "/observed-properties/{code}",
    operation_id="changeObservedProperty",
    summary="Change an observed property",
    response_model=schemas.RegisteredObservedProperty,
    responses=example(schemas.OBSERVED_PROPERTY),
)
async def change_property(
    code: PropertyCode,
    change: schemas.ObservedPropertyChange,
    response: Response,
    newest: Newest,
    conn: Writing,
) -> Any:
    """Change the given fields; ingest knows at once. Its unit stays once anything measures it."""
    await require_reached(conn, "observed property", code)
    with told():
        row = await edit.change(conn, OBSERVED_PROPERTY, code, change.model_dump(exclude_unset=True), newest)
    return shown(response, row)


@router.delete(
    "/observed-properties/{code}",
    operation_id="deleteObservedProperty",
    summary="Delete an observed property that nothing measures",
    status_code=204,
    response_class=Response,
)
async def delete_property(code: PropertyCode, newest: Newest, conn: Writing) -> None:
    """One that datastreams measure stays."""
    await require_reached(conn, "observed property", code)
    with told():
        await edit.delete(conn, OBSERVED_PROPERTY, code, newest)
