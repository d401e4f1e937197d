"""The payloads by which gateways are told what to do and what to be, as JSON Schemas with examples. Pure."""

from __future__ import annotations

from typing import Any, Final

from devices.commands import MAX_JSON_BYTES
from ingest.contract_parts import CODE_PATTERN, RFC3339, named

_UUID: Final = "[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}"
_ID: Final[dict[str, Any]] = {"type": "string", "pattern": f"^{_UUID}$", "description": "The command's id."}
_VERSION: Final[dict[str, Any]] = {"type": "integer", "minimum": 1, "maximum": 2**31 - 1}
_HASH: Final[dict[str, Any]] = {"type": "string", "maxLength": 128}
#: a member of up/status
REPORTED: Final[dict[str, Any]] = {
    "description": "The configuration that the gateway has, as it came in down/config.",
    "type": ["object", "null"],
    "required": ["version", "hash"],
    "properties": {
        "version": _VERSION | {"minimum": 0},
        "hash": _HASH,
        "error": {
            "type": ["string", "null"],
            "maxLength": 2000,
            "description": "Why this version could not be applied.",
        },
    },
}
_DEVICE: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "enabled": {"type": "boolean", "description": "Whether it measures; true where left out."},
        "intervals": {
            "type": "object",
            "propertyNames": {"pattern": CODE_PATTERN},
            "additionalProperties": {"type": "integer", "minimum": 1, "maximum": 86_400},
            "description": "Sampling interval in s by observed property.",
        },
    },
}
_FIRMWARE: Final[dict[str, Any]] = {
    "description": "To be installed, if signature, size and SHA-256 are right.",
    "type": "object",
    "required": ["version", "url", "size", "sha256", "signature"],
    "properties": {
        "version": {"type": "string"},
        "url": {"type": "string", "pattern": "^https?://"},
        "size": {"type": "integer", "minimum": 1, "description": "Bytes."},
        "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "signature": {
            "type": "string",
            "contentEncoding": "base64",
            "description": "Ed25519 over halong-firmware-v1, version, size, sha256, each with a line feed.",
        },
    },
}

SCHEMAS: Final[dict[str, dict[str, Any]]] = {
    "command": named(
        "command",
        "What the gateway, or a device of it, is to do",
        "Payload of {root}/{gateway}/down/command, QoS 1, not retained; the broker drops it when it expires. "
        "It may come twice with the same id: carry it out once.",
        required=["id", "command", "arguments", "expires"],
        properties={
            "id": _ID,
            "command": {"type": "string", "pattern": CODE_PATTERN, "examples": ["reboot", "read"]},
            "device": {
                "type": "string",
                "pattern": CODE_PATTERN,
                "description": "Without it, the gateway itself is meant.",
            },
            "arguments": {"type": "object", "description": "What they mean, the firmware says."},
            "expires": {
                "type": "string",
                "format": "date-time",
                "pattern": RFC3339,
                "description": "Not to be begun after this.",
            },
        },
    ),
    "response": named(
        "response",
        "How far a command is",
        "Payload of {root}/{gateway}/up/response, QoS 1, not retained: acknowledged when begun (where it "
        "takes long), then done or failed.",
        required=["id", "state"],
        properties={
            "id": _ID,
            "state": {"type": "string", "enum": ["acknowledged", "done", "failed"]},
            "detail": {"type": "string", "description": "Words for people."},
            "result": {
                "description": f"Any JSON of up to {MAX_JSON_BYTES:,} bytes: what came out.",
            },
        },
    ),
    "config": named(
        "config",
        "What the gateway is to be configured as",
        "Payload of {root}/{gateway}/down/config, QoS 1, retained. Report version and hash in up/status.",
        required=["version", "hash"],
        properties={
            "version": _VERSION | {"description": "Rises with each change."},
            "hash": _HASH | {"description": "Of all the rest; to be sent back as it came."},
            "devices": {
                "type": "object",
                "propertyNames": {"pattern": CODE_PATTERN},
                "additionalProperties": _DEVICE,
            },
            "settings": {"type": "object", "description": "What they mean, the firmware says."},
            "firmware": _FIRMWARE,
        },
    ),
}

EXAMPLES: Final[dict[str, list[dict[str, Any]]]] = {
    "command": [
        {
            "id": "6f1c0a52-f4b1-4b0b-9d0c-6a6f0f7d3b52",
            "command": "reboot",
            "arguments": {"delay_s": 5},
            "expires": "2026-11-22T01:20:00.000+00:00",
        },
    ],
    "response": [
        {"id": "6f1c0a52-f4b1-4b0b-9d0c-6a6f0f7d3b52", "state": "acknowledged"},
        {
            "id": "6f1c0a52-f4b1-4b0b-9d0c-6a6f0f7d3b52",
            "state": "done",
            "detail": "restarted",
            "result": {"uptime_s": 4},
        },
    ],
    "config": [
        {
            "version": 7,
            "hash": "5c9d6f0b2a63f8d44c9b0f4c1ad1a8d5f1f6d6c3f1f1c9dd3f0a1b2c3d4e5f60",
            "devices": {"aq-017": {"intervals": {"pm2_5": 60}}, "aq-018": {"enabled": False}},
            "settings": {"led": "off"},
        },
    ],
}
