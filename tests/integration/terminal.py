"""Commands of `halong`, as somebody types them; the fixture `halong` has them find a test's database."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from typer.testing import CliRunner

from runtime.cli import app

if TYPE_CHECKING:
    from collections.abc import Awaitable


class Halong(Protocol):
    """`typed`, or what types its first words by itself."""

    def __call__(self, *words: object, fails: bool = False, answer: str = "") -> Awaitable[str]: ...


async def typed(*words: object, fails: bool = False, answer: str = "") -> str:
    """Type a command, answer what it asks, and return what it prints.

    One that `fails` must end with an error: what it prints and the error are returned on one line, out of
    their box. Without `fails` the command's own error is raised, for who expects its type.
    """
    done = await asyncio.to_thread(
        CliRunner().invoke, app, [str(each) for each in words], input=answer, catch_exceptions=fails
    )
    assert (done.exit_code != 0) == fails, done.output
    if not fails:
        return done.output
    return " ".join(f"{done.output} {done.exception}".replace("│", " ").split())
