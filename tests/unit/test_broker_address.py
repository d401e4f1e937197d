"""The address of a broker."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from runtime.broker_address import BrokerAddress, BrokerAddressError, broker_address, with_files
from runtime.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path


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


def test_an_address_names_files_of_certificates(tmp_path: Path) -> None:
    found = broker_address(with_files("mqtts://me:x@broker", ca_file=tmp_path / "a b.pem", cert_file=None))
    assert (found.host, found.user, found.ca_file, found.cert_file) == (
        "broker",
        "me",
        str(tmp_path / "a b.pem"),
        None,
    )
    assert with_files("mqtt://broker", ca_file=tmp_path) == "mqtt://broker"


def test_what_an_address_may_not_have_is_told() -> None:
    with pytest.raises(BrokerAddressError, match="has no 'cafile'"):
        broker_address("mqtts://broker?cafile=x")


def test_files_that_are_none_are_told(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    for file in ("ca.pem", "missing.pem"):
        with pytest.raises(BrokerAddressError, match=f"no certificates in .*{file}"):
            broker_address(with_files("mqtts://broker", ca_file=tmp_path / file)).tls()


def test_the_setting_is_a_part_of_every_address_with_tls(tmp_path: Path) -> None:
    ca, own = tmp_path / "ca.pem", tmp_path / "own.pem"
    ca.touch()
    given = {
        "mqtt_ca_file": ca,
        "mqtt_url": "mqtts://broker",
        "gateway_mqtt_url": f"mqtts://outside?ca_file={own}",
    }
    settings = Settings.model_validate(given)
    assert broker_address(settings.require_mqtt_url()).ca_file == str(ca)
    assert broker_address(str(settings.gateway_mqtt_url)).ca_file == str(own)
    assert Settings.model_validate(settings.model_dump()) == settings
    assert (
        Settings.model_validate(given | {"mqtt_url": "mqtt://broker"}).require_mqtt_url() == "mqtt://broker"
    )


def test_a_file_of_the_setting_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="is no file: `halong ca show`"):
        Settings.model_validate({"mqtt_ca_file": tmp_path / "ca.pem"})
