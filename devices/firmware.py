"""Firmware that gateways may be offered: what is signed, and by whom. Pure.

The signature is Ed25519 (RFC 8032) over the manifest, four lines that end with a line feed:

    halong-firmware-v1
    VERSION
    SIZE
    SHA256

so that whoever can write to the database or the broker can neither offer other bytes nor call old ones new.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_VERSION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")
_URL: Final = re.compile(r"https?://[^\s]{1,1000}")


class FirmwareError(ValueError):
    """A release cannot be what it is said to be."""


@dataclass(frozen=True, kw_only=True)
class Release:
    """Firmware at a place, signed; signature and key are base64."""

    version: str
    url: str
    size: int
    sha256: str
    signature: str
    public_key: str

    def offer(self) -> dict[str, object]:
        """Return the member `firmware` of a gateway's configuration."""
        told = ("version", "url", "size", "sha256", "signature")
        return {name: getattr(self, name) for name in told}


def digest(parts: Iterable[bytes]) -> tuple[int, str]:
    """Return size in bytes and SHA-256, hexadecimal, of what the parts are together."""
    size, found = 0, hashlib.sha256()
    for part in parts:
        size += len(part)
        found.update(part)
    return size, found.hexdigest()


def manifest(version: str, size: int, sha256: str) -> bytes:
    """Return what is signed."""
    return f"halong-firmware-v1\n{version}\n{size}\n{sha256}\n".encode()


def signed(key: Ed25519PrivateKey, version: str, url: str, size: int, sha256: str) -> Release:
    """Return a release, signed.

    Raises:
        FirmwareError: version or address cannot be used, or there are no bytes.
    """
    if not _VERSION.fullmatch(version):
        raise FirmwareError(f"version {version!r} is not of the form {_VERSION.pattern}")
    if not _URL.fullmatch(url):
        raise FirmwareError(f"{url!r} is no address https://… or http://…")
    if not size:
        raise FirmwareError("the file is empty")
    signature = key.sign(manifest(version, size, sha256))
    public = key.public_key().public_bytes_raw()
    return Release(
        version=version,
        url=url,
        size=size,
        sha256=sha256,
        signature=b64encode(signature).decode(),
        public_key=b64encode(public).decode(),
    )
