"""The OpenAPI document: examples for every answer, one error shape, and how to log in."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI

from api import openapi_files, openapi_links
from api.formats.table import Table
from api.oidc.issuer import metadata_url
from api.open_access import may_be_open
from api.problems import KINDS, MEDIA_TYPE, basics
from api.reach import Caller
from api.rights import NEEDED, OPENED, RIGHTS, WITHOUT_KEY, Right, Role
from api.schemas import open_data
from api.schemas.common import ProblemDetails
from api.security import refused
from runtime.settings import Settings

ABOUT = """\
City telemetry: what gateways measured, and the indicators computed from it. Terms are those of OGC
SensorThings; units are UCUM codes; times are UTC in answers.

**Key**: `Authorization: Bearer halong_…` or `X-API-Key: halong_…`. It has a role and may be confined to
areas: what is out of its reach is left out, and unknown by its name.
**Times** in requests carry an offset (`2026-11-22T08:00:00+07:00`, `…Z`); a date is a local day of the city.
**Periods**: `from` and `to`, or `period` in ISO 8601: `2026-W47`, `2026-11`, `P7D`, `2026-11-01/2026-11-20`.
**Asking again**: send the `ETag` as `If-None-Match`; an answer that has not changed is a 304.
**Pages**: follow `next` (or the header `Link`) until it is null.
**Errors** are `application/problem+json` (RFC 9457) and say what would be right.
**Gateways** speak MQTT, not HTTP: [asyncapi.yaml](asyncapi.yaml) says what ([as JSON](asyncapi.json)).
"""
_TOKENS = """\
**Token**: `Authorization: Bearer …` with an access token of <{issuer}> for the audience `{audience}`; it says
role and areas in its claims.
"""
_OPEN_DATA = """\
**Open data**: [data sets, files and their catalogue](open/), without a key.
"""
_EXAMPLES = {
    "401": ("unauthorized", "send `Authorization: Bearer halong_…`; `halong keys create` makes a key"),
    "403": ("forbidden", "the role may not do this"),
    "404": ("not-found", "there is no area '19': did you mean 193?"),
    "406": ("not-acceptable", "there is nothing of 'image/png' here; there is text/csv (format=csv), …"),
    "409": ("conflict", "the alert is resolved: only a raised one can be acknowledged"),
    "412": (
        "precondition-failed",
        "the thing has been changed since it was read: read it again, then change it",
    ),
    "428": ("precondition-required", "send `If-Match` with the ETag of what was read"),
    "410": ("gone", "the export is expired: its file is removed; ask for another"),
    "408": ("too-slow", "the body did not come within 10 s"),
    "413": ("too-large", "the body is larger than 65536 bytes: no operation takes more"),
    "416": ("range-not-satisfiable", "the file has 4711 bytes, and bytes=5000- is beyond them"),
    "429": ("too-many-requests", "300 requests a minute are allowed to one address: ask again in 3 s"),
    "422": ("invalid-parameter", "limit: '0' cannot be used; give at least 1"),
    "503": (
        "database-away",
        "the database does not answer: ask again in 5 s; nothing that was stored is lost",
    ),
}
_OF_ONE_OPERATION = {
    ("createEnrolmentToken", "409"): (
        "conflict",
        "'ha-long-1' is disabled: `halong gateways enable ha-long-1`",
    ),
    ("enrol", "409"): ("conflict", "this API signs no certificates: enrol without a request, for a password"),
    ("enrol", "403"): ("enrolment-refused", "the token ended at 2026-11-23 01:15 UTC: ask for another"),
    ("createMqttToken", "409"): ("conflict", "no gateway stands in your areas with all that hangs on it"),
    ("createMqttToken", "429"): (
        "too-many-tokens",
        "key 1a2b3c4d has 100 MQTT tokens that are valid: end one, or wait until one has expired",
    ),
    ("createMqttToken", "503"): ("broker-away", "the broker for browsers cannot be told: ask again"),
    ("endMaintenanceWindow", "409"): (
        "conflict",
        "window 1 has been over since 2026-11-20T04:00:00+00:00: availability counts with it",
    ),
    ("createSensor", "409"): (
        "conflict",
        "a sensor was installed at 2026-11-01T00:00:00+00:00 already: see `halong sensors list`",
    ),
    ("endMqttToken", "409"): ("conflict", "this installation has no broker for browsers"),
    ("endMqttToken", "404"): ("not-found", "key 1a2b3c4d has no valid MQTT token 'browser-3f9a0c51d27e84b6'"),
    ("createExport", "429"): (
        "too-many-exports",
        "key 1a2b3c4d has 3 unfinished exports: wait for one, or cancel it",
    ),
}


def example(
    value: Any,
    media_type: str = "application/json",
    *,
    schema: str | None = None,
    table: tuple[Table, Sequence[Mapping[str, Any]]] | None = None,
    status: int = 200,
) -> dict[int | str, dict[str, Any]]:
    """Return FastAPI's `responses` with the example of an answer.

    `table` and rows of it show the answer's other formats. `schema` names the model of an answer that FastAPI
    does not write itself.
    """
    content: dict[str, Any] = {media_type: {"example": _placeholder(value)}}
    if schema is not None:
        content[media_type]["schema"] = {"$ref": f"#/components/schemas/{schema}"}
    if table is not None:
        for name, shown in openapi_files.contents(*table).items():
            content[name] = shown | (
                {"example": _placeholder(shown["example"])} if "example" in shown else {}
            )
    return {status: {"content": content}}


# FastAPI leaves nulls out of its document, and an example without its nulls would not fit its own schema.
_shown: list[Any] = []


def _placeholder(value: Any) -> dict[str, int]:
    _shown.append(value)
    return {"x-shown": len(_shown) - 1}


def _fill_in(made: dict[str, Any]) -> None:
    for item in made["paths"].values():
        for operation in item.values():
            contents = [answer.get("content", {}) for answer in operation["responses"].values()]
            for content in (each for found in contents for each in found.values()):
                if "x-shown" in content.get("example", ()):
                    content["example"] = _shown[content["example"]["x-shown"]]


def document(app: FastAPI, described: str) -> dict[str, Any]:
    """Return the application's OpenAPI document, made once.

    Args:
        app: whose settings it tells of.
        described: what FastAPI says of the routes, in JSON.
    """
    if app.openapi_schema is None:
        made: dict[str, Any] = json.loads(described)
        made["info"] = {"title": app.title, "description": _about(app), "version": app.version}
        _fill_in(made)
        _add_problems(made)
        _add_tokens(made, app.state.settings)
        _allow_reading_without_key(made, app)
        app.openapi_schema = made
    return app.openapi_schema


def _about(app: FastAPI) -> str:
    settings: Settings = app.state.settings
    issuer, audience = settings.oidc_issuer, settings.oidc_audience
    tokens = _TOKENS.format(issuer=issuer, audience=audience) if issuer else ""
    return ABOUT + tokens + (_OPEN_DATA if app.state.open_data.is_on else "")


def _add_tokens(made: dict[str, Any], settings: Settings) -> None:
    """Say that a token of the issuer, if there is one, does what a key does."""
    if settings.oidc_issuer is None:
        return
    made["components"]["securitySchemes"]["token"] = {
        "type": "openIdConnect",
        "description": f"An access token for the audience {settings.oidc_audience}.",
        "openIdConnectUrl": metadata_url(settings.oidc_issuer),
    }
    for item in made["paths"].values():
        for operation in item.values():
            if "security" in operation:
                operation["security"].append({"token": []})


def _allow_reading_without_key(made: dict[str, Any], app: FastAPI) -> None:
    for path, item in made["paths"].items():
        may_do_without = app.state.settings.api_public or (app.state.open_data.is_on and may_be_open(path))
        may_do_without &= NEEDED.get(item.get("get", {}).get("operationId")) in OPENED
        if may_do_without and "security" in item.get("get", {}):
            item["get"]["security"].append({})


def _add_problems(made: dict[str, Any]) -> None:
    schemas = made.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    problem = ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs", {}))
    schemas["ProblemDetails"] = problem
    schemas.update(open_data.SCHEMAS if "/open/" in made["paths"] else {})
    for path, item in made["paths"].items():
        for operation in item.values():
            openapi_files.fill_in(path, operation)
            _add_answers(path, operation)
            openapi_links.add_links(operation)


def _add_answers(path: str, operation: dict[str, Any]) -> None:
    answers = operation["responses"]
    answers.pop("422", None)
    for status, usual in _EXAMPLES.items():
        if _can_answer(path, operation, status):
            kind, detail = _OF_ONE_OPERATION.get((operation["operationId"], status), usual)
            answers[status] = _answer(path, kind, detail)
    if (right := NEEDED.get(operation["operationId"])) is not None:
        problem = refused(_lacking(right), right)
        answers["403"] = _answer(path, problem.kind, problem.detail, roles=list(problem.roles))


def _lacking(right: Right) -> Caller:
    """Return a caller whose role has as much as a role can have without a right."""
    role = max((role for role in Role if right not in RIGHTS[role]), key=lambda role: len(RIGHTS[role]))
    return Caller(kind="key", id="1a2b3c4d", name="", role=role)


#: what they choose may exist, and nothing measure it
_MAY_FIND_NOTHING = {"listObservations", "createExport"}
_MAY_CONFLICT = {
    "acknowledgeAlert", "getExportFile", "createEnrolmentToken", "enrol", "createGateway", "createThing",
    "createDatastream", "createObservedProperty", "createCalibration", "changeConfig", "stopRollout",
    "cancelCommand", "acceptUnknownThing", "ignoreUnknownThing", "createMqttToken", "endMqttToken",
    "endMaintenanceWindow", "createSensor",
}  # fmt: skip


def _is_conditional(operation: dict[str, Any]) -> bool:
    """Tell whether an operation is done over the version that was read."""
    return any(each["name"] == "If-Match" for each in operation.get("parameters", []))


def _can_answer(path: str, operation: dict[str, Any], status: str) -> bool:
    answers: dict[str, bool] = {
        "401": bool(operation.get("security")),
        "403": operation["operationId"] in WITHOUT_KEY,
        "404": "{" in path or operation["operationId"] in _MAY_FIND_NOTHING,
        "406": any(each["name"] == "format" for each in operation.get("parameters", [])),
        "409": operation["operationId"] in _MAY_CONFLICT or _is_conditional(operation),
        "408": "requestBody" in operation,
        "410": operation["operationId"] == "getExportFile",
        "412": _is_conditional(operation),
        "413": "requestBody" in operation,
        "416": operation["operationId"] in {"getExportFile", "getOpenDataFile"},
        "422": bool(operation.get("parameters") or operation.get("requestBody")),
        "428": _is_conditional(operation),
        "429": path.startswith(("/v1", "/open")),
        "503": path.startswith(("/v1", "/open")) or path == "/health/ready",
    }
    return answers[status]


def _answer(path: str, kind: str, detail: str, **more: Any) -> dict[str, Any]:
    shown = basics(kind, detail)
    shown |= {"instance": path, "request_id": "6f1c0a52f4b14b0b9d0c6a6f0f7d3b52"} | more
    schema = {"$ref": "#/components/schemas/ProblemDetails"}
    return {"description": KINDS[kind][1], "content": {MEDIA_TYPE: {"schema": schema, "example": shown}}}
