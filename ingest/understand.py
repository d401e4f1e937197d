"""One delivery -> its entry: topic, decode, resolve. Pure; the one place that knows every kind of message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest import answers, status
from ingest.batch import Entry
from ingest.formats import lorawan
from ingest.formats.format import read
from ingest.formats.readings import Problem, Readings
from ingest.resolve import Resolved, resolve
from ingest.topics import parse_topic, source_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devices.catalog import Catalog
    from ingest.mqtt import Delivery
    from ingest.resolve import TimeLimits


def understand(
    delivery: Delivery,
    catalog: Catalog,
    topic_root: str,
    limits: TimeLimits,
    sources: Mapping[str, str] | None = None,
) -> Entry:
    """Decode and resolve one delivery. Never raises: what is wrong with it becomes its refusals.

    `sources` are the LoRaWAN network servers: gateway code -> topic filter (HALONG_LORAWAN_SOURCES).
    """
    address = parse_topic(delivery.topic, topic_root)
    if address is None and sources and (server := source_of(delivery.topic, sources)):
        return _understand_lorawan(delivery, server, catalog, limits)
    if address is None:
        unknown = Resolved(None)
        unknown.refuse("unknown_gateway", "$", "the topic's gateway is no code: [a-z0-9][a-z0-9_.-]{0,63}")
        return Entry(delivery, _middle(delivery.topic), unknown)
    if address.kind == "status":
        return _understand_status(delivery, address.gateway, catalog, limits)
    if address.kind == "response":
        return _understand_response(delivery, address.gateway, catalog, limits)
    readings = read(delivery.payload, delivery.content_type)
    return Entry(delivery, address.gateway, resolve(readings, address.gateway, catalog, limits))


def _understand_lorawan(delivery: Delivery, server: str, catalog: Catalog, limits: TimeLimits) -> Entry:
    known = catalog.gateways.get(server)
    readings = lorawan.decode(delivery.payload, known) if known else Readings()
    return Entry(delivery, server, resolve(readings, server, catalog, limits))


def _understand_status(delivery: Delivery, gateway: str, catalog: Catalog, limits: TimeLimits) -> Entry:
    told = status.decode(delivery.payload)
    problem = told if isinstance(told, Problem) else told.problem
    problems = [] if problem is None else [problem]
    resolved = resolve(Readings(problems=problems), gateway, catalog, limits)
    return Entry(delivery, gateway, resolved, None if isinstance(told, Problem) else told)


def _understand_response(delivery: Delivery, gateway: str, catalog: Catalog, limits: TimeLimits) -> Entry:
    said = answers.decode(delivery.payload)
    problems = [said] if isinstance(said, Problem) else []
    resolved = resolve(Readings(problems=problems), gateway, catalog, limits)
    answer = None if isinstance(said, Problem) or resolved.refusals else said
    return Entry(delivery, gateway, resolved, answer=answer)


def _middle(topic: str) -> str:
    """Return what stands where a gateway's code should, to be kept with the refusal."""
    levels = topic.split("/")
    return levels[max(0, len(levels) - 3)][:64]
