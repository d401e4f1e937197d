"""One-time tokens: from who installs a gateway to its credential, and every way not to get one."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from api import keys
from api.app import create_app
from devices.authority import new_authority, new_key
from devices.authority_files import AuthorityFolder
from devices.credentials import password_matches
from devices.enrolment import PREFIX, create_token
from devices.rotation import revoke_all, set_enabled
from runtime.settings import Settings
from tests.integration.api.conftest import client_of
from tests.integration.api.test_api_contract import assert_problem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from fastapi import FastAPI
    from psycopg import AsyncConnection

    from tests.integration.terminal import Halong

GATEWAY = "ha-long-1"
DAY = timedelta(days=1)
PASSPHRASE = "a long passphrase"


@pytest.fixture
async def app(database_url: str, city: AsyncConnection[Any], tmp_path: Path) -> AsyncIterator[FastAPI]:
    """The application, closed, with an authority that signs."""
    AuthorityFolder(tmp_path).create(new_authority("halong CA test", datetime.now(UTC)), PASSPHRASE)
    settings = {
        "database_url": database_url,
        "ca_dir": tmp_path,
        "ca_passphrase": PASSPHRASE,
        "gateway_mqtt_url": "mqtts://mqtt.example.vn",
        "public_url": "https://city.example.vn",
    }
    app = create_app(Settings.model_validate(settings))
    async with app.router.lifespan_context(app):
        yield app


async def token(conn: AsyncConnection[Any], gateway: str = GATEWAY, *, at: datetime | None = None) -> str:
    made = await create_token(conn, gateway, at=at or datetime.now(UTC), lasts=DAY, by="Minh")
    return made.text


def csr(*names: str) -> str:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name) for name in names])
    asked = x509.CertificateSigningRequestBuilder().subject_name(subject)
    return asked.sign(new_key(), hashes.SHA256()).public_bytes(Encoding.PEM).decode()


async def enrol(app: FastAPI, text: str, **more: Any) -> httpx.Response:
    async with client_of(app) as client:
        return await client.post("/v1/enrolments", json={"token": text, **more})


async def hashes_of(conn: AsyncConnection[Any], gateway: str = GATEWAY) -> list[str]:
    cursor = await conn.execute(
        "SELECT hash FROM gateway_passwords p JOIN gateways g ON g.id = p.gateway_id WHERE code = %s",
        [gateway],
    )
    return [hashed for (hashed,) in await cursor.fetchall()]


async def test_a_token_of_an_installer_becomes_a_password(app: FastAPI, city: AsyncConnection[Any]) -> None:
    key, _ = await keys.create(city, "Lan, installer", "installer", areas=["193"])
    async with client_of(app, authorization=f"Bearer {key}") as client:
        usual = (await client.post(f"/v1/gateways/{GATEWAY}/enrolment-tokens")).json()
        made = await client.post(f"/v1/gateways/{GATEWAY}/enrolment-tokens", json={"hours": 2})
    assert datetime.fromisoformat(usual["expires_at"]) - datetime.now(UTC) > timedelta(hours=23)
    assert made.status_code == 201
    assert made.headers["cache-control"] == "no-store"
    told = made.json()
    assert told["url"] == f"https://city.example.vn/v1/enrolments#{told['token']}"
    assert told["qr"].startswith("<svg")
    assert timedelta(0) < datetime.fromisoformat(told["expires_at"]) - datetime.now(UTC) < timedelta(hours=2)
    answer = await enrol(app, told["token"])
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    given = answer.json()
    assert (given["gateway"], given["user_name"], given["certificate"]) == (GATEWAY, GATEWAY, None)
    assert given["broker"] == "mqtts://mqtt.example.vn:8883"
    assert given["ca"].startswith("-----BEGIN CERTIFICATE")
    (hashed,) = await hashes_of(city)
    assert password_matches(given["password"], hashed)
    cursor = await city.execute("SELECT created_by, used_from, enrolment_tokens::text FROM enrolment_tokens")
    (row,) = await cursor.fetchall()
    assert row[:2] == ("Lan, installer", "127.0.0.1")
    assert told["token"].removeprefix(PREFIX) not in row[2]


@pytest.mark.parametrize("names", [(GATEWAY,), ()])
async def test_a_token_and_a_request_become_a_certificate(
    app: FastAPI, city: AsyncConnection[Any], tmp_path: Path, names: tuple[str, ...]
) -> None:
    answer = await enrol(app, await token(city), csr=csr(*names))
    assert answer.status_code == 201
    assert answer.json()["password"] is None
    certificate = x509.load_pem_x509_certificate(answer.json()["certificate"].encode())
    (common_name,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert common_name.value == GATEWAY
    certificate.verify_directly_issued_by(AuthorityFolder(tmp_path).root())
    cursor = await city.execute("SELECT gateway, issued_by FROM certificates")
    assert await cursor.fetchall() == [(GATEWAY, "enrolment")]


@pytest.mark.attack("an enrolment token, replayed", "403, and it is told that it was used")
async def test_a_token_opens_once(app: FastAPI, city: AsyncConnection[Any]) -> None:
    text = await token(city)
    assert (await enrol(app, text)).status_code == 201
    before = await hashes_of(city)
    for more in ({}, {"csr": csr(GATEWAY)}):
        body = assert_problem(await enrol(app, text, **more), 403, "enrolment-refused")
        assert re.search(r"was used at .* UTC from 127\.0\.0\.1: if that was not you", body["detail"])
    assert await hashes_of(city) == before


@pytest.mark.attack("an enrolment token that has expired, was replaced or revoked", "403")
async def test_a_token_ends(app: FastAPI, city: AsyncConnection[Any]) -> None:
    now = datetime.now(UTC)
    ended = await token(city, at=now - DAY)
    assert "ended at" in assert_problem(await enrol(app, ended), 403, "enrolment-refused")["detail"]
    replaced, newer = await token(city), await token(city)
    assert "no such token" in assert_problem(await enrol(app, replaced), 403, "enrolment-refused")["detail"]
    await set_enabled(city, GATEWAY, enabled=False)
    assert "is disabled" in assert_problem(await enrol(app, newer), 403, "enrolment-refused")["detail"]
    await set_enabled(city, GATEWAY, enabled=True)
    await revoke_all(city, GATEWAY, at=now, by="Minh", reason="keyCompromise")
    assert "no such token" in assert_problem(await enrol(app, newer), 403, "enrolment-refused")["detail"]
    assert await hashes_of(city) == []


@pytest.mark.attack("an enrolment token, guessed", "403, and 429 after 30 a minute")
async def test_guessing_tokens(app: FastAPI, city: AsyncConnection[Any]) -> None:
    right = await token(city)
    guesses = [right[:-1], right + "A", right.upper(), PREFIX, "\0", "' OR true --", "é" * 200]
    async with client_of(app) as client:
        for guess in guesses:
            answer = await client.post("/v1/enrolments", json={"token": guess})
            assert_problem(answer, 403, "enrolment-refused")
        for _ in range(300):  # on a busy machine some more are allowed while these are answered
            answer = await client.post("/v1/enrolments", json={"token": "x"})
            if answer.status_code != 403:
                break
    assert "retry-after" in answer.headers
    assert_problem(answer, 429, "too-many-requests")
    assert await hashes_of(city) == []


@pytest.mark.attack("an enrolment token, used by twenty at once", "one gets a credential")
@pytest.mark.parametrize("by_certificate", [False, True])
async def test_of_twenty_at_once_one_gets_it(
    app: FastAPI, city: AsyncConnection[Any], by_certificate: bool
) -> None:
    text = await token(city)
    more = [{"csr": csr(GATEWAY)} if by_certificate else {} for _ in range(20)]
    answers = await asyncio.gather(*(enrol(app, text, **each) for each in more))
    codes = sorted(each.status_code for each in answers)
    assert codes == [201, *[403] * 19]
    cursor = await city.execute("SELECT count(*) FROM certificates")
    assert await cursor.fetchone() == (int(by_certificate),)
    assert len(await hashes_of(city)) == int(not by_certificate)


TRICKS = {
    "another gateway": csr("mong-cai-1"),
    "another gateway beside its own": csr(GATEWAY, "mong-cai-1"),
    "its own beside another gateway": csr("mong-cai-1", GATEWAY),
    "its own twice": csr(GATEWAY, GATEWAY),
    "the platform": csr("halong"),
    "ingest": csr("ingest-0"),
    "in capitals": csr(GATEWAY.upper()),
    "with a blank": csr(f"{GATEWAY} "),
    "with a NUL": csr(f"{GATEWAY}\0.example"),
    "the second user": csr(f"{GATEWAY}~2"),
    "a wildcard": csr("#"),
    "no request": "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
    "empty": "",
    "a signature of something else": csr(GATEWAY)[:-70] + csr(GATEWAY)[-70:],
}


@pytest.mark.attack(
    "a certificate for another's name, by tricks with the request's CN", "403; the token stays"
)
@pytest.mark.parametrize("trick", TRICKS)
async def test_tricks_with_the_request(app: FastAPI, city: AsyncConnection[Any], trick: str) -> None:
    text = await token(city)
    assert_problem(await enrol(app, text, csr=TRICKS[trick]), 403, "enrolment-refused")
    cursor = await city.execute("SELECT count(*) FROM certificates")
    assert await cursor.fetchone() == (0,)
    assert (await enrol(app, text, csr=csr(GATEWAY))).status_code == 201


@pytest.mark.attack("read a credential on the network: enrolment over plain http", "403; nothing is told")
async def test_over_plain_http_nothing_is_told(app: FastAPI, city: AsyncConnection[Any]) -> None:
    text = await token(city)
    transport = httpx.ASGITransport(app, client=("203.0.113.9", 40000))
    for scheme, expected in (("http", 403), ("https", 201)):
        async with httpx.AsyncClient(transport=transport, base_url=f"{scheme}://halong") as client:
            answer = await client.post("/v1/enrolments", json={"token": text})
        assert answer.status_code == expected
        if expected == 403:
            assert_problem(answer, 403, "https-needed")


async def test_without_an_authority_the_api_says_what_to_do(
    database_url: str, city: AsyncConnection[Any], tmp_path: Path
) -> None:
    text = await token(city)
    app = create_app(Settings.model_validate({"database_url": database_url, "ca_dir": tmp_path / "none"}))
    async with app.router.lifespan_context(app):
        body = assert_problem(await enrol(app, text, csr=csr(GATEWAY)), 409, "conflict")
        assert "halong ca issue" in body["detail"]
        given = (await enrol(app, text)).json()
        assert (given["ca"], given["broker"]) == (None, None)


async def test_the_command_prints_the_token_and_its_code(city: AsyncConnection[Any], halong: Halong) -> None:
    asked = partial(halong, "gateways", "enrol", GATEWAY)
    shown = await asked("--qr", "--for", "2h", "--api", "https://city.example")
    assert "halong_enrol_" in shown
    assert "+07:00, once" in shown
    assert "▀" in shown
    assert "30 days at most" in await asked("--for", "31d", fails=True)
    assert "HALONG_PUBLIC_URL" in await asked("--qr", fails=True)
