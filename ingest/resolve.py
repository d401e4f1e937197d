"""Decoded readings against the registry: what is stored under which datastream, and what is refused. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from operator import le
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from devices.catalog import Catalog, KnownGateway, Stream
    from ingest.formats.readings import Readings

#: Times before it, sent as integers, were most likely meant as seconds.
_SECONDS_MISTAKEN_US = 100_000_000_000_000  # 1973-03-03
#: A key of a payload may be as long as the payload, and what is told must fit into a packet.
_MAX_WORDS = 300


class TimeLimits(NamedTuple):
    """The span of acceptable times, in microseconds since 1970 UTC, both ends included."""

    oldest: int
    newest: int


@dataclass(slots=True)
class Refusal:
    """What was refused for one reason in one message: the first place, words about it, how many readings."""

    reason: str
    at: str
    detail: str
    stored: bool = False
    count: int = 1


@dataclass(slots=True)
class Resolved:
    """One message, understood: parallel columns of what is stored, and the refusals by reason.

    `suspect` are the places in the columns of values outside their physical limits; the others are good.
    """

    gateway_id: int | None
    seq: int | None = None
    oldest: int | None = None
    datastream_ids: Sequence[int] = ()
    times: Sequence[int] = ()
    values: Sequence[float] = ()
    suspect: list[int] = field(default_factory=list)
    refusals: dict[str, Refusal] = field(default_factory=dict)

    def refuse(self, reason: str, at: str, detail: str, *, stored: bool = False, count: int = 1) -> None:
        """Count refused readings under their reason."""
        known = self.refusals.get(reason)
        if known is None:
            self.refusals[reason] = Refusal(reason, _short(at), _short(detail), stored, count)
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
        what = "is not registered" if known is None else "is disabled"
        found.refuse("unknown_gateway", "$", f"gateway {gateway!r} {what}")
    elif not _resolve_columns(readings, gateway, known, limits, found):
        _resolve_each(readings, gateway, known, catalog, limits, found)
    return found


def _resolve_columns(
    readings: Readings, gateway: str, known: KnownGateway, limits: TimeLimits, found: Resolved
) -> bool:
    """Resolve readings that are all well; return False if one of them needs a closer look.

    The hot path of ingest, column by column.
    """
    times, values = readings.times, readings.values
    if not times or min(times) < limits.oldest or max(times) > limits.newest:
        return False
    devices: Iterable[str] = (gateway if device is None else device for device in readings.devices)
    try:
        streams = [*map(known.streams.__getitem__, zip(devices, readings.properties, strict=True))]
    except KeyError:
        return False
    ids, lows, highs, _ = zip(*streams, strict=True)
    if not (all(map(le, lows, values)) and all(map(le, values, highs))):
        return False
    found.datastream_ids, found.times, found.values = ids, times, values
    return True


def _resolve_each(  # noqa: PLR0917  (the loop over all that may be wrong: one call a message)
    readings: Readings,
    gateway: str,
    known: KnownGateway,
    catalog: Catalog,
    limits: TimeLimits,
    found: Resolved,
) -> None:
    ids: list[int] = []
    times: list[int] = []
    values: list[float] = []
    columns = zip(readings.devices, readings.properties, readings.times, readings.values, strict=True)
    for index, (device, prop, time, value) in enumerate(columns):
        stream = known.streams.get((gateway if device is None else device, prop))
        if stream is None:
            reason, detail = _unknown(gateway if device is None else device, prop, known, catalog)
            found.refuse(reason, readings.path(index), detail)
        elif not limits.oldest <= time <= limits.newest:
            reason, detail = _time_outside(time, limits)
            found.refuse(reason, readings.path_of_time(index), detail)
        else:
            if not stream.minimum <= value <= stream.maximum:
                found.suspect.append(len(ids))
                detail = _out_of_range(prop, value, stream)
                found.refuse("value_out_of_range", readings.path(index), detail, stored=True)
            ids.append(stream.id)
            times.append(time)
            values.append(value)
    found.datastream_ids, found.times, found.values = ids, times, values


def _unknown(device: str, prop: str, known: KnownGateway, catalog: Catalog) -> tuple[str, str]:
    enabled = known.devices.get(device)
    if enabled is None:
        return "unknown_device", f"device {device[:64]!r} is not registered at this gateway"
    if not enabled:
        return "unknown_device", f"device {device[:64]!r} is disabled"
    if prop not in catalog.properties:
        return "unknown_property", f"{prop[:64]!r} is no observed property's code"
    return "unknown_property", f"device {device!r} has no datastream for {prop!r}"


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
