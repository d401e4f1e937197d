"""/v1/things/{code}/installations: where things stand and stood. A move needs a key, always."""

from typing import Any

from fastapi import APIRouter, Request

from api import reach
from api.openapi import example
from api.parameters import Connection, checked, not_found, now
from api.queries import things as queries
from api.routers.things import ThingCode
from api.schemas import installations as schemas
from api.security import Asking
from api.times import EXPECTED, parse_time
from api.writing import Writing, in_body, require_areas
from devices.installations import Place, move
from devices.places import PlaceError

router = APIRouter(prefix="/v1", tags=["things"])


@router.get(
    "/things/{code}/installations",
    operation_id="listInstallations",
    summary="Where a device stood",
    response_model=schemas.Installations,
    responses=example({"items": [schemas.INSTALLATION]}),
)
async def list_installations(code: ThingCode, conn: Connection) -> Any:
    """Where a device stands and stood, the first place first, as far as that is within the caller's areas."""
    found = [] if "\0" in code else await queries.installations(conn, code)
    if not found:
        raise await not_found(conn, "thing", code)
    return {"items": found}


@router.post(
    "/things/{code}/installations",
    operation_id="moveThing",
    summary="Move a device",
    status_code=201,
    response_model=schemas.Installation,
    responses=example(schemas.INSTALLATION, status=201),
)
async def move_thing(
    *, request: Request, code: ThingCode, wanted: schemas.NewInstallation, caller: Asking, conn: Writing
) -> Any:
    """Record that a device stands elsewhere since an instant: what it measures from then on belongs there.

    What was computed of it since is queued to be computed again. A key that is confined to areas moves what
    stands in them, to a place in them.
    """
    if "\0" in code or await queries.thing(conn, code, now()) is None:
        raise await not_found(conn, "thing", code)
    zone, present = request.app.state.settings.zone, now()
    at = checked("at", wanted.at, EXPECTED, lambda: parse_time(wanted.at, zone=zone, now=present))
    if wanted.areas:
        await require_areas(conn, wanted.areas)
    place = Place(
        latitude=wanted.latitude, longitude=wanted.longitude, areas=tuple(wanted.areas), words=wanted.place
    )
    try:
        await move(
            conn, code, place, at, now=present, who=caller.name, reason=wanted.reason, within=reach.present()
        )  # fmt: skip
    except PlaceError as error:
        expected = "a position within surveyed outlines, or the codes of its areas, and a past instant"
        raise in_body("installation", str(error), expected) from None
    return (await queries.installations(conn, code))[-1]
