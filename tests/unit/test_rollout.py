"""Who is offered firmware when, and when a roll-out halts."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from devices.firmware import FirmwareError, Release, digest, manifest, signed
from devices.rollout import Rollout, StagesError, Target, parse_stages, staged, step

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SETTLE = timedelta(minutes=10)
ROLLOUT = Rollout(id=1, version="2", stages=(10, 50, 100), stage=1, settle=SETTLE, max_failed=20)


def target(gateway: str, stage: int = 1, **changes: object) -> Target:
    waiting = Target(
        gateway=gateway, stage=stage, state="waiting", offered_at=None, ended_at=None, is_there=True,
        reports=False,
    )  # fmt: skip
    return replace(waiting, **changes)  # type: ignore[arg-type]


def offered(gateway: str, stage: int = 1, *, ago: int = 1, **changes: object) -> Target:
    since = NOW - timedelta(minutes=ago)
    return target(gateway, stage, **{"state": "offered", "offered_at": since, **changes})


def updated(gateway: str, stage: int = 1, *, ago: int = 1, **changes: object) -> Target:
    since = NOW - timedelta(minutes=ago)
    return offered(
        gateway, stage, ago=ago + 1, **{"state": "updated", "ended_at": since, "reports": True, **changes}
    )


def test_the_first_stage_is_offered_to_who_is_there() -> None:
    done = step(ROLLOUT, [target("a"), target("b", is_there=False), target("c", 2)], NOW)
    assert (done.offer, done.stage, done.state) == (("a",), 1, "running")


def test_who_reports_the_new_firmware_is_updated_and_settles() -> None:
    done = step(ROLLOUT, [offered("a", reports=True), target("c", 2)], NOW)
    assert (done.updated, done.offer, done.stage) == (("a",), (), 1)
    done = step(ROLLOUT, [updated("a", ago=9), target("c", 2)], NOW)
    assert (done.offer, done.stage) == ((), 1)
    done = step(ROLLOUT, [updated("a", ago=10), target("c", 2)], NOW)
    assert (done.offer, done.stage) == (("c",), 2)


def test_who_was_away_is_offered_it_when_it_is_back() -> None:
    away = [updated("a", ago=20), target("b", is_there=False), target("c", 2, is_there=False)]
    done = step(ROLLOUT, away, NOW)
    assert (done.offer, done.stage) == ((), 2)
    back = [updated("a", ago=20), target("b"), target("c", 2, is_there=False)]
    assert step(replace(ROLLOUT, stage=2), back, NOW).offer == ("b",)


def test_a_stage_of_which_nobody_is_there_does_not_pass() -> None:
    done = step(ROLLOUT, [target("a", is_there=False), target("c", 2)], NOW)
    assert (done.offer, done.stage) == ((), 1)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"is_there": False}, "it did not come back"),
        ({"is_there": True}, "it still has another firmware"),
        ({"ago": 1, "error": "signature"}, "it refused: signature"),
    ],
)
def test_who_does_not_come_back_in_time_has_failed(changes: dict[str, object], why: str) -> None:
    sure = [updated(f"u{each}", ago=30) for each in range(9)]
    done = step(ROLLOUT, [offered("a", **{"ago": 10, **changes}), *sure], NOW)  # type: ignore[arg-type]
    assert (done.failed, done.state) == ({"a": why}, "done")


def test_who_goes_away_after_the_update_has_failed() -> None:
    sure = [updated(f"u{each}", ago=30) for each in range(9)]
    done = step(ROLLOUT, [updated("a", ago=3, is_there=False), *sure], NOW)
    assert done.failed == {"a": "it went away after the update"}
    done = step(ROLLOUT, [updated("a", ago=11, is_there=False), *sure], NOW)
    assert done.failed == {}


def test_too_many_failures_halt_it_and_take_the_offers_back() -> None:
    targets = [
        offered("a", ago=10, is_there=False),
        offered("b", ago=2),
        offered("c", ago=2, reports=True),
        updated("d"),
        target("e", 2),
    ]
    done = step(ROLLOUT, targets, NOW)
    assert (done.state, done.reason) == ("halted", "1 of 4 gateways failed")
    assert (done.offer, done.updated, set(done.withdraw)) == ((), ("c",), {"a", "b"})


def test_as_many_failures_as_are_allowed_do_not() -> None:
    targets = [offered("a", ago=10, is_there=False), *(updated(f"u{each}", ago=30) for each in range(4))]
    assert step(ROLLOUT, targets, NOW).state == "done"
    assert step(replace(ROLLOUT, max_failed=19), targets, NOW).state == "halted"


def test_it_is_done_when_all_have_it_and_have_settled() -> None:
    last = replace(ROLLOUT, stage=3)
    assert step(last, [updated("a", ago=30), updated("b", 3, ago=3)], NOW).state == "running"
    assert step(last, [updated("a", ago=30), updated("b", 3, ago=10)], NOW).state == "done"
    assert step(last, [updated("a", ago=30), target("b", 3, is_there=False)], NOW).state == "running"


@given(st.sets(st.text("abcdef0123456789", min_size=1, max_size=6), min_size=1, max_size=60))
def test_stages_hold_the_shares_that_were_asked_for(codes: set[str]) -> None:
    stages = staged(codes, (10, 50, 100), "2")
    assert set(stages) == codes
    assert stages == staged(sorted(codes), (10, 50, 100), "2")
    for number, share in enumerate((10, 50, 100), 1):
        reached = sum(stage <= number for stage in stages.values())
        assert 0 <= reached - share * len(codes) / 100 < 1


@pytest.mark.parametrize("text", ["", "5,x", "50,25,100", "0,100", "5,25", "5,5,100", "100,101"])
def test_stages_rise_to_the_whole(text: str) -> None:
    with pytest.raises(StagesError, match="such as 5,25,100"):
        parse_stages(text)
    assert parse_stages("5,25,100") == [5, 25, 100]


def is_genuine(release: Release, public_key: str) -> bool:
    """Check a release as gateways must (docs/firmware.md)."""
    text = manifest(release.version, release.size, release.sha256)
    try:
        Ed25519PublicKey.from_public_bytes(b64decode(public_key)).verify(b64decode(release.signature), text)
    except (InvalidSignature, ValueError):
        return False
    return True


@pytest.mark.attack("firmware of other bytes, or an old one called new", "its signature does not fit")
def test_the_signature_is_of_these_bytes_alone() -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    size, sha256 = digest([b"firm", b"ware"])
    release = signed(key, "1.5.0", "https://fw.example/1.5.0.bin", size, sha256)
    public = b64encode(key.public_key().public_bytes_raw()).decode()
    assert (size, sha256) == (8, hashlib.sha256(b"firmware").hexdigest())
    assert manifest("1.5.0", 8, "ab") == b"halong-firmware-v1\n1.5.0\n8\nab\n"
    assert release.public_key == public
    assert is_genuine(release, public)
    for other in (
        replace(release, version="1.5.1"),
        replace(release, size=9),
        replace(release, sha256="0" * 64),
        replace(release, signature=b64encode(b"\0" * 64).decode()),
        replace(release, signature="?"),
    ):
        assert not is_genuine(other, public)
    assert not is_genuine(
        release, b64encode(Ed25519PrivateKey.generate().public_key().public_bytes_raw()).decode()
    )


@pytest.mark.parametrize(
    ("version", "url", "size", "words"),
    [
        ("1 5", "https://fw.example/a", 1, "'1 5' is not of the form"),
        ("1.5", "ftp://fw.example/a", 1, "is no address"),
        ("1.5", "https://fw.example/a b", 1, "is no address"),
        ("1.5", "https://fw.example/a", 0, "the file is empty"),
    ],
)
def test_what_cannot_be_offered_is_not_signed(version: str, url: str, size: int, words: str) -> None:
    with pytest.raises(FirmwareError, match=words):
        signed(Ed25519PrivateKey.generate(), version, url, size, "0" * 64)
