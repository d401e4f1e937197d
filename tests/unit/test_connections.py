"""Who may hold a connection, and what is too deep: rules without a socket."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.connections import Door, Limits, is_within
from api.limits import MOST_DEPTH, is_deep


def opened(door: Door, *addresses: str) -> list[str]:
    return [door.enter(address) for address in addresses]


def test_so_many_of_an_address_and_of_all() -> None:
    told: list[str] = []
    door = Door(Limits(connections=4, of_address=2), told.append)
    assert opened(door, *["203.0.113.7"] * 3) == ["203.0.113.7", "203.0.113.7", ""]
    assert opened(door, "203.0.113.8", "203.0.113.9", "203.0.113.10")[2:] == [""]
    assert told == ["address", "limit"]
    door.leave("203.0.113.7")
    assert (door.enter("203.0.113.7"), len(door)) == ("203.0.113.7", 4)


def test_a_subscriber_of_ipv6_is_one_client() -> None:
    door = Door(Limits(connections=0, of_address=2))
    assert opened(door, "2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8:0:1::1") == [
        "2001:db8::/64", "2001:db8::/64", "", "2001:db8:0:1::/64",
    ]  # fmt: skip


def test_this_machine_and_proxies_may_have_more() -> None:
    door = Door(Limits(connections=0, of_address=1, proxies=("10.0.0.0/8",)))
    assert all(opened(door, *["127.0.0.1"] * 3, *["10.1.2.3"] * 3))
    assert opened(door, "192.0.2.1", "192.0.2.1") == ["192.0.2.1", ""]


def test_no_limit() -> None:
    door = Door(Limits(connections=0, of_address=0))
    assert all(opened(door, *["203.0.113.7"] * 5000))


def test_nothing_is_kept_of_who_has_left() -> None:
    door = Door(Limits(connections=0, of_address=0))
    for client in opened(door, *(f"203.0.113.{n}" for n in range(200))):
        door.leave(client)
    assert (len(door), door._open) == (0, {})


@pytest.mark.parametrize(
    ("address", "networks", "within"),
    [
        ("10.1.2.3", ("10.0.0.0/8",), True),
        ("10.1.2.3", ("10.1.2.3",), True),
        ("10.1.2.3", ("192.168.0.0/16", "10.1.2.4"), False),
        ("2001:db8::1", ("10.0.0.0/8", "2001:db8::/32"), True),
        ("anything", ("*",), True),
        ("unix", ("unix",), True),
        ("10.1.2.3", (), False),
    ],
)
def test_networks(address: str, networks: tuple[str, ...], within: bool) -> None:
    assert is_within(address, networks) is within


_json = st.recursive(
    st.none() | st.booleans() | st.text(alphabet='[]{}"\\aế'),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet='[{"\\'), inner, max_size=3),
    max_leaves=60,
)


def depth(value: Any) -> int:
    if not isinstance(value, list | dict):
        return 0
    inner = value.values() if isinstance(value, dict) else value
    return 1 + max(map(depth, inner), default=0)


@given(_json, st.integers(0, 2 * MOST_DEPTH), st.booleans())
def test_depth_is_that_of_the_brackets_outside_texts(value: Any, around: int, escaped: bool) -> None:
    for _ in range(around):
        value = [value]
    assert is_deep(json.dumps(value, ensure_ascii=escaped).encode()) is (depth(value) > MOST_DEPTH)


@pytest.mark.parametrize(
    "body", [b"[" * 64_000, b'{"a":' * 12_000, b'"' + b"\\" * 60_000, b'["' + b"[" * 60_000]
)
def test_what_is_no_json_is_judged_at_once(body: bytes) -> None:
    assert is_deep(body) is (body.count(b'"') != 1)
