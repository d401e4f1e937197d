"""The formats that `bench/formats.py` measures: how each is written and read, and its bare parser."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

import cbor2
import msgspec

from devices.catalog import Catalog, KnownGateway, Stream
from ingest.formats import lorawan, network_servers, sparkplug
from ingest.formats.format import formats
from ingest.formats.readings import Readings
from ingest.resolve import TimeLimits
from ingest.sparkplug import birth

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Reading = Mapping[str, Any]

NOW_MS = 1_795_335_360_000
GATEWAY = "gateway-1"
#: observed property: its UCUM unit, and the SenML unit that is sent
PROPERTIES = {
    "pm2_5": ("ug/m3", "ug/m3"),
    "pm10": ("ug/m3", "ug/m3"),
    "air_temperature": ("Cel", "Cel"),
    "relative_humidity": ("%", "%RH"),
    "air_pressure": ("hPa", "hPa"),
}
DEVICES = [f"station-{number:02}" for number in range(20)]
LIMITS = TimeLimits((NOW_MS - 1_000_000) * 1000, (NOW_MS + 1_000_000) * 1000)
_STREAMS = [(device, prop) for device in DEVICES for prop in PROPERTIES]
KNOWN = KnownGateway(
    1,
    enabled=True,
    devices=dict.fromkeys(DEVICES, True),
    streams={
        (device, prop): Stream(number, -1e6, 1e6, PROPERTIES[prop][0])
        for number, (device, prop) in enumerate(_STREAMS)
    },
)
CATALOG = Catalog({GATEWAY: KNOWN}, frozenset(PROPERTIES))


class Sample(NamedTuple):
    """One format: a payload of so many values, how ingest reads it, and what no reader can do without."""

    payload: Callable[[int], bytes]
    read: Callable[[bytes], Readings]
    bare: Callable[[bytes], object]
    #: values that one message may have: an uplink is of one device
    most: int = len(_STREAMS)


def samples() -> dict[str, Sample]:
    """Return every format by name: those of `up/observations` by their modules' encoders, and the others."""
    found = {
        each.name: Sample(partial(_written, _encoder(each.decode)), each.decode, _bare(each.content_types))
        for each in formats().values()
    }
    found["lorawan"] = Sample(_uplink, partial(lorawan.decode, known=KNOWN), _JSON, len(PROPERTIES))
    found["sparkplug"] = Sample(_device_data, _read_device_data, _PROTOBUF)
    return found


def readings(count: int) -> list[Reading]:
    """Return readings with so many values, one round of measuring: a station after the other."""
    found: dict[str, dict[str, Any]] = {}
    for number, (device, prop) in enumerate(_STREAMS[:count]):
        found.setdefault(device, {"device": device, "time": NOW_MS})[prop] = round(20 + number / 7, 2)
    return [*found.values()]


def _uplink(count: int) -> bytes:
    device, values = DEVICES[0], {prop: 20 + number / 7 for number, prop in enumerate([*PROPERTIES][:count])}
    time = datetime.fromtimestamp(NOW_MS / 1000, UTC).isoformat()
    return network_servers.encode_things_stack(
        network_servers.Uplink(names=("a84041000181c061", device), time=time, decoded=values)
    )


_BIRTH = birth.Birth(
    tuple(
        birth.Definition(f"Air/{prop}", alias, sparkplug.DataType.DOUBLE)
        for alias, prop in enumerate(PROPERTIES)
    )
)


def _device_data(count: int) -> bytes:
    """Return values by alias, a round of measuring each second."""
    metrics = (
        sparkplug.Metric(
            alias=number % len(PROPERTIES),
            timestamp=NOW_MS - 1000 * (number // len(PROPERTIES)),
            datatype=sparkplug.DataType.DOUBLE,
            value=20 + number / 7,
        )
        for number in range(count)
    )
    return sparkplug.encode(sparkplug.Payload(NOW_MS, 1, tuple(metrics)))


def _read_device_data(payload: bytes) -> Readings:
    decoded, found = sparkplug.decode(payload), Readings()
    if isinstance(decoded, sparkplug.Payload):
        birth.read(decoded, _BIRTH, DEVICES[0], found)
    return found


_PROTOBUF = sparkplug._PAYLOAD.FromString  # noqa: SLF001  (the generated class, and nothing around it)
_JSON = msgspec.json.Decoder().decode


def _bare(content_types: frozenset[str]) -> Callable[[bytes], object]:
    return cbor2.loads if any("cbor" in each for each in content_types) else _JSON


def _encoder(decode: Callable[..., Any]) -> Callable[..., bytes]:
    """Return the function beside a decoder that is named like it."""
    module = import_module(decode.__module__)
    return getattr(module, decode.__name__.replace("decode", "encode"))  # type: ignore[no-any-return]


def _written(encode: Callable[..., bytes], count: int) -> bytes:
    if "units" in encode.__kwdefaults__:
        encode = partial(encode, units={prop: senml for prop, (_, senml) in PROPERTIES.items()})
    return encode(readings(count), seq=4711)
