"""What operations share that change the registry: in whose name, over which version, and what was wrong."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response
from psycopg import AsyncConnection

from api import reach
from api.conditions import is_matched
from api.parameters import not_found, now, require_known
from api.problems import Fault, Problem, sentence
from api.queries import Row, names, things
from api.reach import Caller
from api.security import Asking
from devices import edit
from devices.entries import FieldError
from storage.actor import act_as

_NO_CONDITION = (
    "send `If-Match` with the ETag of what was read, or `*` for whatever is there: "
    "another may have changed it"
)


@asynccontextmanager
async def in_the_name_of(caller: Caller, request: Request) -> AsyncIterator[AsyncConnection[Any]]:
    """Lend a connection whose changes are one transaction, in somebody's name."""
    async with request.app.state.pool.connection() as conn, conn.transaction():
        await act_as(conn, caller.actor, request.scope["state"]["request_id"])
        yield conn


async def writing(request: Request, caller: Asking) -> AsyncIterator[AsyncConnection[Any]]:
    """Lend a connection whose changes are one transaction, in the name of who asks."""
    async with in_the_name_of(caller, request) as conn:
        yield conn


async def newest(
    if_match: Annotated[
        str | None,
        Header(
            alias="If-Match",
            max_length=1000,
            description="Needed: the ETag of what was read, or `*` for whatever is there.",
        ),
    ] = None,
) -> Callable[[str], bool]:
    """Return what tells of a version's tag whether the client has read it.

    Raises:
        Problem: 428; the client does not say what it has read (RFC 6585, 3).
    """
    if if_match is None:
        raise Problem("precondition-required", _NO_CONDITION)
    return lambda tag: is_matched(if_match, quoted(tag))


Writing = Annotated[AsyncConnection[Any], Depends(writing, scope="function")]
Newest = Annotated[Callable[[str], bool], Depends(newest)]


def quoted(tag: str) -> str:
    """Return a version's tag as a strong ETag (RFC 9110, 8.8.3)."""
    return f'"{tag}"'


def shown(response: Response, row: Row) -> Row:
    """Return an entry, and set its ETag."""
    response.headers["ETag"] = quoted(edit.tag_of(row))
    return row


def created(response: Response, row: Row, path: str, *, is_new: bool) -> Row:
    """Return an entry that was asked to be created: 201, or 200 where it was there already."""
    response.status_code = 201 if is_new else 200
    response.headers["Location"] = path
    return shown(response, row)


@contextmanager
def told() -> Iterator[None]:
    """Turn what the registry refuses into problems.

    Raises:
        Problem: 404, 409, 412 or 422.
    """
    try:
        yield
    except FieldError as error:
        raise in_body(error.field, error.problem, error.expected, error.value) from None
    except edit.StaleError as error:
        raise Problem("precondition-failed", str(error), headers={"ETag": quoted(error.tag)}) from None
    except (edit.ExistsError, edit.InUseError) as error:
        raise Problem("conflict", str(error)) from None
    except edit.UnknownEntryError as error:
        raise Problem("not-found", str(error)) from None


def in_body(field: str, problem: str, expected: str, value: object = None) -> Problem:
    """Return the problem of one field of a body."""
    said = None if value is None else str(value)[:200]
    fault = Fault(parameter=field, place="body", value=said, problem=problem, expected=expected)
    return Problem("invalid-parameter", sentence([fault]), faults=[fault])


def of_body(error: Problem) -> Problem:
    """Return the same problem, whose fields stand in the body."""
    faults = [replace(fault, place="body") for fault in error.faults]
    return Problem(error.kind, error.detail, faults=faults, did_you_mean=error.did_you_mean)


async def require_reached(conn: AsyncConnection[Any], kind: names.Kind, code: str) -> None:
    """Check that an entry is there and in the caller's reach.

    Raises:
        Problem: 404 with what looks like it.
    """
    if "\0" in code or not await names.known(conn, kind, [code]):
        raise await not_found(conn, kind, code)


async def require_standing(conn: AsyncConnection[Any], code: str) -> None:
    """Check that a thing stands in the caller's reach at present.

    Raises:
        Problem: 404 with what looks like it.
    """
    if "\0" in code or await things.thing(conn, code, now()) is None:
        raise await not_found(conn, "thing", code)


async def require_datastream(conn: AsyncConnection[Any], number: int) -> Row:
    """Return the datastream in the caller's reach that a body names.

    Raises:
        Problem: 422; there is none.
    """
    found = await things.datastream(conn, number)
    if found is None:
        told_of = f"there is no datastream {number}"
        raise in_body("datastream", told_of, "a number that /v1/datastreams lists", number)
    return found


async def require_named(
    conn: AsyncConnection[Any], fields: Mapping[str, names.Kind], given: Mapping[str, Any]
) -> None:
    """Check that codes in fields of a body are those of what is in the caller's reach.

    Raises:
        Problem: 422 with what looks like it.
    """
    try:
        for field in fields.keys() & given.keys():
            await require_known(conn, fields[field], field, given[field])
    except Problem as error:
        raise of_body(error) from None


async def require_areas(
    conn: AsyncConnection[Any], wanted: Sequence[str] | None, present: Sequence[str] = ()
) -> None:
    """Check that an entry comes to stand in areas that the caller reaches, and leaves no others.

    Args:
        conn: a connection.
        wanted: codes of areas; None: where they are not to change.
        present: where it stands.

    Raises:
        Problem: 422; an area is not known, or it would stand in none of the caller's.
    """
    if wanted is None:
        return
    try:
        await require_known(conn, "area", "areas", *sorted(set(wanted) ^ set(present)))
    except Problem as error:
        raise of_body(error) from None
    if reach.present() is not None and not await names.known(conn, "area", wanted):
        told = "it would stand in no area of yours"
        raise in_body("areas", told, "one that you reach, among others", ", ".join(wanted))
