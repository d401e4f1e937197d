"""/v1/changes: who changed what in the registry."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from api import pages
from api.links import page
from api.openapi import example
from api.parameters import Connection, Cursor, Limit, period
from api.periods import Period
from api.queries import changes as queries
from api.rights import Right
from api.schemas import changes as schemas
from api.schemas.common import Page, page_of
from api.security import Asking

router = APIRouter(prefix="/v1", tags=["registry"])


@router.get(
    "/changes",
    operation_id="listChanges",
    summary="Who changed what in the registry",
    response_model=Page[schemas.RegistryChange],
    responses=example(page_of(schemas.CHANGE)),
)
async def list_changes(
    *,
    request: Request,
    response: Response,
    conn: Connection,
    caller: Asking,
    span: Annotated[Period, Depends(period(timedelta(days=7)))],
    kind: Annotated[schemas.Kind | None, Query(description="Only of this kind.")] = None,
    code: Annotated[str | None, Query(description="Only of what is called so.")] = None,
    actor: Annotated[
        str | None, Query(description="Only by whom the name begins so, such as `key 1a2b3c4d`.")
    ] = None,
    request_id: Annotated[str | None, Query(description="Only of the request with this id.")] = None,
    limit: Limit = pages.DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Any:
    """The newest first, with the values before and after. Administrators are told of keys and rules too."""
    wanted = queries.ChangeFilter(
        start=span.start, end=span.end, kind=kind, code=code, actor=actor, request_id=request_id
    )
    rows = await queries.changes(
        conn,
        wanted,
        everything=caller.may(Right.ADMINISTER),
        after=pages.decode_cursor(cursor, int),
        limit=limit + 1,
    )
    return page(request, response, rows, limit, "id")
