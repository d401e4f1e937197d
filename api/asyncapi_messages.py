"""The messages of the AsyncAPI document, each with examples that ingest's own encoders write. Pure."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from ingest import contract
from ingest.feedback import rebirth_payload
from ingest.formats import network_servers, sparkplug
from ingest.formats.format import formats
from ingest.formats.network_servers import Uplink
from ingest.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.formats.format import Format

SPARKPLUG: Final = "application/x-protobuf"

_TIME: Final = datetime(2026, 11, 22, 1, 15, tzinfo=UTC)
_TIME_MS: Final = int(_TIME.timestamp() * 1000)
_READINGS: Final = (
    {"device": "aq-017", "time": "2026-11-22T08:15:00+07:00", "pm2_5": 31.2, "pm10": 48.0},
    {"device": "aq-017", "time": _TIME_MS + 60_000, "air_temperature": 27.4},
)
_UPLINK: Final = Uplink(
    names=("a84041000181c061", "cau-trang-air"),
    time="2026-11-22T01:15:00.123456789Z",
    decoded={"pm2_5": 31.2},
)
_SCHEMAS_OF_FORMATS: Final[dict[str, dict[str, Any]]] = {
    "senml-json": {
        "description": "A SenML pack, RFC 8428; the first record may carry seq and oldest as well.",
        "type": "array",
        "items": {
            "type": "object",
            "properties": {
                "bn": {"type": "string", "description": "Base name, which goes before each n."},
                "bt": {"type": "number", "description": "Base time, which is added to each t."},
                "bu": {"type": "string", "description": "Base unit, for records without u."},
                "bv": {"type": "number", "description": "Base value, which is added to each v."},
                "bs": {"type": "number", "description": "Base sum, which is added to each s."},
                "bver": {"type": "integer", "description": "The version of SenML."},
                "n": {
                    "type": "string",
                    "description": "With the base name, DEVICE/PROPERTY or DEVICE:PROPERTY.",
                },
                "u": {"type": "string", "description": "A unit of RFC 8428, 12.1 or RFC 8798."},
                "v": {"type": "number"},
                "vb": {"type": "boolean"},
                "s": {"type": "number"},
                "t": {"type": "number", "description": "Seconds since 1970 UTC; below 2**28, from now."},
            },
            "patternProperties": {"_$": False},
        },
    },
}


@dataclass(frozen=True)
class Message:
    """A payload: its media type, its schema, and examples as bytes of the wire."""

    name: str
    title: str
    content_type: str
    schema: dict[str, Any]
    examples: Sequence[bytes]

    @property
    def is_json(self) -> bool:
        """Whether the payload is text that the document can show as it is."""
        return self.content_type == "application/json" or self.content_type.endswith("+json")

    def as_asyncapi(self) -> dict[str, Any]:
        """Return the Message Object; bytes that are no text are in base64."""
        binary = {"type": "string", "contentEncoding": "base64", "contentMediaType": self.content_type}
        return {
            "name": self.name,
            "title": self.title,
            "contentType": self.content_type,
            "payload": self.schema if self.is_json else binary | self.schema,
            "examples": [
                {
                    "name": f"{self.name}_{number}",
                    "payload": json.loads(each) if self.is_json else b64encode(each).decode(),
                }
                for number, each in enumerate(self.examples, 1)
            ],
        }


def observations() -> list[Message]:
    """Return a message for each media type that ingest decodes."""
    return [_of_format(media_type, each) for media_type, each in sorted(formats().items())]


def contract_message(name: str) -> Message:
    """Return a message of the contract's own, by its name there."""
    schema = contract.schema(name)
    title = schema.pop("title")
    if name == "rejected":
        _name_reasons(schema)
    # A schema here is one of draft 7, whose words the contract's schemas keep to.
    for key in ("$schema", "$id", "examples"):
        schema.pop(key, None)
    examples = [json.dumps(each).encode() for each in contract.examples(name)]
    return Message(name, title, "application/json", schema, examples)


def sparkplug_metrics() -> Message:
    """Return what edge nodes publish."""
    born = sparkplug.Metric("bdSeq", None, _TIME_MS, sparkplug.DataType.INT64, 0)
    metric = sparkplug.Metric("Weather/PM2_5", 1, _TIME_MS, sparkplug.DataType.DOUBLE, 31.2)
    payload = sparkplug.encode(sparkplug.Payload(_TIME_MS, 0, (born, metric)))
    return _of_sparkplug("sparkplug_metrics", "Metrics of an edge node or a device", payload)


def sparkplug_rebirth() -> Message:
    """Return the command by which halong asks for birth certificates."""
    return _of_sparkplug("sparkplug_rebirth", "Node Control/Rebirth", rebirth_payload(_TIME))


def sparkplug_state() -> Message:
    """Return what halong says of itself as a host application."""
    schema = {
        "type": "object",
        "required": ["online", "timestamp"],
        "properties": {
            "online": {"type": "boolean"},
            "timestamp": {"type": "integer", "description": "Milliseconds since 1970 UTC."},
        },
    }
    examples = [
        json.dumps({"online": is_online, "timestamp": _TIME_MS}).encode() for is_online in (True, False)
    ]
    return Message("sparkplug_state", "Whether the host is online", "application/json", schema, examples)


def uplinks() -> list[Message]:
    """Return what network servers publish, by server."""
    return [
        _of_server(
            "things_stack_uplink", "The Things Stack v3", network_servers.encode_things_stack(_UPLINK)
        ),
        _of_server("chirpstack_uplink", "ChirpStack v4", network_servers.encode_chirpstack(_UPLINK)),
    ]


def _of_format(media_type: str, each: Format) -> Message:
    if each.name == "native":
        native = contract_message("observations")
        return Message("observations_native", native.title, media_type, native.schema, native.examples)
    examples = [each.encode(_READINGS, seq=4711, oldest=4698)] if each.encode else []
    name = f"observations_{each.name.replace('-', '_')}"
    schema = _SCHEMAS_OF_FORMATS.get(each.name, {})
    return Message(name, f"Readings as {each.name}", media_type, schema, examples)


def _name_reasons(schema: dict[str, Any]) -> None:
    meanings = [{"const": reason, "description": rule.words} for reason, rule in sorted(RULES.items())]
    for refusal in (schema, schema["properties"]["others"]["items"]):
        words = refusal["properties"]["reason"]["description"]
        refusal["properties"]["reason"] = {"description": words, "type": "string", "oneOf": meanings}


def _of_sparkplug(name: str, title: str, payload: bytes) -> Message:
    source = {"description": "Payload of sparkplug_b.proto: Eclipse Sparkplug 3.0, 6.4.1."}
    return Message(name, title, SPARKPLUG, source, [payload])


def _of_server(name: str, server: str, example: bytes) -> Message:
    schema = {
        "type": "object",
        "description": f"An event of {server}; one that is no uplink is only counted.",
    }
    return Message(name, f"Uplink of {server}", "application/json", schema, [example])
