"""Finds the server programs on this machine, or brings Debian stable's into a private prefix."""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from runtime.local.errors import ProvisionError
from runtime.local.installed import find_mosquitto, find_postgres
from runtime.local.prefix import (
    Part,
    build_prefix,
    find_prefix,
    make_readable_folder,
    mosquitto_in,
    postgres_in,
)
from runtime.local.report import Report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runtime.local.installed import Programs


@dataclass(frozen=True)
class Binaries:
    """Where the server programs are, and where they came from (for the start-up message)."""

    postgres_bin: Path
    """Folder of postgres, initdb, pg_ctl and psql."""
    mosquitto: Path
    mosquitto_passwd: Path
    mosquitto_pub: Path
    mosquitto_sub: Path
    mosquitto_rr: Path
    postgres_origin: str
    mosquitto_origin: str


def provision(cache: Path, *, report: Report | None = None) -> Binaries:
    """Find a PostgreSQL with TimescaleDB and a Mosquitto of at least 2.0.18, or bring what is missing.

    Safe to run in several processes at once, and again after an interruption at any point.

    Args:
        cache: folder for the private prefix; must be reachable for the user that PostgreSQL runs as.
        report: takes the progress; the default writes to standard error.

    Raises:
        ProvisionError: the text says what is missing and what to do.
    """
    postgres, mosquitto = find_postgres(), find_mosquitto()
    found = {Part.POSTGRES: postgres, Part.MOSQUITTO: mosquitto}
    missing = frozenset(part for part in Part if found[part] is None)
    prefix = _bring(cache.absolute(), missing, report or Report()) if missing else Path("/")
    return _binaries(postgres, mosquitto, prefix)


def _bring(cache: Path, parts: frozenset[Part], report: Report) -> Path:
    try:
        make_readable_folder(cache)
        if found := find_prefix(cache, parts):
            return found
        with _locked(cache / "lock", report):
            return find_prefix(cache, parts) or build_prefix(cache, parts, report)
    except OSError as error:
        raise ProvisionError(
            f"Can't write below {cache}: {error}. Free space, or set HALONG_CACHE_DIR."
        ) from error


@contextmanager
def _locked(path: Path, report: Report) -> Iterator[None]:
    """Hold a lock that the kernel lets go of even when this process is killed."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report.line(f"Another process is bringing the server programs to {path.parent}: waiting for it.")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _binaries(postgres: Path | None, mosquitto: Programs | None, prefix: Path) -> Binaries:
    brought = f"Debian packages in {prefix}"
    broker = mosquitto or mosquitto_in(prefix)
    return Binaries(
        postgres_bin=postgres or postgres_in(prefix),
        mosquitto=broker["mosquitto"],
        mosquitto_passwd=broker["mosquitto_passwd"],
        mosquitto_pub=broker["mosquitto_pub"],
        mosquitto_sub=broker["mosquitto_sub"],
        mosquitto_rr=broker["mosquitto_rr"],
        postgres_origin=f"installed in {postgres}" if postgres else brought,
        mosquitto_origin=f"installed as {mosquitto['mosquitto']}" if mosquitto else brought,
    )
