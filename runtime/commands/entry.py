"""What commands share that create and change one entry of the registry."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import typer
from pydantic import ValidationError
from rich.console import Console

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from psycopg import AsyncConnection
    from pydantic import BaseModel

    from devices.entries import Kind

    #: the fields that options change, of an entry as it is
    Options = Callable[[dict[str, Any]], dict[str, Any]]

out = Console(highlight=False, soft_wrap=True)


def checked(model: type[BaseModel], given: dict[str, Any]) -> dict[str, Any]:
    """Return what is given as a model has it.

    Raises:
        BadParameter: it cannot be.
    """
    try:
        return model.model_validate(given).model_dump(exclude_unset=True)
    except ValidationError as error:
        wrong = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
        raise typer.BadParameter("; ".join(wrong)) from None


@asynccontextmanager
async def changing(conn: AsyncConnection[Any], *, dry_run: bool) -> AsyncIterator[None]:
    """Have changes be one transaction, which a dry run takes back."""
    async with conn.transaction(force_rollback=dry_run):
        yield
    if dry_run:
        out.print("dry run: nothing was changed")


async def create_in(conn: AsyncConnection[Any], kind: Kind, given: dict[str, Any]) -> None:
    """Create an entry, and tell whether it was there."""
    from devices import edit

    _, is_new = await edit.create(conn, kind, given)
    called = given.get("code") or f"{given['thing']}/{given['observed_property']}"
    out.print(f"{'created' if is_new else 'unchanged'}: {kind.name} {called}", markup=False)


async def change_in(
    conn: AsyncConnection[Any],
    kind: Kind,
    named: tuple[str | int, str],
    model: type[BaseModel],
    given: dict[str, Any],
    options: Options,
    *,
    dry_run: bool,
) -> None:
    """Change an entry of some key that people call something, and tell what differs."""
    from devices import edit

    key, called = named
    async with changing(conn, dry_run=dry_run):
        before = await edit.found(conn, kind, key)
        changes = checked(model, given | options(before))
        if not changes:
            raise typer.BadParameter(f"say what is to change of {called}: see --help")
        after = await edit.change(conn, kind, key, changes)
        differing = [name for name in changes if before[name] != after[name]]
        for name in differing:
            out.print(f"{name}: {_shown(before[name])} -> {_shown(after[name])}", markup=False)
        out.print(f"{'changed' if differing else 'unchanged'}: {kind.name} {called}", markup=False)


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
