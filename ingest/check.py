"""One message as ingest would take it, told to an engineer: each reading's fate, and each problem. Pure.

It decodes and resolves with the functions that ingest itself uses, so the two cannot disagree.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

import msgspec

from devices.catalog import Catalog, KnownGateway, Stream
from devices.model import Quality
from ingest.formats.compression import unpack
from ingest.formats.format import choose, read
from ingest.formats.readings import Readings, listing_each
from ingest.resolve import resolve
from ingest.rules import Rule, rule
from ingest.topics import parse_topic
from ingest.understand import understand

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devices.commands import Answer
    from ingest.mqtt import Delivery
    from ingest.resolve import Refusal, Resolved, TimeLimits
    from ingest.status import GatewayStatus

#: fates of a reading that is not refused
STORED, SUSPECT, IN_FORM = "stored", "stored as suspect", "in form"


@dataclass(frozen=True, slots=True)
class CheckedReading:
    """A decoded value: time in microseconds since 1970 UTC, and its fate, which for a refused one is why."""

    device: str
    property: str
    time: int
    value: float
    unit: str
    fate: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem at one place of the payload."""

    reason: str
    at: str
    detail: str
    stored: bool
    count: int

    @property
    def rule(self) -> Rule:
        """What the contract demands there."""
        return rule(self.reason)


@dataclass(frozen=True, slots=True)
class Checked:
    """What becomes of one message."""

    gateway: str
    kind: str
    format: str
    seq: int | None
    readings: tuple[CheckedReading, ...]
    findings: tuple[Finding, ...]
    status: GatewayStatus | None = None
    answer: Answer | None = None


@dataclass(frozen=True, slots=True)
class Checker:
    """What messages are checked against; without a catalog, against the form alone."""

    catalog: Catalog | None
    topic_root: str
    limits: TimeLimits

    def check(self, delivery: Delivery) -> Checked:
        """Return what becomes of a message below a gateway's `up`. Never raises."""
        address = parse_topic(delivery.topic, self.topic_root)
        gateway, kind = address or ("", "observations")
        measures = kind == "observations"
        readings = Readings() if not measures else read(delivery.payload, delivery.content_type)
        catalog = self.catalog or _lenient(readings, gateway)
        with listing_each():
            entry = understand(delivery, catalog, self.topic_root, self.limits)
        fates = () if not measures else self._fates(readings, entry.gateway, catalog)
        refusals = entry.resolved.refusals.values()
        # What unit a property has, only a registry says.
        findings = tuple(_finding(r) for r in refusals if self.catalog or r.reason != "unit_mismatch")
        name = _format_name(delivery) if measures else kind
        told = entry.status, entry.answer
        return Checked(entry.gateway, kind, name, entry.resolved.seq, tuple(fates), findings, *told)

    def _fates(self, readings: Readings, gateway: str, catalog: Catalog) -> Iterator[CheckedReading]:
        known = catalog.gateways.get(gateway)
        for index, time in enumerate(readings.times):
            alone = _alone(readings, index)
            device, prop = gateway if (named := alone.devices[0]) is None else named, alone.properties[0]
            unit = next((each for each in alone.units if each), "")
            if self.catalog is None:
                yield CheckedReading(device, prop, time, alone.values[0], unit, IN_FORM)
                continue
            found = resolve(alone, gateway, catalog, self.limits)
            value = float(found.observations["value"][0]) if found.rows else alone.values[0]
            if found.rows and known:
                unit = known.streams[device, prop].unit
            yield CheckedReading(device, prop, time, value, unit, _fate(found))


def _fate(found: Resolved) -> str:
    if found.rows:
        return SUSPECT if found.observations["quality"][0] == Quality.SUSPECT else STORED
    return next((each.reason for each in found.refusals.values()), STORED)


def _alone(readings: Readings, index: int) -> Readings:
    """Return readings with the one at `index` alone, and without what is wrong with the others."""
    one = slice(index, index + 1)
    return msgspec.structs.replace(
        readings,
        devices=readings.devices[one],
        properties=readings.properties[one],
        times=readings.times[one],
        values=readings.values[one],
        places=readings.places[one],
        units=readings.units[one],
        problems=[],
    )


def _lenient(readings: Readings, gateway: str) -> Catalog:
    """Return a catalog that knows the gateway and all that its message names, without limits or units."""
    devices = [gateway if each is None else each for each in readings.devices]
    pairs = zip(devices, readings.properties, strict=True)
    streams = dict.fromkeys(pairs, Stream(1, -inf, inf, ""))
    known = KnownGateway(1, True, dict.fromkeys(devices, True), streams)
    return Catalog({gateway: known}, frozenset(readings.properties))


def _format_name(delivery: Delivery) -> str:
    unpacked = unpack(delivery.payload)
    if not isinstance(unpacked, bytes):
        return "compressed"
    packed = "" if unpacked is delivery.payload else " (compressed)"
    return choose(unpacked, delivery.content_type).name + packed


def _finding(refusal: Refusal) -> Finding:
    return Finding(refusal.reason, refusal.at, refusal.detail, refusal.stored, refusal.count)
