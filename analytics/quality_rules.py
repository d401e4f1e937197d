"""The usual quality-control rules by observed property, and a city's own in their place."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from devices.quality import PropertyRules, override, read_rules

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Of the tests' code: raised when the same rules give other flags.
VERSION = 1


@dataclass(frozen=True)
class RuleSet:
    """The rules in force, and the version that is written beside each flag."""

    by_property: Mapping[str, PropertyRules]
    version: str


@cache
def usual() -> dict[str, dict[str, Any]]:
    """Return the rules of quality_rules.json, as JSON values by observed property."""
    text = resources.files("analytics").joinpath("quality_rules.json").read_text("utf-8")
    found: dict[str, dict[str, Any]] = json.loads(text)
    return found


def rule_set(own: Mapping[str, Mapping[str, Any]] | None = None) -> RuleSet:
    """Return the usual rules with a city's own in their place.

    Args:
        own: observed property -> test -> parameters; a test is replaced whole, null switches it off.

    Raises:
        QualityRulesError: a name, type or number is wrong.
    """
    merged = override(usual(), own or {})
    digest = zlib.crc32(json.dumps(merged, sort_keys=True).encode())
    return RuleSet(read_rules(merged), f"{VERSION}-{digest:08x}")
