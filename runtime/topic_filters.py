"""MQTT topic filters (MQTT 5, 4.7): whether two have topics in common. Pure."""

from __future__ import annotations

from itertools import zip_longest


def overlap(one: str, other: str) -> bool:
    """Tell whether a topic can match both filters; a topic is the filter that matches itself alone."""
    for first, second in zip_longest(one.split("/"), other.split("/")):
        if "#" in {first, second}:
            return True
        if first is None or second is None or (first != second and "+" not in {first, second}):
            return False
    return True
