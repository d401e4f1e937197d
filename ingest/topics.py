"""Topics of the wire contract: `city/v1/{gateway}/up/{kind}` and back."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from devices.model import is_code
from runtime.topic_filters import overlap

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["observations", "status", "response"]
#: what ingest subscribes to
KINDS: tuple[Kind, ...] = ("observations", "status", "response")
#: characters of "/{gateway}/up/observations" at the most
_MAX_REST = 81


class TopicAddress(NamedTuple):
    """Who publishes what, as a topic says it."""

    gateway: str
    kind: Kind


def parse_topic(topic: str, root: str) -> TopicAddress | None:
    """Return the address of an upward topic, or None for a topic that is not of the contract.

    Source: wire contract v1, Topics.
    """
    # A topic may have 64 KiB; only those that may be of the contract are remembered.
    return _parse(topic, root) if len(topic) <= len(root) + _MAX_REST else None


@lru_cache(maxsize=1 << 15)
def _parse(topic: str, root: str) -> TopicAddress | None:
    prefix = root + "/"
    if not topic.startswith(prefix):
        return None
    match topic[len(prefix) :].split("/"):
        case [gateway, "up", ("observations" | "status" | "response") as kind] if is_code(gateway):
            return TopicAddress(gateway, kind)
    return None


def source_of(topic: str, sources: Mapping[str, str]) -> str | None:
    """Return the gateway code of the LoRaWAN network server that publishes a topic.

    Args:
        topic: of a message.
        sources: gateway code -> topic filter (HALONG_LORAWAN_SOURCES).
    """
    return next((gateway for gateway, each in sources.items() if overlap(each, topic)), None)


def up(root: str, gateway: str, kind: str) -> str:
    """Return the topic on which a gateway publishes `kind`."""
    return f"{root}/{gateway}/up/{kind}"


def down(root: str, gateway: str, kind: str) -> str:
    """Return the topic on which a gateway hears `kind`."""
    return f"{root}/{gateway}/down/{kind}"
