from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from ingest.formats.compression import MAX_MEMBERS, unpack
from ingest.formats.format import read
from ingest.formats.native import encode
from ingest.formats.readings import MAX_PAYLOAD_BYTES, Problem

Packer = Callable[[bytes], bytes]
PAYLOAD = encode([{"device": "aq", "time": 1_795_335_360_000, "pm10": i} for i in range(50)], seq=3)


def stream(payload: bytes) -> bytes:
    """A zstd frame that does not tell its size, as a device writes it that cannot know."""
    return zstandard.ZstdCompressor(write_content_size=False, write_checksum=True).compress(payload)


PACKERS = {"gzip": gzip.compress, "zstd": zstandard.compress, "zstd stream": stream}
each_packer = pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)
SKIPPABLE = b"\x50\x2a\x4d\x18\x02\x00\x00\x00ab"


def detail(payload: bytes) -> str:
    problem = unpack(payload)
    assert isinstance(problem, Problem)
    assert (problem.reason, problem.at, problem.count) == ("not_decodable", "$", 1)
    return problem.detail


@each_packer
@pytest.mark.parametrize("content_type", [None, "application/json"])
def test_a_compressed_payload_is_read_as_the_plain_one(pack: Packer, content_type: str | None) -> None:
    assert read(pack(PAYLOAD), content_type) == read(PAYLOAD, content_type)


@each_packer
@given(payload=st.binary(max_size=300))
def test_round_trip_in_several_members(pack: Packer, payload: bytes) -> None:
    assert unpack(pack(payload) + pack(b"") + pack(payload)) == payload * 2


@given(st.binary(max_size=100))
def test_any_bytes_are_a_value_not_an_exception(payload: bytes) -> None:
    for begin in (b"\x1f\x8b", b"\x1f\x8b\x08\x00", b"\x28\xb5\x2f\xfd", stream(PAYLOAD)[:20]):
        assert isinstance(unpack(begin + payload), bytes | Problem)


def test_what_is_not_compressed_is_left_as_it_is() -> None:
    assert unpack(PAYLOAD) is PAYLOAD
    assert unpack(b"") == b""


@each_packer
def test_cut_off(pack: Packer) -> None:
    for end in range(4, len(pack(PAYLOAD))):
        detail(pack(PAYLOAD)[:end])


@each_packer
def test_bytes_after_the_end(pack: Packer) -> None:
    detail(pack(PAYLOAD) + b"}")
    detail(pack(PAYLOAD) + b"\0")


def test_a_wrong_checksum() -> None:
    packed = bytearray(gzip.compress(PAYLOAD))
    packed[-6] ^= 1
    assert "incorrect data check" in detail(bytes(packed))
    packed = bytearray(stream(PAYLOAD))
    packed[-2] ^= 1
    assert "checksum" in detail(bytes(packed))


def test_frames_of_no_data_are_skipped() -> None:
    assert unpack(zstandard.compress(PAYLOAD) + SKIPPABLE) == PAYLOAD


@each_packer
def test_as_large_as_a_payload_may_be(pack: Packer) -> None:
    assert unpack(pack(b"x" * MAX_PAYLOAD_BYTES)) == b"x" * MAX_PAYLOAD_BYTES
    assert "more than 1048576 bytes" in detail(pack(b"x" * (MAX_PAYLOAD_BYTES + 1)))


@pytest.mark.attack(
    "decompression bomb of 100 MiB, each format", "refused at 1 MiB; less than 5 MiB of memory"
)
@each_packer
def test_a_bomb_costs_no_more_memory_than_a_payload(pack: Packer) -> None:
    bomb = pack(bytes(100 << 20))
    tracemalloc.start()
    assert "more than 1048576 bytes" in detail(bomb)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5 * MAX_PAYLOAD_BYTES


@each_packer
def test_many_members(pack: Packer) -> None:
    assert f"more than {MAX_MEMBERS}" in detail(pack(b"") * 20_000)


def test_a_window_of_a_gigabyte_is_refused() -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=27, write_content_size=False)
    frame = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    assert "too much memory" in detail(frame.compress(PAYLOAD) + frame.flush())


def test_compressed_twice_is_not_unpacked_twice() -> None:
    (problem,) = read(gzip.compress(gzip.compress(PAYLOAD)), None).problems
    assert problem.reason == "not_decodable"


def test_deflate_without_a_head_is_no_gzip() -> None:
    assert unpack(zlib.compress(PAYLOAD)) == zlib.compress(PAYLOAD)
