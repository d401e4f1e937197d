"""Who may do each operation of the OpenAPI document, by its id, and with what it is tried."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

READERS = {"planner", "operator", "installer", "admin"}
RAW = READERS - {"planner"}
OPERATORS = {"operator", "admin"}
INSTALLERS = {"installer", "admin"}
COMMANDERS = OPERATORS | {"installer"}
ADMINS = {"admin"}
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
    "getRefusal": get("/v1/refusals/1", "/v1/refusals/5", hidden=404),
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
    "cancelCommand": Rule(
        COMMANDERS,
        Target("/v1/commands/{command}"),
        Target("/v1/commands/{foreign_command}"),
        hidden=404,
        ok=(204,),
    ),
    "listFirmware": get("/v1/firmware"),
    "listRollouts": get("/v1/rollouts"),
    "createRollout": Rule(ADMINS, Target("/v1/rollouts", {"version": "1.5.0", "dry_run": True}), ok=(201,)),
    "getRollout": get("/v1/rollouts/1"),
    "stopRollout": Rule(ADMINS, Target("/v1/rollouts/1"), ok=(204,)),
    "listLiveness": get("/v1/liveness", "/v1/liveness?area=194"),
    "getAvailability": get("/v1/availability?thing=ha-long-air-1", "/v1/availability?gateway=mong-cai-1"),
    "listConfigs": get("/v1/configs"),
    "getConfig": get("/v1/configs/ha-long-1", "/v1/configs/mong-cai-1", hidden=404),
    "createMqttToken": Rule(
        RAW,
        Target("/v1/mqtt-tokens", {}),
        Target("/v1/mqtt-tokens", {"gateways": ["mong-cai-1"]}),
        ok=(201,),
    ),
    "endMqttToken": Rule(RAW, Target("/v1/mqtt-tokens/{token}"), ok=(204,)),
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
