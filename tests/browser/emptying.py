"""Empties tables of a city that consoles read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from typing import LiteralString


def empty(url: str, tables: LiteralString) -> None:
    """Empty tables, again where somebody read one and waited for another: PostgreSQL ends the deadlock."""
    with psycopg.connect(url, autocommit=True) as database:
        for _ in range(10):
            try:
                database.execute(f"TRUNCATE {tables} CASCADE")
            except psycopg.errors.DeadlockDetected:
                continue
            return
    raise TimeoutError(f"{tables} are read all the time")
