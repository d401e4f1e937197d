"""The proxy of compose's profile `tls`: its Caddyfile in a real Caddy before a real API."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import pytest

from devices.authority import certificate_pem, key_pem, new_authority, new_key
from runtime.local.process import free_port
from runtime.places import default_cache
from tests.compose import SERVICES, filled, make_env, read_env
from tests.conftest import REPOSITORY
from tests.integration.composed import NOW
from tests.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

CADDYFILE = (REPOSITORY / "deploy/proxy/Caddyfile").read_text()


@pytest.fixture(scope="session")
def caddy() -> Path:
    """The program: installed, or Debian's package unpacked below the cache."""
    folder = default_cache() / "caddy"
    program = folder / "usr/bin/caddy"
    if found := shutil.which("caddy"):
        return Path(found)
    if not program.exists():
        folder.mkdir(parents=True, exist_ok=True)
        commands = ("apt-get download caddy", "dpkg --extract caddy_*.deb .")
        for command in commands:
            done = subprocess.run(command, shell=True, cwd=folder, capture_output=True, check=False)
            if done.returncode:
                pytest.skip(f"no caddy, and `{command}` failed: install it")
    return program


@contextmanager
def proxied(caddy: Path, folder: Path, api: str, **environment: str) -> Iterator[tuple[str, str]]:
    """Run the Caddyfile with ports, folder and API of the test, and yield its addresses by HTTP and HTTPS."""
    http, https, health = (str(free_port()) for _ in range(3))
    text = CADDYFILE
    for old, new in (
        ("http_port 8080", f"http_port {http}"),
        ("https_port 8443", f"https_port {https}"),
        ("127.0.0.1:8081", f"127.0.0.1:{health}"),
        ("/var/lib/halong/proxy", str(folder)),
        ("name apis", "name 127.0.0.1"),
        ("port 8000", f"port {urlsplit(api).port}"),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    (folder / "Caddyfile").write_text(text)
    command = [caddy, "run", "--config", folder / "Caddyfile", "--adapter", "caddyfile"]
    names = {"HALONG_API_NAME": "localhost", "HALONG_GRAFANA_NAME": "grafana.localhost"}
    with (folder / "log").open("w") as log:
        variables = os.environ | names | {"HALONG_TLS": "internal", "HOME": str(folder)} | environment
        process = subprocess.Popen(command, env=variables, stdout=log, stderr=log)
    try:
        until_it_answers(f"http://127.0.0.1:{health}/", process, folder / "log")
        yield f"http://localhost:{http}", f"https://localhost:{https}"
    finally:
        process.terminate()
        process.wait(60)


def until_it_answers(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if httpx.get(url).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(log.read_text()[-2000:])


def client(folder: Path) -> httpx.Client:
    """A client that believes the proxy's own authority."""
    root = folder / "pki/authorities/local/root.crt"
    deadline = time.monotonic() + 60
    while not root.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    return httpx.Client(verify=ssl.create_default_context(cafile=str(root)), timeout=60)


def test_the_api_is_behind_tls_and_believes_the_proxy(caddy: Path, database_url: str, tmp_path: Path) -> None:
    trusted = '["127.0.0.1"]'
    with (
        serving(database_url, tmp_path / "api.log", HALONG_API_TRUSTED_PROXIES=trusted) as api,
        proxied(caddy, tmp_path, api) as (http, https),
        client(tmp_path) as browser,
    ):
        plain = browser.get(f"{http}/v1/areas")
        assert (plain.status_code, plain.headers["location"]) == (308, "https://localhost/v1/areas")
        assert browser.get(f"{https}/health/ready").status_code == httpx.codes.OK
        answer = browser.get(f"{https}/v1/areas")
        # As behind a trusted proxy, it tells browsers to come by https alone.
        assert answer.status_code == httpx.codes.UNAUTHORIZED
        assert "Strict-Transport-Security" in answer.headers
        assert browser.cookies.get("halong_process"), "a browser stays with one process"


def test_certificates_of_ones_own(caddy: Path, tmp_path: Path) -> None:
    authority, key = new_authority("city CA", NOW), new_key()
    (tmp_path / "ca.pem").write_text(certificate_pem(authority.certificate))
    (tmp_path / "own.pem").write_text(certificate_pem(authority.server(["localhost"], key.public_key(), NOW)))
    (tmp_path / "own.key").write_text(key_pem(key))
    files = f"{tmp_path}/own.pem {tmp_path}/own.key"
    with proxied(caddy, tmp_path, "http://127.0.0.1:1", HALONG_TLS=files) as (_, https):
        context = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
        assert httpx.get(https, verify=context, timeout=60).status_code == httpx.codes.BAD_GATEWAY


def test_the_proxy_is_believed_and_finds_who_it_stands_before(tmp_path: Path) -> None:
    """Its names are those of compose's services in the one network that they share."""
    make_env(tmp_path / ".env")
    env = read_env(tmp_path / ".env")
    shared = set(SERVICES["proxy"]["networks"]) & set(SERVICES["api"]["networks"])
    assert shared == {"proxied"}
    assert "proxied" in SERVICES["grafana"]["networks"]
    for name in ("api", "api-more"):
        assert SERVICES[name]["networks"]["proxied"] == {"aliases": ["apis"]}
        trusted = filled(SERVICES[name]["environment"]["HALONG_API_TRUSTED_PROXIES"], env)
        assert trusted == '["10.213.57.0/28"]'
