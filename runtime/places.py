"""Where things are kept on this machine."""

from __future__ import annotations

import os
from pathlib import Path


def default_cache() -> Path:
    """Return where brought programs are kept: `HALONG_CACHE_DIR`, else the usual place for this user."""
    return _place("HALONG_CACHE_DIR", "/var/cache/halong", "XDG_CACHE_HOME", ".cache")


def default_state() -> Path:
    """Return where data is kept: `HALONG_STATE_DIR`, else the usual place for this user."""
    return _place("HALONG_STATE_DIR", "/var/lib/halong", "XDG_DATA_HOME", ".local/share")


def _place(variable: str, system: str, xdg: str, below_home: str) -> Path:
    if chosen := os.environ.get(variable):
        return Path(chosen).expanduser().absolute()
    if os.geteuid() == 0:
        return Path(system)
    home = os.environ.get(xdg)
    return (Path(home) if home else Path.home() / below_home) / "halong"
