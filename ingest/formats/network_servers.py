"""What LoRaWAN network servers publish: The Things Stack v3 and ChirpStack v4, in JSON.

An uplink's time is one for all radio gateways that heard it, and the same in every copy of the message:
with The Things Stack its Network Server's time of reception (`uplink_message.received_at`), with ChirpStack
`time`.

Source: The Things Stack, Data Formats; ChirpStack, Event types.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from ingest.formats.readings import MAX_PAYLOAD_BYTES

if TYPE_CHECKING:
    from ingest.formats.readings import Readings

_DECODER = msgspec.json.Decoder()
_ENCODER = msgspec.json.Encoder()
#: a ChirpStack message with one of these is an uplink: proto3 leaves out what is empty or 0
_CHIRPSTACK_UPLINK = ("rxInfo", "data", "object", "fPort")

_THINGS_STACK_CODEC = "set an uplink payload formatter for the device or the application in The Things Stack"
_CHIRPSTACK_CODEC = "set a codec in the device profile in ChirpStack"


class Uplink(NamedTuple):
    """What a network server says of one uplink; the places are JSONPaths."""

    #: by which the registry may know the device: its DevEUI in lower case, then the server's own name for it
    names: tuple[str, ...]
    #: RFC 3339 text, if the message is in form
    time: Any
    #: a JSON object, if a codec is set and the message is in form
    decoded: Any
    #: it has bytes of the application, and is not about the link alone
    has_payload: bool = True
    device_at: str = "$"
    time_at: str = "$"
    decoded_at: str = "$"
    #: what to do if `decoded` is missing
    advice: str = ""


def parse(payload: bytes, found: Readings) -> Uplink | None:
    """Return the uplink in a message, or None for another event and for what `found` has a Problem of."""
    if len(payload) > MAX_PAYLOAD_BYTES:
        found.refuse("not_decodable", "$", f"{len(payload)} bytes are more than {MAX_PAYLOAD_BYTES}")
        return None
    try:
        message = _DECODER.decode(payload)
    except (ValueError, RecursionError) as error:
        words = f"not a JSON document: {error}; set the network server's integration to JSON"
        found.refuse("not_decodable", "$", words)
        return None
    if isinstance(message, dict) and "end_device_ids" in message:
        return _of_the_things_stack(message, found)
    if isinstance(message, dict) and "deviceInfo" in message:
        return _of_chirpstack(message)
    words = "neither of The Things Stack v3 (end_device_ids) nor of ChirpStack v4 (deviceInfo)"
    found.refuse("schema", "$", f"the message is {words}: check the server's version and its topics")
    return None


def encode_things_stack(uplink: Uplink, *, application: str = "app", f_port: int = 1) -> bytes:
    """Return an uplink as The Things Stack v3 publishes it; its names are DevEUI and device id."""
    dev_eui, device_id = uplink.names
    return _ENCODER.encode(
        {
            "end_device_ids": {
                "device_id": device_id,
                "application_ids": {"application_id": application},
                "dev_eui": dev_eui.upper(),
            },
            "received_at": uplink.time,
            "uplink_message": {
                "f_port": f_port,
                "frm_payload": "AQ==",
                "decoded_payload": uplink.decoded,
                "rx_metadata": [{"gateway_ids": {"gateway_id": "gateway-1"}, "rssi": -36}],
                "received_at": uplink.time,
            },
        }
    )


def encode_chirpstack(uplink: Uplink, *, application: str = "app", f_port: int = 1) -> bytes:
    """Return an uplink as ChirpStack v4 publishes it; the first of its names is the DevEUI."""
    return _ENCODER.encode(
        {
            "time": uplink.time,
            "deviceInfo": {"applicationId": application, "devEui": uplink.names[0]},
            "fPort": f_port,
            "data": "AQ==",
            "object": uplink.decoded,
            "rxInfo": [{"gatewayId": "0016c001f153a14c", "rssi": -36}],
        }
    )


def _of_the_things_stack(message: dict[str, Any], found: Readings) -> Uplink | None:
    if "uplink_message" not in message:
        return None
    if message.get("simulated") is True:
        found.refuse("schema", "$.simulated", "an uplink that was simulated in the console is no measurement")
        return None
    uplink, ids = _object(message["uplink_message"]), _object(message["end_device_ids"])
    is_inner = uplink.get("received_at") is not None
    return Uplink(
        names=_names(ids.get("dev_eui"), ids.get("device_id")),
        time=uplink["received_at"] if is_inner else message.get("received_at"),
        decoded=uplink.get("decoded_payload"),
        has_payload=bool(uplink.get("frm_payload")) and uplink.get("f_port") != 0,
        device_at="$.end_device_ids",
        time_at="$.uplink_message.received_at" if is_inner else "$.received_at",
        decoded_at="$.uplink_message.decoded_payload",
        advice=_THINGS_STACK_CODEC,
    )


def _of_chirpstack(message: dict[str, Any]) -> Uplink | None:
    if "integrationName" in message or not any(key in message for key in _CHIRPSTACK_UPLINK):
        return None
    return Uplink(
        names=_names(_object(message["deviceInfo"]).get("devEui")),
        time=message.get("time"),
        decoded=message.get("object"),
        has_payload=bool(message.get("data")),
        device_at="$.deviceInfo.devEui",
        time_at="$.time",
        decoded_at="$.object",
        advice=_CHIRPSTACK_CODEC,
    )


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _names(dev_eui: Any, *others: Any) -> tuple[str, ...]:
    named = [dev_eui.lower()] if isinstance(dev_eui, str) else []
    return (*named, *(name for name in others if isinstance(name, str)))
