"""compose.yaml as tests read it, with the variables that deploy/make-env writes filled in."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING, Any, Final

import yaml

from tests.conftest import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TEXT: Final = (REPOSITORY / "compose.yaml").read_text("utf-8")
COMPOSE: Final = yaml.safe_load(TEXT)
SERVICES: Final[dict[str, dict[str, Any]]] = COMPOSE["services"]
OURS: Final = {name: service for name, service in SERVICES.items() if service["image"] == "halong:local"}
#: end by themselves
ONCE: Final = {name for name, service in SERVICES.items() if service["restart"] == "no"}
DOCKERFILE: Final = (REPOSITORY / "Dockerfile").read_text("utf-8")


def make_env(file: Path, *options: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    command = [REPOSITORY / "deploy/make-env", *options, file]
    return subprocess.run(command, check=check, capture_output=True, text=True)


def read_env(file: Path) -> dict[str, str]:
    """Return the variables of a `.env`, as compose reads it."""
    lines = (line for line in file.read_text().splitlines() if line and not line.startswith("#"))
    return {name: value.strip("'") for name, value in (line.split("=", 1) for line in lines)}


def filled(value: str, env: Mapping[str, str]) -> str:
    """Interpolate as compose does: `${NAME-}`, `${NAME:-default}` and `${NAME:?message}`."""

    def put(found: re.Match[str]) -> str:
        name, kind, rest = found.groups()
        return env.get(name) or (rest if kind == ":-" else env.get(name, ""))

    return re.sub(r"(?<!\$)\$\{(\w+)(:\?|:-|-)([^}]*)\}", put, value)


def environment(name: str, env: Mapping[str, str]) -> dict[str, str]:
    """Return what a service finds in its environment; what has no value there is passed on if it is set."""
    given = SERVICES[name].get("environment", {})
    return {k: env[k] if v is None else filled(v, env) for k, v in given.items() if v is not None or k in env}
