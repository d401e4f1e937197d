"""`halong keys …`: what who gives out keys types."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from runtime.cli import app
from tests.integration.city import register
from tests.integration.terminal import terminal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from psycopg import AsyncConnection

    Command = Callable[..., Awaitable[str]]


@pytest.fixture
async def halong(
    conn: AsyncConnection[Any], database_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Command]:
    """Run a command over a city, and return what it prints; `fails` expects that it cannot."""
    await register(conn, "gw-keys")

    async def run(*arguments: str, fails: bool = False) -> str:
        result = await asyncio.to_thread(CliRunner().invoke, app, ["keys", *arguments])
        assert (result.exit_code != 0) == fails, result.output
        return result.output if not isinstance(result.exception, ValueError) else str(result.exception)

    with terminal(monkeypatch, database_url, "keys"):
        yield run


async def test_a_key_is_made_listed_changed_and_revoked(halong: Command) -> None:
    made = await halong("create", "duty desk", "--role", "operator", "--area", "193", "--rate", "90")
    prefix = made.split("_")[1]
    listed = columns(await halong("list"), prefix)
    assert listed[2:5] == ["operator", "193", "90 a minute"]
    assert listed[5].endswith("+07:00")
    said = await halong("change", prefix, "--role", "installer", "--everywhere")
    assert said.strip() == f"key {prefix}: installer, everywhere, 90 a minute"
    assert "193, usual rate" in await halong("change", prefix, "--area", "193", "--rate", "0")
    assert columns(await halong("list"), prefix)[2:5] == ["installer", "193", "usual rate"]
    assert "is revoked" in await halong("revoke", prefix)


def columns(table: str, prefix: str) -> list[str]:
    (line,) = [each for each in table.splitlines() if prefix in each]
    return [each.strip() for each in line.strip("│┃ ").split("│")]


async def test_a_key_is_a_planner_s_unless_it_is_said_otherwise(halong: Command) -> None:
    prefix = (await halong("create", "planning office")).split("_")[1]
    assert columns(await halong("list"), prefix)[1:5] == [
        "planning office",
        "planner",
        "everywhere",
        "usual rate",
    ]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("create", "x", "--scope", "operate"), "--role operator"),
        (("create", "x", "--role", "admin", "--area", "193"), "whole city's"),
        (("create", "x", "--area", "nowhere"), "no area 'nowhere'"),
        (("create", "x", "--role", "boss"), "planner"),
        (("change", "x"), "say what is to change"),
        (("change", "x", "--area", "193", "--everywhere"), "not both"),
    ],
)
async def test_what_cannot_be_says_what_to_do(halong: Command, arguments: tuple[str, ...], told: str) -> None:
    assert told in " ".join((await halong(*arguments, fails=True)).replace("│", " ").split())
