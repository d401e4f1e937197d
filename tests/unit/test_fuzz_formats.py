"""A small part of what `make fuzz` does at length."""

from __future__ import annotations

import pytest

from ingest.formats.format import formats
from tests.faults.fuzz_formats import corpus, decoders, fuzz


def test_every_decoder_is_found_and_has_payloads() -> None:
    assert {each.name for each in formats().values()} < decoders().keys()
    assert {"sparkplug", "lorawan", "any format"} < decoders().keys()
    assert all(len(corpus(name)) > 3 for name in decoders())


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_decoder_raises(seed: int) -> None:
    assert fuzz(seed, 2_000) == []


def test_a_seed_makes_the_same_inputs(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[bytes]] = []
    for _ in range(2):
        seen.append([])
        monkeypatch.setattr(
            "tests.faults.fuzz_formats.decoders",
            lambda: {"native": seen[-1].append, "lorawan": seen[-1].append},
        )
        fuzz(7, 50)
    assert seen[0] == seen[1]


def test_an_exception_is_a_failure_with_its_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.faults.fuzz_formats.decoders", lambda: {"native": lambda _: 1 / 0})
    failures = fuzz(7, 5)
    assert [failure.words for failure in failures] == ["ZeroDivisionError: division by zero"] * 5
