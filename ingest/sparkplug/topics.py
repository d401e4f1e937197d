"""Sparkplug's topics: `spBv1.0/{group}/{kind}/{edge node}[/{device}]` (Eclipse Sparkplug 3.0, chapter 4)."""

from __future__ import annotations

from typing import Literal, NamedTuple

from devices.model import is_code

ROOT = "spBv1.0"
_PREFIX = f"{ROOT}/"
Kind = Literal["NBIRTH", "NDEATH", "NDATA", "DBIRTH", "DDEATH", "DDATA"]
#: what edge nodes publish
FILTERS = (
    *(f"{ROOT}/+/{kind}/+" for kind in ("NBIRTH", "NDEATH", "NDATA")),
    *(f"{ROOT}/+/{kind}/+/+" for kind in ("DBIRTH", "DDEATH", "DDATA")),
)
#: whether host applications are there; of any host, so that it can be left without knowing the id
STATES = f"{ROOT}/STATE/+"


class SparkplugAddress(NamedTuple):
    """Who publishes what: the edge node's id is a gateway's code; `device` is "" for the edge node itself."""

    group: str
    kind: Kind
    gateway: str
    device: str


def is_sparkplug(topic: str) -> bool:
    """Tell whether a topic is in Sparkplug's namespace."""
    return topic.startswith(_PREFIX)


def parse_sparkplug(topic: str) -> SparkplugAddress | None:
    """Return the address of what an edge node publishes; None if its id is no code, or for another topic."""
    match topic.split("/"):
        case [root, group, ("NBIRTH" | "NDEATH" | "NDATA") as kind, edge]:
            device = ""
        case [root, group, ("DBIRTH" | "DDEATH" | "DDATA") as kind, edge, device] if device:
            pass
        case _:
            return None
    return SparkplugAddress(group, kind, edge, device) if root == ROOT and is_code(edge) else None


def command_topic(group: str, edge_node: str) -> str:
    """Return the topic on which an edge node hears commands."""
    return f"{ROOT}/{group}/NCMD/{edge_node}"


def state_topic(host_id: str) -> str:
    """Return the topic that says whether a host application is there."""
    return f"{ROOT}/STATE/{host_id}"
