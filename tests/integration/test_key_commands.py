"""`halong keys …`: what who gives out keys types."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.city import register

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from tests.integration.terminal import Halong


@pytest.fixture
async def halong(conn: AsyncConnection[Any], halong: Halong) -> Halong:
    """`halong keys` over the small city."""
    await register(conn, "gw-keys")
    return partial(halong, "keys")


async def test_a_key_is_made_listed_changed_and_revoked(halong: Halong) -> None:
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


async def test_a_key_is_a_planner_s_unless_it_is_said_otherwise(halong: Halong) -> None:
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
async def test_what_cannot_be_says_what_to_do(halong: Halong, arguments: tuple[str, ...], told: str) -> None:
    assert told in await halong(*arguments, fails=True)
