"""Birth certificates: what an edge node or device says it will publish, and values read by it. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from typing import TYPE_CHECKING, NamedTuple

from ingest.formats.sparkplug import number

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ingest.formats.readings import Readings
    from ingest.formats.sparkplug import Metric, Payload

#: definitions kept of one certificate: it is kept in memory and in the database
MAX_METRICS = 10_000
#: 9999-12-31 in milliseconds: what is beyond is no time
MAX_MS = 253_402_300_799_999
BD_SEQ = "bdSeq"
REBIRTH = "Node Control/Rebirth"
#: metrics of the protocol itself, and what describes the device: no observations
_NO_OBSERVATION = ("Node Control/", "Device Control/", "Node Info/", "Device Info/", "Properties/")


class Definition(NamedTuple):
    """A metric as a birth certificate defines it."""

    name: str
    alias: int | None
    datatype: int | None


@dataclass(frozen=True)
class Birth:
    """The definitions of one certificate, in its order."""

    definitions: tuple[Definition, ...]

    @cached_property
    def by_alias(self) -> Mapping[int, Definition]:
        """Definitions by alias; an alias given twice means neither."""
        counts = Counter(each.alias for each in self.definitions)
        return {
            each.alias: each
            for each in self.definitions
            if each.alias is not None and counts[each.alias] == 1
        }

    @cached_property
    def by_name(self) -> Mapping[str, Definition]:
        """Definitions by name."""
        return {each.name: each for each in self.definitions}

    @cached_property
    def codes(self) -> Mapping[str, str]:
        """Observed properties' codes by metric name.

        Of several metrics that end alike the first has the code, and each other its whole name, which is no
        code: one of them is refused, rather than both stored as one.
        """
        first: dict[str, str] = {}
        for each in self.definitions:
            first.setdefault(code_of(each.name), each.name)
        return {name: code if first[code := code_of(name)] == name else name for name in self.by_name}


def code_of(name: str) -> str:
    """Return the observed property's code that a metric name means: its last level, in lower case."""
    return name.rpartition("/")[2].lower()


def birth_of(payload: Payload, found: Readings) -> Birth:
    """Return a payload's definitions; what is wrong with them becomes a Problem."""
    definitions = [
        Definition(each.name, each.alias, each.datatype) for each in payload.metrics if each.name is not None
    ]
    if len(definitions) < len(payload.metrics):
        found.refuse("schema", "$.metrics", "a birth certificate names every metric: name is missing")
    if len(definitions) > MAX_METRICS:
        words = f"{len(definitions)} metrics are more than {MAX_METRICS}: those after are known by name alone"
        found.refuse("schema", "$.metrics", words)
    birth = Birth(tuple(definitions[:MAX_METRICS]))
    if len(birth.by_alias) < sum(each.alias is not None for each in birth.definitions):
        found.refuse(
            "schema", "$.metrics", "an alias is given to several metrics: it stands for none of them"
        )
    return birth


def read(payload: Payload, birth: Birth | None, device: str, found: Readings) -> bool:
    """Add a payload's values to `found`, and tell whether `birth` defines all metrics.

    A metric that the certificate does not define is read if it says name and type itself.
    """
    is_defined = True
    for place, metric in enumerate(payload.metrics):
        definition = _definition(metric, birth)
        if definition is None:
            is_defined = False
        name = definition.name if definition else metric.name
        if name is None:
            words = f"alias {metric.alias} is in no birth certificate that is valid: a rebirth is asked for"
            found.refuse("no_birth", f"$.metrics[{place}]", words)
        elif not (
            metric.is_null or metric.is_transient or name == BD_SEQ or name.startswith(_NO_OBSERVATION)
        ):
            value = _value(place, name, metric, definition, found)
            time = None if value is None else _time(place, name, metric, payload, found)
            if value is not None and time is not None:
                found.devices.append(device or None)
                found.properties.append(birth.codes.get(name) or code_of(name) if birth else code_of(name))
                found.times.append(time)
                found.values.append(value)
                found.places.append(place)
    return is_defined


def bd_seq(metrics: Iterable[Metric]) -> int | None:
    """Return the number that a birth and its death certificate have in common."""
    for each in metrics:
        if each.name == BD_SEQ and isinstance(each.value, int):
            return each.value & 0x7FFF_FFFF_FFFF_FFFF
    return None


def _definition(metric: Metric, birth: Birth | None) -> Definition | None:
    if birth is None:
        return None
    if metric.name is not None:
        return birth.by_name.get(metric.name)
    return None if metric.alias is None else birth.by_alias.get(metric.alias)


def _value(
    place: int, name: str, metric: Metric, definition: Definition | None, found: Readings
) -> float | None:
    if type(metric.value) is float and isfinite(metric.value):
        return metric.value
    datatype = metric.datatype or (definition.datatype if definition else None)
    value = number(metric.value, datatype)
    if isinstance(value, int) and not isinstance(value, bool) and not datatype:
        words = (
            f"{name[:64]!r} has no data type: without a birth certificate nobody knows if {value} is signed"
        )
        found.refuse("no_birth", f"$.metrics[{place}]", words)
    elif isinstance(value, int | float) and isfinite(value):
        return float(value)
    else:
        what = f"= {value}" if isinstance(value, float) else f"(data type {datatype or 'unknown'})"
        words = f"{name[:64]!r} {what} is not one finite number"
        found.refuse("value_not_finite", f"$.metrics[{place}]", words)
    return None


def _time(place: int, name: str, metric: Metric, payload: Payload, found: Readings) -> int | None:
    """Return the time of a value in microseconds since 1970 UTC."""
    timestamp = payload.timestamp if metric.timestamp is None else metric.timestamp
    if timestamp is not None and timestamp <= MAX_MS:
        return timestamp * 1000
    if timestamp is None:
        words = f"{name[:64]!r} has no timestamp, and neither has the payload"
        found.refuse("time_missing", f"$.metrics[{place}].timestamp", words)
        return None
    words = f"timestamp {timestamp} is beyond year 9999: give milliseconds since 1970 UTC"
    found.refuse("time_invalid", f"$.metrics[{place}].timestamp", words)
    return None
