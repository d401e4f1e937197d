"""Every operation of the OpenAPI document by every role, by key and by token, for the own area and another's.

access.py says by the operation's id what is expected: one that is added fails until it is said who may do it.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from api import keys
from api.app import create_app
from api.rights import CONFINED, WITHOUT_KEY, Role
from dashboards.console.access import KEY_COOKIE
from dashboards.console.choice import VIEWS
from runtime.settings import Settings
from tests.integration.api.access import RAW, RULES
from tests.integration.api.conftest import client_of
from tests.integration.api.seed_districts import seed_districts
from tests.integration.api.test_api_contract import assert_problem
from tests.serving import serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from fastapi import FastAPI
    from psycopg import AsyncConnection

    from runtime.local.browser_broker import BrowserBroker
    from tests.integration.api.access import Target
    from tests.issuers import SigningIssuer

#: what only somebody may be told who reaches the district 194
FOREIGN = ("mong-cai-air-1", "mong-cai-1", "gw-new", "Móng Cái", "Mong Cai", '"194"')


@cache
def operations() -> dict[str, str]:
    """Return the method of each operation below /v1 that asks for a key, by its id."""
    app = create_app(Settings.model_validate({"database_url": "postgresql://127.0.0.1/none"}))
    paths = app.openapi()["paths"].items()
    found = [
        (method, each) for path, item in paths if path.startswith("/v1") for method, each in item.items()
    ]
    return {
        each["operationId"]: method.upper()
        for method, each in found
        if each["operationId"] not in WITHOUT_KEY
    }


@pytest.fixture
async def app(
    database_url: str, city: AsyncConnection[Any], tmp_path: Any, issuer: SigningIssuer,
    browsers: BrowserBroker,
) -> AsyncIterator[FastAPI]:  # fmt: skip
    """The application, closed, over a city whose two districts have as much of everything."""
    await seed_districts(city)
    settings = {
        "database_url": database_url, "export_dir": tmp_path,
        "oidc_issuer": issuer.url, "oidc_area_claim": "areas",
        "browser_mqtt_url": browsers.url, "browser_broker_url": browsers.control_url,
    }  # fmt: skip
    app = create_app(Settings.model_validate(settings))
    async with app.router.lifespan_context(app):
        yield app


async def numbers(conn: AsyncConnection[Any]) -> dict[str, str]:
    rows = await conn.execute(
        """SELECT t.code, d.id FROM datastreams d JOIN things t ON t.id = d.thing_id
           JOIN observed_properties p ON p.id = d.observed_property_id WHERE p.code = 'pm2_5'"""
    )
    found = {code: str(number) for code, number in await rows.fetchall()}
    rows = await conn.execute(
        "SELECT g.code, c.id FROM commands c JOIN gateways g ON g.id = c.gateway_id WHERE created_by = 'Minh'"
    )
    sent = dict(await rows.fetchall())
    return {
        "command": sent["ha-long-1"],
        "foreign_command": sent["mong-cai-1"],
        "own": found["ha-long-air-1"],
        "foreign": found["mong-cai-air-1"],
        "export": "00000000-0000-0000-0000-000000000000",
        "token": "browser-0",
    }


def test_who_may_do_what_is_said_of_every_operation() -> None:
    assert set(operations()) == set(RULES)


#: what later operations name, and which member of the answer it is
MAKES = {"createExport": ("export", "id"), "createMqttToken": ("token", "user_name")}
CALLERS = [*((role, False) for role in Role), *((role, True) for role in sorted(CONFINED))]


@pytest.mark.attack("a key or a token of another area or role, on every operation", "403, 404 or 422")
@pytest.mark.parametrize("kind", ["key", "token"])
@pytest.mark.parametrize(("role", "is_confined"), CALLERS)
async def test_every_operation_by_every_role_in_its_own_area_and_in_another(
    app: FastAPI, city: AsyncConnection[Any], issuer: SigningIssuer, role: Role, is_confined: bool, kind: str
) -> None:
    if kind == "key":
        text, _ = await keys.create(city, "somebody", role, areas=["193"] if is_confined else None)
    else:
        # Roles of the whole city have no claim of areas.
        areas = ["193"] if is_confined else ["*"] if role in CONFINED else None
        text = issuer.token(roles=["offline_access", role.value], areas=areas)
    methods, known = operations(), await numbers(city)
    async with client_of(app, authorization=f"Bearer {text}") as client:

        async def ask(operation: str, target: Target) -> httpx.Response:
            path = target.path.format(**known)
            over = None if target.over is None else {"if-match": target.over}
            body = target.body
            if body is not None and "{" in str(body.get("datastream")):
                body = body | {"datastream": int(body["datastream"].format(**known))}
            return await client.request(methods[operation], path, json=body, headers=over)

        for operation, rule in RULES.items():
            foreign = None if rule.foreign is None else await ask(operation, rule.foreign)
            answer = await ask(operation, rule.own)
            if role not in rule.roles:
                for each in filter(None, (answer, foreign)):
                    assert set(assert_problem(each, 403, "forbidden")["roles"]) == rule.roles, operation
                continue
            assert answer.status_code in rule.ok, f"{operation}: {answer.text}"
            if operation in MAKES:
                name, member = MAKES[operation]
                known[name] = answer.json()[member]
            if is_confined:
                assert_nothing_foreign(operation, answer, foreign, rule.hidden)
            elif foreign is not None:
                assert foreign.status_code in rule.ok, f"{operation}: {foreign.text}"


def assert_nothing_foreign(
    operation: str, answer: httpx.Response, foreign: httpx.Response | None, hidden: int
) -> None:
    """Check that lists leave out what is out of reach, and that naming it is as naming what is not there."""
    found = [word for word in FOREIGN if word in answer.text]
    assert found == [], f"{operation}: {answer.text}"
    if foreign is not None:
        kind = {404: "not-found", 422: "invalid-parameter"}[hidden]
        body = assert_problem(foreign, hidden, kind)
        suggested = [body.get("did_you_mean", []), [each["did_you_mean"] for each in body.get("errors", [])]]
        assert [word for word in FOREIGN if word.strip('"') in json.dumps(suggested)] == [], operation


async def test_the_markers_of_the_other_area_are_there_for_who_reaches_it(
    app: FastAPI, city: AsyncConnection[Any]
) -> None:
    """Or the test above could not fail."""
    text, _ = await keys.create(city, "duty desk", "operator")
    expected = {
        "listAreas", "getArea", "listValues", "listThings", "listDatastreams", "listLatestObservations",
        "listObservations", "listGateways", "listRefusals", "listUnknownThings", "listAlerts",
        "listAlertRules", "listAlertSilences", "listCommands", "listConfigs", "listLiveness", "getRollout",
        "listSensors", "listMaintenanceWindows",
    }  # fmt: skip
    async with client_of(app, authorization=f"Bearer {text}") as client:
        for operation in expected:
            path = RULES[operation].own.path.replace("area=193", "").replace("/193", "/194")
            answer = await client.get(path)
            assert any(word in answer.text for word in FOREIGN), operation


async def test_without_a_key_nothing_is_done(app: FastAPI, city: AsyncConnection[Any]) -> None:
    known = await numbers(city)
    async with client_of(app) as client:
        for operation, method in operations().items():
            target = RULES[operation].own
            over = {"if-match": target.over or "*"}
            answer = await client.request(method, target.path.format(**known), json=target.body, headers=over)
            assert_problem(answer, 401, "unauthorized")


#: what the console's pages have in them of devices
OF_DEVICES = ("ha-long-1", "mong-cai-1", "gw-new")


@pytest.mark.attack("the console's cookie of a role, on every page and every reading operation", "403")
@pytest.mark.parametrize("role", list(Role))
async def test_the_console_shows_each_role_what_it_may_read(
    app: FastAPI, database_url: str, city: AsyncConnection[Any], tmp_path: Path, role: Role
) -> None:
    text, _ = await keys.create(city, "somebody", role)
    methods, known = operations(), await numbers(city)
    own = {"Sec-Fetch-Site": "same-origin"}
    with serving(database_url, tmp_path / "console.log") as address:
        async with httpx.AsyncClient(base_url=address, cookies={KEY_COOKIE: text}, headers=own) as browser:
            pages = [(await browser.get("/", params={"view": view})).text for view in VIEWS]
            assert all(('"gate-form"' in page) == (role is Role.PUBLIC) for page in pages)
            found = {code for code in OF_DEVICES for page in pages if code in page}
            assert (role in RAW) == ("ha-long-1" in found)
            assert role in RAW or found == set()
            for operation, rule in RULES.items():
                if methods[operation] == "GET":
                    answer = await browser.get(rule.own.path.format(**known))
                    refused = 401 if role is Role.PUBLIC else 403
                    assert (answer.status_code == refused) == (role not in rule.roles), operation


@pytest.mark.parametrize(
    "path",
    [
        "/v1/things/mong-cai-alr-1",
        "/v1/gateways/mong-cai-2",
        "/v1/areas/mong-cay",
        "/v1/things?gateway=gw-newt",
    ],
)
async def test_what_is_out_of_reach_is_not_suggested(
    app: FastAPI, city: AsyncConnection[Any], path: str
) -> None:
    confined, _ = await keys.create(city, "duty desk of 193", "operator", areas=["193"])
    everywhere, _ = await keys.create(city, "duty desk", "operator")
    suggested = []
    for text in (everywhere, confined):
        async with client_of(app, authorization=f"Bearer {text}") as client:
            body = (await client.get(path)).json()
        suggested.append(
            [*body.get("did_you_mean", []), *(m for e in body.get("errors", []) for m in e["did_you_mean"])]
        )
    foreign = {"mong-cai-air-1", "mong-cai-1", "gw-new", "194"}
    assert foreign & set(suggested[0])
    assert not foreign & set(suggested[1])
