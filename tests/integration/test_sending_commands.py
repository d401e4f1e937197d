"""`halong commands …` with ingest running and a simulated gateway at the other end."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from devices.registry import import_profile
from ingest import downlink
from runtime.cli import app
from runtime.commands.commands import CommandNotDoneError
from runtime.commands.named_values import named_values
from tests.integration.terminal import terminal
from tests.integration.test_ingest import ingesting
from tests.integration.test_simulated_gateway import (
    chosen,  # noqa: F401  (a fixture)
    city,  # noqa: F401  (a fixture)
    running,
    until,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from click.testing import Result
    from psycopg import AsyncConnection

    from devices.model import Gateway, Profile
    from runtime.settings import Settings
    from tests.conftest import Broker

    Halong = Callable[..., Awaitable[Result]]


@pytest.fixture
async def halong(
    conn: AsyncConnection[Any], database_url: str, monkeypatch: pytest.MonkeyPatch,
    city: Profile, chosen: Gateway,  # noqa: F811  (fixtures)
) -> AsyncIterator[Halong]:  # fmt: skip
    """Run a command over a registered gateway."""
    await import_profile(conn, replace(city, gateways=(chosen,)))
    monkeypatch.setattr(downlink, "_LOOK_S", 0.1)

    async def run(*arguments: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, app, ["commands", *arguments])

    with terminal(monkeypatch, database_url, "commands"):
        yield run


async def test_a_simulated_gateway_is_told_and_waited_for(
    halong: Halong, settings: Settings, broker: Broker, tmp_path: Path,
    city: Profile, chosen: Gateway,  # noqa: F811  (fixtures)
) -> None:  # fmt: skip
    password = broker.add_gateway(chosen.code)
    async with (
        ingesting(settings),
        running(city, chosen, broker.gateway_url, password, tmp_path) as stats,
    ):
        await until(lambda: stats.connected == 1)
        done = await halong("send", chosen.code, "echo", "valve=3", "why=Đo lại", "--by", "Lan")
        assert done.exit_code == 0, done.output
        assert [each for each in ("done", '"valve": 3', '"why": "Đo lại"') if each not in done.output] == []
        failed = await halong("send", chosen.code, "open_sesame")
        assert isinstance(failed.exception, CommandNotDoneError)
        assert "the gateway could not: open_sesame is not known here" in str(failed.exception)
        assert stats.commands == 1
    number = done.output.split()[1]
    listed = (await halong("list", "--gateway", chosen.code)).output
    assert [len([n for n in listed.splitlines() if word in n]) for word in (number, "Lan", "failed")] == [
        1,
        1,
        1,
    ]
    shown = (await halong("show", number)).output
    assert shown.index("queued, Lan") < shown.index("sent, halong") < shown.index("done, gateway")


async def test_who_does_not_wait_leaves_it_queued(halong: Halong, chosen: Gateway) -> None:  # noqa: F811
    sent = await halong("send", chosen.code, "ping", "--no-wait")
    assert sent.exit_code == 0
    assert "queued" in (await halong("show", sent.output.split()[1])).output


async def test_what_cannot_be_sent_is_told(halong: Halong, chosen: Gateway) -> None:  # noqa: F811
    for arguments, words in (
        ((chosen.code, "re boot"), "'re boot' is no command"),
        ((chosen.code, "reboot", "delay"), "'delay' is not NAME=VALUE"),
        (("nobody", "reboot"), "gateway 'nobody' is not registered"),
    ):
        wrong = await halong("send", *arguments)
        assert wrong.exit_code != 0
        assert words in " ".join(f"{wrong.output} {wrong.exception}".replace("│", " ").split())


def test_values_are_json_or_text() -> None:
    given = ["a=1", "b=true", 'c={"d": [1]}', "e=1.4.2", "f=x=y", "g="]
    assert named_values(given, "ARGUMENTS") == {
        "a": 1, "b": True, "c": {"d": [1]}, "e": "1.4.2", "f": "x=y", "g": "",
    }  # fmt: skip
