"""The registry managed by API: over the version that was read, told to ingest, cut to areas."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from api import keys
from api.app import create_app
from runtime.settings import Settings
from tests.integration.api.conftest import client_of
from tests.integration.api.test_api_contract import assert_fits, assert_problem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx
    from fastapi import FastAPI
    from psycopg import AsyncConnection

GATEWAY: dict[str, Any] = {
    "code": "cam-pha-1", "name": "Cẩm Phả 1", "latitude": 21.03, "longitude": 107.34, "areas": ["193"],
}  # fmt: skip
THING: dict[str, Any] = {
    "code": "cam-pha-air-1", "gateway": "ha-long-1", "name": "Air", "kind": "air_station",
    "latitude": 21.03, "longitude": 107.34, "areas": ["193"], "properties": {"height_m": 3},
}  # fmt: skip
GATEWAYS, THINGS = "/v1/registry/gateways", "/v1/registry/things"
DATASTREAMS, PROPERTIES = "/v1/registry/datastreams", "/v1/registry/observed-properties"
CALIBRATIONS = "/v1/registry/calibrations"


@pytest.fixture
async def installer(app: FastAPI, city: AsyncConnection[Any]) -> AsyncIterator[httpx.AsyncClient]:
    text, _ = await keys.create(city, "van of Hạ Long", "installer", areas=["193"])
    async with client_of(app, authorization=f"Bearer {text}") as client:
        yield client


async def made(answer: httpx.Response, status: int = 201) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def over(client: httpx.AsyncClient, path: str, **changes: Any) -> httpx.Response:
    """Change an entry over the version that is there."""
    tag = (await client.get(path)).headers["etag"]
    return await client.patch(path, json=changes, headers={"if-match": tag})


async def test_an_entry_is_created_once_and_asked_for_again(app: FastAPI, admin: httpx.AsyncClient) -> None:
    answer = await admin.post(GATEWAYS, json=GATEWAY)
    gateway = await made(answer)
    assert (gateway["heartbeat_s"], gateway["enabled"], gateway["version"]) == (300, True, 1)
    assert gateway["areas"] == ["193"]
    assert answer.headers["location"] == f"{GATEWAYS}/cam-pha-1"
    again = await admin.post(GATEWAYS, json=GATEWAY)
    assert await made(again, 200) == gateway
    assert (
        again.headers["etag"]
        == answer.headers["etag"]
        == (await admin.get(f"{GATEWAYS}/cam-pha-1")).headers["etag"]
    )
    other = await admin.post(GATEWAYS, json=GATEWAY | {"name": "another", "areas": ["194"]})
    assert "differs in name, areas" in assert_problem(other, 409, "conflict")["detail"]
    listed = (await admin.get("/v1/gateways/cam-pha-1")).json()
    assert (listed["state"], listed["areas"]) == ("never_heard", ["193", "22"])


async def test_only_the_version_that_was_read_is_changed(admin: httpx.AsyncClient) -> None:
    path = f"{THINGS}/ha-long-air-1"
    read = await admin.get(path)
    tag, thing = read.headers["etag"], read.json()
    assert not tag.startswith("W/")
    assert (await admin.get(path, headers={"if-none-match": tag})).status_code == 304
    assert_problem(await admin.patch(path, json={"name": "x"}), 428, "precondition-required")
    assert_problem(await admin.delete(path), 428, "precondition-required")
    answer = await admin.patch(path, json={"name": "Bãi Cháy", "properties": {}}, headers={"if-match": tag})
    changed = await made(answer, 200)
    assert changed == thing | {
        "name": "Bãi Cháy", "properties": {}, "version": thing["version"] + 1,
        "changed_at": changed["changed_at"],
    }  # fmt: skip
    late = await admin.patch(path, json={"name": "y"}, headers={"if-match": f'{tag}, W/"x"'})
    assert_problem(late, 412, "precondition-failed")
    assert late.headers["etag"] == answer.headers["etag"] != tag
    assert_problem(await admin.delete(path, headers={"if-match": tag}), 412, "precondition-failed")
    weak = await admin.patch(path, json={"name": "y"}, headers={"if-match": f"W/{answer.headers['etag']}"})
    assert_problem(weak, 412, "precondition-failed")
    for condition in ("*", f'"other", {answer.headers["etag"]}'):
        same = await admin.patch(path, json={"name": "Bãi Cháy"}, headers={"if-match": condition})
        assert await made(same, 200) == changed, "a change that changes nothing is no version"


async def test_of_twenty_who_change_one_version_one_wins(
    city: AsyncConnection[Any], admin: httpx.AsyncClient
) -> None:
    path = f"{THINGS}/ha-long-air-1"
    left, written = set(range(20)), []
    while left:
        tag = (await admin.get(path)).headers["etag"]
        answers = await asyncio.gather(
            *(admin.patch(path, json={"name": f"writer {n}"}, headers={"if-match": tag}) for n in left)
        )
        won = [n for n, answer in zip(list(left), answers, strict=True) if answer.status_code == 200]
        assert {answer.status_code for answer in answers} <= {200, 412}
        assert len(won) == 1
        written += won
        left -= set(won)
    rows = await city.execute(
        "SELECT after->>'name' FROM registry_changes WHERE action = 'change' ORDER BY id"
    )
    assert [name for (name,) in await rows.fetchall()] == [f"writer {n}" for n in written]


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"code": "Cẩm Phả"}, "code", ""),
        ({"latitude": 91}, "latitude", "at most 90"),
        ({"heartbeat_s": 0}, "heartbeat_s", "at least 1"),
        ({"areas": []}, "areas", ""),
        ({"areas": ["193", "19"]}, "areas", "no area '19'"),
        ({"code": "halong"}, "code", "of halong's own"),
        ({"nmae": "x"}, "nmae", "did you mean name?"),
        ({"enabled": None}, "enabled", ""),
        ({"name": " "}, "name", ""),
    ],
)
async def test_a_wrong_field_is_named_with_what_would_be_right(
    admin: httpx.AsyncClient, changes: dict[str, Any], field: str, said: str
) -> None:
    answer = await admin.post(GATEWAYS, json=GATEWAY | changes)
    body = assert_problem(answer, 422, "invalid-parameter")
    assert [(each["parameter"], each["in"]) for each in body["errors"]] == [(field, "body")]
    assert body["errors"][0]["expected"]
    assert said in body["detail"]
    assert_problem(await admin.get(f"{GATEWAYS}/cam-pha-1"), 404, "not-found")


@pytest.mark.attack("a gateway registered by the name of the platform's own broker user", "422")
async def test_a_gateway_is_not_called_as_the_platform_is_at_its_broker(
    database_url: str, city: AsyncConnection[Any]
) -> None:
    text, _ = await keys.create(city, "town hall", "admin")
    broker = "mqtt://platform-7:secret@127.0.0.1:1883"
    app = create_app(Settings.model_validate({"database_url": database_url, "mqtt_url": broker}))
    async with (
        app.router.lifespan_context(app),
        client_of(app, authorization=f"Bearer {text}") as client,
    ):
        for code in ("platform-7", "halong", "alerts", "ingest-0"):
            body = assert_problem(
                await client.post(GATEWAYS, json=GATEWAY | {"code": code}), 422, "invalid-parameter"
            )
            assert body["errors"][0]["parameter"] == "code"
            assert f"'{code}' is a name of halong's own at the broker" in body["detail"]
        await made(await client.post(GATEWAYS, json=GATEWAY | {"code": "platform-8"}))


async def test_things_refer_to_what_is_there(admin: httpx.AsyncClient) -> None:
    answer = await admin.post(THINGS, json=THING | {"gateway": "ha-long-9"})
    fault = assert_problem(answer, 422, "invalid-parameter")["errors"][0]
    assert fault["did_you_mean"][0].startswith("ha-long-")
    answer = await admin.post(THINGS, json=THING | {"model": "none"})
    assert_problem(answer, 422, "invalid-parameter")
    await made(await admin.post(THINGS, json=THING | {"dev_eui": "a84041000181c061"}))
    answer = await over(admin, f"{THINGS}/ha-long-air-1", dev_eui="a84041000181c061")
    assert "another thing has it" in assert_problem(answer, 422, "invalid-parameter")["detail"]
    moved = await made(await over(admin, f"{THINGS}/cam-pha-air-1", gateway="mong-cai-1", areas=["194"]), 200)
    assert (moved["gateway"], moved["areas"]) == ("mong-cai-1", ["194"])
    assert (await admin.get("/v1/things/cam-pha-air-1")).json()["areas"] == ["194", "22"]


async def test_an_installer_registers_in_its_areas(installer: httpx.AsyncClient) -> None:
    await made(await installer.post(GATEWAYS, json=GATEWAY))
    await made(await installer.post(THINGS, json=THING | {"gateway": "cam-pha-1"}))
    given = {"thing": "cam-pha-air-1", "observed_property": "pm2_5"}
    stream = await made(await installer.post(DATASTREAMS, json=given))
    assert stream["sampling_interval_s"] == 300
    for path in (f"{GATEWAYS}/cam-pha-1", f"{THINGS}/cam-pha-air-1", f"{DATASTREAMS}/{stream['id']}"):
        assert (await made(await over(installer, path, enabled=False), 200))["enabled"] is False


@pytest.mark.attack("an installer's key on entries of another area", "404 or 422, and nothing is changed")
async def test_an_installer_does_nothing_elsewhere(
    installer: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    for areas in (["194"], ["193", "194"], ["22"]):
        answer = await installer.post(GATEWAYS, json=GATEWAY | {"areas": areas})
        assert_problem(answer, 422, "invalid-parameter")
    assert_problem(await installer.post(THINGS, json=THING | {"gateway": "gw-new"}), 422, "invalid-parameter")
    answer = await over(installer, f"{THINGS}/ha-long-air-1", gateway="gw-new")
    assert_problem(answer, 422, "invalid-parameter")
    answer = await over(installer, f"{THINGS}/ha-long-air-1", areas=["06652", "194"])
    assert_problem(answer, 422, "invalid-parameter")
    answer = await installer.post(DATASTREAMS, json={"thing": "mong-cai-air-1", "observed_property": "pm10"})
    assert_problem(answer, 422, "invalid-parameter")
    for path in (f"{GATEWAYS}/mong-cai-1", f"{THINGS}/mong-cai-air-1"):
        assert_problem(await installer.get(path), 404, "not-found")
        for method in ("PATCH", "DELETE"):
            answer = await installer.request(method, path, json={}, headers={"if-match": "*"})
            assert_problem(answer, 404, "not-found")
    # One that stands in another's area as well stays there.
    await made(await over(admin, f"{THINGS}/ha-long-air-1", areas=["193", "194"]), 200)
    answer = await over(installer, f"{THINGS}/ha-long-air-1", areas=["193"])
    assert_problem(answer, 422, "invalid-parameter")
    both = await made(await over(installer, f"{THINGS}/ha-long-air-1", areas=["06652", "194"]), 200)
    assert both["areas"] == ["06652", "194"]
    assert_problem(await over(installer, f"{THINGS}/ha-long-air-1", areas=["194"]), 422, "invalid-parameter")


async def settled(conn: AsyncConnection[Any], client: httpx.AsyncClient, path: str) -> None:
    """Disable an entry, as of two minutes ago."""
    assert_problem(await client.delete(path, headers={"if-match": "*"}), 409, "conflict")
    await made(await over(client, path, enabled=False), 200)
    body = assert_problem(await client.delete(path, headers={"if-match": "*"}), 409, "conflict")
    assert "disabled for 60 s" in body["detail"]
    table = path.split("/")[3]
    await conn.execute(f"ALTER TABLE {table} DISABLE TRIGGER count_version")
    await conn.execute(f"UPDATE {table} SET changed_at = now() - interval '2 minutes' WHERE NOT enabled")
    await conn.execute(f"ALTER TABLE {table} ENABLE TRIGGER count_version")


async def test_what_was_used_is_not_deleted(city: AsyncConnection[Any], admin: httpx.AsyncClient) -> None:
    number = (await admin.get("/v1/things/ha-long-air-1")).json()["datastreams"][0]["id"]
    for path, said in (
        (f"{GATEWAYS}/ha-long-1", "it has 2 things and it has been heard"),
        (f"{THINGS}/ha-long-air-1", "it has observations"),
        (f"{DATASTREAMS}/{number}", "it has observations"),
        (f"{PROPERTIES}/pm2_5", "2 datastreams measure it"),
    ):
        body = assert_problem(await admin.delete(path, headers={"if-match": "*"}), 409, "conflict")
        assert said in body["detail"]
    await made(await admin.post(THINGS, json=THING))
    await made(await admin.post(DATASTREAMS, json={"thing": THING["code"], "observed_property": "pm10"}))
    await settled(city, admin, f"{THINGS}/cam-pha-air-1")
    assert (await admin.delete(f"{THINGS}/cam-pha-air-1", headers={"if-match": "*"})).status_code == 204
    assert_problem(await admin.get(f"{THINGS}/cam-pha-air-1"), 404, "not-found")
    await settled(city, admin, f"{GATEWAYS}/gw-new")
    assert (await admin.delete(f"{GATEWAYS}/gw-new", headers={"if-match": "*"})).status_code == 204
    left = await city.execute("SELECT count(*) FROM gateways WHERE code = 'gw-new'")
    assert await left.fetchone() == (0,)


async def test_observed_properties(admin: httpx.AsyncClient) -> None:
    given = {
        "code": "radon", "name_en": "Radon", "name_vi": "Radon", "unit": "Bq/m3", "minimum": 0,
        "maximum": 1000, "aggregation": "mean", "sampling_interval_s": 3600, "device_kind": "air_station",
    }  # fmt: skip
    await made(await admin.post(PROPERTIES, json=given))
    await made(await admin.post(PROPERTIES, json=given), 200)
    answer = await over(admin, f"{PROPERTIES}/radon", minimum=2000)
    assert "not above minimum" in assert_problem(answer, 422, "invalid-parameter")["detail"]
    await made(await over(admin, f"{PROPERTIES}/radon", unit="kBq/m3"), 200)
    answer = await over(admin, f"{PROPERTIES}/pm2_5", unit="mg/m3")
    assert "create another observed property" in assert_problem(answer, 409, "conflict")["detail"]
    assert (await admin.delete(f"{PROPERTIES}/radon", headers={"if-match": "*"})).status_code == 204


async def test_calibrations_queue_the_hours_that_they_change(
    city: AsyncConnection[Any], admin: httpx.AsyncClient, app: FastAPI
) -> None:
    number = (await admin.get("/v1/things/ha-long-air-1")).json()["datastreams"][0]["id"]
    given = {"datastream": number, "valid_from": "2020-01-01T00:00:00Z", "gain": 2, "reference": "K-114"}
    answer = await admin.post(CALIBRATIONS, json=given)
    calibration = await made(answer)
    assert_fits(calibration, {"$ref": "#/components/schemas/Calibration"}, app)
    assert (calibration["thing"], calibration["offset"], calibration["valid_to"]) == (
        "ha-long-air-1",
        0,
        None,
    )

    async def queued() -> int:
        gone = await city.execute("DELETE FROM late_hours")
        return gone.rowcount

    assert await queued() == 6
    assert await made(await admin.post(CALIBRATIONS, json=given), 200) == calibration
    assert await queued() == 0
    overlapping = await admin.post(CALIBRATIONS, json=given | {"gain": 3})
    assert_problem(overlapping, 409, "conflict")
    path = f"{CALIBRATIONS}/{calibration['id']}"
    for changes in ({"gain": 0}, {"valid_to": "2019-01-01T00:00:00Z"}, {"valid_from": "2020-01-01T00:00:00"}):
        body = assert_problem(await over(admin, path, **changes), 422, "invalid-parameter")
        assert [each["parameter"] for each in body["errors"]] == list(changes)
    assert (await made(await over(admin, path, gain=1.5), 200))["version"] == 2
    assert await queued() == 6
    assert (await admin.delete(path, headers={"if-match": "*"})).status_code == 204
    assert await queued() == 6
    assert [each["id"] for each in (await admin.get(CALIBRATIONS)).json()["items"]] == [1]
