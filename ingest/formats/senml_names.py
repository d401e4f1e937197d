"""Names of SenML records: which device and which observed property they say (RFC 8428, 4.5.1)."""

from __future__ import annotations

import re
from typing import NamedTuple

from ingest.formats.documents import show

# RFC 8428, 4.5.1
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-:./_]*")
#: the subtype of a device's URN (RFC 9039, 3) is no part of its code
_URN = re.compile(r"urn:dev:[a-z0-9-]+:")
_PARTS = re.compile(r"(.+)[/:]([^/:]+)")


class NameParts(NamedTuple):
    """The device and the observed property that a record's name says."""

    device: str
    prop: str


def split_name(name: str) -> NameParts | str:
    """Return the parts of a resolved name, or what is wrong with it.

    `urn:dev:{subtype}:` before the device is left out: `urn:dev:mac:0024befffe804ff1/pm10` is of
    `0024befffe804ff1`.
    """
    if not name:
        return "the name is missing: give n or bn"
    if not _NAME.fullmatch(name):
        return f"name {show(name)} must begin with a letter or digit and have only letters, digits and -:./_"
    urn = _URN.match(name)
    parts = _PARTS.fullmatch(name, urn.end() if urn else 0)
    if parts is None:
        return f"name {show(name)} is not device/property"
    return NameParts(parts[1], parts[2])
