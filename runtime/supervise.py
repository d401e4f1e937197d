"""Starts services as child processes, watches them, starts them again when they fail, and stops them."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

import structlog

from runtime.local.process import death_signal_prefix

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from runtime.settings import Settings

log = structlog.get_logger(__name__)

_FIRST_BACKOFF_S = 0.5
_MAX_BACKOFF_S = 15.0
#: a service that ran this long before it failed starts again at once
_STEADY_S = 30.0
#: ingest drains for up to 10 s
_GRACE_S = 15.0


@dataclass(frozen=True)
class Service:
    """A child process: its name, its command, and what it adds to the environment."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


def halong(*arguments: str) -> list[str]:
    """Return the command line of a `halong` command of this installation."""
    return [sys.executable, "-m", "runtime.cli", *arguments]


def service_commands(settings: Settings, *, console: bool = True) -> list[Service]:
    """Return the services of `halong up`, in the order in which they start."""
    api = halong("api") if console else halong("api", "--no-console")
    return [
        *([Service("identities", halong("broker", "follow"))] if settings.broker_dir else []),
        *_ingest(settings),
        # One port serves one process: ingest's, whose counters are worth it.
        Service("analytics", halong("analytics"), {"HALONG_METRICS_PORT": "0"}),
        Service("api", api),
        *([Service("open-data", halong("open-data", "serve"))] if settings.open_data_target else []),
    ]


def _ingest(settings: Settings) -> list[Service]:
    """Return the ingest processes; any of them may claim any of the client ids."""
    number, port = settings.ingest_processes, settings.metrics_port
    if number == 1:
        return [Service("ingest", halong("ingest"))]
    ports = [str(port + each) if port else "0" for each in range(number)]
    return [
        Service(f"ingest-{each}", halong("ingest"), {"HALONG_METRICS_PORT": ports[each]})
        for each in range(number)
    ]


class Supervisor:
    """Keeps services running until told to stop; they are stopped in reverse order of their start."""

    def __init__(self, services: Sequence[Service], *, logs: Path | None = None) -> None:
        """Describe what runs.

        Args:
            services: in the order of their start.
            logs: folder for a log file each; None leaves the output to the terminal.
        """
        self._services = services
        self._logs = logs
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        #: how often each service has ended by itself
        self.failures = {service.name: 0 for service in services}

    @property
    def running(self) -> list[str]:
        """The names of the services that live."""
        return [name for name, process in self._processes.items() if process.returncode is None]

    async def run(self, stop: asyncio.Event) -> None:
        """Run all services until `stop` is set, then end each with SIGTERM, by force after a while."""
        watches = [asyncio.create_task(self._keep_running(s), name=s.name) for s in self._services]
        try:
            await stop.wait()
        finally:
            for watch in reversed(watches):
                watch.cancel()
            await asyncio.gather(*watches, return_exceptions=True)
            for service in reversed(self._services):
                await self._stop(service.name)

    async def _keep_running(self, service: Service) -> None:
        loop, backoff = asyncio.get_running_loop(), _FIRST_BACKOFF_S
        while True:
            began = loop.time()
            code = await (await self._start(service)).wait()
            self.failures[service.name] += 1
            if loop.time() - began > _STEADY_S:
                backoff = _FIRST_BACKOFF_S
            log.error(
                f"{service.name} ended with code {code}, starting it again",
                action="service_failed",
                log=str(self._log_file(service)),
                wait_s=backoff,
            )
            await asyncio.sleep(backoff)
            backoff = min(2 * backoff, _MAX_BACKOFF_S)

    async def _start(self, service: Service) -> asyncio.subprocess.Process:
        # Shielded: a stop that comes while the child starts must not lose sight of it.
        process = await asyncio.shield(self._spawn(service))
        log.info(f"{service.name} started", action="service_started", pid=process.pid)
        return process

    async def _spawn(self, service: Service) -> asyncio.subprocess.Process:
        output = self._open_log(service)
        try:
            process = await asyncio.create_subprocess_exec(
                *death_signal_prefix(signal.SIGTERM),
                *service.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output and asyncio.subprocess.STDOUT,
                env={**os.environ, **service.environment},
                start_new_session=True,  # Ctrl-C reaches the supervisor alone, which then stops its children
            )
        finally:
            if output:
                output.close()
        self._processes[service.name] = process
        return process

    async def _stop(self, name: str) -> None:
        process = self._processes.get(name)
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _GRACE_S)
        except TimeoutError:
            log.warning(f"{name} does not stop, killing it", action="service_killed")
            process.kill()
            await process.wait()

    def _log_file(self, service: Service) -> Path | None:
        return self._logs / f"{service.name}.log" if self._logs else None

    def _open_log(self, service: Service) -> IO[bytes] | None:
        file = self._log_file(service)
        return file.open("ab") if file else None
