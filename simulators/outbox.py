"""A gateway's memory: numbered messages kept in a file until they are known to be committed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from pathlib import Path

log = structlog.get_logger()

#: lines of the journal beyond twice the kept messages before it is written anew
_SLACK = 2000


class Outbox:
    """Messages that halong has not confirmed, oldest first, and the number of the next one.

    The journal is a file of JSON lines: `["next", seq]`, `["keep", seq, readings]`, `["done", upto]`. It is
    flushed to the operating system, not to the disk: it outlives the process, as a simulator needs.

    When `limit` messages are kept, the oldest is dropped for each one that comes, and counted in `dropped`.
    """

    def __init__(self, path: Path, *, limit: int = 10_000) -> None:
        self.path = path
        self.limit = limit
        self.dropped = 0
        self._kept: dict[int, list[Any]] = {}
        self._next = 1
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            self._read()
        self._rewrite()

    def __len__(self) -> int:
        return len(self._kept)

    def __contains__(self, seq: int) -> bool:
        return seq in self._kept

    @property
    def oldest(self) -> int:
        """The lowest number kept; the next number where nothing is."""
        return next(iter(self._kept), self._next)

    def pending(self) -> list[int]:
        """Return the numbers kept, rising."""
        return list(self._kept)

    def add(self, readings: list[Any]) -> int:
        """Keep a message and return its number."""
        seq, self._next = self._next, self._next + 1
        self._kept[seq] = readings
        self._write(["keep", seq, readings])
        while len(self._kept) > self.limit:
            self.dropped += self.confirm(self.oldest)
        return seq

    def payload(self, seq: int) -> bytes:
        """Return the message as the wire contract's native JSON; `oldest` is as of this moment."""
        message = {"seq": seq, "oldest": self.oldest, "readings": self._kept[seq]}
        return json.dumps(message, separators=(",", ":")).encode()

    def confirm(self, upto: int) -> int:
        """Forget everything up to a committed number, and return how many messages that were."""
        done = [seq for seq in self._kept if seq <= upto]
        for seq in done:
            del self._kept[seq]
        if done:
            self._write(["done", upto])
        return len(done)

    def close(self) -> None:
        """Write the journal without what is done, and close it."""
        self._file.close()
        self._rewrite()
        self._file.close()

    def _write(self, line: list[Any]) -> None:
        self._file.write(json.dumps(line, separators=(",", ":")) + "\n")
        self._file.flush()
        self._lines += 1
        if self._lines > 2 * len(self._kept) + _SLACK:
            self._file.close()
            self._rewrite()

    def _rewrite(self) -> None:
        lines = [["next", self._next], *(["keep", seq, readings] for seq, readings in self._kept.items())]
        fresh = self.path.with_suffix(".new")
        fresh.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines))
        fresh.replace(self.path)
        self._file = self.path.open("a", encoding="utf-8")
        self._lines = len(lines)

    def _read(self) -> None:
        for line in self.path.read_text(encoding="utf-8").splitlines():
            try:
                what, *rest = json.loads(line)
            except ValueError:
                # only the last line can be torn, and its message was never sent
                log.warning("journal line not readable, left out", path=str(self.path), line=line[:80])
                continue
            self._replay(what, rest)

    def _replay(self, what: str, rest: list[Any]) -> None:
        if what == "next":
            self._next = rest[0]
        elif what == "keep":
            seq, readings = rest
            self._kept[seq] = readings
            self._next = max(self._next, seq + 1)
        else:
            self._kept = {seq: readings for seq, readings in self._kept.items() if seq > rest[0]}
