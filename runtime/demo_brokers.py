"""The demo's brokers: the gateways' one, and the one for browsers beside it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from devices.credentials import new_password, password_hash
from ingest.shares import client_ids
from runtime.demo_authority import DemoAuthority
from runtime.local.browser_broker import BrowserBroker
from runtime.local.errors import LocalServiceError
from runtime.local.mosquitto import LocalMosquitto
from runtime.settings import secret

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import ExitStack
    from pathlib import Path

    from rich.console import Console

    from runtime.local.provision import Binaries
    from runtime.settings import Settings


@dataclass(frozen=True)
class LocalBrokers:
    """Those that run; `changes` are the settings by which they are reached."""

    gateways: LocalMosquitto
    #: of `gateways`; None where another authority is given
    authority: DemoAuthority | None
    changes: dict[str, Any] = field(default_factory=dict)


def local_brokers(
    stack: ExitStack,
    binaries: Binaries,
    state: Path,
    given: Settings,
    *,
    passwords: Mapping[str, str],
    out: Console,
) -> LocalBrokers:
    """Start both, for as long as `stack` lasts.

    Raises:
        LocalServiceError: the gateways' broker does not start; without the other one a demo goes on.
    """
    authority = None if given.ca_dir else DemoAuthority.at(state / "ca")
    bridge_password = new_password()
    broker = LocalMosquitto(
        binaries,
        state / "mosquitto",
        passwords={code: password_hash(password) for code, password in passwords.items()},
        topic_root=given.topic_root,
        sources=given.lorawan_sources,
        alert_reader_password=secret(given.alert_reader_password),
        bridge_password=bridge_password,
        sessions=client_ids(given),
        tls=authority.for_broker() if authority else None,
    )
    stack.enter_context(broker)
    changes = {"mqtt_url": broker.platform_url, "gateway_mqtt_url": broker.gateway_url}
    if authority and broker.tls_ports:
        changes["gateway_certificate_mqtt_url"] = authority.broker_url(broker.tls_ports.certificate)
    try:
        browsers = BrowserBroker(
            binaries,
            state / "browsers",
            gateways=(broker.gateway_host, broker.gateway_port),
            bridge_password=bridge_password,
            topic_root=given.topic_root,
        )
        stack.enter_context(browsers)
    except LocalServiceError as error:
        out.print(f"browsers get no MQTT: {error}", markup=False)
    else:
        changes |= {"browser_mqtt_url": browsers.url, "browser_broker_url": browsers.control_url}
    return LocalBrokers(broker, authority, changes)
