"""The attack table: a row for each attack that a test tries. `make attacks` prints it.

Rows are the tests in this folder, and those elsewhere that are marked, as here:

    @pytest.mark.attack("oversized body", "413 before it is read")

What is attacked comes first, then what happens. A test in this folder without a mark is told by its name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest

_FOLDER = Path(__file__).parent
_HELD, _SKIPPED, _THROUGH, _KNOWN = "held", "not tried", "GOT THROUGH", "GETS THROUGH, known"


@dataclass
class Row:
    """One attack, which may be several tests of one function."""

    attack: str
    outcome: str
    test: str
    reports: list[str] = field(default_factory=list)

    @property
    def result(self) -> str:
        """What became of it."""
        if "failed" in self.reports:
            return _THROUGH
        if "known" in self.reports:
            return _KNOWN
        return _HELD if "passed" in self.reports else _SKIPPED


class Table:
    """Gathers the rows of a run, and prints them at its end."""

    def __init__(self) -> None:
        self._rows: dict[str, Row] = {}

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Make a row for each function that is an attack, and leave out the others."""
        attacks = [item for item in items if _is_attack(item)]
        config.hook.pytest_deselected(items=[item for item in items if item not in attacks])
        items[:] = attacks
        for item in attacks:
            name = _name(item.nodeid)
            self._rows.setdefault(name, Row(*_words(item), test=name))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what a test ended in."""
        row = self._rows.get(_name(report.nodeid))
        if row is not None and (report.when == "call" or report.outcome != "passed"):
            row.reports.append("known" if hasattr(report, "wasxfail") else report.outcome)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the table."""
        terminalreporter.section("attacks")
        for line in lines(self._rows.values()):
            terminalreporter.write_line(line)


def lines(rows: Iterable[Row]) -> list[str]:
    """Return the rows as a table of Markdown, and how many attacks got through."""
    found = sorted(rows, key=lambda row: row.test)
    results = [row.result for row in found]
    ended = (_THROUGH, "got through"), (_KNOWN, "known to get through"), (_SKIPPED, "not tried")
    counts = ", ".join(f"{results.count(result)} {words}" for result, words in ended)
    return [
        "| attack | what happens | test | |",
        "|---|---|---|---|",
        *(f"| {row.attack} | {row.outcome} | `{row.test}` | {row.result} |" for row in found),
        f"{len(found)} attacks: {counts}",
    ]


def _is_attack(item: pytest.Item) -> bool:
    return item.path.is_relative_to(_FOLDER) or item.get_closest_marker("attack") is not None


def _words(item: pytest.Item) -> tuple[str, str]:
    if mark := item.get_closest_marker("attack"):
        return mark.args[0], mark.args[1]
    return _name(item.name).removeprefix("test_").replace("_", " "), "as it says"


def _name(nodeid: str) -> str:
    return nodeid.partition("[")[0]


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Table(), "attack-table")
