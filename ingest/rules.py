"""The rules behind the reasons of refusals (wire contract v1), each in a line. Pure."""

from __future__ import annotations

from typing import Final, NamedTuple


class Rule(NamedTuple):
    """What the wire contract demands, and the section of docs/firmware.md that says so."""

    section: str
    words: str


#: by reason of a refusal
RULES: Final[dict[str, Rule]] = {
    "not_decodable": Rule("Readings", "a payload is one complete document of its format, of at most 1 MiB"),
    "schema": Rule("Readings", "a payload has the form of its format, without other keys"),
    "gateway_mismatch": Rule("Readings", "`gateway`, if it is there, is the code in the topic"),
    "unknown_gateway": Rule("Connection", "the topic's gateway is registered and enabled"),
    "unknown_device": Rule(
        "Readings", "`device` is registered at this gateway; without it, the gateway is the device"
    ),
    "unknown_property": Rule(
        "Readings", "other keys are codes of observed properties that the device has a datastream for"
    ),
    "time_missing": Rule("Readings", "each reading has its time of measuring"),
    "time_invalid": Rule(
        "Readings", "a time is RFC 3339 with Z or an offset, or whole milliseconds since 1970 UTC"
    ),
    "time_in_future": Rule("Clock", "a time is at most 5 min ahead of the server"),
    "time_too_old": Rule("What is refused", "a time is not before the retention horizon"),
    "value_not_finite": Rule("Readings", "a value is a finite JSON number, or true or false"),
    "value_out_of_range": Rule("What is refused", "a value is within the property's physical limits"),
    "unit_mismatch": Rule("Readings", "a unit can be converted to that of the observed property"),
    "no_birth": Rule(
        "What is refused", "Sparkplug data follow the birth certificate that names their metrics"
    ),
    "unknown_command": Rule("Commands", "`id` is that of a command that this gateway was sent"),
    "not_storable": Rule("What is refused", "the database can store the reading"),
    "rate_limited": Rule("What is refused", "a gateway sends about as often as it is registered for"),
}

_OTHER = Rule("What is refused", "see docs/firmware.md")


def rule(reason: str) -> Rule:
    """Return the rule that a reason stands for."""
    return RULES.get(reason, _OTHER)
