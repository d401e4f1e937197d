"""Tokens that are to be taken for those of the city's identity provider."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import RSAAlgorithm

from api.oidc.claims import Meaning, TokenRefusedError
from api.oidc.issuer import Issuer
from api.oidc.tokens import Tokens
from tests.integration.api.streams import serving
from tests.integration.api.test_api_contract import assert_problem
from tests.issuers import AUDIENCE, SigningIssuer, rsa_key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from psycopg import AsyncConnection

FORGER = rsa_key()


@pytest.fixture(scope="module")
def issuer() -> Iterator[SigningIssuer]:
    with SigningIssuer() as found:
        found.keys["ec"] = "ES256", ec.generate_private_key(ec.SECP256R1())
        yield found


@pytest.fixture
async def client(
    database_url: str, city: AsyncConnection[Any], issuer: SigningIssuer
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an API that believes the issuer."""
    settings = {"oidc_issuer": issuer.url, "api_public": False}
    async with (
        serving(database_url, **settings) as address,
        httpx.AsyncClient(base_url=address, trust_env=False) as http,
    ):
        yield http


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def altered(text: str, **claims: Any) -> str:
    """A good token with other claims and the signature that it had."""
    head, body, signature = text.split(".")
    found = json.loads(base64.urlsafe_b64decode(f"{body}=="))
    return f"{head}.{part(found | claims)}.{signature}"


def by_hmac(issuer: SigningIssuer, secret: bytes, name: str = "HS256") -> str:
    """A token signed with the public key as a shared secret (RFC 8725, 2.1)."""
    text = f"{part({'alg': name, 'typ': 'JWT', 'kid': 'one'})}.{part(issuer.claims())}"
    digest = {"HS256": hashlib.sha256, "HS512": hashlib.sha512}[name]
    signature = hmac.digest(secret, text.encode(), digest)
    return f"{text}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


def public(issuer: SigningIssuer, encoding: Encoding, form: PublicFormat) -> bytes:
    found: bytes = issuer.keys["one"][1].public_key().public_bytes(encoding, form)
    return found


def unsigned(issuer: SigningIssuer, name: Any) -> str:
    return f"{part({'alg': name, 'typ': 'JWT', 'kid': 'one'})}.{part(issuer.claims())}."


def with_head(issuer: SigningIssuer, **head: Any) -> str:
    return f"{part({'alg': 'RS256'} | head)}.{part(issuer.claims())}.AAAA"


def detached() -> str:
    """A token whose payload is to be found elsewhere (RFC 7797)."""
    return f"{part({'alg': 'RS256', 'b64': False, 'crit': ['b64'], 'kid': 'one'})}..AAAA"


_PEM, _SPKI = Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
_AGO = int(time.time()) - 3600
ATTACKS: dict[str, Callable[[SigningIssuer], str]] = {
    "signed by another key": lambda i: i.token(key=FORGER),
    "claims changed after the signature": lambda i: altered(i.token(), roles=["admin"]),
    "signature cut off": lambda i: i.token().rpartition(".")[0] + ".",
    "no algorithm": lambda i: unsigned(i, "none"),
    "no algorithm, spelt otherwise": lambda i: unsigned(i, "nOnE"),
    "the algorithm is a list": lambda i: unsigned(i, ["RS256"]),
    "the public key as a secret, as PEM": lambda i: by_hmac(i, public(i, _PEM, _SPKI)),
    "… without its last line end": lambda i: by_hmac(i, public(i, _PEM, _SPKI).strip()),
    "… in PKCS 1": lambda i: by_hmac(i, public(i, _PEM, PublicFormat.PKCS1)),
    "… as DER": lambda i: by_hmac(i, public(i, Encoding.DER, _SPKI), "HS512"),
    "… as JSON": lambda i: by_hmac(i, RSAAlgorithm.to_jwk(i.keys["one"][1].public_key()).encode()),
    "an empty secret": lambda i: by_hmac(i, b""),
    "another algorithm than the key's": lambda i: i.token(head={"alg": "RS512"}),
    "the key of another algorithm": lambda i: i.token("ec", head={"kid": "one"}),
    "expired": lambda i: i.token(exp=_AGO),
    "expired for longer than clocks may differ": lambda i: i.token(exp=int(time.time()) - 31),
    "without an end": lambda i: i.token(exp=None),
    "an end that is no number": lambda i: i.token(exp="soon"),
    "not valid yet": lambda i: i.token(nbf=int(time.time()) + 60),
    "issued tomorrow": lambda i: i.token(iat=int(time.time()) + 86400),
    "another issuer": lambda i: i.token(iss="https://login.evil.example"),
    "the issuer with a slash": lambda i: i.token(iss=f"{i.url}/"),
    "issuers in a list": lambda i: altered(i.token(), iss=[i.url]),
    "without an issuer": lambda i: i.token(iss=None),
    "another audience": lambda i: i.token(aud="billing"),
    "an audience that begins alike": lambda i: i.token(aud=f"{AUDIENCE}-test"),
    "without an audience": lambda i: i.token(aud=None),
    "without a subject": lambda i: i.token(sub=None),
    "a subject with a line end": lambda i: i.token(sub="5f1c\nadmin"),
    "the name of a key that leads to a file": lambda i: i.token(head={"kid": "../../../../dev/null"}),
    "the name of a key with SQL": lambda i: i.token(head={"kid": "x' UNION SELECT 'secret'--"}),
    "the name of a key is an address": lambda i: i.token(head={"kid": f"{i.url}/keys"}),
    "the name of a key is a number": lambda i: with_head(i, kid=1),
    "without the name of a key": with_head,
    "a log-out token": lambda i: i.token(head={"typ": "logout+jwt"}),
    "a critical extension": lambda i: i.token(head={"crit": ["exp"], "exp": 0}),
    "a payload that stands elsewhere": lambda _: detached(),
    "no token": lambda _: "a.b.c",
    "empty parts": lambda _: "..",
    "nested deeply": lambda _: f"{base64.urlsafe_b64encode(b'[' * 9000).decode()}.e30.AAAA",
}  # fmt: skip


@pytest.mark.attack("a forged, altered, expired, foreign or unsigned token (40 kinds)", "401, invalid_token")
async def test_a_token_that_is_not_the_providers_opens_nothing(
    client: httpx.AsyncClient, issuer: SigningIssuer
) -> None:
    for attack, made in ATTACKS.items():
        answer = await client.get("/v1/things", headers={"authorization": f"Bearer {made(issuer)}"})
        assert answer.status_code == 401, f"{attack}: {answer.text}"
        body = assert_problem(answer, 401, "unauthorized")
        assert 'error="invalid_token"' in answer.headers["www-authenticate"], attack
        assert "Traceback" not in body["detail"]
    # Or the attacks above could fail for another reason.
    good = await client.get("/v1/things", headers={"authorization": f"Bearer {issuer.token()}"})
    assert good.status_code == 200
    by_curve = await client.get("/v1/things", headers={"authorization": f"Bearer {issuer.token('ec')}"})
    assert by_curve.status_code == 200


@contextmanager
def attackers_server(key: Any) -> Iterator[tuple[str, list[str]]]:
    """A server with the attacker's keys, and what was asked of it."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            jwk = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": "one", "alg": "RS256"}
            self.wfile.write(json.dumps({"keys": [jwk]}).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


@pytest.mark.attack(
    "a token that brings its own key (jwk, jku, x5u, x5c)", "401, and its address is not asked"
)
@pytest.mark.parametrize("kid", ["one", "forged"])
async def test_a_token_does_not_say_by_which_key_it_is_checked(
    client: httpx.AsyncClient, issuer: SigningIssuer, kid: str
) -> None:
    own = RSAAlgorithm.to_jwk(FORGER.public_key(), as_dict=True) | {"kid": kid}
    with attackers_server(FORGER) as (address, asked):
        for head in (
            {"jku": f"{address}/keys"},
            {"x5u": f"{address}/chain"},
            {"jwk": own},
            {"x5c": ["MIIB"]},
        ):
            text = issuer.token(head={"kid": kid} | head, key=FORGER)
            answer = await client.get("/v1/things", headers={"authorization": f"Bearer {text}"})
            assert_problem(answer, 401, "unauthorized")
        assert asked == []


@pytest.mark.attack("an ID token of another client, or a token in X-API-Key", "401; no more than as a bearer")
async def test_a_token_is_for_this_api(client: httpx.AsyncClient, issuer: SigningIssuer) -> None:
    id_token = issuer.token(head={"typ": "JWT"}, aud="some-web-site", nonce="n")
    answer = await client.get("/v1/things", headers={"authorization": f"Bearer {id_token}"})
    assert_problem(answer, 401, "unauthorized")
    answer = await client.get("/v1/things", headers={"x-api-key": issuer.token(exp=_AGO)})
    assert_problem(answer, 401, "unauthorized")


@pytest.mark.attack("any text as a token", "refused, never an error of ours")
@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda found: found.decode("latin-1")))
async def test_any_text_is_refused_or_ours(issuer: SigningIssuer, text: str) -> None:
    with pytest.raises(TokenRefusedError):
        await Tokens(Issuer(issuer.url), AUDIENCE, Meaning()).caller(text)


@pytest.mark.attack("a signed token whose claims are of any form", "refused, or somebody without more rights")
@given(
    claims=st.dictionaries(
        st.sampled_from(["sub", "exp", "nbf", "iat", "roles", "areas", "preferred_username", "aud", "iss"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
            ),
            max_leaves=6,
        ),
    )
)
async def test_claims_of_any_form(issuer: SigningIssuer, claims: dict[str, Any]) -> None:
    signed = jwt.api_jws.encode(
        json.dumps(issuer.claims() | claims).encode(), issuer.keys["ec"][1], "ES256", {"kid": "ec"}
    )
    tokens = Tokens(Issuer(issuer.url), AUDIENCE, Meaning(areas="areas"))
    try:
        found = await tokens.caller(signed)
    except TokenRefusedError:
        return
    assert found.role in {"operator", "public"}
    await tokens.issuer.close()
