"""`halong check`: what is well and what is not, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from api.oidc.issuer import IssuerAwayError
from api.oidc.tokens import tokens
from api.open_data.manifest import ManifestError
from api.open_data.plan import NoCityError, read_plan
from api.open_data.store import Store, StoreError
from devices import mqtt_tokens
from devices.authority_files import AuthorityFolder
from devices.certificates import ending
from devices.liveness import is_connected, last_message
from ingest.deferred import waiting
from ingest.metrics_table import newest
from runtime.dynamic_security import ControlError, control
from storage.errors import StorageError
from storage.migrate import edition, pending
from storage.pool import connect

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from psycopg import AsyncConnection

    from ingest.deferred import Waiting
    from runtime.settings import Settings

    Check = Callable[[AsyncConnection[Any], Settings], Awaitable[tuple[bool, str]]]


#: a certificate that ends sooner is not well
_SOON = timedelta(days=30)


@dataclass(frozen=True)
class Result:
    """One check: its name, whether it is well, and words about it."""

    name: str
    ok: bool
    words: str


async def run_checks(settings: Settings, service: str) -> list[Result]:
    """Run the checks of one service, or of all.

    Raises:
        ValueError: no such service.
    """
    wanted = CHECKS if service == "all" else {service: CHECKS[service]} if service in CHECKS else None
    if wanted is None:
        raise ValueError(f"no check for {service!r}: one of all, {', '.join(CHECKS)}")
    try:
        async with await connect(settings.require_database_url()) as conn:
            return [Result(name, *await check(conn, settings)) for name, check in wanted.items()]
    except StorageError as error:
        return [Result("database", False, str(error))]


async def _database(conn: AsyncConnection[Any], _: Settings) -> tuple[bool, str]:
    missing = await pending(conn)
    if missing:
        return (
            False,
            f"{len(missing)} migrations are missing, from {missing[0].name} on: run `halong migrate`",
        )
    return True, f"schema is current, TimescaleDB {(await edition(conn)).name.title()} edition"


async def _ingest(conn: AsyncConnection[Any], settings: Settings) -> tuple[bool, str]:
    if not await is_connected(conn, "ingest"):
        return False, "no ingest process is connected to the database: start `halong ingest`"
    last = await last_message(conn)
    words = f"connected; last message {settings.local(last) if last else 'none yet'}"
    is_well, told = _broker(await newest(conn), settings.broker_queue_alarm)
    return is_well, "; ".join(filter(None, (words, told, _deferred(await waiting(conn), settings))))


def _deferred(what: Waiting, settings: Settings) -> str:
    """Tell what waits because its gateways are above their rates, and of which of them most of it is."""
    if what.oldest is None:
        return ""
    return (
        f"{what.messages:,} messages ({what.bytes / 2**20:.1f} MiB) of gateways above their rates wait, "
        f"most of them of {what.most}, since {settings.local(what.oldest)}"
    )


def _broker(rows: list[dict[str, Any]], alarm: float) -> tuple[bool, str]:
    """Tell what ingest has stored of the broker's queue in the last minute, if the broker tells any."""
    known = [row for row in rows if row["broker_queue_bytes"] is not None]
    if not known:
        return True, ""
    row = known[0]
    share, dropped = row["broker_queue_bytes"] / row["broker_queue_limit"], row["dropped_1h"]
    words = f"the broker holds {row['broker_queue_bytes'] / 2**20:.1f} MiB, {share:.0%} of its limit"
    if dropped:
        return False, f"{words}, and dropped {dropped} messages in the last hour: see docs/operations.md"
    return share < alarm, words


async def _analytics(conn: AsyncConnection[Any], _: Settings) -> tuple[bool, str]:
    if not await is_connected(conn, "analytics"):
        return False, "no analytics process is connected to the database: start `halong analytics`"
    return True, "connected"


async def _open_data(conn: AsyncConnection[Any], settings: Settings) -> tuple[bool, str]:
    if settings.open_data_target is None:
        return True, "none are published: HALONG_OPEN_DATA_TARGET is not set"
    try:
        plan, store = await read_plan(conn, settings), Store(settings.open_data_target)
        manifests = [await store.manifest(code) for code in plan.data_sets]
    except (NoCityError, ManifestError, StoreError) as error:
        return False, str(error)
    published = [each for each in manifests if each.months]
    newest_month = max((max(each.months) for each in published), default="none")
    return True, f"{len(published)} of {len(manifests)} data sets are published, newest month {newest_month}"


async def _tls(conn: AsyncConnection[Any], settings: Settings) -> tuple[bool, str]:
    at, folder = datetime.now(UTC), AuthorityFolder(settings.authority_folder)
    if not folder.exists:
        return True, "no certificate authority here (HALONG_CA_DIR)"
    server = folder.server()
    if server is None:
        return False, "the broker has no certificate: `halong ca server`"
    for whose, certificate in (("CA", folder.root()), ("broker", server)):
        if certificate.not_valid_after_utc < at + _SOON:
            until = f"{certificate.not_valid_after_utc:%Y-%m-%d}"
            return (
                False,
                f"the {whose}'s certificate ends on {until}: docs/operations.md, TLS and certificates",
            )
    number = await ending(conn, at, 2 * _SOON)
    due = f"; {number} of gateways end within 60 days: `halong ca list --ending 60`" if number else ""
    return True, f"the broker's certificate is valid until {server.not_valid_after_utc:%Y-%m-%d}{due}"


async def _issuer(_: AsyncConnection[Any], settings: Settings) -> tuple[bool, str]:
    found = tokens(settings)
    if found is None:
        return True, "no identity provider: HALONG_OIDC_ISSUER is not set"
    try:
        return True, await found.issuer.told()
    except IssuerAwayError as error:
        return False, str(error)


async def _browsers(conn: AsyncConnection[Any], settings: Settings) -> tuple[bool, str]:
    if settings.browser_broker_url is None:
        return True, "no broker for browsers: HALONG_BROWSER_BROKER_URL is not set"
    try:
        async with control(str(settings.browser_broker_url)) as broker:
            tokens = sum(user.startswith(mqtt_tokens.PREFIX) for user in await broker.users())
    except ControlError as error:
        return False, str(error)
    if not await is_connected(conn, "mqtt_tokens"):
        return False, f"nobody ends the {tokens} tokens at their broker: start `halong broker follow`"
    return True, f"{tokens} tokens"


CHECKS: dict[str, Check] = {
    "database": _database,
    "ingest": _ingest,
    "analytics": _analytics,
    "open-data": _open_data,
    "tls": _tls,
    "issuer": _issuer,
    "browsers": _browsers,
}
