"""/v1/registry/gateways and /v1/registry/things: managed one by one, over the version that was read."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from api.openapi import example
from api.parameters import Connection
from api.queries import Row
from api.queries.names import Kind as Named
from api.schemas import registration as schemas
from api.writing import (
    Newest,
    Writing,
    created,
    in_body,
    require_areas,
    require_named,
    require_reached,
    require_standing,
    shown,
    told,
)
from devices import edit
from devices.entries import GATEWAY, THING, Kind
from devices.model import reserved_text

router = APIRouter(prefix="/v1/registry", tags=["registry"])

GatewayCode = Annotated[
    str, Path(alias="code", description="Code.", openapi_examples={"gateway": {"value": "ha-long-1"}})
]
ThingCode = Annotated[
    str, Path(alias="code", description="Code.", openapi_examples={"thing": {"value": "ha-long-air-1"}})
]
_GATEWAY_OF: dict[str, Named] = {"gateway": "gateway"}


async def entry(conn: Connection, kind: Kind, name: Named, code: str) -> Row:
    """Return an entry in the caller's reach.

    Raises:
        Problem: 404.
    """
    if kind is THING:
        await require_standing(conn, code)
    else:
        await require_reached(conn, name, code)
    with told():
        return await edit.found(conn, kind, code)


@router.post(
    "/gateways",
    operation_id="createGateway",
    summary="Register a gateway",
    status_code=201,
    response_model=schemas.RegisteredGateway,
    responses=example(schemas.GATEWAY, status=201) | example(schemas.GATEWAY, schema="RegisteredGateway"),
)
async def create_gateway(
    request: Request, gateway: schemas.NewGateway, response: Response, conn: Writing
) -> Any:
    """It may log in once it has a password or a certificate. Asked again for the same, the answer is 200."""
    given = gateway.model_dump(exclude_unset=True)
    if gateway.code in request.app.state.settings.platform_users:
        raise in_body("code", reserved_text(gateway.code), "another code", gateway.code)
    await require_areas(conn, gateway.areas)
    with told():
        row, is_new = await edit.create(conn, GATEWAY, given)
    return created(response, row, f"/v1/registry/gateways/{row['code']}", is_new=is_new)


@router.get(
    "/gateways/{code}",
    operation_id="getRegisteredGateway",
    summary="A gateway as it is registered",
    response_model=schemas.RegisteredGateway,
    responses=example(schemas.GATEWAY),
)
async def get_gateway(code: GatewayCode, response: Response, conn: Connection) -> Any:
    """What was registered; `/v1/gateways/{code}` tells how it is doing. The ETag is of its version."""
    return shown(response, await entry(conn, GATEWAY, "gateway", code))


@router.patch(
    "/gateways/{code}",
    operation_id="changeGateway",
    summary="Change a gateway",
    response_model=schemas.RegisteredGateway,
    responses=example(schemas.GATEWAY),
)
async def change_gateway(
    code: GatewayCode, change: schemas.GatewayChange, response: Response, newest: Newest, conn: Writing
) -> Any:
    """Change the given fields. Ingest knows at once; the broker, when it has read its files again."""
    changes, present = change.model_dump(exclude_unset=True), await entry(conn, GATEWAY, "gateway", code)
    await require_areas(conn, changes.get("areas"), present["areas"])
    with told():
        return shown(response, await edit.change(conn, GATEWAY, code, changes, newest))


@router.delete(
    "/gateways/{code}",
    operation_id="deleteGateway",
    summary="Delete a gateway that was never used",
    status_code=204,
    response_class=Response,
)
async def delete_gateway(code: GatewayCode, newest: Newest, conn: Writing) -> None:
    """One that has things, or was heard, is disabled instead; any is disabled for a minute before."""
    await require_reached(conn, "gateway", code)
    with told():
        await edit.delete(conn, GATEWAY, code, newest)


@router.post(
    "/things",
    operation_id="createThing",
    summary="Register a thing",
    status_code=201,
    response_model=schemas.RegisteredThing,
    responses=example(schemas.THING, status=201) | example(schemas.THING, schema="RegisteredThing"),
)
async def create_thing(thing: schemas.NewThing, response: Response, conn: Writing) -> Any:
    """What it measures is registered as its datastreams. Asked again for the same, the answer is 200."""
    given = thing.model_dump(exclude_unset=True)
    await require_named(conn, _GATEWAY_OF, given)
    await require_areas(conn, thing.areas)
    with told():
        row, is_new = await edit.create(conn, THING, given)
    return created(response, row, f"/v1/registry/things/{row['code']}", is_new=is_new)


@router.get(
    "/things/{code}",
    operation_id="getRegisteredThing",
    summary="A thing as it is registered",
    response_model=schemas.RegisteredThing,
    responses=example(schemas.THING),
)
async def get_thing(code: ThingCode, response: Response, conn: Connection) -> Any:
    """What was registered. The ETag is of its version."""
    return shown(response, await entry(conn, THING, "thing", code))


@router.patch(
    "/things/{code}",
    operation_id="changeThing",
    summary="Change a thing",
    response_model=schemas.RegisteredThing,
    responses=example(schemas.THING),
)
async def change_thing(
    code: ThingCode, change: schemas.ThingChange, response: Response, newest: Newest, conn: Writing
) -> Any:
    """Change the given fields; ingest knows at once."""
    changes, present = change.model_dump(exclude_unset=True), await entry(conn, THING, "thing", code)
    await require_named(conn, _GATEWAY_OF, changes)
    await require_areas(conn, changes.get("areas"), present["areas"])
    with told():
        return shown(response, await edit.change(conn, THING, code, changes, newest))


@router.delete(
    "/things/{code}",
    operation_id="deleteThing",
    summary="Delete a thing that was never used",
    status_code=204,
    response_class=Response,
)
async def delete_thing(code: ThingCode, newest: Newest, conn: Writing) -> None:
    """With its datastreams. One with observations is disabled instead; any is disabled a minute before."""
    await require_standing(conn, code)
    with told():
        await edit.delete(conn, THING, code, newest)
