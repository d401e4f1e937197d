"""Payloads compressed with gzip (RFC 1952) or zstd (RFC 8878), found out by their first bytes. Pure.

What unpacks to more than a payload may have is given up at that size: memory stays bounded by it, beside the
window that a zstd frame asks for, which is bounded as RFC 8878, 3.1.1.1.2 recommends.
"""

from __future__ import annotations

import zlib

import zstandard

from ingest.formats.readings import MAX_PAYLOAD_BYTES, Problem

GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
#: gzip members or zstd frames in one payload
MAX_MEMBERS = 64

_MAX_WINDOW = 8 << 20
#: a block of 4 bytes may stand for 128 KiB
_ZSTD_BITE = 32
_GZIP_AND_HEADER = 16 + zlib.MAX_WBITS


class _UnpackError(Exception):
    """A compressed payload that is broken or too large."""


def unpack(payload: bytes) -> bytes | Problem:
    """Return a payload as it was before it was compressed, and one that was not as it is.

    Source: wire contract v1, Refusals: not_decodable.
    """
    if payload.startswith(GZIP):
        name, unpacked = "gzip", _gunzip
    elif payload.startswith(ZSTD):
        name, unpacked = "zstd", _unzstd
    else:
        return payload
    try:
        return unpacked(payload)
    except (_UnpackError, zlib.error, zstandard.ZstdError) as error:
        return Problem("not_decodable", "$", f"not a {name} payload: {error}")


def _gunzip(payload: bytes) -> bytes:
    whole = b""
    for _ in range(MAX_MEMBERS):
        member = zlib.decompressobj(_GZIP_AND_HEADER)
        whole += member.decompress(payload, MAX_PAYLOAD_BYTES - len(whole) + 1)
        _check(len(whole), is_whole=member.eof)
        payload = member.unused_data
        if not payload:
            return whole
        if not payload.startswith(GZIP):
            raise _UnpackError(f"{len(payload)} bytes follow that are not gzip")
    raise _UnpackError(f"more than {MAX_MEMBERS} members")


def _unzstd(payload: bytes) -> bytes:
    decompressor = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW)
    if 0 < zstandard.frame_content_size(payload) <= MAX_PAYLOAD_BYTES:
        try:  # the usual payload: one frame that tells its size
            return decompressor.decompress(payload, allow_extra_data=False)
        except zstandard.ZstdError:
            pass
    whole = bytearray()
    for _ in range(MAX_MEMBERS):
        payload = _frame(decompressor, payload, whole)
        if not payload:
            return bytes(whole)
    raise _UnpackError(f"more than {MAX_MEMBERS} frames")


def _frame(decompressor: zstandard.ZstdDecompressor, payload: bytes, whole: bytearray) -> bytes:
    """Unpack one frame onto `whole` in small bites; return what follows it."""
    frame = decompressor.decompressobj()
    at = 0
    while at < len(payload) and not frame.eof:
        whole += frame.decompress(payload[at : at + _ZSTD_BITE])
        at += _ZSTD_BITE
        _check(len(whole), is_whole=True)
    _check(len(whole), is_whole=frame.eof)
    return frame.unused_data + payload[at:]


def _check(size: int, *, is_whole: bool) -> None:
    if size > MAX_PAYLOAD_BYTES:
        raise _UnpackError(f"it unpacks to more than {MAX_PAYLOAD_BYTES} bytes")
    if not is_whole:
        raise _UnpackError("it is cut off")
