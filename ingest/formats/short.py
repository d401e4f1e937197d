"""Native messages of one reading: decoded at one go where nothing in them is unusual. Pure.

What is unusual, be it wrong or only rare, goes the general way, which finds what is wrong.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from ingest.formats.documents import MAX_FLOAT
from ingest.formats.head import MAX_SEQ
from ingest.formats.readings import Readings
from ingest.formats.times import parse_time

#: how the native format writes the place of what names a device
DEVICE_PATH = "$.readings[{place}].device"
#: Longer ones mostly have several readings, and would be parsed twice.
_MOST_BYTES = 200

_Sequence = Annotated[int, msgspec.Meta(ge=0, le=MAX_SEQ)]


class _Message(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    readings: list[dict[str, str | int | float | None]]
    seq: _Sequence | None = None
    oldest: _Sequence | None = None
    gateway: str | None = None


_decode = msgspec.json.Decoder(_Message).decode


def decode_short(payload: bytes) -> Readings | None:
    """Return a native payload's only reading, or None if it is not to be had that way. Never raises."""
    if len(payload) > _MOST_BYTES:
        return None
    try:
        message = _decode(payload)
        (reading,) = message.readings
        device, time = reading.pop("device", None), parse_time(reading.pop("time"))
    except (KeyError, ValueError, RecursionError):  # of msgspec and of times: a ValueError
        return None
    if device is not None and type(device) is not str:
        return None
    values: list[float] = []
    for value in reading.values():
        if type(value) is not float and (type(value) is not int or abs(value) > MAX_FLOAT):
            return None
        values.append(float(value))
    n = len(values)
    return Readings(
        message.seq, message.oldest, message.gateway,
        [device] * n, [*reading], [time] * n, values, [0] * n, device_path=DEVICE_PATH,
    )  # fmt: skip
