"""`halong device check`: where messages come from, and what they are checked against."""

from __future__ import annotations

import asyncio
import os
import secrets
import stat
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import aiomqtt
import psycopg
from pydantic import ValidationError

from devices.catalog import load as load_catalog
from devices.offline import catalog_of
from devices.profiles import ProfileError, load
from ingest.check import Checker
from ingest.formats.compression import unpack
from ingest.formats.format import read
from ingest.mend import mend
from ingest.mqtt import Delivery
from ingest.pipeline import time_limits
from ingest.topics import parse_topic, up
from runtime.broker_client import client
from runtime.device_report import Report
from runtime.settings import settings
from storage.errors import StorageError
from storage.pool import connect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from devices.catalog import Catalog
    from devices.model import Profile
    from runtime.settings import Settings

#: stands for a gateway that nothing names
_SOME_GATEWAY = "my-gateway"


class CheckError(Exception):
    """Nothing could be checked."""

    exit_code = 2


def settings_or_2() -> Settings:
    """Return the settings; wrong ones are no verdict on a payload.

    Raises:
        CheckError: one of them cannot be used.
    """
    try:
        return settings()
    except ValidationError as error:
        names = ", ".join(
            f"HALONG_{'.'.join(map(str, each['loc'])).upper()}: {each['msg']}" for each in error.errors()
        )
        raise CheckError(names) from error


@dataclass(frozen=True)
class Desk:
    """Where messages are checked, one after the other."""

    settings: Settings
    catalog: Catalog | None

    def report(self, delivery: Delivery, source: str) -> Report:
        """Check a message."""
        checker = Checker(self.catalog, self.settings.topic_root, time_limits(self.settings))
        checked = checker.check(delivery)
        mended = mend(delivery, checked, checker, self.settings.zone, datetime.now(UTC))
        return Report(source, delivery.topic, checked, mended)

    def captured(
        self, payload: bytes, *, topic: str | None, content_type: str | None, gateway: str | None
    ) -> Delivery:
        """Return a payload from a file as a message; its topic is what it most likely was."""
        if topic is None:
            code = gateway or self._gateway_of(payload, content_type)
            topic = up(self.settings.topic_root, code, "observations")
        elif parse_topic(topic, self.settings.topic_root) is None:
            root = self.settings.topic_root
            raise CheckError(
                f"halong does not read topic {topic!r}: give {root}/GATEWAY/up/observations or …/up/status"
            )
        return _delivery(topic, payload, content_type)

    def _gateway_of(self, payload: bytes, content_type: str | None) -> str:
        readings = read(payload, content_type)
        named = {each for each in readings.devices if each is not None}
        known = self.catalog.gateways if self.catalog else {}
        # Where every value is refused, no reading says whose it is; the payload's words still do.
        unpacked = b"" if named else unpack(payload)
        words = unpacked if isinstance(unpacked, bytes) else b""
        owners = (
            code
            for code, gateway in known.items()
            if not named.isdisjoint(gateway.devices)
            or any(b'"%b"' % d.encode() in words for d in gateway.devices)
        )
        return readings.gateway or next(owners, _SOME_GATEWAY)


async def open_desk(settings: Settings, profile: str | None) -> Desk:
    """Return a desk with the registry that there is: a profile, the database, or none.

    Raises:
        CheckError: it cannot be read.
    """
    try:
        if profile is not None:
            return Desk(settings, catalog_of(city_of(profile)))
        return Desk(settings, await _registry(settings) if settings.database_url else None)
    except (ProfileError, StorageError, OSError, psycopg.Error) as error:
        raise CheckError(str(error)) from error


async def _registry(settings: Settings) -> Catalog:
    async with await connect(settings.require_database_url()) as conn:
        return await load_catalog(conn)


def city_of(profile: str) -> Profile:
    """Return a profile, with the simulators' gateways where it has districts for them."""
    from simulators.city import populate

    city = load(profile)
    has_districts = any(area.level == "district" for area in city.areas)
    return populate(city) if has_districts else city


def read_captured(file: Path) -> bytes:
    """Return the bytes of a file; `-` is standard input.

    Raises:
        CheckError: it cannot be read, or is empty.
    """
    try:
        payload = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise CheckError(f"{file} cannot be read: {error.strerror}") from error
    if not payload:
        where = "standard input" if str(file) == "-" else str(file)
        raise CheckError(f"nothing to check: {where} is empty")
    return payload


def is_piped() -> bool:
    """Tell whether standard input is a pipe or a file, and not a terminal or /dev/null."""
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISREG(mode)


async def listen(
    url: str, filter_: str, stop: asyncio.Event, on_ready: Callable[[], None]
) -> AsyncIterator[Delivery]:
    """Yield what gateways publish and hear, as it comes, until `stop`; kept messages are left out.

    `on_ready` is called once the broker has the subscription to `filter_`.

    Raises:
        CheckError: the broker cannot be reached or refuses.
    """
    try:
        async with client(url, f"halong-check-{secrets.token_hex(4)}") as connected:
            await connected.subscribe(filter_, qos=1)
            on_ready()
            messages = aiter(connected.messages)
            while (message := await _next(messages, stop)) is not None:
                if not message.retain:
                    payload = message.payload if isinstance(message.payload, bytes) else b""
                    content_type = getattr(message.properties, "ContentType", None)
                    yield _delivery(message.topic.value, payload, content_type)
    except aiomqtt.MqttError as error:
        raise CheckError(
            f"cannot listen at the broker: {error}; check --broker or HALONG_MQTT_URL"
        ) from error


async def _next(messages: AsyncIterator[aiomqtt.Message], stop: asyncio.Event) -> aiomqtt.Message | None:
    """Return the next message, or None when told to stop."""
    coming = asyncio.ensure_future(anext(messages))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((coming, stopping), return_when=asyncio.FIRST_COMPLETED)
        return coming.result() if coming.done() else None
    finally:
        for task in (coming, stopping):
            task.cancel()
        await asyncio.gather(coming, stopping, return_exceptions=True)


def _delivery(topic: str, payload: bytes, content_type: str | None) -> Delivery:
    return Delivery(topic, payload, content_type, False, False, None, 0)
