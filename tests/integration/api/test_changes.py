"""Who changed what in the registry: a line for every change, in its transaction and in its actor's name."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from api import keys
from devices import profiles, registry
from devices.identities import set_password
from storage.actor import act_as
from tests.integration.api.conftest import client_of
from tests.integration.api.seed import GATEWAYS as CITY_GATEWAYS
from tests.integration.api.test_alerts import RULE
from tests.integration.api.test_api_contract import assert_problem
from tests.integration.api.test_registry_api import (
    CALIBRATIONS,
    DATASTREAMS,
    GATEWAY,
    GATEWAYS,
    PROPERTIES,
    THING,
    THINGS,
    made,
    over,
)

if TYPE_CHECKING:
    import httpx
    from fastapi import FastAPI
    from psycopg import AsyncConnection


@pytest.fixture
async def admin(admin: httpx.AsyncClient, city: AsyncConnection[Any]) -> httpx.AsyncClient:
    """Somebody who may do everything, over a city whose own lines are taken out of the way."""
    await city.execute("TRUNCATE registry_changes")
    return admin


async def lines(client: httpx.AsyncClient, **asked: str) -> list[dict[str, Any]]:
    """Changes, the oldest first."""
    answer = await client.get("/v1/changes", params=asked)
    assert answer.status_code == 200, answer.text
    return list(reversed(answer.json()["items"]))


async def test_every_change_has_its_line_with_its_actor_and_its_request(
    city: AsyncConnection[Any], admin: httpx.AsyncClient
) -> None:
    admin.headers["x-request-id"] = "visit-42"
    await made(await admin.post(GATEWAYS, json=GATEWAY))
    await made(await admin.post(THINGS, json=THING))
    given = {"thing": THING["code"], "observed_property": "pm10"}
    stream = (await made(await admin.post(DATASTREAMS, json=given)))["id"]
    await made(await over(admin, f"{DATASTREAMS}/{stream}", sampling_interval_s=60), 200)
    await made(await over(admin, f"{THINGS}/{THING['code']}", areas=["194"], name="Air 1"), 200)
    await made(await over(admin, f"{PROPERTIES}/pm10", maximum=3000), 200)
    given = {"datastream": stream, "valid_from": "2026-01-01T00:00:00Z", "reference": "K-1"}
    calibration = await made(await admin.post(CALIBRATIONS, json=given))
    await admin.delete(f"{CALIBRATIONS}/{calibration['id']}", headers={"if-match": "*"})
    await made(await admin.post("/v1/alert-rules", json=RULE))
    await admin.delete("/v1/alert-rules/noise")
    found = await lines(admin)
    assert [(each["kind"], each["code"], each["action"], each["fields"]) for each in found[3:6]] == [
        ("datastream", "cam-pha-air-1/pm10", "change", ["sampling_interval_s"]),
        ("thing", "cam-pha-air-1", "change", ["areas", "name"]),
        ("observed_property", "pm10", "change", ["maximum"]),
    ]
    assert [(each["kind"], each["action"]) for each in found[:3] + found[6:]] == [
        ("gateway", "create"),
        ("thing", "create"),
        ("datastream", "create"),
        ("calibration", "create"),
        ("calibration", "delete"),
        ("alert_rule", "create"),
        ("alert_rule", "change"),
    ]
    key = (await keys.list_keys(city))[0].prefix
    assert {(each["actor"], each["request_id"]) for each in found} == {(f"key {key} (town hall)", "visit-42")}
    moved = found[4]
    assert moved["before"]["areas"] == ["193@2020-01-01", "22@2020-01-01"]
    assert moved["after"]["areas"] == ["194@2020-01-01", "22@2020-01-01"]
    assert found[0]["before"] is None
    assert found[0]["after"]["areas"] == ["193@2020-01-01", "22@2020-01-01"]


async def test_a_configuration_changes_the_registry_in_the_name_of_who_asks(admin: httpx.AsyncClient) -> None:
    admin.headers["x-request-id"] = "visit-43"
    wanted = {"devices": {"ha-long-air-1": {"intervals": {"pm2_5": 77}}}}
    await made(await admin.patch("/v1/configs/ha-long-1", json=wanted), 200)
    (line,) = await lines(admin, actor="key ", request_id="visit-43")
    assert (line["kind"], line["code"]) == ("datastream", "ha-long-air-1/pm2_5")
    assert line["fields"] == ["sampling_interval_s"]
    assert line["actor"].endswith("(town hall)")


async def test_what_is_refused_leaves_no_line(admin: httpx.AsyncClient) -> None:
    tag = (await admin.get(f"{THINGS}/ha-long-air-1")).headers["etag"]
    await made(await over(admin, f"{THINGS}/ha-long-air-1", kind="weather_station"), 200)
    refused = await admin.patch(f"{THINGS}/ha-long-air-1", json={"name": "x"}, headers={"if-match": tag})
    assert_problem(refused, 412, "precondition-failed")
    await made(await over(admin, f"{THINGS}/ha-long-air-1", kind="weather_station"), 200)
    assert_problem(await admin.post(THINGS, json=THING | {"areas": ["19"]}), 422, "invalid-parameter")
    assert [each["fields"] for each in await lines(admin)] == [["kind"]]


@pytest.mark.attack("secrets in the log of changes", "digests of hashes alone")
async def test_keys_and_passwords_are_told_without_their_secrets(
    city: AsyncConnection[Any], admin: httpx.AsyncClient
) -> None:
    async with city.transaction():
        await act_as(city, "command line, lan")
        text, key = await keys.create(city, "van", "installer", areas=["193"])
        first = await set_password(city, "gw-new")
        await keys.revoke(city, key.prefix)
    await set_password(city, "gw-new")
    found = await lines(admin, kind="api_key") + await lines(admin, kind="gateway_password")
    assert [(each["action"], each["code"]) for each in found][1:] == [
        ("create", "gw-new 1"),
        ("change", "gw-new 1"),
    ]
    assert found[2]["fields"] == ["hash"]
    # Made and revoked in one transaction is one line.
    assert (found[0]["action"], found[0]["code"]) == ("create", key.prefix)
    assert found[0]["after"]["revoked_at"]
    assert [each["actor"] for each in found[:2]] == ["command line, lan"] * 2
    assert found[2]["actor"].startswith("halong, database user ")
    told = str(found)
    assert text not in told
    assert first not in told
    assert "$7$" not in told
    # A key that is used is not a key that is changed.
    await city.execute("UPDATE api_keys SET last_used_at = now()")
    assert len(await lines(admin, kind="api_key")) == 1


async def test_an_import_leaves_a_line_for_what_it_changes(
    city: AsyncConnection[Any], admin: httpx.AsyncClient
) -> None:
    profile = dataclasses.replace(profiles.load("quang_ninh"), gateways=CITY_GATEWAYS)
    await registry.import_profile(city, profile)
    assert await lines(admin) == []
    first, *others = CITY_GATEWAYS
    first = dataclasses.replace(first, name="Hạ Long one", areas=("193", "194"))
    await registry.import_profile(city, dataclasses.replace(profile, gateways=(first, *others)))
    (line,) = await lines(admin)
    assert (line["code"], line["fields"]) == ("ha-long-1", ["areas", "name"])
    assert line["after"]["areas"] == ["193@2020-01-01", "194@2020-01-01", "22@2020-01-01"]


async def test_changes_are_filtered_and_paged(admin: httpx.AsyncClient) -> None:
    for n in range(5):
        await made(await over(admin, f"{THINGS}/ha-long-air-1", name=f"name {n}"), 200)
    await made(await over(admin, f"{GATEWAYS}/ha-long-1", name="other"), 200)
    assert len(await lines(admin)) == 6
    assert len(await lines(admin, kind="thing", code="ha-long-air-1", actor="key ")) == 5
    assert await lines(admin, actor="command line") == []
    assert await lines(admin, to="2020-01-01", **{"from": "2019-01-01"}) == []
    first = (await admin.get("/v1/changes?kind=thing&limit=2")).json()
    second = (await admin.get(first["next"])).json()
    assert [each["after"]["name"] for each in first["items"] + second["items"]] == [
        "name 4",
        "name 3",
        "name 2",
        "name 1",
    ]
    assert_problem(await admin.get("/v1/changes?kind=things"), 422, "invalid-parameter")


async def test_an_installer_is_told_of_its_areas_alone(
    app: FastAPI, city: AsyncConnection[Any], admin: httpx.AsyncClient
) -> None:
    text, _ = await keys.create(city, "van", "installer", areas=["193"])
    everywhere, _ = await keys.create(city, "installers", "installer")
    await made(await over(admin, f"{THINGS}/mong-cai-air-1", name="x"), 200)
    await made(await over(admin, f"{THINGS}/ha-long-air-1", name="y"), 200)
    await made(await over(admin, f"{THINGS}/ha-long-rain-1", areas=["194"]), 200)
    await made(await over(admin, f"{PROPERTIES}/pm10", maximum=3000), 200)
    async with client_of(app, authorization=f"Bearer {text}") as van:
        assert [each["code"] for each in await lines(van)] == ["ha-long-air-1"]
    async with client_of(app, authorization=f"Bearer {everywhere}") as installers:
        assert {each["kind"] for each in await lines(installers)} == {"thing"}
    operator, _ = await keys.create(city, "duty desk", "operator")
    async with client_of(app, authorization=f"Bearer {operator}") as desk:
        assert_problem(await desk.get("/v1/changes"), 403, "forbidden")


async def test_a_move_is_one_change_of_the_thing_with_its_areas(admin: httpx.AsyncClient) -> None:
    tag = (await admin.get(f"{THINGS}/ha-long-rain-1")).headers["etag"]
    at = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    place = {"at": at, "latitude": 21.5, "longitude": 107.9, "areas": ["194"], "reason": "new roof"}
    await made(await admin.post("/v1/things/ha-long-rain-1/installations", json=place))
    (line,) = await lines(admin)
    assert line["actor"].endswith("(town hall)")
    assert line["fields"] == ["areas", "latitude", "longitude"]
    assert line["before"]["areas"] == ["193@2020-01-01", "22@2020-01-01"]
    assert line["after"]["areas"] == ["194@2020-01-01", "22@2020-01-01"]
    stale = await admin.patch(f"{THINGS}/ha-long-rain-1", json={"name": "x"}, headers={"if-match": tag})
    assert_problem(stale, 412, "precondition-failed")
