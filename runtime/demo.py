"""The demo: a whole city on this machine, from local services to live indicators.

Everything it starts is a real part: TimescaleDB, Mosquitto with passwords, ingest, analytics, the API with
the console, and simulated gateways that speak the wire contract.
"""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from devices.broker_identities import broker_identities
from devices.identities import kept_passwords
from devices.token_users import keep_tokens
from runtime.broker_follow import follow_identities
from runtime.demo_brokers import LocalBrokers, local_brokers
from runtime.local.postgres import LocalPostgres
from runtime.local.process import free_port
from runtime.local.provision import provision
from runtime.places import default_cache, default_state
from runtime.settings import Settings, checkout
from runtime.supervise import Service, halong, service_commands
from runtime.until_stopped import until_stopped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.console import Console

    from devices.broker_identities import BrokerIdentities
    from devices.model import Profile
    from runtime.broker_follow import Apply
    from runtime.local.provision import Binaries

HISTORY = timedelta(hours=48)
PROFILE = "quang_ninh"
#: a lively city: each device speaks at least this often, in seconds
INTERVAL_S = 10.0
#: the setting with which an API signs certificates
SIGNER = "HALONG_CA_PASSPHRASE"


@dataclass(frozen=True)
class Folders:
    """Where the demo of this checkout keeps its things."""

    state: Path
    card: Path

    @property
    def env_file(self) -> Path:
        """The card itself: addresses and the tour's password for the shell of a person."""
        return self.card / "demo.env"

    @property
    def logs(self) -> Path:
        """One log file a service."""
        return self.state / "logs"

    @property
    def passwords(self) -> Path:
        """The simulated gateways' passwords, for their owner alone."""
        return self.state / "gateways.json"


def folders() -> Folders:
    """Return the folders: each checkout has its own data; the card lies where the person stands."""
    place = checkout()
    name = f"{place.name}-{hashlib.sha256(str(place).encode()).hexdigest()[:8]}"
    return Folders(default_state() / name, Path.cwd() / ".halong")


@dataclass(frozen=True)
class City:
    """A running set of local or given services, and how to reach them."""

    #: what the card and the services get
    CARRIED: ClassVar = (
        "HALONG_DATABASE_URL",
        "HALONG_MQTT_URL",
        "HALONG_GATEWAY_MQTT_URL",
        "HALONG_GATEWAY_CERTIFICATE_MQTT_URL",
        "HALONG_API_HOST",
        "HALONG_API_PORT",
        "HALONG_API_PUBLIC",
        "HALONG_OPEN_DATA_TARGET",
        "HALONG_CA_DIR",
        "HALONG_EXPORT_DIR",
        "HALONG_BROWSER_MQTT_URL",
        "HALONG_BROWSER_BROKER_URL",
    )

    settings: Settings
    gateway_passwords: Mapping[str, str]
    binaries: Binaries | None
    #: the local ones, None where another is given
    brokers: LocalBrokers | None = None

    @property
    def environment(self) -> dict[str, str]:
        """The environment of every service of the demo."""
        chosen = self.settings
        values = (
            str(chosen.database_url),
            str(chosen.mqtt_url),
            str(chosen.gateway_mqtt_url),
            str(chosen.gateway_certificate_mqtt_url or ""),
            chosen.api_host,
            str(chosen.api_port),
            "true",
            chosen.require_open_data_target(),
            str(chosen.authority_folder),
            str(chosen.exports_folder),
            str(chosen.browser_mqtt_url or ""),
            str(chosen.browser_broker_url or ""),
        )
        # With an authority of its own, so that the API signs at enrolment; another's passphrase is inherited.
        own = self.brokers and self.brokers.authority
        signing = {SIGNER: own.passphrase} if own else {}
        return dict(zip(self.CARRIED, values, strict=True)) | signing


@contextmanager
def local_services(given: Settings, places: Folders, out: Console) -> Iterator[City]:
    """Give a city whose services run: those that the settings name, and local ones for the rest.

    Raises:
        LocalServiceError: a service cannot be brought or started.
    """
    places.logs.mkdir(parents=True, exist_ok=True)
    needs_local = given.database_url is None or given.mqtt_url is None
    binaries = provision(default_cache()) if needs_local else None
    changes: dict[str, Any] = {
        "api_port": _port("API", given.api_port, out),
        "open_data_target": given.open_data_target or str(places.state / "open-data"),
        "ca_dir": given.ca_dir or places.state / "ca",
        "export_dir": given.export_dir or places.state / "exports",
    }
    passwords: dict[str, str] = {}
    brokers: LocalBrokers | None = None
    with ExitStack() as stack:
        if given.database_url is None and binaries:
            server = stack.enter_context(LocalPostgres(binaries, places.state / "postgres"))
            _say_port("TimescaleDB", 5432, server.port, out)
            changes["database_url"] = server.ensure_database()
        if given.mqtt_url is None and binaries:
            passwords = kept_passwords(places.passwords, (g.code for g in city_profile().gateways))
            brokers = local_brokers(stack, binaries, places.state, given, passwords=passwords, out=out)
            _say_port("MQTT", 1883, brokers.gateways.gateway_port, out)
            changes |= brokers.changes
        elif given.gateway_mqtt_url is None:
            changes["gateway_mqtt_url"] = str(given.mqtt_url)
        chosen = Settings.model_validate(given.model_dump() | changes)
        yield City(chosen, passwords, binaries, brokers)


def city_profile() -> Profile:
    """Return the demo's city: the profile with simulated gateways."""
    from devices.profiles import load
    from simulators.city import populate

    return populate(load(PROFILE))


def prepare(city: City, out: Console) -> None:
    """Migrate, import the profile, fill the last 48 hours with history, and compute the newest indicators."""
    asyncio.run(_prepare(city, out))


async def _prepare(city: City, out: Console) -> None:
    from analytics.alert_actions import import_rules
    from devices.identities import admit
    from devices.registry import import_profile
    from storage.migrate import migrate
    from storage.pool import connect

    url = city.settings.require_database_url()
    applied = await migrate(url)
    out.print(f"schema: {len(applied)} migrations applied" if applied else "schema: up to date")
    profile = city_profile()
    async with await connect(url) as conn:
        out.print(f"profile {PROFILE}: {(await import_profile(conn, profile)).summary()}", markup=False)
        await import_rules(conn, profile.alert_rules)
        await admit(conn, city.gateway_passwords)
        await _backfill(conn, profile, out)
        await _compute(conn, out)


async def _backfill(conn: Any, profile: Profile, out: Console) -> None:
    from devices.registry import datastream_ids
    from simulators.backfill import rows
    from storage.observations import insert_missing, newest

    end = datetime.now(UTC)
    # A second start fills only what passed since the first one.
    start = max(end - HISTORY, await newest(conn) or end - HISTORY)
    ids = await datastream_ids(conn)
    things = sum(len(g.things) for g in profile.gateways)
    with _bar(f"history of {(end - start).total_seconds() / 3600:.1f} h", things, out) as show:
        for done, part in enumerate(rows(profile, ids, start, end), start=1):
            await insert_missing(conn, part)
            show(done)


async def _compute(conn: Any, out: Console) -> None:
    """Compute the newest steps, so that the console shows the present; analytics goes back from there."""
    from analytics import values
    from analytics.flagging import flag_settled
    from analytics.indicator import INDICATORS
    from analytics.service import run_due

    await values.write_catalogue(conn, INDICATORS.values())
    at = datetime.now(UTC)
    with _bar("quality flags", None, out):
        await flag_settled(conn, at)
    with _bar("newest indicators", len(INDICATORS), out) as show:
        await run_due(conn, at, show=show)


@contextmanager
def _bar(text: str, total: int | None, out: Console) -> Iterator[Any]:
    """Show how much of a total is done; without one, that something goes on."""
    if not out.is_terminal:
        began = datetime.now(UTC)
        yield lambda _done: None
        out.print(f"{text}: done in {(datetime.now(UTC) - began).total_seconds():.1f} s")
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=out) as progress:
        task = progress.add_task(text, total=total)
        yield lambda done: progress.update(task, completed=done)
        progress.update(task, total=total or 1, completed=total or 1)


async def follow(city: City, stop: asyncio.Event) -> None:
    """Keep the local brokers' identities as the database has them, until `stop` is set."""
    if city.brokers is None:
        return
    url, control = city.settings.require_database_url(), city.settings.browser_broker_url
    tokens = [keep_tokens(url, str(control))] if control else []
    identities = follow_identities(url, _read_identities, _reloaded(city.brokers))
    await until_stopped(stop, identities, *tokens)


async def _read_identities(conn: Any) -> BrokerIdentities:
    return await broker_identities(conn, datetime.now(UTC))


def _reloaded(brokers: LocalBrokers) -> Apply:
    known: list[BrokerIdentities] = []
    authority = brokers.authority

    def apply(identities: BrokerIdentities) -> None:
        if known != [identities]:
            known[:] = [identities]
            brokers.gateways.reload(
                identities.passwords,
                tls=authority.for_broker(identities.revoked) if authority else None,
                shut_out=identities.shut_out,
                second_users=identities.second_users,
            )

    return apply


def services(city: City, places: Folders) -> list[Service]:
    """Return the services of the demo: those of `halong up`, and the simulators."""
    journal = places.state / "journal"
    simulate = halong("simulate", PROFILE, "--journal", str(journal), "--interval", str(INTERVAL_S))
    if city.gateway_passwords:
        simulate += ["--passwords", str(places.passwords)]
    every = [*service_commands(city.settings), Service("simulators", simulate)]
    return [Service(s.name, s.command, {**city.environment, **s.environment}) for s in every]


def _port(what: str, preferred: int, out: Console) -> int:
    port = free_port(preferred)
    _say_port(what, preferred, port, out)
    return port


def _say_port(what: str, preferred: int, port: int, out: Console) -> None:
    if port != preferred:
        out.print(f"{what}: port {preferred} is taken, using {port}")
