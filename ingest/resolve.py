"""Decoded readings against the registry: what is stored under which datastream, and what is refused. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from difflib import get_close_matches
from functools import lru_cache
from itertools import compress, islice
from math import isfinite
from operator import le
from struct import Struct as Layout
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np

from devices.model import Quality
from devices.units import SAME_UNITS, conversion
from ingest.formats.readings import FEW_READINGS, is_listed
from storage.observations import OBSERVATION

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from devices.catalog import Catalog, KnownGateway, Stream
    from devices.lookups import Lookup
    from ingest.formats.readings import Readings

#: Times before it, sent as integers, were most likely meant as seconds.
_SECONDS_MISTAKEN_US = 100_000_000_000_000  # 1973-03-03
#: A key of a payload may be as long as the payload, and what is told must fit into a packet.
_MAX_WORDS = 300
#: codes that a misspelt one is compared with; about 3 µs each, once a word
_MAX_COMPARED = 200
#: codes named where one was left out
_FEW = 5
#: one OBSERVATION row
_ROW = Layout("=iqdh")
_GOOD, _SUSPECT = int(Quality.GOOD), int(Quality.SUSPECT)


class TimeLimits(NamedTuple):
    """The span of acceptable times, in microseconds since 1970 UTC, both ends included."""

    oldest: int
    newest: int


class Refusal(msgspec.Struct):
    """What was refused for one reason in one message: the first place, words about it, how many readings."""

    reason: str
    at: str
    detail: str
    stored: bool = False
    count: int = 1
    #: of its row, once that is written
    time: datetime | None = None


class Resolved(msgspec.Struct):
    """One message, understood: what is stored, as the bytes of OBSERVATION rows, and the refusals by reason.

    Bytes take a twentieth of the memory of columns of Python numbers, and are joined to a batch as they are.
    """

    gateway_id: int | None
    seq: int | None = None
    oldest: int | None = None
    rows: bytes | bytearray = b""
    refusals: dict[str, Refusal] = {}

    @property
    def observations(self) -> NDArray[np.void]:
        """What is stored, as OBSERVATION rows, shape (n,)."""
        return np.frombuffer(self.rows, OBSERVATION)

    def refuse(self, reason: str, at: str, detail: str, *, stored: bool = False, count: int = 1) -> None:
        """Count refused readings under their reason."""
        key = f"{reason} {at}" if is_listed(len(self.refusals)) else reason
        known = self.refusals.get(key)
        if known is None:
            self.refusals[key] = Refusal(reason, _short(at), _short(detail), stored, count)
        else:
            known.count += count


def resolve(readings: Readings, gateway: str, catalog: Catalog, limits: TimeLimits) -> Resolved:
    """Return the columns and refusals of one message that `gateway` published.

    A reading outside the physical limits of its observed property is stored as suspect and told as
    `value_out_of_range`; every other defect refuses the reading, and only it.
    Source: wire contract v1, Refusals.
    """
    known = catalog.gateways.get(gateway)
    found = Resolved(known.id if known else None, readings.seq, readings.oldest)
    for problem in readings.problems:
        found.refuse(problem.reason, problem.at, problem.detail, count=problem.count)
    if readings.gateway is not None and readings.gateway != gateway:
        detail = f"the payload names gateway {readings.gateway[:64]!r}, the topic {gateway!r}"
        found.refuse("gateway_mismatch", "$.gateway", detail)
    elif known is None or not known.enabled:
        found.refuse("unknown_gateway", "$", _unknown_gateway(gateway, known, catalog))
    elif len(readings.times) < FEW_READINGS:
        if not _resolve_few(readings, gateway, known, limits, found):
            _resolve_each(readings, gateway, known, catalog, limits, found)
    elif not _resolve_columns(readings, gateway, known, catalog, limits, found):
        _resolve_each(readings, gateway, known, catalog, limits, found)
    return found


def _resolve_few(
    readings: Readings, gateway: str, known: KnownGateway, limits: TimeLimits, found: Resolved
) -> bool:
    """Resolve a few readings without a defect; return False if one needs a closer look."""
    if readings.units:
        return False
    streams, (oldest, newest), rows = known.streams, limits, b""
    for device, prop, time, value in zip(
        readings.devices, readings.properties, readings.times, readings.values, strict=True
    ):
        stream = streams.get((gateway if device is None else device, prop))
        if stream is None or not oldest <= time <= newest:
            return False
        id_, minimum, maximum, _ = stream
        if not minimum <= value <= maximum or not isfinite(value):
            return False
        rows += _ROW.pack(id_, time, value, _GOOD)
    found.rows = rows
    return True


def _resolve_columns(  # noqa: PLR0917  (as _resolve_each)
    readings: Readings,
    gateway: str,
    known: KnownGateway,
    catalog: Catalog,
    limits: TimeLimits,
    found: Resolved,
) -> bool:
    """Resolve readings whose only defects are unknown names; return False if one needs a closer look.

    The hot path of ingest, column by column.
    """
    times, values, units = readings.times, readings.values, readings.units
    earliest, latest = _span(times)
    if earliest < limits.oldest or latest > limits.newest:
        return False
    streams = known.lookups.find(readings.devices, readings.properties, gateway, known.streams)
    if streams.known:
        times, values = [*compress(times, streams.known)], [*compress(values, streams.known)]
        units = [*compress(units, streams.known)]
    if streams.rows and not _keep_columns(streams, times, values, units, found):
        return False
    for index, is_known in enumerate(streams.known):
        if not is_known:
            _refuse_unknown(readings, index, gateway, known, catalog, found)
    return True


def _span(times: list[int]) -> tuple[int, int]:
    first = times[0]
    # The readings of a message are mostly one round of measuring, and to count equals is ten times as fast.
    return (first, first) if times.count(first) == len(times) else (min(times), max(times))


def _keep_columns(
    streams: Lookup, times: list[int], values: list[float], units: Sequence[str | None], found: Resolved
) -> bool:
    """Take over columns if all values are in their limits and units; return False if one is not."""
    if units:
        converted = _convert_columns(values, units, streams.units)
        if converted is None:
            return False
        values = converted
    if not (streams.floor <= min(values) and max(values) <= streams.ceiling) and not (
        all(map(le, streams.minima, values)) and all(map(le, values, streams.maxima))
    ):
        return False
    found.rows = bytearray(streams.rows)
    rows = found.observations
    rows["time"] = times[0] if times.count(times[0]) == len(times) else times
    rows["value"] = values
    return True


def _convert_columns(
    values: list[float], units: Sequence[str | None], ucum: Sequence[str]
) -> list[float] | None:
    """Return values in the units of their observed properties; None if one cannot be."""
    if all(map(SAME_UNITS.__contains__, zip(units, ucum, strict=True))):
        return values
    pairs = [*zip(units, ucum, strict=True)]
    known = {pair: conversion(*pair) for pair in {*pairs}}
    if None in known.values():
        return None
    apply = {pair: each.apply for pair, each in known.items() if each}
    return [apply[pair](value) for pair, value in zip(pairs, values, strict=True)]


def _resolve_each(  # noqa: PLR0917  (the loop over all that may be wrong: one call a message)
    readings: Readings,
    gateway: str,
    known: KnownGateway,
    catalog: Catalog,
    limits: TimeLimits,
    found: Resolved,
) -> None:
    rows: list[bytes] = []
    columns = zip(readings.devices, readings.properties, readings.times, readings.values, strict=True)
    for index, (device, prop, time, value) in enumerate(columns):
        stream = known.streams.get((gateway if device is None else device, prop))
        if stream is None:
            _refuse_unknown(readings, index, gateway, known, catalog, found)
        elif not limits.oldest <= time <= limits.newest:
            reason, detail = _time_outside(time, limits)
            found.refuse(reason, readings.path_of_time(index), detail)
        elif not readings.units and stream.minimum <= value <= stream.maximum and isfinite(value):
            rows.append(_ROW.pack(stream.id, time, value, _GOOD))
        elif (converted := _in_unit_of(stream, readings, index, found)) is not None:
            quality = _GOOD
            if not stream.minimum <= converted <= stream.maximum:
                quality = _SUSPECT
                detail = _out_of_range(prop, converted, stream)
                found.refuse("value_out_of_range", readings.path(index), detail, stored=True)
            rows.append(_ROW.pack(stream.id, time, converted, quality))
    found.rows = b"".join(rows)


def _refuse_unknown(  # noqa: PLR0917  (as _resolve_each)
    readings: Readings,
    index: int,
    gateway: str,
    known: KnownGateway,
    catalog: Catalog,
    found: Resolved,
) -> None:
    device, prop = readings.devices[index], readings.properties[index]
    name = gateway if device is None else device
    if known.devices.get(name):
        # Words are for the first one: to look for what was meant costs more than all else here.
        is_first = "unknown_property" not in found.refusals
        words = _unknown_property(name, prop, known, catalog) if is_first else ""
        found.refuse("unknown_property", readings.path(index), words)
    else:
        words = "" if "unknown_device" in found.refusals else _unknown_device(device, gateway, known)
        found.refuse("unknown_device", readings.path_of_device(index), words)


def _unknown_gateway(code: str, known: KnownGateway | None, catalog: Catalog) -> str:
    if known is not None:
        return f"gateway {code!r} is disabled"
    return f"gateway {code!r} is not registered{_meant(code, catalog.gateways)}"


def _unknown_device(device: str | None, gateway: str, known: KnownGateway) -> str:
    if (gateway if device is None else device) in known.devices:
        return f"device {(device or gateway)[:64]!r} is disabled"
    if device is None:
        few = ", ".join(islice(known.devices, _FEW))
        rest = ", …" if len(known.devices) > _FEW else ""
        hint = f": name one of {few}{rest}" if few else ""
        return f"device is left out, and the gateway {gateway!r} is no device itself{hint}"
    return f"device {device[:64]!r} is not registered at this gateway{_meant(device, known.devices)}"


def _unknown_property(device: str, prop: str, known: KnownGateway, catalog: Catalog) -> str:
    if prop not in catalog.properties:
        return f"{prop[:64]!r} is no observed property's code{_meant(prop, catalog.properties)}"
    own = sorted(observed for owner, observed in known.streams if owner == device)
    has = f": it has {', '.join(own)}" if own else ""
    return f"device {device!r} has no datastream for {prop!r}{has}"


def _meant(word: str, codes: Iterable[str]) -> str:
    """Return words about the code that was most likely meant; empty where none is near."""
    near = closest(word[:64].casefold(), tuple(islice(codes, _MAX_COMPARED)))
    return f": did you mean {near!r}?" if near else ""


@lru_cache(maxsize=1024)  # firmware repeats its mistake in each message
def closest(word: str, codes: tuple[str, ...]) -> str | None:
    """Return the code nearest to a word, or None if none is near."""
    return next(iter(get_close_matches(word, codes, n=1)), None)


def _in_unit_of(stream: Stream, readings: Readings, index: int, found: Resolved) -> float | None:
    """Return a value in the unit of its observed property; None, and refused, if that cannot be."""
    value, prop = readings.values[index], readings.properties[index]
    unit = readings.units[index] if readings.units else None
    known = conversion(unit, stream.unit)
    if known is None:
        detail = f"{(unit or '')[:40]!r} is no SenML unit that becomes {stream.unit}, the unit of {prop}"
        found.refuse("unit_mismatch", readings.path(index), detail)
        return None
    if not isfinite(known.apply(value)):
        detail = f"{prop} = {value:g} {unit} is beyond binary64 in {stream.unit}"
        found.refuse("value_not_finite", readings.path(index), detail)
        return None
    return known.apply(value)


def _time_outside(time: int, limits: TimeLimits) -> tuple[str, str]:
    if time > limits.newest:
        ahead = (time - limits.newest) / 1e6
        return (
            "time_in_future",
            f"time {_show(time)} is {ahead:.0f} s beyond the tolerance: set the device's clock",
        )
    hint = ": were seconds meant? give milliseconds" if 0 < time < _SECONDS_MISTAKEN_US else ""
    return "time_too_old", f"time {_show(time)} is before {_show(limits.oldest)}{hint}"


def _out_of_range(prop: str, value: float, stream: Stream) -> str:
    if value > stream.maximum:
        return f"{prop} = {value:g} {stream.unit} is above {stream.maximum:g}"
    return f"{prop} = {value:g} {stream.unit} is below {stream.minimum:g}"


def _short(text: str) -> str:
    short = text if len(text) <= _MAX_WORDS else f"{text[:_MAX_WORDS]}…"
    # A lone surrogate, which JSON can escape in a key, is no text that could be stored or sent.
    return short.encode("utf-8", "replace").decode()


def _show(time: int) -> str:
    try:
        return datetime.fromtimestamp(time / 1e6, UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return f"{time // 1000} ms"
