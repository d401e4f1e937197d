"""Desired configuration end to end: changed, kept by the broker, applied and reported, or not."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

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
from simulators.duty import Duty
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
    from tests.integration.terminal import Halong

    Connection = AsyncConnection[Any]


pytestmark = pytest.mark.usefixtures("quick_downlink")


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
    conn: Connection, settings: Settings, broker: Broker, admitted: str
) -> None:
    async with ingesting(settings):
        made = await configs.change(conn, admitted, faster(admitted), by="Minh", note="dust")
        assert (made.version, made.is_new, made.before) == (1, True, {})

        async def is_published() -> bool:
            return (await one(conn, admitted)).published_at is not None

        await until(is_published)
        async with gateway(broker, admitted) as client:
            told = await heard(client, "config")
            assert told == faster(admitted) | {"version": 1, "hash": desired.hash_of(made.after)}
            assert (await one(conn, admitted)).state == "unreported"
            await reports(client, admitted, version=1, hash=told["hash"])
            await becomes(conn, admitted, "applied")
            await configs.change(conn, admitted, faster(admitted, 30), by="Minh")
            assert (await one(conn, admitted)).state == "pending"
            await reports(client, admitted, version=2, hash="0" * 64, error="pm2_5 takes 40 s\0")
            assert (
                await becomes(conn, admitted, "refused")
            ).error == "pm2_5 takes 40 s\N{REPLACEMENT CHARACTER}"
            await reports(client, admitted, version=2, hash="0" * 64)
            await becomes(conn, admitted, "drifted")
            wanted = await one(conn, admitted)
            await reports(client, admitted, version=2, hash=wanted.hash)
            await becomes(conn, admitted, "applied")
            await reports(client, admitted, version=7, hash="")
            assert (await becomes(conn, admitted, "drifted")).reported_version == 7


async def test_all_are_published_again_when_ingest_begins(
    conn: Connection, settings: Settings, broker: Broker, admitted: str
) -> None:
    """The broker may have lost its store."""
    await configs.change(conn, admitted, faster(admitted), by="Minh")
    async with gateway(broker, admitted) as client:
        for _ in range(2):
            async with ingesting(settings):
                assert (await heard(client, "config"))["version"] == 1


async def test_all_are_published_again_while_ingest_runs(
    conn: Connection, settings: Settings, broker: Broker, admitted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downlink, "_AGAIN_S", 0.5)
    await configs.change(conn, admitted, faster(admitted), by="Minh")
    async with ingesting(settings):

        async def is_published() -> bool:
            return (await one(conn, admitted)).published_at is not None

        await until(is_published)
        async with publisher(broker.platform_url, f"{admitted}-loses") as loses:
            await loses.deliver(f"city/v1/{admitted}/down/config", b"", retain=True)
        async with gateway(broker, admitted) as client:
            assert (await heard(client, "config"))["version"] == 1


async def test_what_a_gateway_reports_counts_also_when_its_will_follows_at_once(
    conn: Connection, admitted: str
) -> None:
    made = await configs.change(conn, admitted, faster(admitted), by="Minh")
    reported = Reported(version=1, hash=desired.hash_of(made.after))
    said = [GatewayStatus(True, "1.4.2", None, reported), GatewayStatus(False, None, None)]
    resolved = Resolved(await id_of(conn, admitted))
    delivery = Delivery(f"city/v1/{admitted}/up/status", b"", None, False, False, 1, 1)
    await write_statuses(conn, [Entry(delivery, admitted, resolved, status=each) for each in said])
    assert (await one(conn, admitted)).state == "applied"


async def test_what_is_the_same_makes_no_version_and_a_dry_run_none_at_all(
    conn: Connection, admitted: str
) -> None:
    assert (await configs.change(conn, admitted, faster(admitted), by="Minh", dry_run=True)).is_new
    assert await configs.configured(conn, admitted) == []
    await configs.change(conn, admitted, faster(admitted), by="Minh")
    again = await configs.change(conn, admitted, faster(admitted) | {"settings": {}}, by="Lan")
    assert (again.version, again.is_new) == (1, False)
    with pytest.raises(configs.OtherVersionError, match="the newest version is 1, not 0"):
        await configs.change(conn, admitted, faster(admitted, 5), by="Lan", expected=0)
    removed = await configs.change(conn, admitted, {"devices": None}, by="Lan", expected=1)
    assert (removed.version, removed.after) == (2, {})


async def test_the_registry_s_interval_follows(conn: Connection, admitted: str) -> None:
    await configs.change(conn, admitted, faster(admitted), by="Minh")
    rows = await conn.execute(
        """SELECT t.code, p.code, d.sampling_interval_s FROM datastreams d JOIN things t ON t.id = d.thing_id
           JOIN observed_properties p ON p.id = d.observed_property_id ORDER BY 1, 2"""
    )
    assert await rows.fetchall() == [
        (admitted, "pm10", 300),
        (admitted, "pm2_5", 300),
        (f"{admitted}-aq", "pm10", 300),
        (f"{admitted}-aq", "pm2_5", 60),
    ]


async def test_who_changes_it_at_the_command_line_stands_in_the_log_of_changes(
    conn: Connection, halong: Halong, admitted: str
) -> None:
    await halong("config", "set", admitted, "--interval", f"{admitted}-aq/pm2_5=60", "--by", "Lan")
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


async def test_a_device_that_has_left_holds_up_changes_of_devices_alone(
    conn: Connection, admitted: str
) -> None:
    await configs.change(conn, admitted, faster(admitted), by="Minh")
    await move_away(conn, f"{admitted}-aq")
    made = await configs.change(conn, admitted, {"settings": {"led": "off"}}, by="Minh")
    assert made.after == faster(admitted) | {"settings": {"led": "off"}}
    with pytest.raises(ConfigError, match="has no device"):
        await configs.change(conn, admitted, faster(admitted, 30), by="Minh")


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
    conn: Connection, admitted: str, patch: dict[str, Any], words: str
) -> None:
    wanted = json.loads(json.dumps(patch).replace("{code}", admitted))
    with pytest.raises(ConfigError, match=words):
        await configs.change(conn, admitted, wanted, by="Minh")
    assert await configs.configured(conn, admitted) == []


async def test_a_simulated_gateway_obeys_another_interval(
    conn: Connection, settings: Settings, broker: Broker, tmp_path: Path, halong: Halong,
    city: Profile, chosen: Gateway,  # noqa: F811  (fixtures)
) -> None:  # fmt: skip
    """From the command line to the observations: of one device every second, of another none."""
    thing, other = chosen.things[0].code, chosen.things[1].code
    code = next(iter(chosen.things[0].datastreams))
    await import_profile(conn, replace(city, gateways=(chosen,)))
    password = broker.add_gateway(chosen.code)
    simulated = running(city, chosen, broker.gateway_url, password, tmp_path, interval=None)
    async with ingesting(settings), simulated:
        wanted = (chosen.code, "--interval", f"{thing}/{code}=1", "--disable", other, "--by", "Lan")
        assert f"{chosen.code}: version 1" in await halong("config", "set", *wanted)
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


async def test_drift_is_listed(conn: Connection, halong: Halong, admitted: str) -> None:
    await configs.change(conn, admitted, faster(admitted), by="Minh", note="dust")
    listed = await halong("config", "list", "--drift")
    for word in (admitted, "unreported", "Minh", "dust"):
        assert word in listed
    shown = await halong("config", "show", admitted)
    assert f"{admitted}: unreported, wanted version 1, reported –" in shown
    would = await halong("config", "set", admitted, "--setting", "led=off", "--dry-run")
    assert f'{admitted}: would become version 2\n  - settings: null\n  + settings: {{"led": "off"}}' in would
    assert (await one(conn, admitted)).version == 1
