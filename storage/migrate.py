"""Ordered SQL migrations, each applied once, in one transaction, by one process at a time."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

import psycopg

from storage.edition import Edition, render
from storage.errors import StorageError, address
from storage.pool import connect, first_line

if TYPE_CHECKING:
    from psycopg import AsyncConnection

# Any fixed number: the advisory lock that lets one process migrate while others wait.
_LOCK = 0x68616C6F6E67

_TABLE = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    name       text PRIMARY KEY,
    checksum   text NOT NULL,
    edition    text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)"""


@dataclass(frozen=True)
class Migration:
    """One file of `storage/migrations`, named `NNNN_words.sql`."""

    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text, in hex: an applied migration must not change."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations() -> list[Migration]:
    """Return all migrations in order."""
    folder = files("storage") / "migrations"
    found = sorted((f for f in folder.iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)
    return [Migration(f.name.removesuffix(".sql"), f.read_text("utf-8")) for f in found]


async def migrate(url: str, *, dry_run: bool = False) -> list[Migration]:
    """Bring the database to the newest schema and return the migrations that it lacked.

    With `dry_run` nothing is changed. Several processes may call it at once: the others wait.

    Raises:
        StorageError: no connection, no TimescaleDB, or an applied migration has been edited.
    """
    conn = await connect(url, name="halong migrate")
    async with conn:
        await _require_timescaledb(conn, url)
        if dry_run:
            return _pending(await _applied(conn))
        await conn.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        try:
            return await _apply(conn)
        finally:
            await conn.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


async def pending(conn: AsyncConnection) -> list[Migration]:
    """Return the migrations that the database lacks."""
    return _pending(await _applied(conn))


async def edition(conn: AsyncConnection) -> Edition:
    """Return the edition of the TimescaleDB behind a connection; the extension must be switched on."""
    # A session has the setting once TimescaleDB's library is loaded: at the latest by a call of a function.
    await conn.execute("SELECT time_bucket('1 hour', timestamptz 'epoch')")
    cursor = await conn.execute("SHOW timescaledb.license")
    ((licence,),) = await cursor.fetchall()
    return Edition(licence)


async def _apply(conn: AsyncConnection) -> list[Migration]:
    await _create_extension(conn)
    await conn.execute(_TABLE)
    todo = _pending(await _applied(conn))
    which = await edition(conn)
    for migration in todo:
        async with conn.transaction():
            await conn.execute(render(migration.sql, which).encode())
            await conn.execute(
                "INSERT INTO schema_migrations (name, checksum, edition) VALUES (%s, %s, %s)",
                [migration.name, migration.checksum, which.value],
            )
    return todo


async def _applied(conn: AsyncConnection) -> dict[str, str]:
    cursor = await conn.execute("SELECT to_regclass('schema_migrations') IS NOT NULL")
    row = await cursor.fetchone()
    if not (row and row[0]):
        return {}
    cursor = await conn.execute("SELECT name, checksum FROM schema_migrations")
    return dict(await cursor.fetchall())


def _pending(applied: dict[str, str]) -> list[Migration]:
    known = migrations()
    for migration in known:
        if applied.get(migration.name, migration.checksum) != migration.checksum:
            raise StorageError(
                f"migration {migration.name} was edited after it had been applied: "
                "restore its file, and write the change as a further migration"
            )
    return [m for m in known if m.name not in applied]


async def _require_timescaledb(conn: AsyncConnection, url: str) -> None:
    cursor = await conn.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'timescaledb'")
    if await cursor.fetchone() is None:
        raise StorageError(
            f"the PostgreSQL at {address(url)} has no TimescaleDB: install TimescaleDB 2.15 or later there "
            "(Debian: postgresql-17-timescaledb), or unset HALONG_DATABASE_URL and let halong bring its own"
        )


async def _create_extension(conn: AsyncConnection) -> None:
    try:
        await conn.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
    except psycopg.Error as error:
        raise StorageError(
            f"TimescaleDB cannot be switched on: {first_line(error)}; set shared_preload_libraries = "
            "'timescaledb' in postgresql.conf, restart PostgreSQL, connect as one who may create extensions"
        ) from error
