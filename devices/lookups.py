"""The names in a message -> its datastreams, looked up once for all messages that have the same names.

A gateway mostly sends the same names in the same order. To compare them with those of an earlier message
takes a third of the time of looking each of them up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from devices.model import Quality
from storage.observations import empty

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from devices.catalog import Stream

    Streams = Mapping[tuple[str, str], Stream]

#: What is kept of a gateway has at most so many readings for each of its datastreams.
_MOST_KEPT = 2


class Lookup(NamedTuple):
    """The datastreams of readings, as columns that leave out those which no name leads to.

    `rows` are the bytes of OBSERVATION rows of good quality that want a time and a value. No value of at
    least `floor` and at most `ceiling` is outside the physical limits of any of them.
    """

    devices: Sequence[str | None]
    properties: Sequence[str]
    rows: bytes
    minima: tuple[float, ...]
    maxima: tuple[float, ...]
    units: tuple[str, ...]
    floor: float
    ceiling: float
    #: for each reading, whether it has a datastream; empty: each has
    known: Sequence[bool] = ()


class Lookups:
    """What was looked up of one gateway, and kept for the next message."""

    def __init__(self) -> None:
        self._kept: dict[tuple[int, str | None, str | None, str], Lookup] = {}
        self._readings = 0

    def find(
        self, devices: Sequence[str | None], properties: Sequence[str], gateway: str, streams: Streams
    ) -> Lookup:
        """Return the datastreams of readings.

        Args:
            devices: of each of the readings, of which there is one at least; None: the gateway itself.
            properties: the observed property code of each.
            gateway: its code.
            streams: its datastreams by device and observed property code, the same at each call.
        """
        key = len(devices), devices[0], devices[-1], properties[-1]
        kept = self._kept.get(key)
        if kept is not None and kept.devices == devices and kept.properties == properties:
            return kept
        found = _look_up(devices, properties, gateway, streams)
        if not found.known and self._has_room(len(devices), _MOST_KEPT * len(streams)):
            self._kept[key] = found
            self._readings += len(devices)
        return found

    def _has_room(self, readings: int, most: int) -> bool:
        if self._readings + readings > most:
            self._kept.clear()
            self._readings = 0
        return readings <= most


def _look_up(
    devices: Sequence[str | None], properties: Sequence[str], gateway: str, streams: Streams
) -> Lookup:
    names = [gateway if device is None else device for device in devices] if None in devices else devices
    found = [*map(streams.get, zip(names, properties, strict=True))]  # type: ignore[arg-type]
    known = [each is not None for each in found]
    ids, minima, maxima, units = zip(*filter(None, found), strict=True) if any(known) else ((),) * 4
    rows = empty(len(ids))
    rows["datastream_id"], rows["quality"] = ids, Quality.GOOD
    return Lookup(
        devices, properties, rows.tobytes(), minima, maxima, units,
        floor=max(minima, default=0.0), ceiling=min(maxima, default=0.0), known=() if all(known) else known,
    )  # fmt: skip
