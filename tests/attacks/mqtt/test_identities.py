"""Attacks on the broker: whoever has a credential opens one door, and whoever has none opens none."""

from __future__ import annotations

import asyncio
import ssl
import time
from typing import TYPE_CHECKING

import aiomqtt
import pytest

from devices.authority import key_pem, new_authority, new_key
from runtime.broker_client import take_over
from tests.attacks.mqtt.conftest import (
    LONG_AGO,
    NOW,
    OBSERVATIONS,
    City,
    Papers,
    answer,
    refusal,
)
from tests.listening import heard, next_of

if TYPE_CHECKING:
    from collections.abc import Callable


# --- who comes in


def test_nobody_comes_in_without_credentials(city: City) -> None:
    assert answer(city.password_port, city.tls()) == "NOT_AUTHORIZED"
    assert answer(city.password_port, city.tls(), username="gw-1") == "NOT_AUTHORIZED"
    assert "HANDSHAKE_FAILURE" in refusal(city, None)


def test_a_password_is_no_certificate_and_a_certificate_no_password(city: City) -> None:
    secret = {"username": "gw-1", "password": b"gw-1 sesame"}
    assert answer(city.password_port, city.tls(), **secret) == "SUCCESS"
    assert answer(city.certificate_port, city.tls(), **secret).startswith("closed")
    assert answer(city.password_port, city.tls(city.papers("gw-1"))) == "NOT_AUTHORIZED"


def test_a_certificate_of_another_authority_is_refused(city: City) -> None:
    """Also of one that has the same name."""
    assert answer(city.certificate_port, city.tls(city.papers("gw-1"))) == "SUCCESS"
    other = city.papers("gw-1", authority=new_authority("halong CA test", LONG_AGO))
    assert refusal(city, other).partition("ALERT_")[2] in {"UNKNOWN_CA", "DECRYPT_ERROR"}


def test_an_expired_certificate_is_refused(city: City) -> None:
    assert "CERTIFICATE_EXPIRED" in refusal(city, city.papers("gw-1", at=LONG_AGO))


def test_a_revoked_certificate_is_refused_and_its_successor_taken(city: City) -> None:
    stolen, successor = city.papers("gw-1"), city.papers("gw-1")
    assert answer(city.certificate_port, city.tls(stolen)) == "SUCCESS"
    city.reload(stolen)
    _until(lambda: "CERTIFICATE_REVOKED" in refusal(city, stolen))
    assert answer(city.certificate_port, city.tls(successor)) == "SUCCESS"


def test_the_brokers_own_certificate_opens_nothing(city: City) -> None:
    key = new_key()
    certificate = city.authority.server(["halong"], key.public_key(), NOW)
    papers = Papers.write(city.folder, certificate, key_pem(key))
    assert "UNSUPPORTED_CERTIFICATE" in refusal(city, papers)


async def test_a_gateways_certificate_is_not_taken_for_the_brokers(city: City) -> None:
    papers = city.papers("localhost")
    posing = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    posing.load_cert_chain(papers.file, papers.key)
    server = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", 0, ssl=posing)
    port = server.sockets[0].getsockname()[1]
    async with server:
        with pytest.raises(ssl.SSLCertVerificationError):
            await asyncio.open_connection("127.0.0.1", port, ssl=city.tls(), server_hostname="localhost")


def test_a_line_in_clear_is_closed(city: City) -> None:
    for port in (city.password_port, city.certificate_port):
        assert answer(port, username="gw-1", password=b"gw-1 sesame").startswith("closed")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_an_old_version_of_tls_is_refused(city: City) -> None:
    context = city.tls()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    assert "PROTOCOL_VERSION" in answer(city.password_port, context)


# --- what it may do there


async def test_the_certificate_says_who_it_is_not_the_name_that_it_gives(city: City) -> None:
    as_other = {"username": "gw-2", "password": "gw-2 sesame", "identifier": "gw-2"}
    async with (
        city.platform() as halong,
        heard(halong, "city/#") as topics,
        city.by_password("gw-2") as other,
        city.by_certificate(city.papers("gw-1"), **as_other) as gateway,
    ):
        for victim in ("gw-2", "halong", "gw-1"):
            await gateway.publish(OBSERVATIONS.format(victim), b"of gw-1", qos=1)
        assert await next_of(topics) == (OBSERVATIONS.format("gw-1"), b"of gw-1")
        # The client id is the certificate's too: who was there under it still is.
        await other.publish(OBSERVATIONS.format("gw-2"), b"of gw-2", qos=1)
        assert await next_of(topics) == (OBSERVATIONS.format("gw-2"), b"of gw-2")


async def test_a_wildcard_reads_no_more_than_its_own(city: City) -> None:
    others = ("city/v1/gw-2/down/command", "city/v1/gw-2/up/observations", "city/v1/gw-1/up/status")
    foreign = (*others, "city/v1/alerts/1", "halong/x", "spBv1.0/g/NDATA/gw-2", "spBv1.0/g/NCMD/gw-2")
    own = ("city/v1/gw-1/down/command", "city/v1/gw-1/down/config")
    wildcards = ("#", "+/#", "city/v1/+/down/#", "$share/g/city/#", "$SYS/#", "spBv1.0/#")
    async with city.platform() as halong, city.by_certificate(city.papers("gw-1")) as gateway:
        for topic in foreign:
            await halong.publish(topic, b"kept", qos=1, retain=True)
        async with heard(gateway, *wildcards) as topics:
            for topic in (*foreign, own[0], own[1]):
                await halong.publish(topic, b"live", qos=1)
            found = set()
            while own[1] not in found:
                found.add((await next_of(topics))[0])
            await asyncio.sleep(0.5)
            while not topics.empty():
                found.add(topics.get_nowait()[0])
    assert found == set(own)


async def test_a_gateway_that_is_shut_out_has_no_right_with_a_valid_certificate(city: City) -> None:
    papers = city.papers("gw-1")
    city.reload(shut_out=("gw-1",))
    async with (
        city.platform() as halong,
        heard(halong, "city/#") as topics,
        city.by_password("gw-2") as neighbour,
        city.by_certificate(papers) as gateway,
        heard(gateway, "city/v1/gw-1/down/#") as down,
    ):
        await halong.publish("city/v1/gw-1/down/command", b"secret", qos=1)
        await next_of(topics)
        await gateway.publish(OBSERVATIONS.format("gw-1"), b"shut out", qos=1)
        await neighbour.publish(OBSERVATIONS.format("gw-2"), b"well", qos=1)
        assert await next_of(topics) == (OBSERVATIONS.format("gw-2"), b"well")
        assert down.empty()


async def test_a_connection_ends_with_its_certificate_and_its_neighbours_are_served(city: City) -> None:
    """Where the broker must start again for it, the neighbours have to come back."""
    stolen, other = city.papers("gw-1"), city.papers("gw-3")
    with pytest.raises(aiomqtt.MqttError):
        await _publish_until_cut_off(city, stolen)
    async with (
        city.platform() as halong,
        heard(halong, "city/#") as topics,
        city.by_password("gw-2") as neighbour,
        city.by_certificate(other) as neighbour_by_certificate,
    ):
        for client, code in ((neighbour, "gw-2"), (neighbour_by_certificate, "gw-3")):
            await client.publish(OBSERVATIONS.format(code), b"well", qos=1)
            assert await next_of(topics) == (OBSERVATIONS.format(code), b"well")


async def _publish_until_cut_off(city: City, stolen: Papers) -> None:
    async with city.by_certificate(stolen) as thief:
        city.reload(stolen)
        while "REVOKED" not in await asyncio.to_thread(refusal, city, stolen):
            await asyncio.sleep(0.05)
        await thief.publish(OBSERVATIONS.format("gw-1"), b"still there", qos=1)
        await take_over(city.broker.platform_url, ["gw-1"])
        async with asyncio.timeout(40):
            while True:
                await thief.publish(OBSERVATIONS.format("gw-1"), b"stolen", qos=1)


def _until(is_so: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)
