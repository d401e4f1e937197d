"""halong's own clients at a broker with TLS: services, `halong device` and simulated gateways."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest

from devices.credentials import password_hash
from devices.profiles import load
from runtime.broker_address import with_files
from runtime.local.mosquitto import LocalMosquitto
from runtime.local.process import free_port
from simulators import gateway as simulated
from simulators.city import populate
from simulators.sender import Stats
from simulators.signals import Signals
from tests.conftest import make_settings
from tests.integration.city import register
from tests.integration.firmware import Certified, certified_broker
from tests.integration.test_device_kit import device
from tests.integration.test_ingest import ingesting, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from psycopg import AsyncConnection

    from runtime.local.provision import Binaries
    from runtime.settings import Settings

SECRET = "sesame of the gateway"


class TlsEverywhere(LocalMosquitto):
    """A broker whose listener for halong's services speaks TLS too."""

    services_port = 0

    def _config(self) -> str:
        self.services_port = self.services_port or free_port()
        server = f"certfile {self.folder}/server.pem\nkeyfile {self.folder}/server.key\n"
        return f"{super()._config()}\nlistener {self.services_port} 127.0.0.1\n{server}"


@pytest.fixture
def certified(binaries: Binaries, scratch: Path, tmp_path: Path) -> Iterator[Certified]:
    place = scratch / f"tls-{time.monotonic_ns()}"
    with certified_broker(binaries, place, tmp_path / "ca", TlsEverywhere) as found:
        yield found


@pytest.fixture
def tls_settings(certified: Certified, database_url: str) -> Settings:
    server = certified.server
    assert isinstance(server, TlsEverywhere)
    assert server.tls_ports
    user = server.platform_url.removeprefix("mqtt://").partition("@")[0]
    return make_settings(
        database_url=database_url,
        mqtt_ca_file=certified.ca_file,
        mqtt_url=f"mqtts://{user}@localhost:{server.services_port}",
        gateway_mqtt_url=f"mqtts://localhost:{server.tls_ports.password}",
    )


@pytest.mark.parametrize("by", ["password", "certificate"])
async def test_ingest_and_a_gateway_by_hand(
    by: str, tls_settings: Settings, certified: Certified, conn: AsyncConnection[Any], gateway_code: str
) -> None:
    await register(conn, gateway_code)
    options = ["--as", gateway_code, "--count", "1", "--seq", "1"]
    if by == "password":
        certified.server.reload({gateway_code: password_hash(SECRET)})
        options += ["--password", SECRET]
    else:
        files = certified.own_files(gateway_code)
        assert certified.server.tls_ports
        options += ["--certificate", files["CERT_FILE"], "--key", files["KEY_FILE"]]
        options += ["--broker", f"mqtts://localhost:{certified.server.tls_ports.certificate}"]
    async with ingesting(tls_settings):
        done = await device(tls_settings, "simulate", *options)
    assert done.code == 0, done.out + done.err
    assert "everything up to 1" in done.out


async def test_a_broker_that_cannot_be_checked_is_not_trusted(
    tls_settings: Settings, certified: Certified, tmp_path: Path, gateway_code: str
) -> None:
    options = ("simulate", "--as", gateway_code, "--password", SECRET, "--count", "1", "--profile")
    unknown = make_settings(gateway_mqtt_url=str(tls_settings.gateway_mqtt_url).partition("?")[0])
    profile = ("quang_ninh", "--as", "tour")
    refused = await device(unknown, *options, *profile)
    assert refused.code != 0
    assert "certificate verify failed" in refused.err
    certified.server.reload({"tour": password_hash(SECRET)})
    taken = await device(unknown, *options, *profile, "--ca", str(certified.ca_file))
    assert "PUBACK" in taken.out
    missing = await device(unknown, *options, *profile, "--ca", str(tmp_path / "none.pem"))
    assert f"no certificates in {tmp_path / 'none.pem'}" in missing.err


async def test_a_simulated_gateway(
    tls_settings: Settings,
    certified: Certified,
    tmp_path: Path,
) -> None:
    city = populate(load("quang_ninh"))
    one = next(each for each in city.gateways if each.things)
    certified.server.reload({one.code: password_hash(SECRET)})
    stop, stats = asyncio.Event(), Stats()
    running = asyncio.create_task(
        simulated.run(
            one,
            Signals(city),
            url=with_files(str(tls_settings.gateway_mqtt_url), ca_file=certified.ca_file),
            password=SECRET,
            topic_root="city/v1",
            journal=tmp_path,
            interval=0.1,
            stop=stop,
            stats=stats,
        )
    )

    async def is_acknowledged() -> bool:
        return stats.acked > 0

    async with ingesting(tls_settings):
        await until(is_acknowledged)
        stop.set()
        await running
