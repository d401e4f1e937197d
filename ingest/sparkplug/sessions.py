"""All edge nodes' sessions of one ingest process: a Sparkplug delivery -> its entry."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ingest.batch import Entry
from ingest.formats import sparkplug
from ingest.formats.readings import Problem, Readings
from ingest.resolve import Resolved, resolve
from ingest.sparkplug.session import Heard, receive
from ingest.sparkplug.topics import command_topic, is_sparkplug, parse_sparkplug
from ingest.status import GatewayStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devices.catalog import Catalog
    from ingest.formats.sparkplug import Payload
    from ingest.mqtt import Delivery
    from ingest.resolve import TimeLimits
    from ingest.sparkplug.session import Session
    from ingest.sparkplug.topics import SparkplugAddress

_NO_ADDRESS = "the topic names no edge node whose id is a gateway's code: [a-z0-9][a-z0-9_.-]{0,63}"
_RETAINED = "it is retained, which no Sparkplug message of an edge node may be: what it says may be long past"


class Change(NamedTuple):
    """What a message made of its edge node's session, to be stored with its observations."""

    #: None: nothing is known before a birth certificate
    session: Session | None
    #: whether birth certificates came or went with it
    births: bool
    #: where to ask for a rebirth, if one is needed
    rebirth: str | None


class Sessions:
    """The sessions by gateway code, as they are after the last message understood."""

    def __init__(self, known: Mapping[str, Session]) -> None:
        self._sessions = dict(known)

    def understand(self, delivery: Delivery, catalog: Catalog, limits: TimeLimits) -> Entry | None:
        """Return the entry of a Sparkplug delivery; None for another one. Never raises.

        Of a gateway that is not registered or is disabled nothing is kept.
        """
        if not is_sparkplug(delivery.topic):
            return None
        address = parse_sparkplug(delivery.topic)
        if address is None:
            unknown = Resolved(None)
            unknown.refuse("unknown_gateway", "$", _NO_ADDRESS)
            return Entry(delivery, delivery.topic.split("/")[-1][:64], unknown)
        known = catalog.gateways.get(address.gateway)
        payload = _decoded(delivery)
        if isinstance(payload, Problem) or known is None or not known.enabled:
            problems = [payload] if isinstance(payload, Problem) else []
            resolved = resolve(Readings(problems=problems), address.gateway, catalog, limits)
            return Entry(delivery, address.gateway, resolved)
        session = self._sessions.get(address.gateway)
        heard = receive(session, address, payload, devices=known.devices, duplicate=delivery.duplicate)
        resolved = resolve(heard.readings, address.gateway, catalog, limits)
        status = None if heard.online is None else GatewayStatus(heard.online, None, None)
        return Entry(delivery, address.gateway, resolved, status, sparkplug=self._change(address, heard))

    def _change(self, address: SparkplugAddress, heard: Heard) -> Change:
        """Keep a session, and return what is to be stored of it."""
        before, after = self._sessions.get(address.gateway), heard.session
        rebirth = command_topic(address.group, address.gateway) if heard.needs_birth else None
        if after is not None:
            self._sessions[address.gateway] = after
        births = after is not None and (before is None or before.births is not after.births)
        return Change(after, births, rebirth)


def _decoded(delivery: Delivery) -> Payload | Problem:
    if delivery.retained:
        return Problem("schema", "$", _RETAINED)
    if not delivery.payload:  # as which a retained message is taken back
        return Problem("not_decodable", "$", "the payload is empty")
    return sparkplug.decode(delivery.payload)
