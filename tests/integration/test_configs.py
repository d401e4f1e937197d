"""Desired configuration end to end: changed, kept by the broker, applied and reported, or not."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from devices import configs, desired
from devices.desired import ConfigError
from devices.registry import import_profile
from ingest import downlink
from ingest.batch import Entry
from ingest.mqtt import Delivery
from ingest.records import write_statuses
from ingest.resolve import Resolved
from ingest.status import GatewayStatus, Reported
from runtime.broker_client import publisher
from runtime.cli import app
from simulators.duty import Duty
from tests.integration.city import register
from tests.integration.terminal import terminal
from tests.integration.test_commands import gateway, id_of
from tests.integration.test_ingest import heard, ingesting, until
from tests.integration.test_simulated_gateway import (
    chosen,  # noqa: F401  (a fixture)
    city,  # noqa: F401  (a fixture)
    running,
)

if TYPE_CHECKING:
    from pathlib import Path

    import aiomqtt
    from psycopg import AsyncConnection

    from devices.configs import Configured
    from devices.model import Gateway, Profile
    from runtime.settings import Settings
    from tests.conftest import Broker

    Connection = AsyncConnection[Any]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look often: tests would wait for nothing but time."""
    monkeypatch.setattr(downlink, "_LOOK_S", 0.1)


@pytest.fixture
async def town(conn: Connection, broker: Broker, gateway_code: str) -> str:
    """The code of a gateway that is registered and may log in."""
    await register(conn, gateway_code)
    broker.add_gateway(gateway_code, f"secret-{gateway_code}")
    return gateway_code


def faster(code: str, seconds: int | None = 60) -> dict[str, Any]:
    return {"devices": {f"{code}-aq": {"intervals": {"pm2_5": seconds}}}}


async def reports(client: aiomqtt.Client, code: str, **config: Any) -> None:
    status = {"online": True, "firmware": "1.4.2", "config": config}
    await client.publish(f"city/v1/{code}/up/status", json.dumps(status), qos=1, retain=True)


async def one(conn: Connection, code: str) -> Configured:
    (found,) = await configs.configured(conn, code)
    return found


async def becomes(conn: Connection, code: str, state: str) -> Configured:
    async def is_so() -> bool:
        return (await one(conn, code)).state == state

    await until(is_so)
    return await one(conn, code)


async def test_a_configuration_is_kept_for_who_comes_later_and_reported(
    conn: Connection, settings: Settings, broker: Broker, town: str
) -> None:
    async with ingesting(settings):
        made = await configs.change(conn, town, faster(town), by="Minh", note="dust")
        assert (made.version, made.is_new, made.before) == (1, True, {})

        async def is_published() -> bool:
            return (await one(conn, town)).published_at is not None

        await until(is_published)
        async with gateway(broker, town) as client:
            told = await heard(client, "config")
            assert told == faster(town) | {"version": 1, "hash": desired.hash_of(made.after)}
            assert (await one(conn, town)).state == "unreported"
            await reports(client, town, version=1, hash=told["hash"])
            await becomes(conn, town, "applied")
            await configs.change(conn, town, faster(town, 30), by="Minh")
            assert (await one(conn, town)).state == "pending"
            await reports(client, town, version=2, hash="0" * 64, error="pm2_5 takes 40 s\0")
            assert (await becomes(conn, town, "refused")).error == "pm2_5 takes 40 s\N{REPLACEMENT CHARACTER}"
            await reports(client, town, version=2, hash="0" * 64)
            await becomes(conn, town, "drifted")
            wanted = await one(conn, town)
            await reports(client, town, version=2, hash=wanted.hash)
            await becomes(conn, town, "applied")
            await reports(client, town, version=7, hash="")
            assert (await becomes(conn, town, "drifted")).reported_version == 7


async def test_all_are_published_again_when_ingest_begins(
    conn: Connection, settings: Settings, broker: Broker, town: str
) -> None:
    """The broker may have lost its store."""
    await configs.change(conn, town, faster(town), by="Minh")
    async with gateway(broker, town) as client:
        for _ in range(2):
            async with ingesting(settings):
                assert (await heard(client, "config"))["version"] == 1


async def test_all_are_published_again_while_ingest_runs(
    conn: Connection, settings: Settings, broker: Broker, town: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downlink, "_AGAIN_S", 0.5)
    await configs.change(conn, town, faster(town), by="Minh")
    async with ingesting(settings):

        async def is_published() -> bool:
            return (await one(conn, town)).published_at is not None

        await until(is_published)
        async with publisher(broker.platform_url, f"{town}-loses") as loses:
            await loses.deliver(f"city/v1/{town}/down/config", b"", retain=True)
        async with gateway(broker, town) as client:
            assert (await heard(client, "config"))["version"] == 1


async def test_what_a_gateway_reports_counts_also_when_its_will_follows_at_once(
    conn: Connection, town: str
) -> None:
    made = await configs.change(conn, town, faster(town), by="Minh")
    reported = Reported(version=1, hash=desired.hash_of(made.after))
    said = [GatewayStatus(True, "1.4.2", None, reported), GatewayStatus(False, None, None)]
    resolved = Resolved(await id_of(conn, town))
    delivery = Delivery(f"city/v1/{town}/up/status", b"", None, False, False, 1, 1)
    await write_statuses(conn, [Entry(delivery, town, resolved, status=each) for each in said])
    assert (await one(conn, town)).state == "applied"


async def test_what_is_the_same_makes_no_version_and_a_dry_run_none_at_all(
    conn: Connection, town: str
) -> None:
    assert (await configs.change(conn, town, faster(town), by="Minh", dry_run=True)).is_new
    assert await configs.configured(conn, town) == []
    await configs.change(conn, town, faster(town), by="Minh")
    again = await configs.change(conn, town, faster(town) | {"settings": {}}, by="Lan")
    assert (again.version, again.is_new) == (1, False)
    with pytest.raises(configs.OtherVersionError, match="the newest version is 1, not 0"):
        await configs.change(conn, town, faster(town, 5), by="Lan", expected=0)
    removed = await configs.change(conn, town, {"devices": None}, by="Lan", expected=1)
    assert (removed.version, removed.after) == (2, {})


async def test_the_registry_s_interval_follows(conn: Connection, town: str) -> None:
    await configs.change(conn, town, faster(town), by="Minh")
    rows = await conn.execute(
        """SELECT t.code, p.code, d.sampling_interval_s FROM datastreams d JOIN things t ON t.id = d.thing_id
           JOIN observed_properties p ON p.id = d.observed_property_id ORDER BY 1, 2"""
    )
    assert await rows.fetchall() == [
        (town, "pm10", 300),
        (town, "pm2_5", 300),
        (f"{town}-aq", "pm10", 300),
        (f"{town}-aq", "pm2_5", 60),
    ]


async def test_who_changes_it_at_the_command_line_stands_in_the_log_of_changes(
    conn: Connection, database_url: str, monkeypatch: pytest.MonkeyPatch, town: str
) -> None:
    wanted = ["config", "set", town, "--interval", f"{town}-aq/pm2_5=60", "--by", "Lan"]
    with terminal(monkeypatch, database_url, "config"):
        await asyncio.to_thread(CliRunner().invoke, app, wanted)
    rows = await conn.execute(
        "SELECT actor FROM registry_changes WHERE 'datastream' = kind AND before IS NOT NULL"
    )
    assert await rows.fetchall() == [("command line, Lan",)]


async def move_away(conn: Connection, device: str) -> None:
    """Hang a device on another gateway."""
    await conn.execute(
        """WITH other AS (INSERT INTO gateways (code, name, latitude, longitude)
                         VALUES ('other', 'Other', 21, 107) RETURNING id)
           UPDATE things SET gateway_id = other.id FROM other WHERE code = %s""",
        [device],
    )


async def test_a_device_that_has_left_holds_up_changes_of_devices_alone(conn: Connection, town: str) -> None:
    await configs.change(conn, town, faster(town), by="Minh")
    await move_away(conn, f"{town}-aq")
    made = await configs.change(conn, town, {"settings": {"led": "off"}}, by="Minh")
    assert made.after == faster(town) | {"settings": {"led": "off"}}
    with pytest.raises(ConfigError, match="has no device"):
        await configs.change(conn, town, faster(town, 30), by="Minh")


@pytest.mark.parametrize(
    ("patch", "words"),
    [
        ({"devices": {"elsewhere": {}}}, "has no device 'elsewhere': it has "),
        ({"devices": {"{code}-aq": {"intervals": {"no2": 60}}}}, "does not measure 'no2': it has pm10"),
        ({"devices": {"{code}-aq": {"intervals": {"pm10": 0}}}}, "Expected `int` >= 1"),
        ({"devices": {"{code}-aq": {"interval": 5}}}, "contains unknown field `interval`"),
        ({"firmware": {"version": "2"}}, "missing required field"),
        ({"settings": {"a": float("nan")}}, "not JSON compliant"),
        ({"settings": {"a": "x" * 40_000}}, "at most 32,768"),
        ({"sampling": 5}, "unknown field `sampling`"),
    ],
)  # fmt: skip
async def test_what_is_no_configuration_changes_nothing(
    conn: Connection, town: str, patch: dict[str, Any], words: str
) -> None:
    wanted = json.loads(json.dumps(patch).replace("{code}", town))
    with pytest.raises(ConfigError, match=words):
        await configs.change(conn, town, wanted, by="Minh")
    assert await configs.configured(conn, town) == []


async def test_a_simulated_gateway_obeys_another_interval(
    conn: Connection, settings: Settings, broker: Broker, tmp_path: Path, database_url: str,
    monkeypatch: pytest.MonkeyPatch, city: Profile, chosen: Gateway,  # noqa: F811  (fixtures)
) -> None:  # fmt: skip
    """From the command line to the observations: of one device every second, of another none."""
    thing, other = chosen.things[0].code, chosen.things[1].code
    code = next(iter(chosen.things[0].datastreams))
    await import_profile(conn, replace(city, gateways=(chosen,)))
    password = broker.add_gateway(chosen.code)
    simulated = running(city, chosen, broker.gateway_url, password, tmp_path, interval=None)
    async with ingesting(settings), simulated:
        wanted = ["set", chosen.code, "--interval", f"{thing}/{code}=1", "--disable", other, "--by", "Lan"]
        with terminal(monkeypatch, database_url, "config"):
            done = await asyncio.to_thread(CliRunner().invoke, app, ["config", *wanted])
        assert f"{chosen.code}: version 1" in done.output, done.output
        await becomes(conn, chosen.code, "applied")

        async def is_often() -> bool:
            rows = await conn.execute(
                """SELECT count(*) FROM observations o JOIN datastreams d ON d.id = o.datastream_id
                   JOIN things t ON t.id = d.thing_id JOIN observed_properties p
                     ON p.id = d.observed_property_id
                   WHERE t.code = %s AND p.code = %s AND o.time > now() - interval '10 seconds'""",
                [thing, code],
            )
            (number,) = await rows.fetchone() or (0,)
            return bool(number >= 4)

        await until(is_often)


def test_a_simulated_gateway_reports_what_it_cannot_apply_and_stays_as_it_is(chosen: Gateway) -> None:  # noqa: F811
    duty = Duty(chosen, 5.0)
    first = chosen.things[0].code
    wrong = {"version": 3, "hash": "abc", "devices": {first: {"intervals": {"ozone_hole": 60}}}}
    ((kind, status),) = duty.answers("config", wrong)
    assert (kind, status["config"]["version"]) == ("status", 3)
    assert "does not measure ozone_hole" in status["config"]["error"]
    assert (duty.gateway, duty.interval, duty.changed.is_set()) == (chosen, 5.0, False)
    assert list(duty.answers("config", wrong)) == []
    right = {"version": 4, "hash": "def", "devices": {first: {"enabled": False}}}
    ((_, status),) = duty.answers("config", right)
    assert status["config"] == {"version": 4, "hash": "def"}
    assert first not in {each.code for each in duty.gateway.things}


def test_merge_patches_are_those_of_the_standard() -> None:
    """RFC 7396, Appendix A."""
    cases: list[tuple[Any, Any, Any]] = [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ]
    assert [desired.merged(document, patch) for document, patch, _ in cases] == [each[2] for each in cases]


async def test_drift_is_listed(
    conn: Connection, database_url: str, monkeypatch: pytest.MonkeyPatch, town: str
) -> None:
    await configs.change(conn, town, faster(town), by="Minh", note="dust")
    with terminal(monkeypatch, database_url, "config"):
        listed = await asyncio.to_thread(CliRunner().invoke, app, ["config", "list", "--drift"])
        shown = await asyncio.to_thread(CliRunner().invoke, app, ["config", "show", town])
        dry = ["config", "set", town, "--setting", "led=off", "--dry-run"]
        would = await asyncio.to_thread(CliRunner().invoke, app, dry)
    for word in (town, "unreported", "Minh", "dust"):
        assert word in listed.output
    assert f"{town}: unreported, wanted version 1, reported –" in shown.output
    assert (
        f'{town}: would become version 2\n  - settings: null\n  + settings: {{"led": "off"}}' in would.output
    )
    assert (await one(conn, town)).version == 1
