"""The database role that Grafana reads with: it sees what the dashboards show, and no secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from psycopg import sql

if TYPE_CHECKING:
    from psycopg import AsyncConnection

READER: Final = "halong_dashboard"
"""The role's usual name."""

#: table or view -> columns, None for all of them. What is absent here cannot be read.
READABLE: Final[dict[str, tuple[str, ...] | None]] = {
    "city": None,
    "areas": None,
    "area_successions": None,
    "observed_properties": None,
    "things": None,
    "thing_areas": None,
    "gateway_areas": None,
    "datastreams": None,
    "observations": None,
    "observations_hourly": None,
    "latest_observations": None,
    "gateway_status": None,
    "gateway_status_history": None,
    "gateway_gaps": None,
    "ingest_metrics": None,
    "ingest_hourly": None,
    "indicators": None,
    "indicator_values": None,
    "latest_values": None,
    "dashboard_areas": None,
    "observation_flags": None,
    "arrivals": None,
    "arrivals_split": None,
    "arrivals_hourly": None,
    "indicator_progress": None,
    "indicator_gaps": None,
    "deferred_messages": ("id", "arrived"),
    "alert_notifications": ("id", "alert_id", "channel", "due_at", "sent_at", "gave_up_at"),
    "alerts": None,
    "alert_rules": ("id", "code", "indicator", "kind", "threshold", "severity", "name_en", "name_vi"),
    "maintenance_windows": ("id", "thing_id", "gateway_id", "area", "starts_at", "ends_at", "reason"),
    "gateways": ("id", "code", "name", "latitude", "longitude", "heartbeat_s", "enabled", "created_at"),
    "refusals": (
        "time",
        "id",
        "gateway",
        "topic",
        "seq",
        "reason",
        "at",
        "detail",
        "count",
        "stored",
        "replayed_at",
    ),
}

#: A dashboard's query that takes longer is ended, so that no chart can take the database from ingest.
_SETTINGS: Final = {
    "statement_timeout": "15s",
    "idle_in_transaction_session_timeout": "30s",
    "default_transaction_read_only": "on",
    "timezone": "UTC",
}
_CONNECTIONS: Final = 20


class ReaderError(ValueError):
    """The reader's name or password cannot be used."""


async def ensure_reader(conn: AsyncConnection[Any], password: str, name: str = READER) -> None:
    """Create the reading role, or give an existing one this password and exactly these rights.

    In one transaction, so that an open dashboard meets no moment without rights. The password reaches the
    server as a SCRAM-SHA-256 verifier: it stands in no log.

    Args:
        conn: as a role that may create roles and owns the tables.
        password: of at least 12 characters.
        name: of the role; it must not be one that owns anything.

    Raises:
        ReaderError: the password is too short, or the role is one that may do more than read.
    """
    if len(password) < 12:
        raise ReaderError(f"the password has {len(password)} characters: take at least 12, at random")
    async with conn.transaction():
        await _refuse_powerful(conn, name)
        await _create(conn, name)
        await _set_up(conn, name, password)
        await _grant(conn, name)


async def _refuse_powerful(conn: AsyncConnection[Any], name: str) -> None:
    cursor = await conn.execute(
        "SELECT 1 FROM pg_roles r WHERE rolname = %(name)s AND (rolsuper OR rolcreaterole OR rolcreatedb "
        "OR rolname = current_user OR EXISTS (SELECT 1 FROM pg_class WHERE relowner = r.oid))",
        {"name": name},
    )
    if await cursor.fetchone():
        raise ReaderError(
            f"role {name} owns tables or may do more than read: choose another name for the reader"
        )


async def _create(conn: AsyncConnection[Any], name: str) -> None:
    # Two at once: the second waits here, then finds the role.
    await conn.execute("SELECT pg_advisory_xact_lock(hashtext('halong reader'))")
    cursor = await conn.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name])
    if await cursor.fetchone() is None:
        await conn.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(name)))


async def _set_up(conn: AsyncConnection[Any], name: str, password: str) -> None:
    verifier = conn.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()
    await conn.execute(
        sql.SQL("ALTER ROLE {} LOGIN NOINHERIT CONNECTION LIMIT {} PASSWORD {}").format(
            sql.Identifier(name), sql.Literal(_CONNECTIONS), sql.Literal(verifier)
        )
    )
    for setting, value in _SETTINGS.items():
        await conn.execute(
            sql.SQL("ALTER ROLE {} SET {} = {}").format(
                sql.Identifier(name), sql.Identifier(setting), sql.Literal(value)
            )
        )


async def _grant(conn: AsyncConnection[Any], name: str) -> None:
    role = sql.Identifier(name)
    # A revoked table takes the rights on its columns with it.
    await conn.execute(sql.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {}").format(role))
    await conn.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(role))
    for table, columns in READABLE.items():
        await conn.execute(
            sql.SQL("GRANT SELECT{} ON {} TO {}").format(_columns(columns), sql.Identifier(table), role)
        )


def _columns(columns: tuple[str, ...] | None) -> sql.Composable:
    if columns is None:
        return sql.SQL("")
    return sql.SQL(" ({})").format(sql.SQL(", ").join(map(sql.Identifier, columns)))
