"""/v1/configs: what gateways are to be configured as, and what they report."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from api import pages
from api.links import page
from api.openapi import example
from api.parameters import Connection, Cursor, Limit, not_found
from api.problems import Problem
from api.queries import configs as queries
from api.queries import names
from api.schemas import configs as schemas
from api.schemas.common import Page, page_of
from api.security import Name
from api.writing import Writing, in_body
from devices import configs
from devices.desired import ConfigError

router = APIRouter(prefix="/v1", tags=["gateways"])

Code = Annotated[
    str, Path(description="Code of the gateway.", openapi_examples={"gateway": {"value": "ha-long-1"}})
]


@router.get(
    "/configs",
    operation_id="listConfigs",
    summary="Configurations of gateways",
    response_model=Page[schemas.GatewayConfig],
    responses=example(page_of(schemas.CONFIG)),
)
async def list_configs(
    *,
    request: Request,
    response: Response,
    conn: Connection,
    state: Annotated[schemas.State | None, Query(description=schemas.STATE_TEXT)] = None,
    limit: Limit = pages.DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Any:
    """What gateways are to be configured as, and what they report; by code."""
    after = pages.decode_cursor(cursor, str)
    rows = await queries.configs(conn, state=state, after=after, limit=limit + 1)
    return page(request, response, rows, limit, "gateway")


@router.get(
    "/configs/{gateway}",
    operation_id="getConfig",
    summary="One gateway's configuration",
    response_model=schemas.GatewayConfigDetail,
    responses=example(schemas.CONFIG_DETAIL),
)
async def get_config(gateway: Code, conn: Connection) -> Any:
    """What a gateway is to be configured as, what it reports, and earlier versions."""
    await _require_gateway(conn, gateway)
    found = await queries.config(conn, gateway)
    if found is None:
        raise Problem("not-found", f"gateway {gateway!r} has no configuration, and reports none")
    return found


@router.patch(
    "/configs/{gateway}",
    operation_id="changeConfig",
    summary="Change a gateway's configuration",
    response_model=schemas.ConfigResult,
    responses=example(schemas.RESULT),
)
async def change_config(gateway: Code, wanted: schemas.ConfigChange, who: Name, conn: Writing) -> Any:
    """Make a new version, unless nothing is different; it is published at once and kept for the gateway."""
    await _require_gateway(conn, gateway)
    patch = wanted.model_dump(include={"devices", "settings"}, exclude_unset=True)
    try:
        made = await configs.change(
            conn, gateway, patch, by=who, note=wanted.note, dry_run=wanted.dry_run, expected=wanted.version
        )
    except ConfigError as error:
        raise in_body("devices", str(error), "devices and observed properties of this gateway") from None
    except configs.OtherVersionError as error:
        raise Problem("conflict", str(error)) from None
    return {"version": made.version, "changed": made.is_new, "before": made.before, "after": made.after}


async def _require_gateway(conn: Connection, code: str) -> None:
    """Refuse a gateway that is not there, or out of reach."""
    if "\0" in code or code not in await names.known(conn, "gateway", [code]):
        raise await not_found(conn, "gateway", code)
