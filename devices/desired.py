"""The desired configuration of a gateway: a document, changed by merge patches, known by its hash. Pure."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec

from devices.model import CODE

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

#: of a document
MAX_BYTES: Final = 32_768

Interval = Annotated[int, msgspec.Meta(ge=1, le=86_400)]
Code = Annotated[str, msgspec.Meta(pattern=f"^{CODE.pattern}$")]


class Device(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How a device is to measure; what is left out stays as the firmware has it."""

    enabled: bool = True
    #: sampling interval in s by observed property
    intervals: dict[Code, Interval] = {}


class Offer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Firmware that the gateway is to install; see devices.firmware for what is signed."""

    version: str
    url: str
    size: int
    sha256: str
    signature: str


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A gateway's desired configuration."""

    devices: dict[Code, Device] = {}
    #: what they mean, the firmware says
    settings: dict[str, Any] = {}
    firmware: Offer | None = None


class ConfigError(ValueError):
    """A document is no configuration of its gateway."""


def merged(document: Any, patch: Any) -> Any:
    """Return a JSON document changed by a merge patch: null removes, objects are merged (RFC 7396, 2)."""
    if not isinstance(patch, dict):
        return patch
    base = dict(document) if isinstance(document, dict) else {}
    for name, value in patch.items():
        if value is None:
            base.pop(name, None)
        else:
            base[name] = merged(base.get(name), value)
    return base


def checked(document: Any, streams: Mapping[str, Collection[str]]) -> dict[str, Any]:
    """Return a document in its shortest form.

    Args:
        document: JSON values.
        streams: observed properties of each device of the gateway.

    Raises:
        ConfigError: it has another form, names what the gateway has not, or is too large.
    """
    try:
        config = msgspec.convert(document, Config)
        shortest: dict[str, Any] = msgspec.to_builtins(config)
        size = len(_canonical(shortest))
    except (msgspec.ValidationError, ValueError, TypeError, RecursionError) as error:
        raise ConfigError(str(error)) from error
    for code, device in config.devices.items():
        if code not in streams:
            raise ConfigError(f"the gateway has no device {code!r}: {_named(streams)}")
        if unknown := sorted(device.intervals.keys() - set(streams[code])):
            raise ConfigError(f"{code} does not measure {unknown[0]!r}: {_named(streams[code])}")
    if size > MAX_BYTES:
        raise ConfigError(f"the configuration has {size:,} bytes: at most {MAX_BYTES:,}")
    return shortest


def _named(codes: Collection[str]) -> str:
    return f"it has {', '.join(sorted(codes)[:10])}" if codes else "it has none"


def hash_of(document: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a document: keys sorted, no blanks, UTF-8; hexadecimal."""
    return hashlib.sha256(_canonical(document)).hexdigest()


def payload(document: Mapping[str, Any], version: int, digest: str) -> bytes:
    """Return the payload of `down/config`."""
    return _canonical({"version": version, "hash": digest} | dict(document))


def _canonical(document: Mapping[str, Any]) -> bytes:
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()
