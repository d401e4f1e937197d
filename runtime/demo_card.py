"""The demo's card: addresses, folders and passwords for the shell of a person, in `.halong/demo.env`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from runtime.demo import SIGNER, City

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from runtime.demo import Folders

#: the gateway that nobody simulates: its password is shown, for publishing by hand
TOUR_GATEWAY = "tour"
#: Finds `halong`, and the folder once however often the card is sourced.
_PATH = """case ":$PATH:" in *':{folder}:'*) ;; *) export PATH='{folder}':"$PATH" ;; esac\n"""
#: Says that the environment comes from a demo's card: another demo must not take its addresses as given.
CARD_MARK = "HALONG_DEMO_CARD"


def write_card(city: City, places: Folders) -> None:
    """Write `.halong/demo.env` for the shell of a person, and links to the MQTT clients that came along."""
    places.card.mkdir(exist_ok=True)
    gateway = city.settings.gateway_mqtt_url
    lines = city.environment | {
        CARD_MARK: "yes",
        "HALONG_API": f"http://{city.settings.api_host}:{city.settings.api_port}",
        "MQTT_HOST": gateway.host if gateway else "",
        "MQTT_PORT": str(gateway.port if gateway else ""),
        "TOUR_GATEWAY": TOUR_GATEWAY,
        "TOUR_PASSWORD": city.gateway_passwords.get(TOUR_GATEWAY, ""),
        **_tls_lines(city),
    }
    places.env_file.touch(mode=0o600)
    exports = "".join(f"export {name}='{value}'\n" for name, value in lines.items())
    places.env_file.write_text(exports + _PATH.format(folder=Path(sys.executable).parent))
    if city.binaries:
        clients = (city.binaries.mosquitto_pub, city.binaries.mosquitto_sub, city.binaries.mosquitto_rr)
        for program in clients:
            _link(places.card / program.name, program)


def _tls_lines(city: City) -> dict[str, str]:
    """Return what the card says of the broker's TLS."""
    brokers = city.brokers
    if brokers is None or brokers.authority is None or brokers.gateways.tls_ports is None:
        return {}
    return {
        "MQTT_TLS_PORT": str(brokers.gateways.tls_ports.password),
        "MQTT_CERTIFICATE_PORT": str(brokers.gateways.tls_ports.certificate),
        "MQTT_CA_FILE": str(brokers.authority.folder.certificate),
    }


def forget_card(environment: MutableMapping[str, str]) -> None:
    """Take the addresses of an earlier demo, sourced from its card, out of an environment."""
    if environment.pop(CARD_MARK, None):
        for name in (*City.CARRIED, SIGNER):
            environment.pop(name, None)


def _link(link: Path, target: Path) -> None:
    fresh = link.with_name(f".{link.name}.{os.getpid()}")
    fresh.symlink_to(target)
    fresh.replace(link)
