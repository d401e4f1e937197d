"""Maintenance, sensors and automatic acceptance by API: who may, what is told, and what stands in the log."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from psycopg.sql import SQL

from api import keys
from devices.maintenance import OF_THINGS
from tests.integration.api.conftest import client_of
from tests.integration.api.test_api_contract import assert_problem
from tests.integration.api.test_registry_api import made

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx
    from fastapi import FastAPI
    from psycopg import AsyncConnection

WINDOWS, SENSORS, AUTOMATIC = "/v1/maintenance-windows", "/v1/registry/sensors", "/v1/automatic-acceptance"
MAST = {"gateway": "ha-long-1", "ends_at": "PT4H", "reason": "new mast"}
FIRST = {"datastream": 1, "model": "OPC-N3", "serial_number": "4711", "valid_from": "2026-11-01T00:00:00Z"}


@pytest.fixture
async def installer(app: FastAPI, city: AsyncConnection[Any]) -> AsyncIterator[httpx.AsyncClient]:
    text, _ = await keys.create(city, "van", "installer", areas=["193"])
    async with client_of(app, authorization=f"Bearer {text}") as client:
        yield client


async def items(client: httpx.AsyncClient, path: str) -> list[dict[str, Any]]:
    return list((await made(await client.get(path), 200))["items"])


async def test_maintenance_is_planned_ended_and_called_off(installer: httpx.AsyncClient) -> None:
    window = await made(await installer.post(WINDOWS, json=MAST | {"starts_at": "2027-01-04T08:00:00+07:00"}))
    assert (window["gateway"], window["thing"], window["area"]) == ("ha-long-1", None, None)
    assert (window["starts_at"], window["ends_at"]) == ("2027-01-04T01:00:00Z", "2027-01-04T05:00:00Z")
    assert (window["created_by"], window["left_out"], window["ended_by"]) == ("van", True, None)
    begun = await made(
        await installer.post(WINDOWS, json={"area": "193", "ends_at": "PT1H", "reason": "storm"})
    )
    assert begun["left_out"] is False, "it was planned when it had begun"
    assert [each["id"] for each in await items(installer, WINDOWS)] == [begun["id"], window["id"]]
    assert await items(installer, f"{WINDOWS}?thing=ha-long-air-1") == []
    for each in (begun, window):
        assert (await installer.delete(f"{WINDOWS}/{each['id']}")).status_code == 204
    assert await items(installer, WINDOWS) == []
    called_off = await made(await installer.get(f"{WINDOWS}/{window['id']}"), 200)
    assert (called_off["ends_at"], called_off["ended_by"]) == (called_off["starts_at"], "van")
    again = await installer.delete(f"{WINDOWS}/{begun['id']}")
    assert "has been over since" in assert_problem(again, 409, "conflict")["detail"]
    over = await items(installer, f"{WINDOWS}?open=false")
    assert [each["reason"] for each in over] == ["storm", "new mast", "new mast"]
    ended, created = await items(installer, f"/v1/changes?kind=maintenance_window&code={begun['id']}")
    assert (created["action"], ended["fields"]) == ("create", ["ended_by", "ends_at"])
    assert ended["actor"].endswith("(van)")


async def test_what_is_planned_for_a_gateway_is_of_its_things_where_availability_looks(
    installer: httpx.AsyncClient, city: AsyncConnection[Any]
) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).replace(minute=0, second=0, microsecond=0)
    planned = {"starts_at": tomorrow.isoformat(), "ends_at": (tomorrow + timedelta(hours=4)).isoformat()}
    await made(await installer.post(WINDOWS, json=MAST | planned))
    rows = await city.execute(
        SQL(
            """SELECT t.code, w.starts_at, w.ends_at FROM ({}) w JOIN things t ON t.id = w.thing_id
               WHERE w.starts_at > now()"""
        ).format(SQL(OF_THINGS))
    )
    span = (tomorrow, tomorrow + timedelta(hours=4))
    assert sorted(await rows.fetchall()) == [("ha-long-air-1", *span), ("ha-long-rain-1", *span)]


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"thing": "ha-long-air-1"}, "maintenance window", "it names thing and gateway of"),
        ({"gateway": "ha-long-9"}, "gateway", "there is no gateway 'ha-long-9'"),
        ({"gateway": "mong-cai-1"}, "gateway", "there is no gateway 'mong-cai-1'"),
        ({"starts_at": "2027-01-04T08:00"}, "starts_at", "has no offset"),
        ({"ends_at": "2020-01-01"}, "ends_at", "is not within a year after it begins"),
        ({"ends_at": "P3Y"}, "ends_at", "is not within a year"),
        ({"ends_at": "soon"}, "ends_at", "or for how long, such as PT4H"),
        ({"reason": " "}, "reason", ""),
        ({"reasons": "x"}, "reasons", "did you mean reason?"),
    ],
)
async def test_maintenance_that_cannot_be_is_told(
    installer: httpx.AsyncClient, changes: dict[str, Any], field: str, said: str
) -> None:
    answer = await installer.post(WINDOWS, json=MAST | changes)
    body = assert_problem(answer, 422, "invalid-parameter")
    assert [each["parameter"] for each in body["errors"]] == [field]
    assert said in body["detail"]
    assert await items(installer, WINDOWS) == []


async def test_sensors_take_each_others_place(
    installer: httpx.AsyncClient, city: AsyncConnection[Any]
) -> None:
    (stream,) = await items(installer, "/v1/datastreams?thing=ha-long-air-1&property=pm2_5")
    given = FIRST | {"datastream": stream["id"]}
    await city.execute(
        "INSERT INTO calibrations (datastream_id, valid_from, valid_to, reference) VALUES "
        "(%(id)s, '2026-10-01', '2026-11-02', 'K-114'), (%(id)s, '2026-09-01', '2026-10-01', 'K-113')",
        stream,
    )
    first = await made(await installer.post(SENSORS, json=given))
    assert (first["thing"], first["observed_property"], first["valid_to"]) == ("ha-long-air-1", "pm2_5", None)
    assert [each["reference"] for each in first["calibrations"]] == ["K-114"]
    again = await installer.post(SENSORS, json=given)
    assert await made(again, 200) == first
    second = await installer.post(
        SENSORS, json=given | {"model": "SPS30", "valid_from": "2026-11-20T00:00:00Z"}
    )
    path = second.headers["location"]
    assert (await made(await installer.get(f"{SENSORS}/{first['id']}"), 200))[
        "valid_to"
    ] == "2026-11-20T00:00:00Z"
    assert [each["model"] for each in await items(installer, f"{SENSORS}?at=2026-11-19&property=pm2_5")] == [
        "OPC-N3"
    ]
    assert [each["model"] for each in await items(installer, f"{SENSORS}?at=now&property=pm2_5")] == ["SPS30"]
    taken = await installer.post(SENSORS, json=given | {"model": "other"})
    assert "a sensor was installed at 2026-11-01" in assert_problem(taken, 409, "conflict")["detail"]
    tag = second.headers["etag"]
    assert_problem(await installer.patch(path, json={"firmware": "2"}), 428, "precondition-required")
    changed = await made(await installer.patch(path, json={"firmware": "2"}, headers={"if-match": tag}), 200)
    assert (changed["firmware"], changed["model"], changed["version"]) == ("2", "SPS30", 2)
    stale = await installer.patch(path, json={"firmware": "3"}, headers={"if-match": tag})
    assert_problem(stale, 412, "precondition-failed")
    over = {"if-match": "*"}
    for number, wrong in (
        (second.json()["id"], "2026-11-01T00:00:00Z"),
        (first["id"], "2026-11-21T00:00:00Z"),
    ):
        answer = await installer.patch(f"{SENSORS}/{number}", json={"valid_to": wrong}, headers=over)
        assert assert_problem(answer, 422, "invalid-parameter")["errors"][0]["parameter"] == "valid_to"
    assert (await installer.delete(path, headers=over)).status_code == 204
    assert (await made(await installer.get(f"{SENSORS}/{first['id']}"), 200))["valid_to"] is None
    lines = (await items(installer, "/v1/changes?kind=sensor"))[:6]
    assert [line["action"] for line in lines] == ["change", "delete", "change", "create", "change", "create"]
    assert {line["code"].split()[0] for line in lines} == {"ha-long-air-1/pm2_5"}
    rows = await city.execute(
        "SELECT d.id FROM datastreams d JOIN things t ON t.id = d.thing_id WHERE t.code = 'mong-cai-air-1'"
    )
    (foreign,) = await rows.fetchone() or (0,)
    for wrong_body in ({"datastream": foreign}, {"datastream": 999}):
        answer = await installer.post(SENSORS, json=given | wrong_body)
        assert_problem(answer, 422, "invalid-parameter")


async def test_unknown_things_are_accepted_by_themselves_within_limits_that_are_set(
    installer: httpx.AsyncClient,
) -> None:
    path = f"{AUTOMATIC}/ha-long-1"
    limits = await made(await installer.put(path, json={"things_per_day": 3}), 200)
    assert (limits["things_per_day"], limits["datastreams_per_day"], limits["set_by"]) == (3, 50, "van")
    assert await items(installer, AUTOMATIC) == [limits]
    assert (await made(await installer.put(path, json={"things_per_day": 4}), 200))["things_per_day"] == 4
    assert (await installer.delete(path)).status_code == 204
    assert (await installer.delete(path)).status_code == 204
    assert await items(installer, AUTOMATIC) == []
    lines = await items(installer, "/v1/changes?kind=automatic_acceptance&code=ha-long-1")
    assert [line["action"] for line in lines] == ["delete", "change", "create"]
    assert_problem(await installer.put(f"{AUTOMATIC}/mong-cai-1", json={}), 404, "not-found")
    answer = await installer.put(path, json={"things_per_day": -1})
    assert "at least 0" in assert_problem(answer, 422, "invalid-parameter")["detail"]
