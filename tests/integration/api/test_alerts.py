"""Alerts over HTTP: who may read, acknowledge, silence, and change rules, and what it does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from api import keys
from tests.integration.api.conftest import client_of
from tests.integration.api.test_api_contract import assert_fits, assert_problem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx
    from fastapi import FastAPI
    from psycopg import AsyncConnection

RULE: dict[str, Any] = {
    "code": "noise", "indicator": "laeq_1h", "kind": "above", "threshold": 70, "clear": 65,
    "severity": "info", "name_en": "Loud", "name_vi": "Ồn", "areas": ["193"],
    "escalation": [{"target": "operators"}],
}  # fmt: skip


@pytest.fixture
async def operator(app: FastAPI, city: AsyncConnection[Any]) -> AsyncIterator[httpx.AsyncClient]:
    text, _ = await keys.create(city, "duty desk", "operator")
    async with client_of(app, authorization=f"Bearer {text}") as client:
        yield client


def ids(answer: httpx.Response) -> list[int]:
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.json()["items"]]


async def test_alerts_are_filtered_and_paged(client: httpx.AsyncClient) -> None:
    assert ids(await client.get("/v1/alerts")) == [2, 1]
    assert ids(await client.get("/v1/alerts?state=open")) == [1]
    assert ids(await client.get("/v1/alerts?state=resolved&rule=air_bad&severity=warning")) == [2]
    assert ids(await client.get("/v1/alerts?area=194")) == [2]
    assert ids(await client.get("/v1/alerts?severity=critical")) == []
    assert ids(await client.get("/v1/alerts?from=2020-01-01&to=2020-02-01")) == []
    first = (await client.get("/v1/alerts?limit=1")).json()
    assert ids(await client.get(first["next"])) == [1]
    body = assert_problem(await client.get("/v1/alerts?rule=air_bat"), 422, "invalid-parameter")
    assert body["errors"][0]["did_you_mean"] == ["air_bad"]


async def test_one_alert_has_its_history_and_who_was_told(client: httpx.AsyncClient) -> None:
    found = (await client.get("/v1/alerts/1")).json()
    assert (found["state"], found["indicator"], found["area_name_vi"]) == (
        "active",
        "vn_aqi_h",
        "Thành phố Hạ Long",
    )
    assert [line["after"] for line in found["history"]] == ["active"]
    assert found["notifications"][0]["last_error"] == "hooks.example answered 500"
    assert_problem(await client.get("/v1/alerts/3"), 404, "not-found")


async def test_changes_need_a_key_that_may(
    app: FastAPI, city: AsyncConnection[Any], client: httpx.AsyncClient, operator: httpx.AsyncClient
) -> None:
    """Also where everybody may read: the key's name stands in the history."""
    acknowledge = ("PATCH", "/v1/alerts/1", {"state": "acknowledged"})
    silence = ("POST", "/v1/alert-silences", {"area": "193", "ends_at": "PT1H", "reason": "x"})
    unsilence = ("DELETE", "/v1/alert-silences/1", None)
    create = ("POST", "/v1/alert-rules", RULE)
    change = ("PATCH", "/v1/alert-rules/air_bad", {"enabled": False})
    delete = ("DELETE", "/v1/alert-rules/air_bad", None)
    for method, path, body in (acknowledge, silence, unsilence, create, change, delete):
        assert_problem(await client.request(method, path, json=body), 401, "unauthorized")
    for method, path, body in (create, change, delete):
        assert_problem(await operator.request(method, path, json=body), 403, "forbidden")
    text, _ = await keys.create(city, "van of the installers", "installer")
    async with client_of(app, authorization=f"Bearer {text}") as installer:
        for method, path, body in (acknowledge, silence, unsilence):
            problem = assert_problem(await installer.request(method, path, json=body), 403, "forbidden")
            assert problem["roles"] == ["operator", "admin"]
    assert (await client.get("/v1/alert-rules/air_bad")).json()["version"] == 1
    assert (await client.get("/v1/alerts/1")).json()["state"] == "active"


async def test_acknowledging(operator: httpx.AsyncClient) -> None:
    answer = await operator.patch("/v1/alerts/1", json={"state": "acknowledged", "note": "on its way"})
    assert answer.status_code == 200, answer.text
    line = answer.json()["history"][-1]
    assert (answer.json()["state"], line["actor"], line["note"]) == (
        "acknowledged",
        "duty desk",
        "on its way",
    )
    body = assert_problem(
        await operator.patch("/v1/alerts/2", json={"state": "acknowledged"}), 409, "conflict"
    )
    assert "only a raised one" in body["detail"]
    assert_problem(await operator.patch("/v1/alerts/9", json={"state": "acknowledged"}), 404, "not-found")
    wrong = await operator.patch("/v1/alerts/1", json={"state": "resolved"})
    assert assert_problem(wrong, 422, "invalid-parameter")["errors"][0]["in"] == "body"


async def test_silences(operator: httpx.AsyncClient) -> None:
    until = datetime.now(UTC) + timedelta(hours=6)
    made = await operator.post(
        "/v1/alert-silences", json={"rule": "air_bad", "area": "193", "ends_at": "PT6H", "reason": "known"}
    )
    assert made.status_code == 201, made.text
    silence = made.json()
    assert abs(datetime.fromisoformat(silence["ends_at"]) - until) < timedelta(minutes=1)
    assert (silence["rule"], silence["area"], silence["created_by"]) == ("air_bad", "193", "duty desk")
    assert ids(await operator.get("/v1/alert-silences")) == [2, 1]
    assert (await operator.delete("/v1/alert-silences/2")).status_code == 204
    assert ids(await operator.get("/v1/alert-silences")) == [1]
    ended = (await operator.get("/v1/alert-silences/2")).json()
    assert ended["ended_by"] == "duty desk"
    assert ids(await operator.get("/v1/alert-silences?in_force=false")) == [2, 1]
    assert_problem(await operator.delete("/v1/alert-silences/2"), 404, "not-found")


UNFIT_SILENCES: list[tuple[dict[str, Any], str | None]] = [
    ({"ends_at": "yesterday"}, "ends_at"),
    ({"ends_at": "2020-01-01"}, "ends_at"),
    ({"ends_at": "P9999D"}, "ends_at"),
    ({"area": None}, "silence"),
    ({"area": "1\0"}, None),
    ({"area": "999"}, "silence"),
    ({"alert": 99}, "silence"),
    ({"alert": 2**63}, "alert"),
    ({"reason": ""}, "reason"),
    ({"reason": " "}, "reason"),
    ({"reason": "\0"}, None),
    ({"until": "now"}, "until"),
]


async def test_a_silence_that_cannot_be(operator: httpx.AsyncClient) -> None:
    good = {"area": "193", "ends_at": "PT1H", "reason": "known"}
    for change, field in UNFIT_SILENCES:
        answer = await operator.post("/v1/alert-silences", json=good | change)
        body = assert_problem(answer, 422, "invalid-parameter")
        assert field is None or [fault["parameter"] for fault in body["errors"]] == [field], change


async def test_rules_are_created_changed_and_deleted(
    admin: httpx.AsyncClient, city: AsyncConnection[Any], app: FastAPI
) -> None:
    made = await admin.post("/v1/alert-rules", json=RULE)
    assert made.status_code == 201, made.text
    assert_fits(made.json(), {"$ref": "#/components/schemas/AlertRule"}, app)
    assert (made.json()["version"], made.json()["changed_by"]) == (1, "town hall")
    changed = await admin.patch("/v1/alert-rules/noise", json={"clear": None, "hold_min": 30})
    found = changed.json()
    assert (found["clear"], found["hold_min"], found["threshold"], found["version"]) == (None, 30, 70, 2)
    assert found == (await admin.get("/v1/alert-rules/noise")).json()
    assert (await admin.delete("/v1/alert-rules/noise")).status_code == 204
    assert_problem(await admin.get("/v1/alert-rules/noise"), 404, "not-found")
    assert_problem(await admin.delete("/v1/alert-rules/noise"), 404, "not-found")
    assert (await admin.post("/v1/alert-rules", json=RULE)).json()["version"] == 4
    again = assert_problem(await admin.post("/v1/alert-rules", json=RULE), 422, "invalid-parameter")
    assert again["errors"][0]["parameter"] == "code"


UNFIT_RULES: list[tuple[dict[str, Any], str | None]] = [
    ({"clear": 75}, "clear"),
    ({"threshold": None}, "threshold"),
    ({"threshold": "much"}, "threshold"),
    ({"hold_min": -1}, "hold_min"),
    ({"hold_min": 2**40}, "hold_min"),
    ({"indicator": "laeq"}, "indicator"),
    ({"indicator": None}, "indicator"),
    ({"areas": ["193", "999"]}, "areas"),
    ({"areas": ["\0"]}, None),
    ({"levels": ["city"]}, "levels.0"),
    ({"severity": "awful"}, "severity"),
    ({"name_vi": ""}, "name_vi"),
    ({"escalation": [{"target": "A b"}]}, "escalation.0.target"),
    ({"escalation": [{"target": "a", "after_min": 2**70}]}, "escalation.0.after_min"),
    ({"colour": "red"}, "colour"),
    ({"code": "other"}, "code"),
]


async def test_a_rule_that_cannot_be_is_refused_by_its_field(admin: httpx.AsyncClient) -> None:
    await admin.post("/v1/alert-rules", json=RULE)
    for change, field in UNFIT_RULES:
        answer = await admin.patch("/v1/alert-rules/noise", json=change)
        body = assert_problem(answer, 422, "invalid-parameter")
        assert field is None or body["errors"][0]["parameter"] == field, change
    assert (await admin.get("/v1/alert-rules/noise")).json()["version"] == 1


async def test_a_refused_rule_is_told_what_was_sent_and_where_to_read(
    admin: httpx.AsyncClient,
) -> None:
    wrong = await admin.post("/v1/alert-rules", json=RULE | {"clear": 75})
    body = assert_problem(wrong, 422, "invalid-parameter")
    assert body["errors"][0]["value"] == "75.0"
    assert body["detail"] == (
        "clear: 75 has to be at most the threshold, 70; give what a rule takes: /docs lists its fields"
    )


async def test_what_is_no_json_is_told(admin: httpx.AsyncClient) -> None:
    for content in (b"", b"{", b"[]", b"\xff", b'"x"'):
        answer = await admin.post(
            "/v1/alert-rules", content=content, headers={"content-type": "application/json"}
        )
        assert answer.json()["status"] in {400, 422}, answer.text


async def test_other_methods_are_named(client: httpx.AsyncClient) -> None:
    answer = await client.put("/v1/alert-rules/air_bad", json={})
    assert_problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "DELETE, GET, HEAD, PATCH"
