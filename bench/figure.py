"""What was measured: figures beside their limits, as a table and as JSON."""

from __future__ import annotations

import json
import statistics
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import psutil
from rich.box import SIMPLE
from rich.console import Console
from rich.progress import track
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

T = TypeVar("T")

_NUMBERS = ("ours", "limit", "ratio")

# Without a terminal rich takes 80 columns, too few for the table.
out = Console(highlight=False, width=None if sys.stdout.isatty() else 130)
err = Console(stderr=True)


@dataclass
class Figure:
    """What was measured of one name: ours and the limit, run by run, in the same unit."""

    ours: list[float] = field(default_factory=list)
    limit: list[float] = field(default_factory=list)
    #: what was done; limit: against what
    what: str = ""
    #: the ratio or the value aimed at
    aim: str = ""

    def add(self, ours: float, limit: float) -> None:
        """Note one run."""
        self.ours.append(ours)
        self.limit.append(limit)

    @property
    def summary(self) -> dict[str, float | None]:
        """Medians, and their ratio: None if the limit was too little to be measured."""
        ours, limit = statistics.median(self.ours), statistics.median(self.limit)
        ratio = round(ours / limit, 3) if limit else None
        return {"ours": _rounded(ours), "limit": _rounded(limit), "ratio": ratio}


def steps(sequence: Sequence[T], what: str) -> Iterable[T]:
    """Go through a sequence with a progress bar on stderr."""
    return track(sequence, what, console=err, transient=True)


def show(found: dict[str, Figure], began: tuple[float, float, float]) -> None:
    """Print a table, the machine's load, and as the last line one JSON object.

    Args:
        found: the figures by name.
        began: the machine's load averages before the first of them was measured.
    """
    for name, figure in found.items():
        if figure.what:
            out.print(f"{name}: {figure.what}")
    out.print(_table(found))
    out.print(f"load averages of the machine: {_load(began)} before, {_load(psutil.getloadavg())} after")
    print(json.dumps({name: figure.summary for name, figure in found.items()}))


def _table(found: dict[str, Figure]) -> Table:
    table = Table(box=SIMPLE)
    for heading in ("name", "ours", "limit", "ratio", "aim", "ours from … to", "limit from … to"):
        table.add_column(heading, no_wrap=True, justify="right" if heading in _NUMBERS else "left")
    for name, figure in found.items():
        s = figure.summary
        numbers = ["-" if s[each] is None else f"{s[each]:,}" for each in _NUMBERS]
        table.add_row(name, *numbers, figure.aim, _spread(figure.ours), _spread(figure.limit))
    return table


def _load(averages: tuple[float, float, float]) -> str:
    return "/".join(f"{each:.1f}" for each in averages)


def _spread(runs: list[float]) -> str:
    return f"{_rounded(min(runs)):,} … {_rounded(max(runs)):,}"


def _rounded(value: float) -> float:
    return round(value, 1) if value >= 20 else round(value, 3)
