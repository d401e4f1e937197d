"""What the provisioning tells its reader: bars on a terminal, one plain line a step elsewhere."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Unit = Literal["bytes", "packages"]


class Report:
    """Writes steps to `console` (default: standard error); `quiet` writes nothing at all."""

    def __init__(self, console: Console | None = None, *, quiet: bool = False) -> None:
        self._console = console or Console(stderr=True, highlight=False, quiet=quiet)

    def line(self, text: str) -> None:
        """Write one line."""
        self._console.print(text, markup=False, soft_wrap=True)

    @contextmanager
    def progress(self, text: str, total: int, unit: Unit) -> Iterator[Callable[[int], None]]:
        """Give a function that takes the amount done so far, in `unit`s out of `total`."""
        if not self._console.is_terminal:
            self.line(text)
            yield lambda _done: None
            return
        with Progress(*_columns(unit), console=self._console) as progress:
            task = progress.add_task(text, total=total)
            yield lambda done: progress.update(task, completed=done)


def _columns(unit: Unit) -> list[ProgressColumn]:
    amount = [DownloadColumn(), TransferSpeedColumn()] if unit == "bytes" else [MofNCompleteColumn()]
    return [TextColumn("{task.description}", markup=False), BarColumn(), *amount, TimeRemainingColumn()]
