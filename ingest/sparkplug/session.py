"""What is known of an edge node, and how each of its messages changes that. Pure.

An edge node's session begins with its birth certificate (NBIRTH), which numbers its messages from there on
(`seq`, 0 to 255 and round) and may give metrics aliases; it ends with its death certificate (NDEATH).
Source: Eclipse Sparkplug 3.0, chapters 5 and 6.4.

A gap in the numbers asks for a rebirth and changes nothing else: a message was lost, but a session that ended
has said so, since the broker keeps its death certificate (QoS 1) even while ingest is away. So aliases hold.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from ingest.formats.readings import Problem, Readings
from ingest.sparkplug.birth import MAX_MS, Birth, bd_seq, birth_of, read

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from ingest.formats.sparkplug import Payload
    from ingest.sparkplug.topics import SparkplugAddress


@dataclass(frozen=True, slots=True)
class Session:
    """An edge node's session."""

    group: str
    online: bool
    bd_seq: int | None
    #: of the last message
    seq: int
    #: the birth certificate's timestamp, in milliseconds since 1970 UTC
    born: int | None = None
    #: by device id; "" is the edge node itself
    births: Mapping[str, Birth] = field(default_factory=dict)
    #: messages are missing
    stale: bool = False


class Heard(NamedTuple):
    """What came of a message."""

    readings: Readings
    #: what is known after it; None: still nothing
    session: Session | None
    #: the edge node should be asked for its birth certificates
    needs_birth: bool = False
    #: whether it says that the edge node is there; None: neither
    online: bool | None = None


def receive(
    session: Session | None,
    address: SparkplugAddress,
    payload: Payload,
    *,
    devices: Container[str],
    duplicate: bool,
) -> Heard:
    """Return what a message means, given what was known before it.

    Args:
        session: what was known.
        address: the message's topic.
        payload: the message's.
        devices: the ids of the devices that are registered at this edge node.
        duplicate: the broker may have sent it before (MQTT's DUP): such a message changes nothing if its
            number is behind the last one's.
    """
    found = Readings(value_path="$.metrics[{place}]", time_path="$.metrics[{place}].timestamp")
    if address.kind == "NBIRTH":
        return _node_birth(session, address, payload, found, duplicate=duplicate)
    if address.kind == "NDEATH":
        return _node_death(session, address, payload, found)
    if address.device and address.device not in devices:
        _refuse_device(address, payload, found)
        payload = payload._replace(metrics=())
    if session is None or not session.online or session.group != address.group:
        read(payload, None, address.device, found)
        return Heard(found, session, needs_birth=True)
    if duplicate and (session.seq - _seq(payload)) % 256 < 128:
        return _repeated(session, address, payload, found)
    return _numbered(
        session, address, payload, found, is_known=not address.device or address.device in devices
    )


def _node_birth(
    session: Session | None,
    address: SparkplugAddress,
    payload: Payload,
    found: Readings,
    *,
    duplicate: bool,
) -> Heard:
    number, born = bd_seq(payload.metrics), _timestamp(payload)
    if number is None:
        words = "NBIRTH has no metric bdSeq: any NDEATH will count as this session's"
        found.refuse("schema", "$.metrics", words)
    birth = birth_of(payload, found)
    read(payload, birth, "", found)
    if duplicate and session and born is not None and session.born is not None and born <= session.born:
        return Heard(found, session)
    begun = Session(address.group, True, number, _seq(payload), born, {"": birth})
    return Heard(found, begun, online=True)


def _node_death(
    session: Session | None, address: SparkplugAddress, payload: Payload, found: Readings
) -> Heard:
    number = bd_seq(payload.metrics)
    if session and session.group != address.group:
        return Heard(found, session)
    if session and session.bd_seq is not None and number != session.bd_seq:
        return Heard(found, session)  # the death of a session before this one, delivered late
    return Heard(found, Session(address.group, False, number, 0), online=False)


def _repeated(session: Session, address: SparkplugAddress, payload: Payload, found: Readings) -> Heard:
    """Read again what was read before: observations are stored once.

    What came before the last birth certificate may have had other aliases; it was read then.
    """
    sent = _timestamp(payload)
    if sent is None or session.born is None or sent >= session.born:
        is_birth = address.kind == "DBIRTH"
        birth = birth_of(payload, found) if is_birth else session.births.get(address.device)
        read(payload, birth, address.device, found)
    return Heard(found, session)


def _numbered(
    session: Session, address: SparkplugAddress, payload: Payload, found: Readings, *, is_known: bool
) -> Heard:
    """Read DBIRTH, DDEATH, NDATA or DDATA of a session that has begun."""
    births, is_defined = session.births, True
    if address.kind == "DBIRTH":
        birth = birth_of(payload, found)
        read(payload, birth, address.device, found)
        births = {**births, address.device: birth} if is_known else births
    elif address.kind == "DDEATH":
        births = {device: birth for device, birth in births.items() if device != address.device}
    else:
        birth_before = births.get(address.device)
        is_defined = read(payload, birth_before, address.device, found)
    seq = _seq(payload)
    stale = session.stale or seq != (session.seq + 1) % 256
    after = replace(session, seq=seq % 256, births=births, stale=stale)
    return Heard(found, after, needs_birth=stale or not is_defined)


def _refuse_device(address: SparkplugAddress, payload: Payload, found: Readings) -> None:
    if address.kind == "DDEATH":
        return
    words = f"device {address.device[:64]!r} is not registered at this gateway"
    found.problems.append(Problem("unknown_device", "$", words, count=max(1, len(payload.metrics))))


def _seq(payload: Payload) -> int:
    return payload.seq or 0  # some encoders leave out what is 0


def _timestamp(payload: Payload) -> int | None:
    return payload.timestamp if payload.timestamp is not None and payload.timestamp <= MAX_MS else None
