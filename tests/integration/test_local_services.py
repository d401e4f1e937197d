"""The real servers as child processes: provisioned, started, crashed, reloaded, stopped."""

from __future__ import annotations

import asyncio
import io
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiomqtt
import psycopg
import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from rich.console import Console

from devices.authority import certificate_pem, key_pem, new_key
from devices.credentials import password_hash
from devices.model import PLATFORM_USER
from runtime.demo import Folders, local_services
from runtime.demo_card import write_card
from runtime.local.browser_broker import BrowserBroker
from runtime.local.errors import LocalServiceError
from runtime.local.mosquitto import LocalMosquitto
from runtime.local.postgres import LocalPostgres
from runtime.local.process import ServerProcess, ServiceUser, free_port
from runtime.local.provision import Binaries, provision
from runtime.places import default_cache
from runtime.settings import Settings
from tests.listening import heard, next_of

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
ADMITTED = {name: password_hash(f"{name} sesame") for name in ("gw-1", "gw-2")}


@pytest.fixture(scope="module")
def programs() -> Binaries:
    return provision(default_cache())


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that another user can reach, which pytest's own tmp_path is not."""
    path = Path(tempfile.mkdtemp(prefix="halong-test-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def postgres(programs: Binaries, folder: Path) -> Iterator[LocalPostgres]:
    with LocalPostgres(programs, folder / "postgres", port=free_port(), durable=False) as server:
        yield server


@pytest.fixture
def broker(programs: Binaries, folder: Path) -> Iterator[LocalMosquitto]:
    with LocalMosquitto(
        programs,
        folder / "mosquitto",
        gateway_port=free_port(),
        platform_port=free_port(),
        passwords=ADMITTED,
    ) as server:
        yield server


def rows(dsn: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def test_timescaledb_works_on_a_c_utf8_database_in_utc(postgres: LocalPostgres) -> None:
    dsn = postgres.ensure_database("halong")
    rows(dsn, "CREATE EXTENSION timescaledb")
    rows(dsn, "CREATE TABLE observations (time timestamptz NOT NULL, value float8)")
    rows(dsn, "SELECT create_hypertable('observations', 'time')")
    rows(dsn, "INSERT INTO observations VALUES ('2026-11-22T08:15:00Z', 31.2)")
    assert rows(dsn, "SELECT time_bucket('1 hour', time)::text, avg(value) FROM observations GROUP BY 1") == [
        ("2026-11-22 08:00:00+00", 31.2)
    ]
    assert rows(
        dsn, "SELECT datcollate, pg_encoding_to_char(encoding) FROM pg_database WHERE datname = 'halong'"
    ) == [("C.UTF-8", "UTF8")]
    assert rows(
        dsn, "SELECT '2026-11-22T00:00Z'::timestamptz AT TIME ZONE 'Asia/Ho_Chi_Minh' = '2026-11-22 07:00'"
    ) == [(True,)]


def test_ensure_database_is_idempotent(postgres: LocalPostgres) -> None:
    assert postgres.ensure_database("one") == postgres.ensure_database("one") == postgres.dsn("one")


def test_a_wrong_superuser_password_is_refused(postgres: LocalPostgres) -> None:
    password = postgres.password_file.read_text()
    assert postgres.password_file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgres.dsn("postgres").replace(password, "wrong"))


def test_a_killed_server_starts_again_with_what_was_committed(programs: Binaries, folder: Path) -> None:
    server = LocalPostgres(programs, folder / "postgres", port=free_port())
    with server:
        dsn = server.ensure_database()
        rows(dsn, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
        server.kill()
        assert not server.is_running
        assert (server.data_dir / "postmaster.pid").exists()
        server.start()
        assert rows(dsn, "SELECT count(*) FROM kept") == [(1000,)]


def test_a_process_id_that_another_program_took_stops_no_start(programs: Binaries, folder: Path) -> None:
    server = LocalPostgres(programs, folder / "postgres", port=free_port(), durable=False)
    with server:
        server.kill()
        user = ServiceUser.choose("postgres", "nobody")
        bystander = ServerProcess("sleep", folder / "sleep.log", user, signal.SIGTERM)
        bystander.start(["sleep", "60"])
        pid_file = server.data_dir / "postmaster.pid"
        pid_file.write_text("\n".join([str(bystander.pid), *pid_file.read_text().splitlines()[1:], ""]))
        server.start()
        assert rows(server.dsn("postgres"), "SELECT 1") == [(1,)]
        bystander.stop()


def test_a_second_server_on_the_same_data_is_refused(programs: Binaries, postgres: LocalPostgres) -> None:
    second = LocalPostgres(programs, postgres.folder, port=free_port())
    with pytest.raises(LocalServiceError, match=rf"already runs on .*process {postgres.pid}\)"):
        second.start()
    assert rows(postgres.dsn("postgres"), "SELECT 1") == [(1,)]


def test_a_start_that_fails_tells_the_end_of_the_log(programs: Binaries, folder: Path) -> None:
    server = LocalPostgres(programs, folder / "postgres", settings={"no_such_setting": "1"}, durable=False)
    with pytest.raises(LocalServiceError, match=r'unrecognized configuration parameter "no_such_setting"'):
        server.start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts servers as another user")
def test_a_place_that_the_server_cannot_reach_is_told(programs: Binaries, folder: Path) -> None:
    folder.chmod(0o700)
    with pytest.raises(LocalServiceError, match=rf"can't enter {folder}: .*HALONG_STATE_DIR"):
        LocalPostgres(programs, folder / "postgres").start()


def gateway(
    broker: LocalMosquitto, name: str, password: str | None = None, **options: object
) -> aiomqtt.Client:
    return aiomqtt.Client(
        "127.0.0.1",
        broker.gateway_port,
        username=name,
        password=f"{name} sesame" if password is None else password,
        protocol=aiomqtt.ProtocolVersion.V5,
        timeout=60,
        **options,  # type: ignore[arg-type]
    )


def platform(broker: LocalMosquitto, identifier: str = "test", **options: object) -> aiomqtt.Client:
    return aiomqtt.Client(
        "127.0.0.1",
        broker.platform_port,
        identifier=identifier,
        username=PLATFORM_USER,
        password=broker.password_file.read_text(),
        protocol=aiomqtt.ProtocolVersion.V5,
        timeout=60,
        **options,  # type: ignore[arg-type]
    )


async def next_topic(queue: asyncio.Queue[tuple[str, bytes]]) -> str:
    topic, _ = await next_of(queue)
    return topic


@pytest.mark.attack("a wrong name or password at the broker", "not authorized")
@pytest.mark.parametrize(("name", "password"), [("gw-1", "wrong"), ("gw-1", ""), ("gw-9", "gw-9 sesame")])
async def test_a_wrong_user_or_password_is_refused(broker: LocalMosquitto, name: str, password: str) -> None:
    with pytest.raises(aiomqtt.MqttError, match="Not authorized"):
        async with gateway(broker, name, password):
            pass


@pytest.mark.attack("anonymous at the broker, at both listeners", "not authorized")
async def test_nobody_comes_in_without_a_name(broker: LocalMosquitto) -> None:
    for port in (broker.gateway_port, broker.platform_port):
        with pytest.raises(aiomqtt.MqttError, match="Not authorized"):
            async with aiomqtt.Client("127.0.0.1", port, protocol=aiomqtt.ProtocolVersion.V5, timeout=60):
                pass


@pytest.mark.attack("publish as another gateway, or what halong alone says", "does not arrive")
async def test_a_gateway_publishes_only_below_its_own_up(broker: LocalMosquitto) -> None:
    async with (
        platform(broker) as halong,
        gateway(broker, "gw-1") as gw,
        heard(halong, "city/#") as topics,
    ):
        for topic in (
            "gw-2/up/observations",
            "gw-1/down/command",
            "gw-1/other",
            "gw-1/up/other",
            "gw-1/up/status/x",
        ):
            await gw.publish(f"city/v1/{topic}", b"{}", qos=1)
        await gw.publish("city/v1/gw-1/up/observations", b"{}", qos=1)
        assert await next_topic(topics) == "city/v1/gw-1/up/observations"


@pytest.mark.attack("read another gateway's topics", "nothing is heard")
async def test_a_gateway_reads_only_its_own_down(broker: LocalMosquitto) -> None:
    async with platform(broker) as halong, gateway(broker, "gw-1") as gw, heard(gw, "city/v1/#") as topics:
        for topic in (
            "gw-2/down/command",
            "gw-2/up/observations",
            "gw-1/up/observations",
            "gw-1/down/command",
        ):
            await halong.publish(f"city/v1/{topic}", b"{}", qos=1)
        assert await next_topic(topics) == "city/v1/gw-1/down/command"


@pytest.mark.attack(
    "take over the client id of ingest, and with it the queue", "the broker gives it its own name"
)
async def test_a_gateway_can_not_take_over_the_session_of_ingest(broker: LocalMosquitto) -> None:
    async with (
        platform(broker, "ingest-0") as ingest,
        heard(ingest, "city/v1/+/up/#") as topics,
        gateway(broker, "gw-1", identifier="ingest-0") as gw,
    ):
        await gw.publish("city/v1/gw-1/up/status", b"{}", qos=1)
        assert await next_topic(topics) == "city/v1/gw-1/up/status"


async def test_reload_admits_another_gateway_and_keeps_who_is_there(broker: LocalMosquitto) -> None:
    pid = broker.pid
    async with (
        platform(broker) as halong,
        gateway(broker, "gw-1") as old,
        heard(halong, "city/#") as topics,
    ):
        broker.reload(ADMITTED | {"gw-3": password_hash("gw-3 sesame")})
        await until_connects(broker, "gw-3")
        await old.publish("city/v1/gw-1/up/status", b"{}", qos=1)
        assert await next_topic(topics) == "city/v1/gw-1/up/status"
    assert broker.pid == pid


async def test_reload_shuts_out_who_is_gone_and_lets_the_others_come_back(broker: LocalMosquitto) -> None:
    broker.reload({"gw-1": password_hash("gw-1 sesame")})
    await until_connects(broker, "gw-2", is_admitted=False)
    await until_connects(broker, "gw-1")


async def test_a_password_that_changes_while_its_gateway_is_away_costs_nobody_a_connection(
    broker: LocalMosquitto,
) -> None:
    """On SIGHUP Mosquitto 2.0 corrupts its list of sessions to expire, and ends who connects later."""
    away, others = ([f"gw-{n}" for n in numbers] for numbers in (range(1, 7), range(7, 13)))
    session: dict[str, Any] = {"clean_start": False, "properties": session_expiry(3600)}
    kept = {name: password_hash(f"{name} sesame") for name in others}
    broker.reload(kept | {name: password_hash(f"{name} sesame") for name in away})
    for name in away:
        await until_connects(broker, name, **session)
    broker.reload(kept | {name: password_hash(f"{name} changed") for name in away})
    await until_connects(broker, away[0], is_admitted=False)
    come = [gateway(broker, name, f"{name} changed", **session) for name in away]
    come += [gateway(broker, name) for name in others]
    async with AsyncExitStack() as stack:
        for client in come:
            await stack.enter_async_context(client)
        await asyncio.sleep(3)  # each second it looks for sessions to expire
        for client, name in zip(come, away + others, strict=True):
            await client.publish(f"city/v1/{name}/up/status", b"{}", qos=1)
    assert "Expiring client" not in broker.last_words(1000)


async def until_connects(
    broker: LocalMosquitto, name: str, *, is_admitted: bool = True, **session: object
) -> None:
    """Wait until a gateway can log in with its first password, or no longer can."""
    async with asyncio.timeout(40):
        while await can_connect(broker, name, **session) is not is_admitted:
            await asyncio.sleep(0.05)


async def can_connect(broker: LocalMosquitto, name: str, **session: object) -> bool:
    try:
        async with gateway(broker, name, **session):
            return True
    except aiomqtt.MqttError:
        return False


def session_expiry(seconds: int) -> Properties:
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = seconds
    return properties


@pytest.mark.parametrize("end", ["stop", "kill"])
async def test_a_restart_keeps_what_waits_for_ingest(broker: LocalMosquitto, end: str) -> None:
    session = {"clean_start": False, "properties": session_expiry(3600)}
    async with platform(broker, "ingest-0", **session) as ingest:
        await ingest.subscribe("city/v1/+/up/#", qos=1)
    async with gateway(broker, "gw-1") as gw:
        for n in range(50):
            await gw.publish(queued(n), b"{}", qos=1)
    if end == "kill":
        await until_saved(broker.folder / "mosquitto.db", time.time())
    getattr(broker, end)()
    broker.platform_port = free_port()
    broker.start()
    async with (
        platform(broker, "ingest-0", **session) as ingest,
        heard(ingest, "city/v1/+/up/#") as topics,
    ):
        assert [await next_topic(topics) for _ in range(50)] == [queued(n) for n in range(50)]


async def test_a_reload_while_ingest_is_away_keeps_its_queue(broker: LocalMosquitto) -> None:
    """Also after a restart of the broker, which Mosquitto 2.0 does not (its issue 2934)."""
    session = {"clean_start": False, "properties": session_expiry(3600)}
    admitted = {"gw-1": password_hash("gw-1 sesame")}
    async with platform(broker, "ingest-0", **session) as ingest:
        await ingest.subscribe("city/v1/+/up/#", qos=1)
    for step in range(3):
        if step == 1:
            broker.stop()
            broker.start()
        broker.reload(admitted)
        async with gateway(broker, "gw-1") as gw:
            for n in range(10):
                await gw.publish(queued(10 * step + n), b"{}", qos=1)
    async with (
        platform(broker, "ingest-0", **session) as ingest,
        heard(ingest, "city/v1/+/up/#") as topics,
    ):
        assert [await next_topic(topics) for _ in range(30)] == [queued(n) for n in range(30)]


def queued(number: int) -> str:
    return f"city/v1/gw-1/up/{('observations', 'status', 'response')[number % 3]}"


async def until_saved(store: Path, since: float) -> None:
    """Wait until the broker, which saves each second, has saved what it had at `since`, s since 1970."""
    async with asyncio.timeout(40):
        while not store.exists() or store.stat().st_mtime <= since:
            await asyncio.sleep(0.05)


def test_mosquittos_own_programs_work(programs: Binaries, broker: LocalMosquitto) -> None:
    options = f"-p {broker.gateway_port} -u gw-1 -V 5 -q 1 -t city/v1/gw-1/up/observations -m {{}}"
    command = [str(programs.mosquitto_pub), "-P", "gw-1 sesame", *options.split()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0, done.stderr


def test_a_broker_whose_port_is_taken_tells_it(
    programs: Binaries, broker: LocalMosquitto, folder: Path
) -> None:
    second = LocalMosquitto(programs, folder / "second", gateway_port=broker.gateway_port)
    with pytest.raises(LocalServiceError, match="Address already in use"):
        second.start()


def test_a_broker_that_was_slower_takes_another_port(
    programs: Binaries, broker: LocalMosquitto, folder: Path
) -> None:
    second = LocalMosquitto(programs, folder / "second")
    second.platform_port = broker.platform_port  # both have found it free
    with second:
        assert second.platform_port != broker.platform_port
        browsers = BrowserBroker(
            programs, folder / "browsers", gateways=("127.0.0.1", second.gateway_port), bridge_password="x"
        )
        browsers.port = second.gateway_port
        with browsers:
            assert browsers.port != second.gateway_port


def test_a_server_that_was_slower_takes_another_port(
    programs: Binaries, postgres: LocalPostgres, folder: Path
) -> None:
    second = LocalPostgres(programs, folder / "second", durable=False)
    second.port = postgres.port
    with second:
        assert second.port != postgres.port
        assert rows(second.dsn("postgres"), "SELECT 1") == [(1,)]


PARENT = """
import sys, time
from pathlib import Path
from runtime.local.mosquitto import LocalMosquitto
from runtime.local.postgres import LocalPostgres
from runtime.local.process import free_port
from runtime.local.provision import provision
from runtime.places import default_cache

programs, folder = provision(default_cache()), Path(sys.argv[1])
with (
    LocalPostgres(programs, folder / "postgres", port=free_port(), durable=False) as postgres,
    LocalMosquitto(programs, folder / "mosquitto", gateway_port=free_port()) as mosquitto,
):
    print(postgres.pid, mosquitto.pid, flush=True)
    time.sleep(100)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the death signal is Linux's")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_dead_parent_leaves_no_orphan(programs: Binaries, folder: Path, number: signal.Signals) -> None:
    command: list[str | Path] = [sys.executable, "-c", PARENT, folder]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT, text=True
    ) as parent:
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(pids) == 2
        assert all(Path(f"/proc/{pid}").exists() for pid in pids)
        parent.send_signal(number)
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{pid}/exe").exists() for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [pid for pid in pids if Path(f"/proc/{pid}/exe").exists()] == []


def test_the_demos_broker_lets_tour_in_by_tls_with_password_and_with_certificate(folder: Path) -> None:
    given, places = Settings(database_url="postgresql://h/d"), Folders(folder / "state", folder / "card")  # type: ignore[arg-type]
    with local_services(given, places, Console(file=io.StringIO())) as city:
        write_card(city, places)
        assert city.brokers
        assert city.brokers.authority
        own = new_key()
        certificate = city.brokers.authority.folder.open(city.brokers.authority.passphrase).gateway(
            "tour", own.public_key(), datetime.now(UTC)
        )
        (folder / "tour.pem").write_text(certificate_pem(certificate))
        (folder / "tour.key").write_text(key_pem(own))
        publish = f'"{places.card}/mosquitto_pub" -V 5 -q 1 -h localhost -t city/v1/tour/up/observations -m x'
        by_password = '-p "$MQTT_TLS_PORT" --cafile "$MQTT_CA_FILE" -u tour -P "$TOUR_PASSWORD"'
        by_certificate = '-p "$MQTT_CERTIFICATE_PORT" --cafile "$MQTT_CA_FILE" --cert tour.pem --key tour.key'
        source = f'. "{places.env_file}"'
        for options in (by_password, by_certificate):
            subprocess.run(
                ["sh", "-euc", f"{source}; {publish} {options}"], cwd=folder, check=True, timeout=30
            )
        wrong = subprocess.run(
            ["sh", "-euc", f"{source}; {publish} {by_password}x"], cwd=folder, check=False, timeout=30
        )
        assert wrong.returncode
