"""/v1/firmware and /v1/rollouts: which versions there are, and how a new one gets to gateways."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from api import pages
from api.links import page
from api.openapi import example
from api.parameters import Connection, Cursor, Limit, require_known
from api.problems import Problem
from api.queries import Row
from api.queries import firmware as queries
from api.schemas import firmware as schemas
from api.schemas.common import Page, page_of
from api.security import Name
from api.writing import Writing, in_body
from devices import rollouts
from devices.rollout import StagesError, parse_stages

router = APIRouter(prefix="/v1", tags=["gateways"])

_EXAMPLE: Any = {"first": {"value": 1}}
RolloutId = Annotated[
    int,
    Path(alias="id", ge=1, le=2**31 - 1, description="Number of the roll-out.", openapi_examples=_EXAMPLE),
]


@router.get(
    "/firmware",
    operation_id="listFirmware",
    summary="Versions of firmware",
    response_model=Page[schemas.Firmware],
    responses=example(page_of(schemas.FIRMWARE)),
)
async def list_firmware(
    *,
    request: Request,
    response: Response,
    conn: Connection,
    limit: Limit = pages.DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Any:
    """Versions that gateways report or that can be offered to them."""
    after = pages.decode_cursor(cursor, str)
    rows = await queries.inventory(conn, after=after, limit=limit + 1)
    return page(request, response, rows, limit, "version")


@router.get(
    "/rollouts",
    operation_id="listRollouts",
    summary="Roll-outs of firmware",
    response_model=Page[schemas.Rollout],
    responses=example(page_of(schemas.ROLLOUT)),
)
async def list_rollouts(
    *,
    request: Request,
    response: Response,
    conn: Connection,
    limit: Limit = pages.DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Any:
    """Roll-outs and how far they are, the newest first."""
    after = pages.decode_cursor(cursor, int)
    rows = await queries.rollouts(conn, after=after, limit=limit + 1)
    return page(request, response, rows, limit, "id")


@router.post(
    "/rollouts",
    operation_id="createRollout",
    summary="Roll firmware out",
    status_code=201,
    response_model=schemas.RolloutPlan,
    responses=example(schemas.PLAN, status=201),
)
async def create_rollout(response: Response, wanted: schemas.NewRollout, who: Name, conn: Connection) -> Any:
    """Offer firmware stage by stage; it halts by itself when too many gateways do not come back."""
    await require_known(conn, "area", "area", wanted.area)
    try:
        stages = parse_stages(",".join(map(str, wanted.stages)))
        plan = rollouts.Plan(
            version=wanted.version,
            stages=stages,
            settle_s=wanted.settle_s,
            max_failed=wanted.max_failed,
            by=who,
            area=wanted.area,
        )
        found = await rollouts.planned(conn, plan)
        number = None if wanted.dry_run else await rollouts.begin(conn, plan)
    except StagesError as error:
        raise in_body("stages", str(error), "shares in %, such as [5, 25, 100]") from None
    except rollouts.RolloutError as error:
        raise in_body("version", str(error), "a version of /v1/firmware that can be offered") from None
    if number is not None:
        response.headers["Location"] = f"/v1/rollouts/{number}"
    return {"id": number, "gateways": rollouts.sizes(found, len(stages))}


@router.get(
    "/rollouts/{id}",  # noqa: FAST003  (alias of `number`)
    operation_id="getRollout",
    summary="One roll-out with its gateways",
    response_model=schemas.RolloutDetail,
    responses=example(schemas.ROLLOUT_DETAIL),
)
async def get_rollout(number: RolloutId, conn: Connection) -> Any:
    """A roll-out and each of its gateways."""
    return await _rollout(conn, number)


@router.delete(
    "/rollouts/{id}",  # noqa: FAST003  (alias of `number`)
    operation_id="stopRollout",
    summary="Stop a roll-out",
    status_code=204,
    response_class=Response,
)
async def stop_rollout(number: RolloutId, who: Name, conn: Writing) -> None:
    """Nobody further is offered it, and offers that were not followed are taken back."""
    await _rollout(conn, number)
    try:
        await rollouts.stop(conn, number, who)
    except rollouts.RolloutError as error:
        raise Problem("conflict", str(error)) from None


async def _rollout(conn: Connection, number: int) -> Row:
    found = await queries.rollout(conn, number)
    if found is None:
        raise Problem("not-found", f"there is no roll-out {number}: /v1/rollouts lists them")
    return found
