"""`halong commands …` with ingest running and a simulated gateway at the other end."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from api.commanding import UnknownCommandError
from devices.commands import BegunError
from devices.registry import import_profile
from runtime.commands.commands import CommandNotDoneError
from runtime.commands.named_values import named_values
from tests.integration.test_ingest import ingesting
from tests.integration.test_simulated_gateway import (
    chosen,  # noqa: F401  (a fixture)
    city,  # noqa: F401  (a fixture)
    running,
    until,
)

if TYPE_CHECKING:
    from pathlib import Path

    from psycopg import AsyncConnection

    from devices.model import Gateway, Profile
    from runtime.settings import Settings
    from tests.conftest import Broker
    from tests.integration.terminal import Halong


@pytest.fixture
async def halong(
    conn: AsyncConnection[Any], halong: Halong, quick_downlink: None,
    city: Profile, chosen: Gateway,  # noqa: F811  (fixtures)
) -> Halong:  # fmt: skip
    """`halong commands` over a registered gateway."""
    await import_profile(conn, replace(city, gateways=(chosen,)))
    return partial(halong, "commands")


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
        assert [each for each in ("done", '"valve": 3', '"why": "Đo lại"') if each not in done] == []
        refused = "the gateway could not: open_sesame is not known here"
        with pytest.raises(CommandNotDoneError, match=refused):
            await halong("send", chosen.code, "open_sesame")
        assert stats.commands == 1
    number = done.split()[1]
    listed = await halong("list", "--gateway", chosen.code)
    assert [len([n for n in listed.splitlines() if word in n]) for word in (number, "Lan", "failed")] == [
        1,
        1,
        1,
    ]
    shown = await halong("show", number)
    assert shown.index("queued, Lan") < shown.index("sent, halong") < shown.index("done, gateway")


async def test_who_does_not_wait_leaves_it_queued(halong: Halong, chosen: Gateway) -> None:  # noqa: F811
    sent = await halong("send", chosen.code, "ping", "--no-wait")
    assert "queued" in await halong("show", sent.split()[1])


async def test_what_waits_is_cancelled_once(halong: Halong, chosen: Gateway) -> None:  # noqa: F811
    number = (await halong("send", chosen.code, "ping", "--no-wait")).split()[1]
    told = await halong("cancel", number, "--by", "Lan")
    assert told.strip() == f"ping of {chosen.code} is cancelled: it was not sent"
    assert "cancelled, Lan" in await halong("show", number)
    with pytest.raises(BegunError, match=f"command {number} is begun or over"):
        await halong("cancel", number)
    nobody = "00000000-0000-0000-0000-000000000000"
    for act in ("cancel", "show"):
        with pytest.raises(UnknownCommandError, match=f"there is no command {nobody}"):
            await halong(act, nobody)


async def test_what_cannot_be_sent_is_told(halong: Halong, chosen: Gateway) -> None:  # noqa: F811
    for arguments, words in (
        ((chosen.code, "re boot"), "'re boot' is no command"),
        ((chosen.code, "reboot", "delay"), "'delay' is not NAME=VALUE"),
        (("nobody", "reboot"), "gateway 'nobody' is not registered"),
    ):
        assert words in await halong("send", *arguments, fails=True)


def test_values_are_json_or_text() -> None:
    given = ["a=1", "b=true", 'c={"d": [1]}', "e=1.4.2", "f=x=y", "g="]
    assert named_values(given, "ARGUMENTS") == {
        "a": 1, "b": True, "c": {"d": [1]}, "e": "1.4.2", "f": "x=y", "g": "",
    }  # fmt: skip
