"""`NAME=VALUE` on the command line, whose value is JSON or else a text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from devices.commands import value_of

if TYPE_CHECKING:
    from collections.abc import Iterable


def named_values(given: Iterable[str], where: str) -> dict[str, Any]:
    """Return values by name; the last of a name counts.

    Raises:
        typer.BadParameter: one has no name.
    """
    return {name: value_of(text) for name, text in (split(each, where) for each in given)}


def split(given: str, where: str) -> tuple[str, str]:
    """Return name and text of NAME=VALUE; `where` is the option or argument that is told of where it is none.

    Raises:
        typer.BadParameter: it has no name.
    """
    name, equals, text = given.partition("=")
    if not (name and equals):
        raise typer.BadParameter(f"{given!r} is not NAME=VALUE", param_hint=where)
    return name, text
