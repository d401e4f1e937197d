from __future__ import annotations

import pytest
from pydantic import ValidationError

from ingest.topics import source_of
from runtime.settings import Settings
from runtime.topic_filters import overlap


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("application/#", "application/1/device/0a/event/up", True),
        ("application/#", "application", True),
        ("application/#", "applications/1", False),
        ("v3/+/devices/+/up", "v3/app@ttn/devices/dev/up", True),
        ("v3/+/devices/+/up", "v3/app@ttn/devices/dev/down/ack", False),
        ("v3/+/devices", "v3/app@ttn/devices/dev", False),
        ("a/+/c", "a/b/+", True),
        ("a/+", "a/b/c", False),
        ("a/+/#", "a/b", True),
    ],
)
def test_filters_overlap_where_a_topic_matches_both(one: str, other: str, expected: bool) -> None:
    assert overlap(one, other) is expected
    assert overlap(other, one) is expected


def test_the_source_of_a_topic() -> None:
    sources = {"lns-1": "application/#", "lns-2": "v3/+/devices/+/up"}
    assert source_of("application/1/device/0a/event/up", sources) == "lns-1"
    assert source_of("v3/app@ttn/devices/dev/up", sources) == "lns-2"
    assert source_of("v3/app@ttn/devices/dev/join", sources) is None
    assert source_of("application/1", {}) is None


def test_sources_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HALONG_LORAWAN_SOURCES", '{"lns-1": "application/#", "lns-2": "v3/city@ttn/#"}')
    assert Settings().lorawan_sources == {"lns-1": "application/#", "lns-2": "v3/city@ttn/#"}


@pytest.mark.parametrize("topics", ["#", "+/up", "$SYS/#", "a/b+", "a/#/b", "a//b", "", "/a", "a b/#", "a\n"])
def test_a_source_is_a_topic_filter_below_a_name(topics: str) -> None:
    with pytest.raises(ValidationError, match=r"lorawan_sources\.lns"):
        Settings(lorawan_sources={"lns": topics})


@pytest.mark.parametrize(
    "topics", ["city/#", "city/v1/lns/up/observations", "spBv1.0/+/NDATA/+", "halong/drain"]
)
def test_a_source_is_apart_from_halongs_own_topics(topics: str) -> None:
    with pytest.raises(ValidationError, match="overlap: give each network server topics of its own"):
        Settings(lorawan_sources={"lns": topics})


def test_two_sources_are_apart() -> None:
    with pytest.raises(ValidationError, match=r"'v3/a@t/#' of 'two' and 'v3/#' of 'one' overlap"):
        Settings(lorawan_sources={"one": "v3/#", "two": "v3/a@t/#"})


def test_a_source_has_the_code_of_a_gateway() -> None:
    with pytest.raises(ValidationError, match="lorawan_sources"):
        Settings(lorawan_sources={"Lns 1": "v3/#"})
