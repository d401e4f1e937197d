"""What a payload format is, and how one is chosen for a payload."""

from __future__ import annotations

import pkgutil
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import import_module
from typing import TYPE_CHECKING

from ingest.formats.compression import GZIP, ZSTD, unpack
from ingest.formats.readings import Problem, Readings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType


#: so many bytes tell a format: CBOR's tag "self-described" is three, and the item begins behind it
TELLING_BYTES = 4


@dataclass(frozen=True)
class Format:
    """A payload format of `up/observations`: its media types, its decoder, and how it looks without one.

    `decode` is pure and never raises: what is wrong with a payload becomes a Problem. `looks_like` is given
    the first TELLING_BYTES of the payload without leading white space.
    """

    name: str
    content_types: frozenset[str]
    decode: Callable[[bytes], Readings]
    looks_like: Callable[[bytes], bool]
    #: readings, each mapping `device`, `time` and observed property codes to values, and keywords `seq` and
    #: `oldest` -> payload; None: halong only reads it
    encode: Callable[..., bytes] | None = None


@cache
def formats() -> Mapping[str, Format]:
    """Return all formats by media type: the `FORMAT` or the `FORMATS` of every module of this package."""
    package = __name__.rpartition(".")[0]
    path = import_module(package).__path__
    modules = [import_module(f"{package}.{found.name}") for found in pkgutil.iter_modules(path)]
    known = [each for module in modules for each in _of(module)]
    return {media_type: each for each in known for media_type in each.content_types}


def read(payload: bytes, content_type: str | None) -> Readings:
    """Return the readings of a payload in whatever format, be it compressed. Never raises.

    Source: wire contract v1, Payloads.
    """
    if content_type is None and (plain := _plain(payload[:TELLING_BYTES])):
        return plain.decode(payload)
    unpacked = unpack(payload)
    if isinstance(unpacked, Problem):
        return Readings(problems=[unpacked])
    return choose(unpacked, content_type).decode(unpacked)


def _of(module: ModuleType) -> tuple[Format, ...]:
    several: tuple[Format, ...] = getattr(module, "FORMATS", ())
    return several or ((module.FORMAT,) if hasattr(module, "FORMAT") else ())


def choose(payload: bytes, content_type: str | None) -> Format:
    """Return the format of a payload: by its MQTT 5 content type, else by its first bytes, else native JSON.

    Source: wire contract v1, Payloads.
    """
    known = formats()
    if content_type:
        named = known.get(content_type) or known.get(content_type.partition(";")[0].strip().lower())
        if named:
            return named
    begin = payload[:TELLING_BYTES]
    return _recognised(payload[:64].lstrip()[:TELLING_BYTES] if begin[:1].isspace() else begin)


@lru_cache(maxsize=1024)
def _plain(begin: bytes) -> Format | None:
    """Return the format that the first bytes tell; None if they are white space or compressed."""
    return None if begin[:1].isspace() or begin.startswith((GZIP, ZSTD)) else _recognised(begin)


@lru_cache(maxsize=1024)
def _recognised(begin: bytes) -> Format:
    known = formats()
    seen = (each for each in known.values() if each.looks_like(begin))
    return next(seen, known["application/json"])
