"""`halong ingest` as a process that is killed, watched and started again; its log lies in a file."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from tests.processes import environment

if TYPE_CHECKING:
    from runtime.settings import Settings

#: what ingest may hold at most, MB (issue "Ingest at the limit, and nothing lost")
MEMORY_MB = 200


@dataclass
class Ingest:
    """One ingest service over all its lives; a context manager that starts it and ends it gracefully."""

    settings: Settings
    log_file: Path
    lives: int = 0
    peak_mb: float = 0.0
    _is_wanted: bool = False

    async def __aenter__(self) -> Self:
        await self.start()
        self._watch = asyncio.create_task(self._end_with_it(asyncio.current_task()))
        return self

    async def __aexit__(self, kind: object, *_: object) -> None:
        self._watch.cancel()
        if self._is_wanted:
            assert self.is_running, f"ingest has ended by itself: {self.log_file.read_text()[-2000:]}"
            await self.stop()
        print(f"ingest's memory: {self.peak_mb:.0f} MB at most")
        assert kind or self.peak_mb < MEMORY_MB

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    async def start(self, *, wait: bool = True) -> None:
        """Start it and wait until the broker has its subscription."""
        self.lives += 1
        self._is_wanted = True
        seen = self.count("mqtt_subscribed")
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "runtime.cli", "ingest"],
                env=environment(self.settings, HALONG_LOG_FORMAT="json"), stdout=log, stderr=log,
            )  # fmt: skip
        while wait and self.count("mqtt_subscribed") == seen:
            assert self.is_running, self.log_file.read_text()[-2000:]
            await asyncio.sleep(0.02)

    def kill(self) -> None:
        """End it with SIGKILL, as a crash would."""
        self._is_wanted = False
        self.note_memory()
        self._process.kill()
        self._process.wait()

    async def stop(self) -> float:
        """End it with SIGTERM and return how long that took, s."""
        self._is_wanted = False
        self.note_memory()
        begin = time.monotonic()
        self._process.terminate()
        try:
            ended = await asyncio.to_thread(self._process.wait, 30)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        assert ended == 0, self.log_file.read_text()[-2000:]
        return time.monotonic() - begin

    async def _end_with_it(self, test: asyncio.Task[Any] | None) -> None:
        """Cancel what waits for something that an ingest which has ended by itself will not do."""
        while self.is_running or not self._is_wanted:
            await asyncio.sleep(0.2)
        if test:
            test.cancel()

    def note_memory(self) -> float:
        """Return the kernel's high-water mark of this life's resident memory, MB."""
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_text()
        except OSError:
            return self.peak_mb
        peaks = [int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM")]
        self.peak_mb = max([self.peak_mb, *peaks])
        return self.peak_mb

    def count(self, action: str, words: str = "") -> int:
        """How often something with this action, and these words in it, was logged."""
        return sum(action == each.get("action") and words in str(each) for each in self._logged())

    def newest(self, action: str, key: str) -> Any:
        """What was logged under `key` by the newest line with this action."""
        return next(each[key] for each in reversed(self._logged()) if action == each.get("action"))

    def actions(self) -> Counter[str]:
        return Counter(str(each.get("action")) for each in self._logged())

    def _logged(self) -> list[dict[str, Any]]:
        if not self.log_file.exists():
            return []
        lines = self.log_file.read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]
