"""OpenID providers: a real one (oidc-provider, from npm), and one that signs whatever it is told."""

from __future__ import annotations

import json
import re
import subprocess
import threading
import time
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import get_default_algorithms

from tests.conftest import REPOSITORY
from tests.npm import install

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from typing import Self

_FOLDER: Final = REPOSITORY / "tests" / "oidc"
#: of the provider's clients
SECRET: Final = "of-tests-alone-0123456789abcdef0123456789"
AUDIENCE: Final = "halong"


@contextmanager
def provider(log: Path, people: Mapping[str, Any]) -> Iterator[str]:
    """Run oidc-provider on loopback and yield its address; people's names lead to their claims."""
    node = install(_FOLDER, "the OpenID provider")
    command = [node, str(_FOLDER / "issuer.mjs"), json.dumps(people)]
    with log.open("w") as output, subprocess.Popen(command, stdout=output, stderr=output) as server:
        try:
            yield _address(server, log)
        finally:
            server.terminate()


def _address(server: subprocess.Popen[bytes], log: Path) -> str:
    until = time.monotonic() + 30
    while server.poll() is None and time.monotonic() < until:
        if found := re.search(r"^listening on (\S+)", log.read_text(), re.MULTILINE):
            return found[1]
        time.sleep(0.1)
    pytest.fail(f"the provider does not answer: {log.read_text()[-500:]}")


async def program_token(issuer: str, client: str, audience: str = AUDIENCE) -> str:
    """Return the token that the provider gives to one of its programs."""
    form = {"grant_type": "client_credentials", "resource": f"https://halong.example/{audience}"}
    async with httpx.AsyncClient(auth=(client, SECRET)) as http:
        answer = await http.post(f"{issuer}/token", data=form)
    assert answer.status_code == 200, answer.text
    text: str = answer.json()["access_token"]
    return text


def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


class SigningIssuer:
    """A provider on loopback that signs whatever it is told, right or wrong.

    keys: name -> (algorithm, private key) of what it publishes. asked: requests by path. is_away: it answers
    503. pause_s: seconds until it answers. id_token: what it gives for any code. redeemed: what it was sent.
    """

    def __init__(self) -> None:
        self.keys: dict[str, tuple[str, Any]] = {"one": ("RS256", rsa_key())}
        self.asked: Counter[str] = Counter()
        self.is_away, self.pause_s = False, 0.0
        self.id_token, self.redeemed = "", b""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Claims of a good token; what is changed to None is left out."""
        now = int(time.time())
        made = {
            "iss": self.url, "aud": AUDIENCE, "sub": "5f1c", "preferred_username": "minh", "iat": now,
            "exp": now + 300, "roles": ["operator"],
        }  # fmt: skip
        return {name: value for name, value in (made | changes).items() if value is not None}

    def token(
        self, kid: str = "one", head: Mapping[str, Any] | None = None, key: Any = None, **changes: Any
    ) -> str:
        """A token with some claims, signed by a key of `keys` or by another one, with more in its head."""
        algorithm, own = self.keys[kid]
        headers = {"kid": kid, "typ": "at+jwt", **(head or {})}
        return jwt.encode(self.claims(**changes), key or own, headers.pop("alg", algorithm), headers)

    def documents(self) -> dict[str, Any]:
        """What it publishes, by path."""
        published = [
            get_default_algorithms()[algorithm].to_jwk(key.public_key(), as_dict=True)
            | {"kid": kid, "use": "sig", "alg": algorithm}
            for kid, (algorithm, key) in self.keys.items()
        ]
        return {
            "/.well-known/openid-configuration": {
                "issuer": self.url,
                "jwks_uri": f"{self.url}/keys",
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
            },
            "/token": {"id_token": self.id_token},
            "/keys": {"keys": published},
        }

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked[self.path] += 1
                time.sleep(issuer.pause_s)
                found = None if issuer.is_away else issuer.documents().get(self.path)
                self.send_response(503 if issuer.is_away else 404 if found is None else 200)
                self.end_headers()
                self.wfile.write(json.dumps(found).encode())

            def do_POST(self) -> None:
                issuer.redeemed = self.rfile.read(int(self.headers["Content-Length"]))
                self.do_GET()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler
