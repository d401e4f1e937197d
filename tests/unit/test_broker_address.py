"""The address of a broker."""

from __future__ import annotations

import pytest

from runtime.broker_address import BrokerAddress, broker_address


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("mqtt://127.0.0.1:21883", BrokerAddress("127.0.0.1", 21883, is_secure=False)),
        ("mqtt://broker", BrokerAddress("broker", 1883, is_secure=False)),
        ("mqtts://broker", BrokerAddress("broker", 8883, is_secure=True)),
        ("mqtt://me:a%40b@[::1]:1", BrokerAddress("::1", 1, is_secure=False, user="me", password="a@b")),
    ],
)
def test_parts(url: str, expected: BrokerAddress) -> None:
    assert broker_address(url) == expected
    assert (broker_address(url).tls() is None) != expected.is_secure
