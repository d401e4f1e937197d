"""What a refused message names that the registry has not, and whether it would be stored by now. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from math import isfinite
from typing import TYPE_CHECKING, NamedTuple

from devices.model import is_code
from devices.unknown_seen import Noted, Seen
from ingest.formats.format import read
from ingest.formats.network_servers import parse
from ingest.formats.readings import Readings
from ingest.mqtt import Delivery
from ingest.records import storable
from ingest.sparkplug.topics import parse_sparkplug
from ingest.topics import parse_topic, source_of
from ingest.understand import understand
from storage.observations import to_datetime

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from devices.catalog import Catalog, KnownGateway
    from devices.unknown import Source
    from ingest.refused import Refused
    from ingest.resolve import TimeLimits

    #: device, property -> unit as sent, times in µs since 1970 UTC, values
    Named = dict[tuple[str, str], tuple[str | None, list[int], list[float]]]

#: times that are kept of a property
_MOST_TIMES = 20
#: characters that are kept of a unit, which may be any text
_MOST_UNIT = 64
_DEV_EUI_DIGITS = 16


class Verdict(NamedTuple):
    """What would become of a refused message by today's registry.

    Whether its gateway is found, and how many readings be refused for the reason of `refused` readings.
    """

    is_understood: bool
    still: int
    refused: int

    @property
    def is_mended(self) -> bool:
        """Whether readings were refused for being unknown and are not so any more."""
        return self.is_understood and self.still < self.refused

    @property
    def is_as_before(self) -> bool:
        """Whether ingest would refuse as many readings for this reason again."""
        return self.still == self.refused


def verdict(
    refused: Refused, catalog: Catalog, root: str, limits: TimeLimits, sources: Mapping[str, str]
) -> Verdict:
    """Return what would become of a message by a registry."""
    found = understand(delivery_of(refused), catalog, root, limits, sources).resolved
    still = sum(r.count for r in found.refusals.values() if r.reason == refused.reason)
    return Verdict(found.gateway_id is not None, still, refused.count)


def delivery_of(refused: Refused) -> Delivery:
    """Return a refused message as the broker delivered it."""
    return Delivery(
        topic=refused.topic,
        payload=refused.payload,
        content_type=refused.content_type,
        duplicate=True,
        retained=False,
        packet_id=None,
        epoch=0,
    )


def named_in(message: Refused, catalog: Catalog, root: str, sources: Mapping[str, str]) -> list[Noted]:
    """Return what a refused message says of things and properties that are unknown, by device.

    A device that is registered and disabled is not unknown, nor are names that could be no code's.
    """
    known = catalog.gateways.get(message.gateway)
    if known is None or not known.enabled:
        return []
    if parse_topic(message.topic, root):
        return _of_readings(message, known)
    if address := parse_sparkplug(message.topic):
        device = address.device or address.gateway
        return [] if device in known.devices else [_one(message, device, "sparkplug")]
    return _of_uplink(message, known) if source_of(message.topic, sources) else []


def left_in(
    messages: Iterable[Refused], catalog: Catalog, root: str, sources: Mapping[str, str]
) -> list[Noted]:
    """Return what refused messages name that stays unknown, by device; each message counts once."""
    newest_first = sorted(messages, key=lambda message: message.place, reverse=True)
    once = {(each.topic, each.payload): each for each in newest_first}
    reasons = "unknown_device", "unknown_property"
    return joined(
        part
        for message in once.values()
        for reason in reasons
        for part in named_in(replace(message, reason=reason), catalog, root, sources)
    )


def joined(parts: Iterable[Noted]) -> list[Noted]:
    """Return as one what several messages say of one device."""
    found: dict[tuple[str, str], list[Noted]] = defaultdict(list)
    for part in parts:
        found[part.gateway, part.device].append(part)
    return [_joined(each) for each in found.values()]


def _of_readings(message: Refused, known: KnownGateway) -> list[Noted]:
    named = _named(read(message.payload, message.content_type), message, known)
    devices: dict[str, list[Seen]] = defaultdict(list)
    for (device, prop), (unit, times, values) in named.items():
        devices[device].append(_seen(prop, unit, times, values))
    return [_one(message, device, "native", properties=seen) for device, seen in devices.items()]


def _named(readings: Readings, message: Refused, known: KnownGateway) -> Named:
    """Return the readings of a message that have its refusal's reason."""
    found: Named = {}
    wants_device = message.reason == "unknown_device"
    units = readings.units or [None] * len(readings.times)
    columns = zip(readings.devices, readings.properties, readings.times, readings.values, units, strict=True)
    for device, prop, time, value, unit in columns:
        name = message.gateway if device is None else device
        enabled = known.devices.get(name)
        is_unknown = enabled is None if wants_device else enabled and (name, prop) not in known.streams
        if is_unknown and isfinite(value) and _fits(name) and _fits(prop):
            told = None if unit is None else storable(unit[:_MOST_UNIT])
            _, times, values = found.setdefault((name, prop), (told, [], []))
            times.append(time)
            values.append(value)
    return found


def _fits(name: str) -> bool:
    """Tell whether a name is as short as a code, and may stand in the database."""
    return len(name) <= 64 and name.isprintable()


def _seen(prop: str, unit: str | None, times: list[int], values: list[float]) -> Seen:
    instants = [instant for t in sorted(set(times))[-_MOST_TIMES:] if (instant := _instant(t))]
    return Seen(prop, unit, len(times), min(values), max(values), instants)


def _instant(microseconds: int) -> datetime | None:
    try:
        return to_datetime(microseconds)
    except OverflowError:
        return None


def _of_uplink(message: Refused, known: KnownGateway) -> list[Noted]:
    """Return the LoRaWAN device that an uplink names: by its own name if that is a code, else by DevEUI."""
    uplink = parse(message.payload, Readings())
    names = uplink.names if uplink else ()
    if not names or any(name in known.dev_euis or name in known.devices for name in names):
        return []
    dev_eui = names[0] if _is_dev_eui(names[0]) else None
    device = next((name for name in reversed(names) if is_code(name)), names[0])
    return [_one(message, device, "lorawan", dev_eui)] if _fits(device) else []


def _is_dev_eui(name: str) -> bool:
    return len(name) == _DEV_EUI_DIGITS and all(digit in "0123456789abcdef" for digit in name)


def _one(
    message: Refused,
    device: str,
    source: Source,
    dev_eui: str | None = None,
    properties: Iterable[Seen] = (),
) -> Noted:
    return Noted(
        gateway=message.gateway, device=device, source=source, dev_eui=dev_eui,
        first=message.time, last=message.time, messages=1, properties=tuple(properties),
    )  # fmt: skip


def _joined(parts: list[Noted]) -> Noted:
    by_property: dict[str, list[Seen]] = defaultdict(list)
    for part in parts:
        for seen in part.properties:
            by_property[seen.property].append(seen)
    first = parts[0]
    return Noted(
        gateway=first.gateway, device=first.device, source=first.source, dev_eui=first.dev_eui,
        first=min(part.first for part in parts), last=max(part.last for part in parts),
        messages=len(parts), properties=tuple(map(_joined_seen, by_property.values())),
    )  # fmt: skip


def _joined_seen(parts: list[Seen]) -> Seen:
    return Seen(
        parts[0].property,
        parts[-1].unit,
        sum(part.readings for part in parts),
        min(part.minimum for part in parts),
        max(part.maximum for part in parts),
        sorted({time for part in parts for time in part.times})[-_MOST_TIMES:],
    )
