"""What went wrong in the database, sorted by what the caller can do about it."""

from __future__ import annotations

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import PoolTimeout

# SQLSTATE classes (PostgreSQL, Appendix A) in which the same statement may succeed later:
# connection exception, transaction rollback, insufficient resources, operator intervention,
# and I/O errors outside PostgreSQL (a full disk that was emptied).
_TRANSIENT_CLASSES = ("08", "40", "53", "57", "58")
#: lock_not_available, idle_in_transaction_session_timeout (this process was suspended)
_TRANSIENT_STATES = ("55P03", "25P03")


class StorageError(Exception):
    """The database cannot be used as it is; the message says what to do."""


def is_transient(error: BaseException) -> bool:
    """Tell whether the same work may succeed when it is tried again.

    An error without SQLSTATE comes from the connection itself (libpq), which is transient.
    """
    if isinstance(error, (PoolTimeout, ConnectionError, TimeoutError)):
        return True
    if not isinstance(error, psycopg.Error):
        return False
    if error.sqlstate is None:
        return isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError))
    return error.sqlstate[:2] in _TRANSIENT_CLASSES or error.sqlstate in _TRANSIENT_STATES


def address(url: str) -> str:
    """Return host, port and database of a database URL, without the password, for messages."""
    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error:
        return "the given address"
    return f"{parts.get('host') or 'localhost'}:{parts.get('port') or 5432}/{parts.get('dbname') or ''}"
