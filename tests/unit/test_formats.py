from __future__ import annotations

import pytest

from ingest.formats.format import choose, formats


def test_every_media_type_names_one_format() -> None:
    known = formats()
    assert known["application/json"].name == "native"
    assert all(media_type in each.content_types for media_type, each in known.items())


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON; charset=utf-8"])
def test_the_content_type_chooses(content_type: str) -> None:
    assert choose(b"\x00", content_type).name == "native"


@pytest.mark.parametrize("content_type", [None, "", "text/plain"])
def test_without_one_the_first_bytes_choose(content_type: str | None) -> None:
    assert choose(b' \n{"readings": []}', content_type).name == "native"


def test_what_looks_like_nothing_is_taken_for_native_json() -> None:
    assert choose(b"hello", None).name == "native"
