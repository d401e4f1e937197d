"""What Mosquitto is set up with: mosquitto.conf and the rules of who may do what. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from devices.model import ALERT_READER, BROWSERS, PLATFORM_USER
from devices.mqtt_tokens import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

# Never the limit that is met: max_queued_bytes is. The default of 1000 drops the rest silently; with 0 (no
# limit) 2.0.16 drops everything and 2.0.21 disconnects a gateway after each PUBLISH that the ACL denies.
_MAX_QUEUED_MESSAGES: Final = 100_000_000


#: write or read, and a topic filter
Rights = list[tuple[str, str]]


class TlsPorts(NamedTuple):
    """Listeners with TLS for gateways, by how they log in."""

    password: int
    certificate: int


def broker_config(
    folder: Path,
    *,
    gateway_port: int | None,
    platform_port: int,
    tls: TlsPorts | None = None,
    gateway_host: str = "127.0.0.1",
    user: str = "mosquitto",
    autosave_on_changes: bool = False,
) -> str:
    """Return mosquitto.conf; the values are those that held when they were measured with Mosquitto 2.0.21.

    Users and rights are the same on both listeners: with per-listener ones, a session that comes back from
    the store after a restart on another port would belong to no listener, and its queue be denied.

    Args:
        folder: holds the password file, the ACL file, the persistent store, and what TLS needs.
        gateway_port: TCP port on `gateway_host` for gateways without TLS, None: they need TLS. A gateway's
            client id is its user name, or it could take over an ingest process's id, and so its queue.
        platform_port: TCP port on loopback for halong's services, which choose their client ids.
        tls: ports on `gateway_host` for gateways with TLS; a client's certificate has its user name as CN.
        gateway_host: the address that gateways reach.
        user: who the broker becomes if root starts it.
        autosave_on_changes: False saves the store every second (a crash loses up to a second of what waits,
            which a gateway sends again that goes by `down/committed`); True saves all of it at every change:
            a crash loses next to nothing, but 1,700 messages a second were measured instead of 17,000, and
            far fewer the more messages wait.
    """
    return f"""\
# Written by halong at each start; changes made here are lost.
user {user}
per_listener_settings false
allow_anonymous false
password_file {folder}/passwords
acl_file {folder}/acl

set_tcp_nodelay true
max_inflight_messages 2000
max_queued_messages {_MAX_QUEUED_MESSAGES}
max_queued_bytes 1073741824
max_packet_size 1048576
persistent_client_expiration 14d

persistence true
persistence_location {folder}/
autosave_on_changes {_word(autosave_on_changes)}
autosave_interval 1

log_dest stdout
log_type error
log_type warning
log_type notice
log_timestamp_format %Y-%m-%dT%H:%M:%S

{_gateway_listeners(folder, gateway_host, gateway_port, tls)}
listener {platform_port} 127.0.0.1
"""


def _gateway_listeners(folder: Path, host: str, port: int | None, tls: TlsPorts | None) -> str:
    plain = f"listener {port} {host}\nuse_username_as_clientid true\n" if port else ""
    if tls is None:
        return plain
    server = f"use_username_as_clientid true\ncertfile {folder}/server.pem\nkeyfile {folder}/server.key\n"
    return f"""\
{plain}listener {tls.password} {host}
{server}
listener {tls.certificate} {host}
{server}cafile {folder}/ca.pem
crlfile {folder}/crl.pem
require_certificate true
use_identity_as_username true
"""


def passwords_text(hashes: Mapping[str, str]) -> str:
    """Return the password file: name -> `devices.credentials.password_hash(password)`."""
    return "".join(f"{name}:{hashed}\n" for name, hashed in sorted(hashes.items()))


def acl_text(
    topic_root: str = "city/v1",
    platform_user: str = PLATFORM_USER,
    sources: Mapping[str, str] | None = None,
    shut_out: Iterable[str] = (),
    *,
    second_users: Mapping[str, str] | None = None,
    sparkplug: bool = True,
) -> str:
    """Return the ACL file: a gateway writes the topics of its own `up`, reads its own `down`, and no more.

    As a Sparkplug edge node it writes its own births, deaths and data, and reads its own commands and which
    host applications are there.

    Args:
        topic_root: prefix of every topic of the wire contract.
        platform_user: the user of halong's own services.
        sources: gateways that are LoRaWAN network servers -> the topic filter that they also write.
        shut_out: gateways that have no right, not even with a certificate that is valid or while connected.
        second_users: user names that are not their gateway's code -> the code, whose topics they have.
        sparkplug: whether gateways may be edge nodes. Group and device are theirs to choose there, so that
            nothing bounds how many retained messages one of them leaves.

    The user `alerts` reads every area's alerts, which halong alone writes; `browsers`, the broker for
    browsers, what gateways publish that they may hear.
    """
    known, second = sources or {}, second_users or {}
    patterns = "".join(f"pattern {right} {topic}\n" for right, topic in _rights(topic_root, "%u", sparkplug))
    servers = "".join(f"\nuser {code}\ntopic write {source}\n" for code, source in known.items())
    others = "".join(
        _second_user(user, _rights(topic_root, code, sparkplug), _rights(topic_root, user, sparkplug))
        + (f"topic write {known[code]}\n" if code in known else "")
        for user, code in second.items()
    )
    denied = "".join(f"\nuser {code}\ntopic deny #\n" for code in shut_out)
    heard = [("read", f"{topic_root}/+/up/{kind}") for kind in KINDS]
    browsers = _second_user(BROWSERS, heard, _rights(topic_root, BROWSERS, sparkplug))
    return f"""\
{patterns}{servers}{others}{denied}
user {ALERT_READER}
topic read {topic_root}/alerts/#
{browsers}
user {platform_user}
topic readwrite #
topic read $SYS/#
"""


#: all that a gateway publishes (wire contract): with `#` it could leave retained messages without end
_UP: Final = ("observations", "status", "response")


def _rights(topic_root: str, gateway: str, sparkplug: bool) -> Rights:
    """Return what a gateway may do with which topics: write or read, filter."""
    own = [("write", f"{topic_root}/{gateway}/up/{kind}") for kind in _UP]
    own.append(("read", f"{topic_root}/{gateway}/down/#"))
    if not sparkplug:
        return own
    # No one filter is all of an edge node's topics: its id comes after the kind of message.
    node, device = ("NBIRTH", "NDEATH", "NDATA"), ("DBIRTH", "DDEATH", "DDATA")
    written = [*(f"+/{kind}/{gateway}" for kind in node), *(f"+/{kind}/{gateway}/+" for kind in device)]
    read = (f"+/NCMD/{gateway}", f"+/DCMD/{gateway}/+", "STATE/+")
    own += [("write", f"spBv1.0/{topic}") for topic in written]
    return own + [("read", f"spBv1.0/{topic}") for topic in read]


def _second_user(user: str, own: Rights, by_pattern: Rights) -> str:
    """Return the lines of a user that has rights of its own, as its gateway's, and not those of its name."""
    lines = [f"topic {right} {topic}" for right, topic in own]
    lines += [f"topic deny {topic}" for _, topic in by_pattern if user in topic]
    return "\n".join(["", f"user {user}", *lines, ""])


def _word(value: bool) -> str:
    return "true" if value else "false"
