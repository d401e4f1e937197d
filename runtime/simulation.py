"""`halong simulate`: the simulated gateways of a profile against the configured broker."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from devices.profiles import load
from runtime.broker_address import broker_address, with_files
from simulators.city import populate
from simulators.service import run, simulated_gateways

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping
    from pathlib import Path

    from devices.model import Profile
    from runtime.settings import Settings


async def run_profile(
    settings: Settings,
    name: str,
    *,
    passwords: Path | None,
    journal: Path,
    interval: float | None,
    seed: int,
    stop: asyncio.Event,
    ca_file: Path | None = None,
) -> None:
    """Run every simulated gateway of a profile until `stop` is set.

    `ca_file` has the CA certificates that a broker at mqtts:// is checked with; None: the settings'.
    """
    profile = populate(load(name), seed=seed)
    url = with_files(str(settings.gateway_mqtt_url or settings.require_mqtt_url()), ca_file=ca_file)
    known = read_passwords(passwords) if passwords else shared_password(url, profile)
    await run(
        profile,
        known,
        url=without_user(url),
        topic_root=settings.topic_root,
        journal=journal,
        seed=seed,
        interval=interval,
        stop=stop,
    )


def read_passwords(file: Path) -> Mapping[str, str]:
    """Return gateway code -> password from a JSON file."""
    known: dict[str, str] = json.loads(file.read_text())
    return known


def shared_password(url: str, profile: Profile) -> Mapping[str, str]:
    """Return the password of a broker address for every simulated gateway."""
    password = broker_address(url).password or ""
    return {gateway.code: password for gateway in simulated_gateways(profile)}


def without_user(url: str) -> str:
    """Return an address without user and password."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
