"""The registry in memory, as ingest resolves against it: read once, read again when the database tells."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import structlog

from devices.lookups import Lookups
from devices.model import DeviceModel, FieldMapping
from storage.channel import Channel

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from psycopg import AsyncConnection

log = structlog.get_logger(__name__)

# Changes come in bursts (an import of a whole profile): they are read once.
_SETTLE_S = 0.1
#: a few milliseconds of work
_ROWS_AT_A_TIME = 1000

_GATEWAYS = "SELECT code, id, enabled FROM gateways"
_STREAMS = """
SELECT g.code, t.code, p.code, d.id, p.minimum, p.maximum, p.unit, t.enabled AND d.enabled,
       d.sampling_interval_s
FROM datastreams d
JOIN things t ON t.id = d.thing_id
JOIN gateways g ON g.id = t.gateway_id
JOIN observed_properties p ON p.id = d.observed_property_id"""
_THINGS = """
SELECT g.code, t.code, t.enabled, t.model, t.dev_eui FROM things t JOIN gateways g ON g.id = t.gateway_id"""
_MODELS = "SELECT code, name, fields, ignored FROM device_models"


class Stream(NamedTuple):
    """A datastream as ingest sees it: its id and its observed property's physical limits and UCUM unit."""

    id: int
    minimum: float
    maximum: float
    unit: str


@dataclass(frozen=True)
class KnownGateway:
    """A gateway, its devices, and its enabled datastreams by (device code, observed property code)."""

    id: int
    enabled: bool
    devices: Mapping[str, bool] = field(default_factory=dict)
    streams: Mapping[tuple[str, str], Stream] = field(default_factory=dict)
    #: of LoRaWAN devices: the model by device code, and the device code by DevEUI
    models: Mapping[str, DeviceModel] = field(default_factory=dict)
    dev_euis: Mapping[str, str] = field(default_factory=dict)
    #: what its datastreams' sampling intervals add up to
    readings_per_s: float = 0.0
    #: what was looked up in `streams` before
    lookups: Lookups = field(default_factory=Lookups, repr=False, compare=False)


@dataclass(frozen=True)
class Catalog:
    """A snapshot of the registry."""

    gateways: Mapping[str, KnownGateway]
    properties: frozenset[str]


async def load(conn: AsyncConnection[Any]) -> Catalog:
    """Read the whole registry."""
    devices, models, dev_euis = await _devices(conn)
    streams: dict[str, dict[tuple[str, str], Stream]] = {}
    expected: dict[str, float] = {}
    async for gateway, device, prop, id_, low, high, unit, enabled, interval in _all(conn, _STREAMS):
        if enabled:
            streams.setdefault(gateway, {})[device, prop] = Stream(id_, low, high, unit)
            expected[gateway] = expected.get(gateway, 0.0) + 1 / interval
    gateways = {
        code: KnownGateway(
            id_,
            enabled,
            devices.get(code, {}),
            streams.get(code, {}),
            models.get(code, {}),
            dev_euis.get(code, {}),
            expected.get(code, 0.0),
        )
        async for code, id_, enabled in _all(conn, _GATEWAYS)
    }
    properties = frozenset([row[0] async for row in _all(conn, "SELECT code FROM observed_properties")])
    return Catalog(gateways, properties)


async def _devices(
    conn: AsyncConnection[Any],
) -> tuple[dict[str, dict[str, bool]], dict[str, dict[str, DeviceModel]], dict[str, dict[str, str]]]:
    """Return by gateway: whether a device is enabled, the devices' models, and the devices by DevEUI."""
    devices: dict[str, dict[str, bool]] = {}
    models: dict[str, dict[str, DeviceModel]] = {}
    dev_euis: dict[str, dict[str, str]] = {}
    known_models = await _models(conn)
    async for gateway, device, enabled, model, dev_eui in _all(conn, _THINGS):
        devices.setdefault(gateway, {})[device] = enabled
        # One that was imported between the two readings is told, and read again with its model.
        if model in known_models:
            models.setdefault(gateway, {})[device] = known_models[model]
        if dev_eui is not None:
            dev_euis.setdefault(gateway, {})[dev_eui] = device
    return devices, models, dev_euis


async def _models(conn: AsyncConnection[Any]) -> dict[str, DeviceModel]:
    return {
        code: DeviceModel(
            code=code,
            name=name,
            fields=msgspec.convert(fields, dict[str, FieldMapping]),
            ignored=tuple(ignored),
        )
        async for code, name, fields, ignored in _all(conn, _MODELS)
    }


class LiveCatalog:
    """The newest snapshot, kept up to date by LISTEN on the channel `halong_registry`."""

    def __init__(self, url: str) -> None:
        self._channel = Channel(url, "halong_registry", "catalog", self._read, _SETTLE_S)
        self.current = Catalog({}, frozenset())

    @asynccontextmanager
    async def following(self) -> AsyncIterator[LiveCatalog]:
        """Read the registry, and follow its changes until the block ends.

        Raises:
            StorageError, psycopg.Error: the first reading fails.
        """
        task = asyncio.create_task(self._channel.follow(await self._channel.begin()), name="catalog")
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _read(self, conn: AsyncConnection[Any]) -> None:
        self.current = await load(conn)
        log.info("registry read", action="catalog_read", gateways=len(self.current.gateways))


async def _all(conn: AsyncConnection[Any], sql: str) -> AsyncIterator[tuple[Any, ...]]:
    """Give the rows of a query; what else runs has its turn in between, for a city has tens of thousands."""
    cursor = await conn.execute(sql.encode())
    while rows := await cursor.fetchmany(_ROWS_AT_A_TIME):
        for row in rows:
            yield row
        await asyncio.sleep(0)
