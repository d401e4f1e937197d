"""Real services for every test: one TimescaleDB and one Mosquitto a session, a fresh database a test.

`HALONG_TEST_DSN` names another TimescaleDB to run against (a superuser's address, any database).
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import hypothesis
import psutil
import psycopg
import pytest
from _pytest._code.code import ExceptionRepr
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from structlog.dev import ConsoleRenderer, plain_traceback

from bench.publisher import forget_session
from devices.credentials import password_hash
from devices.model import BROWSERS
from ingest.shares import client_ids
from runtime.broker_client import client
from runtime.local import process
from runtime.local.browser_broker import BrowserBroker
from runtime.local.mosquitto import LocalMosquitto
from runtime.local.postgres import LocalPostgres
from runtime.local.provision import Binaries, provision
from runtime.places import default_cache
from runtime.settings import Settings
from storage.actor import act_in_sessions_as
from storage.migrate import migrate
from storage.pool import connect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Generator, Iterator

    from psycopg import AsyncConnection

# Speed is measured, never asserted: a busy machine draws examples slowly, too.
hypothesis.settings.register_profile(
    "patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("patient")

T = TypeVar("T")

#: tells that all that was retained has arrived
_LAST = "test/last"
#: of ingest, in any test
_MOST_PROCESSES = 3
#: of xdist
_MOST_WORKERS = 32
#: where Linux keeps files in memory, and what must be free there for the databases of a whole run
_MEMORY = Path("/dev/shm")
_MEMORY_BYTES = 4 * 2**30
REPOSITORY = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("HALONG_SHARED", REPOSITORY.parent / "shared"))


def pytest_configure() -> None:
    """Give each of xdist's processes ports of its own, which no other one finds free at the same time."""
    # As services log them: structlog's own tracebacks show all local variables, which takes seconds each.
    ConsoleRenderer.get_active().exception_formatter = plain_traceback
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    process._PORTS = process._PORTS[number % _MOST_WORKERS :: _MOST_WORKERS]  # type: ignore[misc]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with files that take long, and end with short ones: no process is left with a long one alone."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (item.path not in slow, "unit" in item.path.parts))
    if items and items[0].config.getoption("reruns", None):
        # A page is drawn anew while a test reads it: whatever failed there is tried once more (decision 130).
        for item in items:
            if item.get_closest_marker("browser"):
                item.add_marker(pytest.mark.flaky(reruns=1, reruns_delay=3, only_rerun=["."]))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add to what failed the broker's last words: it alone tells why it closed a connection."""
    report = yield
    broker = getattr(item, "funcargs", {}).get("session_broker")
    if report.failed and broker and isinstance(report.longrepr, ExceptionRepr):
        report.longrepr.addsection("The broker's log", broker.server.last_words())
    return report


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of facts and cases made by others, which are not part of the project."""
    if not (SHARED / "cases").is_dir():
        pytest.skip(f"no facts and cases at {SHARED}: set HALONG_SHARED to the folder that has them")
    return SHARED


@pytest.fixture(scope="session")
def binaries() -> Binaries:
    return provision(default_cache())


@pytest.fixture(scope="session")
def scratch() -> Iterator[Path]:
    """A folder that the servers' users can reach."""
    with _folder() as folder:
        yield folder


@contextmanager
def _folder(parent: Path | None = None) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=f"halong-test-{os.getpid()}-", dir=parent))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def _memory() -> Path | None:
    """A place in memory for what may be lost, where a test's database is copied ten times as fast."""
    if not _MEMORY.is_dir():
        return None
    for left in _MEMORY.glob("halong-test-*-*"):  # by a run that was killed: it would hold memory for ever
        if not psutil.pid_exists(int(left.name.split("-")[2])):
            shutil.rmtree(left, ignore_errors=True)
    return _MEMORY if shutil.disk_usage(_MEMORY).free > _MEMORY_BYTES else None


@pytest.fixture(scope="session")
def postgres_dsn(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a server on which the tests may create databases."""
    if given := os.environ.get("HALONG_TEST_DSN"):
        yield given
        return
    binaries = request.getfixturevalue("binaries")
    # No background workers: they would connect to the template, which then cannot be copied.
    settings = {"timescaledb.max_background_workers": "0", "max_worker_processes": "4"}
    with (
        _folder(_memory()) as folder,
        LocalPostgres(binaries, folder / "postgres", durable=False, settings=settings) as server,
    ):
        yield server.dsn("postgres")


@pytest.fixture(scope="session")
def template(postgres_dsn: str) -> Iterator[str]:
    """The name of a migrated database to copy."""
    name = f"halong_template_{os.getpid()}"
    _create(postgres_dsn, name)
    asyncio.run(migrate(_with_database(postgres_dsn, name)))
    yield name
    _drop(postgres_dsn, name)


@contextmanager
def database(dsn: str, template: str = "template1") -> Iterator[str]:
    """The address of a copy of a database, which is dropped at the end."""
    name = f"halong_{os.getpid()}_{secrets.token_hex(4)}"
    _create(dsn, name, template)
    yield _with_database(dsn, name)
    _drop(dsn, name)


@pytest.fixture
def database_url(postgres_dsn: str, template: str) -> Iterator[str]:
    """The address of a fresh, migrated database."""
    with database(postgres_dsn, template) as url:
        yield url


@pytest.fixture
def empty_database_url(postgres_dsn: str) -> Iterator[str]:
    """The address of a fresh database without any schema."""
    with database(postgres_dsn) as url:
        yield url


@pytest.fixture
async def conn(database_url: str) -> AsyncIterator[AsyncConnection[Any]]:
    """A connection to the test's own database, in autocommit mode."""
    connection = await connect(database_url)
    async with connection:
        yield connection


@dataclass
class Broker:
    """The session's broker, which admits gateways one by one."""

    server: LocalMosquitto
    passwords: dict[str, str] = field(default_factory=dict)
    plain: dict[str, str] = field(default_factory=dict)

    @property
    def platform_url(self) -> str:
        """For halong's own services."""
        return self.server.platform_url

    @property
    def gateway_url(self) -> str:
        """For gateways; without a user."""
        return self.server.gateway_url

    def add_gateway(self, code: str, password: str | None = None) -> str:
        """Admit a gateway and return its password, which stays: with another the broker may start again."""
        known = self.plain.get(code)
        if known is None or password not in (None, known):
            self.plain[code] = password or secrets.token_urlsafe(12)
            self.passwords[code] = password_hash(self.plain[code])
            self.server.reload(self.passwords)
        return self.plain[code]


@pytest.fixture(scope="session")
def session_broker(binaries: Binaries, scratch: Path) -> Iterator[Broker]:
    with LocalMosquitto(binaries, scratch / "mosquitto", autosave_on_changes=False) as server:
        yield Broker(server)


@pytest.fixture
def broker(session_broker: Broker) -> Iterator[Broker]:
    """The session's broker, which forgets what it retains of the test.

    The next one's ingest would be told the states of gateways that it does not know.
    """
    yield session_broker
    in_thread(_forget_retained(session_broker.platform_url))


@pytest.fixture(scope="session")
def browsers(session_broker: Broker, binaries: Binaries, scratch: Path) -> Iterator[BrowserBroker]:
    """The broker for browsers, of the session's broker."""
    gateways = ("127.0.0.1", session_broker.server.gateway_port)
    password = session_broker.add_gateway(BROWSERS)
    with BrowserBroker(binaries, scratch / "browsers", gateways=gateways, bridge_password=password) as server:
        yield server


@pytest.fixture
def gateway_code() -> str:
    """A code that no other test uses."""
    return f"gw-{secrets.token_hex(5)}"


@pytest.fixture
def settings(database_url: str, broker: Broker) -> Settings:
    """Settings of services that run against the test's database and the session's broker.

    Gateways' codes are unique, and so is ingest's client id.
    """
    return make_settings(database_url=database_url, mqtt_url=broker.platform_url)


#: what the test has made: ingest subscribes for good under the client ids in them
_MADE: list[Settings] = []


def make_settings(**changes: Any) -> Settings:
    made = Settings.model_validate({"ingest_client_id": f"ingest-{secrets.token_hex(4)}", **changes})
    _MADE.append(made)
    return made


@pytest.fixture(autouse=True)
def nobody_acts() -> None:
    """Forget in whose name a command of another test has changed the registry."""
    act_in_sessions_as("")


@pytest.fixture(autouse=True)
def sessions_end() -> Iterator[None]:
    """End ingest's sessions with the test: their queues would grow with the messages of every other test."""
    yield
    ended = [_MADE.pop() for _ in _MADE.copy()]
    if any(each.mqtt_url for each in ended):
        in_thread(_end_sessions(ended))


def in_thread(work: Coroutine[Any, Any, T]) -> T:
    """Return what a coroutine returns, run in a thread: a browser's driver runs a loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


async def _end_sessions(ended: list[Settings]) -> None:
    for each in ended:
        if each.mqtt_url:
            for client_id in client_ids(changed(each, ingest_processes=_MOST_PROCESSES)):
                with suppress(OSError):  # a broker of the test's own, which has ended as well
                    await forget_session(str(each.mqtt_url), client_id)


async def _forget_retained(url: str) -> None:
    """Retain nothing: what is retained is delivered before what is published after the subscription."""
    async with client(url, f"test-{secrets.token_hex(4)}") as broker:
        await broker.subscribe("#")
        await broker.publish(_LAST, b"")
        retained = []
        async for message in broker.messages:
            if message.topic.matches(_LAST):
                break
            if message.retain:
                retained.append(str(message.topic))
        for topic in retained:
            await broker.publish(topic, b"", qos=1, retain=True)


def changed(settings: Settings, **changes: Any) -> Settings:
    """The same settings with some of them changed."""
    return Settings.model_validate(settings.model_dump(exclude_unset=True) | changes)


def _with_database(dsn: str, name: str) -> str:
    parts = conninfo_to_dict(dsn)
    host, port = parts.get("host", "127.0.0.1"), parts.get("port", 5432)
    return f"postgresql://{parts.get('user')}:{parts.get('password') or ''}@{host}:{port}/{name}"


def _create(dsn: str, name: str, template: str = "template1") -> None:
    with psycopg.connect(make_conninfo(dsn), autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())


def _drop(dsn: str, name: str) -> None:
    with psycopg.connect(make_conninfo(dsn), autocommit=True) as server:
        server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())
