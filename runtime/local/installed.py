"""Looks for an installed PostgreSQL with TimescaleDB and an installed Mosquitto that can be relied on."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Programs = Mapping[str, Path]

POSTGRES_PROGRAMS: Final = ("postgres", "initdb", "pg_ctl", "psql")
MOSQUITTO_PROGRAMS: Final = tuple(f"mosquitto{tail}" for tail in ("", "_passwd", "_pub", "_sub", "_rr"))

MOSQUITTO_AT_LEAST: Final = (2, 0, 18)
"""Older ones (2.0.11 measured) ignore Receive Maximum once acknowledged: no back-pressure."""


def find_postgres() -> Path | None:
    """Return the folder of an installed PostgreSQL that has TimescaleDB's files, the newest first."""
    return next((folder for folder in _postgres_folders() if has_timescaledb(folder)), None)


def find_mosquitto() -> Programs | None:
    """Return an installed Mosquitto of at least 2.0.18 with its client programs."""
    programs = find_programs(MOSQUITTO_PROGRAMS, f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin")
    if programs is None:
        return None
    return programs if mosquitto_version(programs["mosquitto"]) >= MOSQUITTO_AT_LEAST else None


def mosquitto_version(program: Path) -> tuple[int, ...]:
    """Return the version of a Mosquitto, (2, 0, 21) for example; () where it does not tell."""
    return parse_version(_first_line([str(program), "-h"])) or ()


def find_programs(names: tuple[str, ...], path: str) -> Programs | None:
    """Return where each of `names` stands on the search path `path`, or None if one is missing."""
    found = {name: shutil.which(name, path=path) for name in names}
    return {name: Path(place) for name, place in found.items() if place} if all(found.values()) else None


def has_timescaledb(folder: Path) -> bool:
    """Tell whether the PostgreSQL in `folder` is complete and TimescaleDB is installed for it."""
    if find_programs(POSTGRES_PROGRAMS, str(folder)) is None:
        return False
    share = _first_line([str(folder / "pg_config"), "--sharedir"])
    return bool(share) and Path(share, "extension/timescaledb.control").is_file()


def parse_version(text: str) -> tuple[int, ...] | None:
    """Return the first dotted version in `text`: "mosquitto version 2.0.21" gives (2, 0, 21)."""
    match = re.search(r"\d+(?:\.\d+)+", text)
    return tuple(int(part) for part in match[0].split(".")) if match else None


def _postgres_folders() -> Iterator[Path]:
    if on_path := shutil.which("postgres"):
        yield Path(on_path).resolve().parent
    folders = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(
        folders, key=lambda folder: parse_version(f"{folder.parent.name}.0") or (), reverse=True
    )


def _first_line(command: list[str]) -> str:
    """Return the first line a program prints, "" if it can't be run; its exit status says nothing here."""
    try:
        output = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return output.partition("\n")[0].strip()
