"""What the Mosquitto that browsers reach is set up with. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devices.model import BROWSERS
from devices.mqtt_tokens import KINDS

if TYPE_CHECKING:
    from pathlib import Path


def browser_config(
    folder: Path,
    *,
    library: Path,
    port: int,
    control_port: int,
    gateways: tuple[str, int],
    topic_root: str = "city/v1",
    host: str = "127.0.0.1",
    tls: bool = False,
    user: str = "mosquitto",
) -> str:
    """Return mosquitto.conf but for its last line, `remote_password …` of the user `browsers`.

    It is a broker of its own, with no session and no queue that would matter: it fetches from the gateways'
    broker what browsers may hear, as a bridge that subscribes with QoS 0 and publishes nothing there. A
    browser's client id is its user name, so that a token is one connection; of one that does not read, 100
    messages wait and the others are dropped.

    Args:
        folder: holds `dynamic-security.json`, which the broker changes, and with `tls` server.pem, server.key
            and ca.pem.
        library: the dynamic security plugin.
        port: of the WebSocket listener, on `host`.
        control_port: TCP port on loopback, over which halong changes users.
        gateways: host and port of the gateways' broker, on the listener for gateways with a password.
        topic_root: prefix of every topic of the wire contract.
        host: the address that browsers reach.
        tls: whether browsers, and the bridge to the gateways' broker, speak TLS.
        user: who the broker becomes if root starts it.
    """
    certificate = f"certfile {folder}/server.pem\nkeyfile {folder}/server.key\n" if tls else ""
    authority = f"bridge_cafile {folder}/ca.pem\n" if tls else ""
    topics = "".join(f"topic {topic_root}/+/up/{kind} in 0\n" for kind in KINDS)
    return f"""\
# Written by halong at each start; changes made here are lost.
user {user}
per_listener_settings false
allow_anonymous false
plugin {library}
plugin_opt_config_file {folder}/dynamic-security.json

set_tcp_nodelay true
max_queued_messages 100
max_packet_size 1048576
persistent_client_expiration 1h
persistence false

log_dest stdout
log_type error
log_type warning
log_type notice
log_timestamp_format %Y-%m-%dT%H:%M:%S

listener {port} {host}
protocol websockets
use_username_as_clientid true
max_connections 2000
{certificate}
listener {control_port} 127.0.0.1

connection gateways
address {gateways[0]}:{gateways[1]}
{authority}bridge_protocol_version mqttv50
cleansession true
keepalive_interval 15
restart_timeout 1 30
notifications_local_only true
{topics}remote_username {BROWSERS}
"""
