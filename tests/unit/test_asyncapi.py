"""The AsyncAPI document is one, by AsyncAPI's own schema, and says what ingest speaks."""

from __future__ import annotations

import json
from base64 import b64decode
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import jsonschema
import pytest
import yaml

import api.yaml
from api.app import create_app
from api.asyncapi import document
from devices.catalog import KnownGateway
from devices.commands import Answer, Queued
from devices.model import is_code
from ingest import answers, contract, status
from ingest.downlink import command_payload
from ingest.feedback import committed_payload
from ingest.formats import lorawan, sparkplug
from ingest.formats.format import formats, read
from ingest.rejected import rejected_payload, told_of
from ingest.resolve import Refusal
from ingest.rules import RULES
from ingest.sequence import Committed
from ingest.shares import share_of
from ingest.sparkplug import host
from ingest.sparkplug.topics import parse_sparkplug
from ingest.topics import parse_topic
from runtime.settings import Settings
from runtime.topic_filters import overlap
from tests import npm

FOLDER = Path(__file__).resolve().parents[1] / "asyncapi"
SETTINGS = Settings.model_validate(
    {
        "database_url": "postgresql://127.0.0.1:1/none",
        "gateway_mqtt_url": "mqtt://broker.city:1884",
        "lorawan_sources": {"tts.1": "v3/+/devices/+/up", "chirp": "application/+/device/#"},
    }
)
DOCUMENT = document(SETTINGS)
MESSAGES: dict[str, dict[str, Any]] = DOCUMENT["components"]["messages"]
every_message = pytest.mark.parametrize("name", MESSAGES)


def examples(name: str) -> list[bytes]:
    """The examples of a message as they are on the wire."""
    message = MESSAGES[name]
    is_base64 = message["payload"].get("contentEncoding") == "base64"
    shown = [each["payload"] for each in message["examples"]]
    return [b64decode(each) if is_base64 else json.dumps(each).encode() for each in shown]


def filled(address: str) -> str:
    """A topic of a channel: each parameter has a value."""
    return address.replace("{", "").replace("}", "")


def test_the_official_schema_takes_it() -> None:
    npm.install(FOLDER, "AsyncAPI's schema")
    schemas = FOLDER / "node_modules" / "@asyncapi" / "specs" / "schemas"
    schema = json.loads((schemas / f"{DOCUMENT['asyncapi']}-without-$id.json").read_text("utf-8"))
    validator = jsonschema.Draft7Validator(schema)
    validator.validate(DOCUMENT)
    without_action = json.loads(json.dumps(DOCUMENT))
    del without_action["operations"]["receive_status"]["action"]
    assert not validator.is_valid(without_action)


def references(value: Any) -> list[str]:
    if isinstance(value, dict):
        here = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return [*here, *(ref for below in value.values() for ref in references(below))]
    return [ref for below in value for ref in references(below)] if isinstance(value, list) else []


def test_every_reference_leads_somewhere() -> None:
    found = references(DOCUMENT)
    assert len(found) > 40
    for reference in found:
        place: Any = DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


def test_every_subscription_of_ingest_has_a_channel_and_every_channel_a_subscription() -> None:
    filters = share_of(SETTINGS, SETTINGS.ingest_client_id).filters
    operations = DOCUMENT["operations"].values()
    received = {
        each["channel"]["$ref"].rpartition("/")[2] for each in operations if each["action"] == "receive"
    }
    addresses = {name: filled(DOCUMENT["channels"][name]["address"]) for name in received}
    assert [each for each in filters if not any(overlap(each, topic) for topic in addresses.values())] == []
    assert [
        name for name, topic in addresses.items() if not any(overlap(each, topic) for each in filters)
    ] == []


def test_ingest_reads_the_topics() -> None:
    for name, channel in DOCUMENT["channels"].items():
        topic = filled(channel["address"])
        if name in {"observations", "status", "response"}:
            assert parse_topic(topic, SETTINGS.topic_root) == ("gateway", name)
        elif name.startswith("sparkplug_") and name not in {"sparkplug_ncmd", "sparkplug_state"}:
            address = parse_sparkplug(topic)
            assert address
            assert (address.group, address.gateway, address.kind.lower()) == (
                "group", "gateway", name.removeprefix("sparkplug_"),
            )  # fmt: skip


def test_every_media_type_that_ingest_decodes_is_there() -> None:
    told = DOCUMENT["channels"]["observations"]["messages"]
    assert sorted(MESSAGES[name]["contentType"] for name in told) == sorted(formats())


@every_message
def test_every_example_has_the_form_that_its_message_says(name: str) -> None:
    message = MESSAGES[name]
    assert message["examples"]
    jsonschema.Draft7Validator.check_schema(message["payload"])
    validator = jsonschema.Draft7Validator(message["payload"])
    for each in message["examples"]:
        validator.validate(each["payload"])


@every_message
def test_ingest_decodes_every_example(name: str) -> None:
    for payload in examples(name):
        if name.startswith("observations"):
            found = read(payload, MESSAGES[name]["contentType"])
            assert (found.problems, bool(found.values)) == ([], True)
        elif name == "status":
            assert isinstance(status.decode(payload), status.GatewayStatus)
        elif name == "response":
            assert isinstance(answers.decode(payload), Answer)
        elif name in {"sparkplug_metrics", "sparkplug_rebirth"}:
            decoded = sparkplug.decode(payload)
            assert isinstance(decoded, sparkplug.Payload)
            assert decoded.metrics[-1].name in {"Weather/PM2_5", "Node Control/Rebirth"}
        elif name.endswith("_uplink"):
            station = KnownGateway(
                id=1,
                enabled=True,
                devices={"cau-trang-air": True},
                streams={},
                dev_euis={"a84041000181c061": "cau-trang-air"},
            )
            uplink = lorawan.decode(payload, station)
            assert (uplink.problems, uplink.properties, uplink.values) == ([], ["pm2_5"], [31.2])
        else:
            assert name in {"committed", "rejected", "command", "config", "sparkplug_state"}


def test_what_halong_sends_has_the_form_that_the_document_says() -> None:
    _, gap = contract.examples("committed")
    (rejected,) = contract.examples("rejected")
    time = datetime.fromisoformat(rejected["time"])
    refusals = [
        told_of(each["seq"], Refusal(each["reason"], each["at"], "words"), time)
        for each in (rejected, *rejected["others"])
    ]
    sent = {
        "committed": committed_payload(Committed(gap["seq"], tuple(map(tuple, gap["missing"])))),
        "rejected": rejected_payload(refusals, 3),
        "command": command_payload(_command()),
        "sparkplug_state": host._state(online=True, timestamp=1),
    }
    for name, payload in sent.items():
        jsonschema.Draft7Validator(MESSAGES[name]["payload"]).validate(json.loads(payload))
        assert set(json.loads(payload)) == set(MESSAGES[name]["examples"][-1]["payload"])


def _command() -> Queued:
    (told,) = contract.examples("command")
    return Queued(
        id=UUID(told["id"]),
        gateway="gateway",
        device=None,
        command=told["command"],
        arguments=told["arguments"],
        expires_at=datetime.fromisoformat(told["expires"]),
    )


def test_every_reason_with_its_meaning() -> None:
    first = MESSAGES["rejected"]["payload"]["properties"]
    for refusal in (first, first["others"]["items"]["properties"]):
        assert {each["const"]: each["description"] for each in refusal["reason"]["oneOf"]} == {
            reason: rule.words for reason, rule in RULES.items()
        }


def test_settings_shape_the_document() -> None:
    server = DOCUMENT["servers"]["broker"]
    assert (server["variables"]["host"]["default"], server["variables"]["port"]["default"]) == (
        "broker.city",
        "1884",
    )
    secure = document(Settings.model_validate({"gateway_mqtt_url": "mqtts://broker.city"}))["servers"][
        "broker"
    ]
    assert (secure["protocol"], secure["variables"]["port"]["default"]) == ("secure-mqtt", "8883")
    assert len(secure["security"]) == 2
    assert (server["protocol"], len(server["security"])) == ("mqtt", 1)
    assert DOCUMENT["channels"]["lorawan_tts_1"]["address"] == "v3/{level_2}/devices/{level_4}/up"
    assert DOCUMENT["channels"]["lorawan_chirp"]["address"] == "application/{level_2}/device/{levels}"
    bare = document(Settings.model_validate({"topic_root": "ha-noi/v1", "sparkplug_host_id": ""}))
    assert {name: channel["address"] for name, channel in bare["channels"].items()} == {
        "observations": "ha-noi/v1/{gateway}/up/observations",
        "status": "ha-noi/v1/{gateway}/up/status",
        "committed": "ha-noi/v1/{gateway}/down/committed",
        "rejected": "ha-noi/v1/{gateway}/down/rejected",
        "command": "ha-noi/v1/{gateway}/down/command",
        "config": "ha-noi/v1/{gateway}/down/config",
        "response": "ha-noi/v1/{gateway}/up/response",
    }
    assert "sparkplug_metrics" not in bare["components"]["messages"]
    assert is_code("gateway")


async def test_the_api_serves_it_without_a_key_and_names_it() -> None:
    app = create_app(SETTINGS)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://halong") as client:
        as_yaml, as_json = await client.get("/asyncapi.yaml"), await client.get("/asyncapi.json")
        shown = (await client.get("/openapi.json")).json()["info"]["description"]
    assert as_yaml.headers["content-type"].startswith("application/yaml")
    assert yaml.safe_load(as_yaml.text) == as_json.json() == DOCUMENT
    assert "(asyncapi.yaml)" in shown


@pytest.mark.parametrize(
    "value",
    [
        {}, [], None, True, 1.5, "", "yes",
        {"no": {"on": []}, "1": "a\nb", "": {}, "a b": [[1, [2]], {"c": ["đ", {}]}]},
        [{"a": 1, "b": [{"c": None}]}, "- x", "a: b # c", "2026-11-22", "🏙"],
    ],
)  # fmt: skip
def test_what_is_written_as_yaml_is_read_as_it_was(value: Any) -> None:
    assert yaml.safe_load(api.yaml.dump(value)) == json.loads(json.dumps(value))
