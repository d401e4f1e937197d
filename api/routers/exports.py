"""/v1/exports. Each needs a key, which alone sees its exports; an administrator's sees all."""

import base64
from datetime import UTC, datetime
from pathlib import Path as FilePath
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from fastapi import APIRouter, Body, Path, Request, Response
from fastapi.responses import FileResponse
from psycopg import AsyncConnection

from api import pages
from api.answers import request_pool
from api.export_jobs import Exports
from api.export_sources import fixed
from api.formats.kinds import KINDS, Format
from api.openapi import example
from api.parameters import Connection, Cursor, Limit
from api.problems import Problem, beyond, invalid
from api.queries import Row
from api.queries import exports as queries
from api.ranges import wanted_range
from api.reach import Caller
from api.rights import Right
from api.schemas import exports as schemas
from api.schemas.common import Page, page_of
from api.security import Asking, may, refused
from api.writing import of_body

router = APIRouter(prefix="/v1", tags=["exports"])

#: rows of one export
MOST_ROWS: Final = 1_000_000_000

_WANTED: Any = {
    "half a year of observations": {"value": schemas.NEW},
    "a year of indicators": {"value": schemas.NEW_VALUES},
}
_EXAMPLE: Any = {"first": {"value": schemas.EXPORT["id"]}}
ExportId = Annotated[UUID, Path(alias="id", description="Id of the export.", openapi_examples=_EXAMPLE)]


@router.post(
    "/exports",
    operation_id="createExport",
    summary="Have a file made",
    status_code=202,
    response_model=schemas.Export,
    responses=example(schemas.EXPORT, status=202),
)
async def create_export(
    *,
    request: Request,
    response: Response,
    caller: Asking,
    wanted: Annotated[schemas.NewExport, Body(openapi_examples=_WANTED)],
) -> Any:
    """For what is too much for one answer. It is made in the background; `Location` says where to look."""
    if wanted.what == "observations" and not may(request, caller, Right.RAW):
        raise refused(caller, Right.RAW)
    settings, pool = request.app.state.settings, request_pool(request)
    try:
        found, rows = await fixed(pool, request.app.state.registry, wanted, settings.zone)
        if rows > MOST_ROWS:
            raise invalid("from", found.start, f"that is about {rows:,} rows", f"at most {MOST_ROWS:,}")
    except Problem as error:
        raise of_body(error) from None
    async with pool.connection() as conn:
        row = await queries.insert(
            conn,
            most=settings.export_limit,
            expected=rows,
            owner=caller.who,
            areas=_areas(caller),
            what=found.what,
            format=found.format.value,
            parameters=found.parameters(),
        )
    if row is None:
        text = f"{caller.who} has {settings.export_limit} unfinished exports: wait for one, or cancel it"
        raise Problem("too-many-exports", text, headers={"Retry-After": "60"})
    _exports(request).wake.set()
    response.headers["Location"] = f"/v1/exports/{row['id']}"
    return _shown(row)


@router.get(
    "/exports",
    operation_id="listExports",
    summary="Exports",
    response_model=Page[schemas.Export],
    responses=example(page_of(schemas.EXPORT)),
)
async def list_exports(
    *,
    request: Request,
    response: Response,
    conn: Connection,
    caller: Asking,
    limit: Limit = pages.DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Any:
    """The key's exports, the newest first."""
    after = pages.decode_cursor(cursor, tuple[Annotated[datetime, msgspec.Meta(tz=True)], UUID])
    rows = await queries.exports(conn, _visible_to(caller), after=after, limit=limit + 1)
    items, following = pages.cut([_shown(row) for row in rows], limit, "created_at", "id")
    address = pages.next_address(request.url, request.query_params, following)
    if address is not None:
        response.headers["Link"] = f'<{address}>; rel="next"'
    return {"items": items, "next": address}


@router.get(
    "/exports/{id}",  # noqa: FAST003  (alias of `number`)
    operation_id="getExport",
    summary="How far an export is",
    response_model=schemas.Export,
    responses=example(schemas.EXPORT),
)
async def get_export(conn: Connection, caller: Asking, number: ExportId) -> Any:
    """Its state, rows and bytes so far, and once it is done the path and the checksum of its file."""
    return _shown(await _find(conn, caller, number))


@router.delete(
    "/exports/{id}",  # noqa: FAST003  (alias of `number`)
    operation_id="deleteExport",
    summary="Cancel an export, or remove its file",
    status_code=204,
    response_class=Response,
)
async def delete_export(request: Request, conn: Connection, caller: Asking, number: ExportId) -> None:
    """It is not made further, and its file is removed; a second time changes nothing."""
    found = await _find(conn, caller, number)
    await queries.cancel(conn, number)
    _exports(request).file(found).unlink(missing_ok=True)


@router.get(
    "/exports/{id}/file",  # noqa: FAST003  (alias of `number`)
    operation_id="getExportFile",
    summary="The file of an export",
    response_class=Response,
    responses={
        200: {
            "description": "The file; `ETag` and `Repr-Digest` are of its content.",
            "content": {kind.media_type: {"schema": {"type": "string"}} for kind in KINDS.values()},
        },
        206: {"description": "The part that `Range` asks for (RFC 9110, 14)."},
    },
)
async def get_export_file(request: Request, conn: Connection, caller: Asking, number: ExportId) -> Response:
    """A download that broke off goes on with `Range`, and `If-Range` with its `ETag`: `curl -C -` does."""
    found = await _find(conn, caller, number)
    path = _exports(request).file(found)
    _require_file(found, there=path.is_file())
    kind = KINDS[Format(found["format"])]
    _ignore_or_refuse_range(request, path, found["sha256"])
    digest = base64.b64encode(bytes.fromhex(found["sha256"])).decode()
    headers = {
        "ETag": f'"{found["sha256"]}"',
        "Repr-Digest": f"sha-256=:{digest}:",
        # What a range counts is the file as it is: nothing on the way may compress it.
        "Content-Encoding": "identity",
        "Cache-Control": "private, no-transform, max-age=86400",
    }
    name = f"{found['what']}-{found['created_at']:%Y-%m-%d}.{kind.suffix}"
    return FileResponse(path, headers=headers, media_type=kind.content_type, filename=name)


def _ignore_or_refuse_range(request: Request, path: FilePath, digest: str) -> None:
    """Answer a range that the file does not have as a problem, and forget one that cannot be read.

    Raises:
        Problem: 416.
    """
    state = path.stat()
    modified = datetime.fromtimestamp(int(state.st_mtime), UTC)
    try:
        part = wanted_range(request.headers, f'"{digest}"', modified, state.st_size)
    except ValueError as error:
        raise beyond(error, state.st_size) from None
    if part is None:
        request.scope["headers"] = [each for each in request.scope["headers"] if each[0] != b"range"]


def _require_file(found: Row, *, there: bool) -> None:
    state = found["state"]
    if state in {"expired", "cancelled"}:
        raise Problem("gone", f"the export is {state}: its file is removed; ask for another")
    if state != "done":
        raise Problem("conflict", f"the export is {state}: its file is there when its state is done")
    if not there:
        raise Problem("gone", "the file is not where this server keeps its exports: ask for another")


async def _find(conn: AsyncConnection[Any], caller: Caller, number: UUID) -> Row:
    found = await queries.export(conn, number, _visible_to(caller))
    if found is None:
        raise Problem("not-found", f"{caller.who} has no export {number}: /v1/exports lists its own")
    return found


def _visible_to(caller: Caller) -> queries.Whose:
    if caller.may(Right.ADMINISTER):
        return queries.Whose()
    return queries.Whose(caller.who, _areas(caller))


def _areas(caller: Caller) -> list[str] | None:
    return None if caller.areas is None else list(caller.areas)


def _exports(request: Request) -> Exports:
    found: Exports = request.app.state.exports
    return found


def _shown(row: Row) -> Row:
    done, expected = row["state"] == "done", row["expected_rows"]
    share = 1.0 if done else min(row["rows"] / expected, 0.99) if expected else None
    return row | {"share": share, "file": f"/v1/exports/{row['id']}/file" if done else None}
