"""The AsyncAPI 3.0 document: what gateways and halong say to each other over MQTT. Pure.

Topics, payloads, formats and reasons are those of ingest, so that the document says what the code does.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final, Literal

from api import asyncapi_messages as messages
from devices.model import CODE
from ingest.sparkplug.topics import FILTERS, command_topic, state_topic
from ingest.topics import down, up

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from api.asyncapi_messages import Message
    from runtime.settings import Settings

ABOUT: Final = """\
What gateways and halong say to each other over MQTT. halong is the application that is described: it receives
what gateways send. docs/firmware.md is the contract in words; the HTTP API is in /openapi.json.

A gateway keeps each message until `committed` covers its `seq`. Payloads may be compressed with gzip or zstd.
"""
_PARAMETERS: Final = {
    "gateway": f"The gateway's code, {CODE.pattern}; for Sparkplug, the id of the edge node.",
    "device": "The device's code.",
    "group": "The Sparkplug group: free.",
}
#: by the position of a `+` in Sparkplug's filters
_SPARKPLUG_LEVELS: Final = {1: "{group}", 3: "{gateway}", 4: "{device}"}


@dataclass(frozen=True)
class _Channel:
    """A topic, what it carries, and how halong uses it."""

    name: str
    address: str
    action: Literal["receive", "send"]
    summary: str
    messages: Sequence[Message]
    qos: int = 1
    retain: bool = False


def document(settings: Settings) -> dict[str, Any]:
    """Return the document of an installation, as a JSON value.

    Source: AsyncAPI 3.0.0; wire contract v1, Topics.
    """
    channels = [
        *_gateways_say(settings),
        *_halong_says(settings),
        *_sparkplug(settings),
        *_network_servers(settings),
    ]
    known = {message.name: message for channel in channels for message in channel.messages}
    return {
        "asyncapi": "3.0.0",
        "id": "urn:halong:v1",
        "info": {
            "title": "halong, as gateways see it",
            "version": version("halong"),
            "description": ABOUT,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {"broker": _server(settings)},
        "channels": {each.name: _channel(each) for each in channels},
        "operations": {f"{each.action}_{each.name}": _operation(each) for each in channels},
        "components": {
            "messages": {name: message.as_asyncapi() for name, message in known.items()},
            "securitySchemes": {
                "gateway": {
                    "type": "userPassword",
                    "description": "The gateway's code and its password (`halong gateways password`).",
                },
                "certificate": {
                    "type": "X509",
                    "description": "A certificate with the code as CN (`halong ca issue`), at port 8884.",
                },
            },
        },
    }


def _gateways_say(settings: Settings) -> Iterable[_Channel]:
    def channel(kind: str, summary: str, told: Sequence[Message], *, retain: bool = False) -> _Channel:
        address = up(settings.topic_root, "{gateway}", kind)
        return _Channel(kind, address, "receive", summary, told, retain=retain)

    observations = messages.observations()
    yield channel("observations", "Readings, in the format that the content type names", observations)
    status = [messages.contract_message("status")]
    yield channel("status", "Whether a gateway is online; its Last Will is here too", status, retain=True)
    yield channel("response", "How far a command is", [messages.contract_message("response")])


def _halong_says(settings: Settings) -> Iterable[_Channel]:
    summaries = {
        "committed": "Which numbered messages are committed in the database",
        "rejected": "What was refused, where and why",
        "command": "What a gateway is to do; the broker drops it when it expires",
        "config": "What a gateway is to be configured as",
    }
    for kind, summary in summaries.items():
        address, told = down(settings.topic_root, "{gateway}", kind), [messages.contract_message(kind)]
        yield _Channel(kind, address, "send", summary, told, retain=kind == "config")


def _sparkplug(settings: Settings) -> Iterable[_Channel]:
    host_id = settings.sparkplug_host_id
    if not host_id:
        return
    for each in FILTERS:
        levels = each.split("/")
        address = "/".join(_SPARKPLUG_LEVELS[i] if level == "+" else level for i, level in enumerate(levels))
        name, summary = f"sparkplug_{levels[2].lower()}", f"Sparkplug B: {levels[2]} of an edge node"
        yield _Channel(name, address, "receive", summary, [messages.sparkplug_metrics()], qos=0)
    rebirth = [messages.sparkplug_rebirth()]
    address = command_topic("{group}", "{gateway}")
    yield _Channel("sparkplug_ncmd", address, "send", "Sparkplug B: asks for a rebirth", rebirth, qos=0)
    state, summary = [messages.sparkplug_state()], "Sparkplug B: whether halong takes messages"
    yield _Channel("sparkplug_state", state_topic(host_id), "send", summary, state, retain=True)


def _network_servers(settings: Settings) -> Iterable[_Channel]:
    for gateway, source in settings.lorawan_sources.items():
        name = f"lorawan_{gateway.replace('.', '_')}"
        summary = f"LoRaWAN: what the network server {gateway} publishes"
        yield _Channel(name, _named_levels(source), "receive", summary, messages.uplinks(), qos=0)


def _named_levels(topic_filter: str) -> str:
    """Return an address in which each wildcard of a filter is a parameter: an address cannot have them."""
    levels = topic_filter.split("/")
    return "/".join(
        f"{{level_{i}}}" if each == "+" else "{levels}" if each == "#" else each
        for i, each in enumerate(levels, 1)
    )


def _server(settings: Settings) -> dict[str, Any]:
    url = settings.gateway_mqtt_url
    root = settings.topic_root
    is_secure = url is not None and url.scheme == "mqtts"
    schemes = ("gateway", "certificate") if is_secure else ("gateway",)
    return {
        "host": "{host}:{port}",
        "protocol": "secure-mqtt" if is_secure else "mqtt",
        "protocolVersion": "5",
        "description": "The broker as gateways reach it; 3.1.1 is spoken as well, without reason codes.",
        "variables": {
            "host": {"default": (url and url.host) or "broker.example"},
            "port": {"default": str((url and url.port) or (8883 if is_secure else 1883))},
        },
        "security": [{"$ref": f"#/components/securitySchemes/{each}"} for each in schemes],
        "bindings": {
            "mqtt": {
                "cleanSession": False,
                "sessionExpiryInterval": 3600,
                "lastWill": {
                    "topic": up(root, "{gateway}", "status"),
                    "qos": 1,
                    "message": '{"online": false}',
                    "retain": True,
                },
                "bindingVersion": "0.2.0",
            }
        },
    }


def _channel(channel: _Channel) -> dict[str, Any]:
    names = [part.partition("}")[0] for part in channel.address.split("{")[1:]]
    parameters = {
        name: {"description": _PARAMETERS.get(name, "Of the network server's own.")} for name in names
    }
    return {
        "address": channel.address,
        "summary": channel.summary,
        "servers": [{"$ref": "#/servers/broker"}],
        "messages": {each.name: {"$ref": f"#/components/messages/{each.name}"} for each in channel.messages},
    } | ({"parameters": parameters} if parameters else {})


def _operation(channel: _Channel) -> dict[str, Any]:
    place = f"#/channels/{channel.name}"
    return {
        "action": channel.action,
        "channel": {"$ref": place},
        "summary": channel.summary,
        "messages": [{"$ref": f"{place}/messages/{each.name}"} for each in channel.messages],
        "bindings": {"mqtt": {"qos": channel.qos, "retain": channel.retain, "bindingVersion": "0.2.0"}},
    }
