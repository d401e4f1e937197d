"""Every operation of the OpenAPI document by every role, by key and by token, for the own area and another's.

What is expected stands here by the operation's id: one that is added fails until it is said who may do it.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from api import keys
from api.app import create_app
from api.rights import CONFINED, WITHOUT_KEY, Role
from devices import configs, maintenance, sensors, unknown_limits, unknown_store
from runtime.settings import Settings
from tests.integration.api.conftest import client_of
from tests.integration.api.test_api_contract import assert_problem
from tests.issuers import SigningIssuer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    import httpx
    from fastapi import FastAPI
    from psycopg import AsyncConnection

READERS = {"planner", "operator", "installer", "admin"}
RAW = READERS - {"planner"}
OPERATORS = {"operator", "admin"}
INSTALLERS = {"installer", "admin"}
COMMANDERS = OPERATORS | {"installer"}
ADMINS = {"admin"}
#: what only somebody may be told who reaches the district 194
FOREIGN = ("mong-cai-air-1", "mong-cai-1", "gw-new", "Móng Cái", "Mong Cai", '"194"')
SERIES = "vn_aqi_h"
EXPORT = {"what": "indicator_values", "indicator": [SERIES], "period": "P1D", "format": "csv"}
RULE = {
    "code": "noise", "indicator": "laeq_1h", "kind": "above", "threshold": 70, "severity": "info",
    "name_en": "Loud", "name_vi": "Ồn",
}  # fmt: skip


@dataclass(frozen=True)
class Target:
    """Where an operation is done, and with what."""

    path: str
    body: dict[str, Any] | None = None
    #: whatever version is there
    over: str | None = None


@dataclass(frozen=True)
class Rule:
    """Who may do an operation; for what is in 193, and for what is in 194 alone or another's.

    hidden: the answer to the latter for who is confined to 193, as for what does not exist.
    """

    roles: set[str]
    own: Target
    foreign: Target | None = None
    hidden: int = 422
    ok: tuple[int, ...] = (200,)


def get(own: str, foreign: str | None = None, *, roles: set[str] = RAW, hidden: int = 422) -> Rule:
    return Rule(roles, Target(own), foreign and Target(foreign), hidden)


def indicator(path: str) -> Rule:
    address = f"/v1/indicators/{path}"
    return get(f"{address}area=193", f"{address}area=194", roles=READERS)


def registered(path: str, own: str, foreign: str, body: dict[str, Any] | None = None) -> Rule:
    """Who changes, or deletes without a body, an entry of the registry: what is used is not deleted."""
    address = f"/v1/registry/{path}"
    return Rule(
        INSTALLERS,
        Target(f"{address}/{own}", body, over="*"),
        Target(f"{address}/{foreign}", body, over="*"),
        hidden=404,
        ok=(409,) if body is None else (200,),
    )


def silence(area: str) -> dict[str, Any]:
    return {"area": area, "ends_at": "PT1H", "reason": "works"}


def moved(area: str) -> dict[str, Any]:
    return {"latitude": 20.9, "longitude": 107.1, "at": "now", "areas": [area]}


_NOISE = "/v1/alert-rules/noise"
_OWN, _FOREIGN = "ha-long-air-1", "mong-cai-air-1"
_PLACE = {"name": "x", "latitude": 20.9, "longitude": 107.0}
_HANGING = {"code": "hut", "kind": "hut"} | _PLACE
_RADON = {
    "code": "radon", "name_en": "Radon", "name_vi": "Radon", "unit": "Bq/m3", "minimum": 0, "maximum": 1000,
    "aggregation": "mean", "sampling_interval_s": 3600, "device_kind": "air_station",
}  # fmt: skip
_PROPERTY = "/v1/registry/observed-properties"
_SENSOR = {"model": "OPC-N3", "valid_from": "2026-11-01T00:00:00Z"}
_WORK = {"ends_at": "PT4H", "reason": "new mast"}
_CALIBRATION = {"valid_from": "2026-11-01T00:00:00Z", "reference": "K-114"}
RULES: dict[str, Rule] = {
    "listAreas": get("/v1/areas?limit=1000", "/v1/areas?parent=194", roles=READERS),
    "listAreasAsGeoJson": get("/v1/areas.geojson", "/v1/areas.geojson?parent=194", roles=READERS),
    "getArea": get("/v1/areas/193", "/v1/areas/194", roles=READERS, hidden=404),
    "listObservedProperties": get("/v1/observed-properties", roles=READERS),
    "listIndicators": get("/v1/indicators", roles=READERS),
    "getIndicator": get(f"/v1/indicators/{SERIES}", roles=READERS),
    "listValues": indicator(f"values?indicator={SERIES}&"),
    "listLatestIndicatorValues": indicator("values/latest?"),
    "listIndicatorValues": indicator(f"{SERIES}/values?"),
    "compareIndicator": indicator(f"{SERIES}/comparison?"),
    "rankIndicator": indicator("pm2_5_d/ranking?period=2026-11-20&"),
    "listRevisions": indicator(f"{SERIES}/revisions?"),
    "explainIndicatorValue": indicator(f"{SERIES}/explain?"),
    "streamEvents": get("/v1/live?follow=false", "/v1/live?follow=false&area=194", roles=READERS),
    "listThings": get("/v1/things", "/v1/things?area=194"),
    "getThing": get("/v1/things/ha-long-air-1", "/v1/things/mong-cai-air-1", hidden=404),
    "listInstallations": get(
        "/v1/things/ha-long-air-1/installations", "/v1/things/mong-cai-air-1/installations", hidden=404
    ),
    "moveThing": Rule(
        INSTALLERS,
        Target("/v1/things/ha-long-air-1/installations", moved("193")),
        Target("/v1/things/mong-cai-air-1/installations", moved("194")),
        hidden=404,
        ok=(201,),
    ),
    "listDatastreams": get("/v1/datastreams", "/v1/datastreams?thing=mong-cai-air-1"),
    "getDatastream": get("/v1/datastreams/{own}", "/v1/datastreams/{foreign}", hidden=404),
    "listLatestObservations": get("/v1/latest", "/v1/latest?thing=mong-cai-air-1"),
    "listObservationsOfDatastream": get(
        "/v1/datastreams/{own}/observations", "/v1/datastreams/{foreign}/observations", hidden=404
    ),
    "listObservations": get("/v1/observations?property=pm2_5", "/v1/observations?thing=mong-cai-air-1"),
    "listGateways": get("/v1/gateways", "/v1/gateways?area=194"),
    "getGateway": get("/v1/gateways/ha-long-1", "/v1/gateways/mong-cai-1", hidden=404),
    "createEnrolmentToken": Rule(
        INSTALLERS,
        Target("/v1/gateways/ha-long-1/enrolment-tokens", {}),
        Target("/v1/gateways/mong-cai-1/enrolment-tokens", {}),
        hidden=404,
        ok=(201,),
    ),
    "moveGateway": Rule(
        INSTALLERS,
        Target("/v1/gateways/ha-long-1/places", moved("193")),
        Target("/v1/gateways/mong-cai-1/places", moved("194")),
        hidden=404,
        ok=(201,),
    ),
    "listRefusals": get("/v1/refusals"),
    "listUnknownThings": get("/v1/unknown-things", "/v1/unknown-things?gateway=mong-cai-1"),
    "getUnknownThing": get("/v1/unknown-things/1", "/v1/unknown-things/2", hidden=404),
    "acceptUnknownThing": Rule(
        INSTALLERS,
        Target("/v1/unknown-things/1/accept", {}),
        Target("/v1/unknown-things/2/accept", {}),
        hidden=404,
    ),
    "ignoreUnknownThing": Rule(
        INSTALLERS,
        Target("/v1/unknown-things/3/ignore", {}),
        Target("/v1/unknown-things/4/ignore", {}),
        hidden=404,
    ),
    "getStatus": get("/v1/status"),
    "listAlerts": get("/v1/alerts", "/v1/alerts?area=194"),
    "getAlert": get("/v1/alerts/1", "/v1/alerts/2", hidden=404),
    "listAlertRules": get("/v1/alert-rules"),
    "getAlertRule": get("/v1/alert-rules/air_bad", "/v1/alert-rules/of_194", hidden=404),
    "listAlertSilences": get("/v1/alert-silences"),
    "getAlertSilence": get("/v1/alert-silences/2", "/v1/alert-silences/1", hidden=404),
    "listCommands": get("/v1/commands", "/v1/commands?gateway=mong-cai-1"),
    "createCommand": Rule(
        COMMANDERS,
        Target("/v1/commands", {"gateway": "ha-long-1", "command": "ping"}),
        Target("/v1/commands", {"thing": "mong-cai-air-1", "command": "ping"}),
        ok=(201,),
    ),
    "getCommand": get("/v1/commands/{command}", "/v1/commands/{foreign_command}", hidden=404),
    "listFirmware": get("/v1/firmware"),
    "listRollouts": get("/v1/rollouts"),
    "createRollout": Rule(ADMINS, Target("/v1/rollouts", {"version": "1.5.0", "dry_run": True}), ok=(201,)),
    "getRollout": get("/v1/rollouts/1"),
    "stopRollout": Rule(ADMINS, Target("/v1/rollouts/1"), ok=(204,)),
    "listLiveness": get("/v1/liveness", "/v1/liveness?area=194"),
    "getAvailability": get("/v1/availability?thing=ha-long-air-1", "/v1/availability?gateway=mong-cai-1"),
    "listConfigs": get("/v1/configs"),
    "getConfig": get("/v1/configs/ha-long-1", "/v1/configs/mong-cai-1", hidden=404),
    "changeConfig": Rule(
        INSTALLERS,
        Target("/v1/configs/ha-long-1", {"settings": {"led": "off"}}),
        Target("/v1/configs/mong-cai-1", {"settings": {"led": "off"}}),
        hidden=404,
    ),
    "createExport": Rule(
        READERS,
        Target("/v1/exports", EXPORT | {"area": ["193"]}),
        Target("/v1/exports", EXPORT | {"area": ["194"]}),
        ok=(202,),
    ),
    "listExports": get("/v1/exports", roles=READERS),
    "getExport": get("/v1/exports/{export}", roles=READERS),
    "getExportFile": Rule(READERS, Target("/v1/exports/{export}/file"), ok=(200, 409)),
    "deleteExport": Rule(READERS, Target("/v1/exports/{export}"), ok=(204,)),
    "acknowledgeAlert": Rule(
        OPERATORS,
        Target("/v1/alerts/1", {"state": "acknowledged"}),
        Target("/v1/alerts/2", {"state": "acknowledged"}),
        hidden=404,
    ),
    "createAlertSilence": Rule(
        OPERATORS,
        Target("/v1/alert-silences", silence("193")),
        Target("/v1/alert-silences", silence("194")),
        ok=(201,),
    ),
    "endAlertSilence": Rule(
        OPERATORS, Target("/v1/alert-silences/2"), Target("/v1/alert-silences/1"), hidden=404, ok=(204,)
    ),
    "createAlertRule": Rule(ADMINS, Target("/v1/alert-rules", RULE), ok=(201,)),
    "changeAlertRule": Rule(ADMINS, Target(_NOISE, {"threshold": 75})),
    "deleteAlertRule": Rule(ADMINS, Target(_NOISE), ok=(204,)),
    "createGateway": Rule(
        INSTALLERS,
        Target("/v1/registry/gateways", {"code": "hut", "areas": ["193"]} | _PLACE),
        Target("/v1/registry/gateways", {"code": "hut-2", "areas": ["194"]} | _PLACE),
        ok=(201,),
    ),
    "getRegisteredGateway": get(
        "/v1/registry/gateways/ha-long-1", "/v1/registry/gateways/mong-cai-1", hidden=404
    ),
    "changeGateway": registered("gateways", "ha-long-1", "mong-cai-1", {"heartbeat_s": 60}),
    "deleteGateway": registered("gateways", "ha-long-1", "mong-cai-1"),
    "createThing": Rule(
        INSTALLERS,
        Target("/v1/registry/things", _HANGING | {"gateway": "ha-long-1", "areas": ["193"]}),
        Target(
            "/v1/registry/things", _HANGING | {"gateway": "mong-cai-1", "code": "hut-2", "areas": ["194"]}
        ),
        ok=(201,),
    ),
    "getRegisteredThing": get(f"/v1/registry/things/{_OWN}", f"/v1/registry/things/{_FOREIGN}", hidden=404),
    "changeThing": registered("things", _OWN, _FOREIGN, {"kind": "station"}),
    "deleteThing": registered("things", _OWN, _FOREIGN),
    "createDatastream": Rule(
        INSTALLERS,
        Target("/v1/registry/datastreams", {"thing": _OWN, "observed_property": "no2"}),
        Target("/v1/registry/datastreams", {"thing": _FOREIGN, "observed_property": "no2"}),
        ok=(201,),
    ),
    "getRegisteredDatastream": get(
        "/v1/registry/datastreams/{own}", "/v1/registry/datastreams/{foreign}", hidden=404
    ),
    "changeDatastream": registered("datastreams", "{own}", "{foreign}", {"sampling_interval_s": 60}),
    "deleteDatastream": registered("datastreams", "{own}", "{foreign}"),
    "createObservedProperty": Rule(ADMINS, Target(_PROPERTY, _RADON), ok=(201,)),
    "getRegisteredObservedProperty": get(f"{_PROPERTY}/pm2_5", roles=READERS),
    "changeObservedProperty": Rule(ADMINS, Target(f"{_PROPERTY}/radon", {"maximum": 2000}, over="*")),
    "deleteObservedProperty": Rule(ADMINS, Target(f"{_PROPERTY}/radon", over="*"), ok=(204,)),
    "createCalibration": Rule(
        ADMINS, Target("/v1/registry/calibrations", {"datastream": 4} | _CALIBRATION), ok=(201,)
    ),
    "listCalibrations": get("/v1/registry/calibrations", f"/v1/registry/calibrations?thing={_FOREIGN}"),
    "getCalibration": get("/v1/registry/calibrations/1", "/v1/registry/calibrations/2", hidden=404),
    "changeCalibration": Rule(ADMINS, Target("/v1/registry/calibrations/1", {"gain": 2}, over="*")),
    "deleteCalibration": Rule(ADMINS, Target("/v1/registry/calibrations/1", over="*"), ok=(204,)),
    "listSensors": get("/v1/registry/sensors", f"/v1/registry/sensors?thing={_FOREIGN}"),
    "createSensor": Rule(
        INSTALLERS,
        Target("/v1/registry/sensors", _SENSOR | {"datastream": "{own}"}),
        Target("/v1/registry/sensors", _SENSOR | {"datastream": "{foreign}"}),
        ok=(201,),
    ),
    "getSensor": get("/v1/registry/sensors/1", "/v1/registry/sensors/2", hidden=404),
    "changeSensor": registered("sensors", "1", "2", {"firmware": "2"}),
    "deleteSensor": Rule(
        INSTALLERS,
        Target("/v1/registry/sensors/1", over="*"),
        Target("/v1/registry/sensors/2", over="*"),
        hidden=404,
        ok=(204,),
    ),
    "listMaintenanceWindows": get("/v1/maintenance-windows", f"/v1/maintenance-windows?thing={_FOREIGN}"),
    "getMaintenanceWindow": get("/v1/maintenance-windows/1", "/v1/maintenance-windows/2", hidden=404),
    "createMaintenanceWindow": Rule(
        INSTALLERS,
        Target("/v1/maintenance-windows", _WORK | {"area": "193"}),
        Target("/v1/maintenance-windows", _WORK | {"gateway": "mong-cai-1"}),
        ok=(201,),
    ),
    "endMaintenanceWindow": Rule(
        INSTALLERS,
        Target("/v1/maintenance-windows/1"),
        Target("/v1/maintenance-windows/2"),
        hidden=404,
        ok=(204,),
    ),
    "listAutomaticAcceptance": get("/v1/automatic-acceptance", roles=INSTALLERS),
    "setAutomaticAcceptance": Rule(
        INSTALLERS,
        Target("/v1/automatic-acceptance/ha-long-1", {}),
        Target("/v1/automatic-acceptance/mong-cai-1", {}),
        hidden=404,
    ),
    "endAutomaticAcceptance": Rule(
        INSTALLERS,
        Target("/v1/automatic-acceptance/ha-long-1"),
        Target("/v1/automatic-acceptance/mong-cai-1"),
        hidden=404,
        ok=(204,),
    ),
    "listChanges": get("/v1/changes", roles=INSTALLERS),
}


def operations(app: FastAPI) -> dict[str, str]:
    """Return the method of each operation below /v1 that asks for a key, by its id."""
    paths = app.openapi()["paths"].items()
    found = [
        (method, each) for path, item in paths if path.startswith("/v1") for method, each in item.items()
    ]
    return {
        each["operationId"]: method.upper()
        for method, each in found
        if each["operationId"] not in WITHOUT_KEY
    }


@pytest.fixture(scope="module")
def issuer() -> Iterator[SigningIssuer]:
    with SigningIssuer() as found:
        yield found


@pytest.fixture
async def app(
    database_url: str, city: AsyncConnection[Any], tmp_path: Any, issuer: SigningIssuer
) -> AsyncIterator[FastAPI]:
    """The application, closed, over a city whose two districts have as much of everything."""
    await city.execute(
        """INSERT INTO indicator_values (time, indicator, area_id, value, completeness, version, revision)
           SELECT v.time, indicator, (SELECT id FROM areas WHERE code = '194'), value, 1, 1, 1
           FROM indicator_values v JOIN areas a ON a.id = v.area_id WHERE a.code = '193' AND revision = 1
             AND value IS NOT NULL"""
    )
    await city.execute(
        """INSERT INTO observations (datastream_id, time, value, quality)
           SELECT d.id, now() - interval '1 hour', 5, 0
           FROM datastreams d JOIN things t ON t.id = d.thing_id WHERE t.code = 'mong-cai-air-1'"""
    )
    await city.execute("UPDATE alerts SET state = 'active', closed_at = NULL")
    await city.execute(
        """INSERT INTO alert_silences (area, ends_at, reason, created_by)
           VALUES ('193', now() + interval '1 hour', 'works', 'Minh')"""
    )
    await city.execute(
        """INSERT INTO alert_rules (code, indicator, kind, threshold, severity, name_en, name_vi, areas,
                                    levels, escalation)
           SELECT 'of_194', indicator, kind, threshold, severity, name_en, name_vi, '{194}', levels,
                  escalation
           FROM alert_rules WHERE code = 'air_bad'"""
    )
    await city.execute(
        """INSERT INTO refusals (time, gateway, topic, seq, reason, at, detail, count, stored, payload)
           SELECT time, 'mong-cai-1', topic, seq, reason, at, detail, count, stored, payload
           FROM refusals LIMIT 1"""
    )
    await _name_unknown(city)
    await city.execute(
        """INSERT INTO commands (gateway_id, command, created_by, expires_at, timeout_s)
           SELECT id, 'ping', 'Minh', now() + interval '1 hour', 60 FROM gateways
           WHERE code IN ('ha-long-1', 'mong-cai-1')"""
    )
    await configs.change(city, "mong-cai-1", {"settings": {"led": "on"}}, by="Minh")
    await city.execute(
        """INSERT INTO calibrations (datastream_id, valid_from, valid_to, reference)
           SELECT d.id, '2026-01-01', '2026-02-01', 'K-113'
           FROM datastreams d JOIN things t ON t.id = d.thing_id
           WHERE t.code = 'mong-cai-air-1'"""
    )
    await _maintain(city)
    settings = {
        "database_url": database_url, "export_dir": tmp_path,
        "oidc_issuer": issuer.url, "oidc_area_claim": "areas",
    }  # fmt: skip
    app = create_app(Settings.model_validate(settings))
    async with app.router.lifespan_context(app):
        yield app


async def _maintain(conn: AsyncConnection[Any]) -> None:
    """Windows, sensors and limits: 1 of each in 193, 2 in 194."""
    await conn.execute("TRUNCATE maintenance_windows, sensors RESTART IDENTITY")
    now = datetime.now(UTC)
    for thing, gateway in ((_OWN, "ha-long-1"), (_FOREIGN, "mong-cai-1")):
        await maintenance.add(
            conn, "gateway", gateway, now, now + timedelta(days=1), reason="mast", who="Minh"
        )
        await sensors.install(conn, thing, "pm2_5", now - timedelta(days=3), model="old", who="Minh")
        await unknown_limits.set_automatic(conn, gateway, (1, 1), "Minh")


async def _name_unknown(conn: AsyncConnection[Any]) -> None:
    """1 and 3 of a gateway in 193, 2 and 4 of one in 194."""
    await conn.execute("TRUNCATE unknown_things RESTART IDENTITY CASCADE")
    at = datetime.now(UTC)
    for device, gateway in itertools.product(("new-1", "new-2"), ("ha-long-1", "mong-cai-1")):
        seen = unknown_store.Seen("pm2_5", None, 1, 3.0, 3.0, [at])
        named = unknown_store.Noted(
            gateway=gateway, device=f"{gateway}-{device}", source="native", dev_eui=None, first=at, last=at,
            messages=1, properties=(seen,),
        )  # fmt: skip
        await unknown_store.note(conn, [named])


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
    }


async def test_who_may_do_what_is_said_of_every_operation(app: FastAPI) -> None:
    assert set(operations(app)) == set(RULES)


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
    methods, known = operations(app), await numbers(city)
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
            if operation == "createExport":
                known["export"] = answer.json()["id"]
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
        for operation, method in operations(app).items():
            target = RULES[operation].own
            over = {"if-match": target.over or "*"}
            answer = await client.request(method, target.path.format(**known), json=target.body, headers=over)
            assert_problem(answer, 401, "unauthorized")


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
