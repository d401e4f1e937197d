"""The payloads of the wire contract v1 as JSON Schemas, with examples. Pure.

The same dictionaries are told by `halong device schema` and by the AsyncAPI document. What JSON Schema cannot
say is left to the decoders: that a date exists, that 1.0 is no integer, that a code is in the registry.
"""

from __future__ import annotations

import sys
from copy import deepcopy
from typing import Any, Final

from ingest import contract_control as control
from ingest.contract_parts import CODE_PATTERN, RFC3339, SEQ, TIME, named
from ingest.rejected import MAX_OTHERS, MAX_OTHERS_BYTES
from ingest.rules import RULES
from ingest.sequence import MAX_GAPS

_VALUE: Final[dict[str, Any]] = {
    "description": "A finite number in the observed property's unit; true and false count as 1 and 0.",
    "type": ["number", "boolean"],
    "minimum": -sys.float_info.max,
    "maximum": sys.float_info.max,
}
_READING: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["time"],
    "properties": {
        "device": {
            "description": "The device's code; without it, the device that has the gateway's own code.",
            "type": ["string", "null"],
            "pattern": CODE_PATTERN,
        },
        "time": TIME | {"description": f"The time of measuring: {TIME['description']}"},
    },
    "propertyNames": {"pattern": CODE_PATTERN},
    "additionalProperties": _VALUE,
}
_COUNT: Final[dict[str, Any]] = {"type": "integer", "minimum": 1}
_REFUSAL: Final[dict[str, Any]] = {
    "seq": SEQ | {"description": "The message's number, where it could be read."},
    "reason": {
        "description": "A word of the contract; take one that you do not know for a refusal.",
        "type": "string",
        "pattern": "^[a-z_]+$",
        "examples": sorted(RULES),
    },
    "at": {"type": "string", "description": "The first place in the payload, as JSONPath."},
    "detail": {"type": "string", "description": "Words for the engineer."},
    "stored": {
        "type": "boolean",
        "description": "Whether the reading is in the database all the same.",
    },
    "count": _COUNT | {"description": "Readings of the message that are refused for this reason."},
    "time": {
        "description": "When it was refused: the time of this refusal at GET /v1/refusals.",
        "type": "string",
        "format": "date-time",
        "pattern": RFC3339,
    },
}

_SCHEMAS: Final[dict[str, dict[str, Any]]] = {
    "observations": named(
        "observations",
        "Readings of a gateway's devices",
        "Payload of {root}/{gateway}/up/observations in native JSON, QoS 1, not retained.",
        required=["readings"],
        properties={
            "seq": SEQ
            | {
                "type": ["integer", "null"],
                "description": "The message's number, one up for each; without it, no down/committed.",
            },
            "oldest": SEQ
            | {
                "type": ["integer", "null"],
                "description": "The lowest number that the gateway still keeps.",
            },
            "gateway": {
                "type": ["string", "null"],
                "pattern": CODE_PATTERN,
                "description": "If it is there, the code in the topic.",
            },
            "readings": {"type": "array", "items": _READING},
        },
        additionalProperties=False,
    ),
    "status": named(
        "status",
        "Whether a gateway is online",
        "Payload of {root}/{gateway}/up/status and of the Last Will there, QoS 1, retained.",
        required=["online"],
        properties={
            "online": {"type": "boolean"},
            "firmware": {"type": ["string", "null"], "description": "The firmware's version."},
            "started": {
                "description": f"When the gateway started: {TIME['description']}",
                "anyOf": [*TIME["anyOf"], {"type": "null"}],
            },
            "config": control.REPORTED,
        },
    ),
    "committed": named(
        "committed",
        "What is committed in the database",
        "Payload of {root}/{gateway}/down/committed, QoS 1, not retained: everything up to and including "
        "seq may be forgotten.",
        required=["seq"],
        properties={
            "seq": SEQ,
            "missing": {
                "description": "Ranges above seq that have not arrived, both ends included; send them again.",
                "type": "array",
                "minItems": 1,
                "maxItems": MAX_GAPS,
                "items": {"type": "array", "items": SEQ, "minItems": 2, "maxItems": 2},
            },
        },
    ),
    "rejected": named(
        "rejected",
        "What was refused, where and why",
        "Payload of {root}/{gateway}/down/rejected, QoS 1, not retained, at most one a second: the first "
        "refusal since the last such message, and the others since then.",
        required=["reason", "at", "detail", "stored", "count", "time"],
        properties=_REFUSAL
        | {
            "count": _COUNT | {"description": "Readings refused since the last such message, all in all."},
            "others": {
                "description": f"The refusals behind the first one, in {MAX_OTHERS_BYTES:,} bytes at most; "
                "detail is left out where they would not fit with it.",
                "type": "array",
                "minItems": 1,
                "maxItems": MAX_OTHERS,
                "items": {
                    "type": "object",
                    "required": ["reason", "at", "stored", "count", "time"],
                    "properties": _REFUSAL,
                },
            },
            "more": {
                "description": "Further refusals, which are not listed: GET /v1/refusals has them.",
                "type": "integer",
                "minimum": 1,
            },
        },
    ),
    **control.SCHEMAS,
}

_EXAMPLES: Final[dict[str, list[dict[str, Any]]]] = {
    "observations": [
        {
            "seq": 4711,
            "oldest": 4698,
            "readings": [
                {"device": "aq-017", "time": "2026-11-22T08:15:00+07:00", "pm2_5": 31.2, "pm10": 48.0},
                {"device": "aq-017", "time": 1795310400000, "air_temperature": 27.4},
            ],
        },
        {"readings": [{"time": "2026-11-22T01:15:00.250Z", "rainfall": 0.2}]},
    ],
    "status": [
        {
            "online": True,
            "firmware": "1.4.2",
            "started": "2026-11-22T08:00:00+07:00",
            "config": {"version": 7, "hash": "5c9d6f0b"},
        },
        {"online": False},
    ],
    "committed": [{"seq": 4711}, {"seq": 4711, "missing": [[4713, 4713], [4720, 4722]]}],
    "rejected": [
        {
            "seq": 4711,
            "reason": "value_out_of_range",
            "at": "$.readings[0].pm2_5",
            "detail": "pm2_5 = 31200 ug/m3 is above 1000",
            "stored": True,
            "count": 3,
            "time": "2026-11-22T01:15:02.113482Z",
            "others": [
                {
                    "seq": 4712,
                    "reason": "value_not_finite",
                    "at": "$.readings[1].pm10",
                    "detail": "pm10 = null is not a finite number",
                    "stored": False,
                    "count": 2,
                    "time": "2026-11-22T01:15:02.874006Z",
                },
            ],
        },
    ],
    **control.EXAMPLES,
}

#: the payloads that have a schema
NAMES: Final = tuple(_SCHEMAS)


def schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a payload with its examples; the caller may change it.

    Args:
        name: one of NAMES.

    Raises:
        ValueError: there is no such payload.
    """
    if name not in _SCHEMAS:
        raise ValueError(f"no payload {name!r}: give one of {', '.join(NAMES)}")
    return deepcopy(_SCHEMAS[name]) | {"examples": examples(name)}


def examples(name: str) -> list[dict[str, Any]]:
    """Return payloads that are in the form of `schema(name)`, decoded from JSON.

    Raises:
        ValueError: there is no such payload.
    """
    if name not in _EXAMPLES:
        raise ValueError(f"no payload {name!r}: give one of {', '.join(NAMES)}")
    return deepcopy(_EXAMPLES[name])
