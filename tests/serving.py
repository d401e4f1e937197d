"""The API as a process of its own, as `halong api` runs it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING

from runtime.local.process import free_port
from tests.conftest import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def serving(database_url: str, log: Path, *options: str, **settings: str) -> Iterator[str]:
    """Run `halong api` with options and settings on a free port, and yield its address.

    Raises:
        AssertionError: it does not answer within three minutes, or does not end when told; with its log.
    """
    port = free_port()
    environment = os.environ | settings | {"HALONG_DATABASE_URL": database_url, "HALONG_API_PORT": str(port)}
    environment.pop("PYTEST_CURRENT_TEST", None)
    command = [sys.executable, "-m", "runtime.cli", "api", *options]
    with log.open("w") as output:
        server = subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=output, stderr=output)
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(f"{address}/health/ready", server, log)
        yield address
    finally:
        server.terminate()
        server.wait(60)


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 180
    while server.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"the API does not answer: {log.read_text()[-2000:]}")
