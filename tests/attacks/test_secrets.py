"""Every secret is marked, every service runs and fails with it, and nothing that it told has one."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from base64 import b64encode
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from secrets import token_hex
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit, urlunsplit

import httpx
import pytest
from psycopg import sql
from pydantic import ValidationError

from analytics import alert_actions, values
from analytics.indicator import INDICATORS
from api import keys
from runtime.local.process import free_port
from runtime.settings import Settings
from tests.conftest import REPOSITORY
from tests.integration import test_alerts as alerts
from tests.integration.city import register
from tests.integration.test_ingest import gateway_client
from tests.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from psycopg import AsyncConnection

    from tests.conftest import Broker

#: nobody listens there
_NOBODY = "127.0.0.1:1"


class Secrets(dict[str, str]):
    """Secrets by name, made when they are asked for."""

    def __missing__(self, name: str) -> str:
        self[name] = f"marked-{name}-{token_hex(12)}"
        return self[name]

    def found_in(self, text: str) -> list[str]:
        """Names of those that a text has, in clear or as headers and addresses have them."""
        return [
            name
            for name, secret in self.items()
            if any(
                form in text for form in (secret, quote(secret, safe=""), b64encode(secret.encode()).decode())
            )
        ]


@pytest.fixture
def marked() -> Secrets:
    return Secrets()


def with_password(url: str, user: str, password: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{user}:{password}@{parts.hostname}:{parts.port}"))


def surroundings(marked: Secrets, **changes: str) -> dict[str, str]:
    """The environment of a service, with a secret wherever one may stand."""
    targets = {"desk": f"http://{_NOBODY}/{marked['hook']}", "duty": "mailto:duty@example.org"}
    return {
        "HALONG_LOG_LEVEL": "debug",
        "HALONG_ALERT_TARGETS": json.dumps(targets),
        "HALONG_ALERT_WEBHOOK_SECRET": marked["signature"],
        "HALONG_ALERT_READER_PASSWORD": marked["reader"],
        "HALONG_BROWSER_MQTT_URL": f"ws://{_NOBODY}",
        "HALONG_BROWSER_BROKER_URL": f"mqtt://halong:{marked['browsers']}@{_NOBODY}",
        "HALONG_BROWSER_BRIDGE_PASSWORD": marked["bridge"],
        "HALONG_SMTP_URL": f"smtps://user:{marked['mail']}@{_NOBODY}",
        "HALONG_DASHBOARD_PASSWORD": marked["dashboard"],
        "HALONG_OPEN_DATA_TARGET": "s3://bucket/open",
        "AWS_ENDPOINT_URL": f"http://{_NOBODY}",
        "AWS_ACCESS_KEY_ID": "halong",
        "AWS_SECRET_ACCESS_KEY": marked["store"],
        "AWS_REGION": "hanoi",
        **changes,
    }


@contextmanager
def service(name: str, log: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run `halong NAME`, with all it says in a file."""
    command = [sys.executable, "-m", "runtime.cli", *name.split()]
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, cwd=REPOSITORY, env=os.environ | environment, stdout=output, stderr=output
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(40)


async def until_told(log: Path, *words: str) -> None:
    async with asyncio.timeout(120):
        while not all(word in log.read_text() for word in words):
            await asyncio.sleep(0.2)


@pytest.mark.attack(
    "secrets in logs, metrics and problems: every service runs with marked ones, works and fails",
    "none is told anywhere",
)
@pytest.mark.slow
async def test_no_service_tells_a_secret(
    conn: AsyncConnection[Any], database_url: str, broker: Broker, gateway_code: str, tmp_path: Path,
    marked: Secrets,
) -> None:  # fmt: skip
    user = f"marked_{token_hex(4)}"
    await _set_password(conn, "CREATE", user, marked["database"])
    url = with_password(database_url, user, marked["database"])
    marked["broker"] = broker.server.password_file.read_text().strip()
    marked["key"], _ = await keys.create(conn, "someone", "admin")
    await _make_an_alert(conn, gateway_code)
    ports = {name: str(free_port()) for name in ("ingest", "analytics")}
    logs = {name: tmp_path / f"{name}.log" for name in ("api", "ingest", "analytics", "open-data serve")}
    try:
        with ExitStack() as running:
            common = surroundings(marked, HALONG_DATABASE_URL=url, HALONG_MQTT_URL=broker.platform_url)
            for name in ("ingest", "analytics", "open-data serve"):
                own = {"HALONG_METRICS_PORT": ports[name]} if name in ports else {}
                running.enter_context(service(name, logs[name], common | own))
            address = running.enter_context(serving(url, logs["api"], **surroundings(marked)))
            await until_told(logs["ingest"], "mqtt_subscribed")
            await until_told(logs["analytics"], "alert_untold")
            async with gateway_client(broker, gateway_code) as client:
                marked["gateway"] = broker.passwords[gateway_code]
                await client.publish(f"city/v1/{gateway_code}/up/observations", b"[}", qos=1)
            answers = await _ask(address, marked)
            answers += [await _text(f"http://127.0.0.1:{port}/metrics") for port in ports.values()]
            await _set_password(conn, "ALTER", user, "another one")
            await conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", [user]
            )
            answers += await _ask(address, marked)
            await until_told(logs["analytics"], "password authentication failed")
    finally:
        await conn.execute(sql.SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(sql.Identifier(user)))
    told = {name: file.read_text() for name, file in logs.items()} | {"answers": "\n".join(answers)}
    assert [(name, marked.found_in(text)) for name, text in told.items() if marked.found_in(text)] == []
    assert "halong_ingest_messages_total" in told["answers"]
    assert "urn:halong:problem:database-away" in told["answers"]
    assert "alert_untold" in told["analytics"]


async def _set_password(conn: AsyncConnection[Any], verb: str, user: str, password: str) -> None:
    statement = sql.SQL(f"{verb} ROLE {{}} LOGIN SUPERUSER PASSWORD {{}}")
    await conn.execute(statement.format(sql.Identifier(user), sql.Literal(password)))


async def _make_an_alert(conn: AsyncConnection[Any], gateway: str) -> None:
    await register(conn, gateway)
    await values.write_catalogue(conn, INDICATORS.values())
    await alert_actions.import_rules(
        conn, [alerts.rule(escalation=(alerts.DESK, alerts.Step(target="duty")))]
    )
    await alerts.store(conn, datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - alerts.HOUR, 160)


async def _ask(address: str, marked: Secrets) -> list[str]:
    """What the API answers to who has a key, has none, has a wrong one, or sends it wrongly."""
    key, wrong = marked["key"], f"{marked['key'][:-8]}{token_hex(4)}"
    async with httpx.AsyncClient(base_url=address, trust_env=False, timeout=30) as http:
        answers = [
            await http.get("/v1/areas", headers={"x-api-key": key}),
            await http.get("/v1/areas", headers={"x-api-key": wrong}),
            await http.get("/v1/areas", headers={"authorization": f"Basic {key}"}),
            await http.get("/v1/indicators/x/values", headers={"authorization": f"Bearer {key}"}),
            await http.post("/v1/alert-silences", headers={"x-api-key": key}, content="{"),
            await http.post("/console/key", data={"key": key}),
            await http.post("/v1/mqtt-tokens", headers={"x-api-key": key}, json={}),
            await http.get("/open/"),
            await http.get("/health/ready"),
            await http.get("/metrics"),
        ]
    return [answer.text for answer in answers]


async def _text(url: str) -> str:
    async with httpx.AsyncClient(trust_env=False) as http:
        return (await http.get(url)).text


@pytest.mark.attack("secrets in what commands say of wrong settings, with tracebacks", "none is told")
@pytest.mark.slow
@pytest.mark.parametrize(
    "command", ["check", "api", "ingest", "analytics", "migrate", "broker files --out x"]
)
def test_no_command_tells_a_secret(command: str, tmp_path: Path, marked: Secrets) -> None:
    database, broker = marked["database"], marked["broker"]
    wrong = (
        (f"postgresql://u:{database}@{_NOBODY}/x", f"mqtt://halong:{broker}@{_NOBODY}"),
        (f"postgresql://u:{database}%zz@{_NOBODY}/x", f"mqtt://halong:{broker}%zz@{_NOBODY}"),
        (f"postgresql://u:{database}@@{_NOBODY}/x", f"mqtt://halong:{broker}@@{_NOBODY}"),
        (f"postgresql://u:{database}/x@{_NOBODY}/x", f"mqtt://halong:{broker}/x@{_NOBODY}"),
        (f"postgresql://u:{database}@{_NOBODY}/x?nonsense=1", f"amqp://halong:{broker}@{_NOBODY}"),
        (f"postgresql://u@{_NOBODY}/x?password={database}", f"mqtt://halong:{broker}#@{_NOBODY}"),
    )
    logs = [tmp_path / f"{number}.log" for number in range(len(wrong))]
    with ExitStack() as running:
        for log, (first, second) in zip(logs, wrong, strict=True):
            given = {"HALONG_DATABASE_URL": first, "HALONG_MQTT_URL": second, "HALONG_DEBUG": "1"}
            running.enter_context(service(command, log, surroundings(marked, **given)))
        deadline = time.monotonic() + 60
        while not all(log.read_text() for log in logs) and time.monotonic() < deadline:
            time.sleep(0.2)
    told = [log.read_text() for log in logs]
    assert all(told)
    assert [marked.found_in(each) for each in told] == [[]] * len(told)


@pytest.mark.attack("secrets where settings are shown", "none: not in their repr, not in an error")
def test_settings_show_no_secret(marked: Secrets, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in surroundings(marked).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HALONG_DATABASE_URL", f"postgresql://u:{marked['database']}@h/x")
    monkeypatch.setenv("HALONG_MQTT_URL", f"mqtt://u:{marked['broker']}@h")
    monkeypatch.setenv("HALONG_GATEWAY_MQTT_URL", f"mqtt://u:{marked['gateway']}@h")
    settings = Settings()
    assert marked.found_in(f"{settings!r} {settings}") == []
    monkeypatch.setenv("HALONG_DATABASE_URL", f"postgresql://u:{marked['database']}%@h/x")
    monkeypatch.setenv("HALONG_API_PORT", "many")
    with pytest.raises(ValidationError) as raised:
        Settings()
    assert marked.found_in(f"{raised.value!r} {raised.value}") == []
