"""Tables of commands: what one copies from them is whole, however narrow the terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from runtime.listing import Listing, shortened

PREFIX, DATE, NAME = (
    "c8be3f01",
    "2026-11-29 14:28+07:00",
    "the duty desk of the city's western districts [day]",
)


def printed(width: int, *, terminal: bool) -> list[str]:
    file = io.StringIO()
    out = Console(file=file, width=width, force_terminal=terminal, color_system=None, soft_wrap=True)
    table = Listing("prefix", "name", "created", "revoked", prose=("name",))
    table.row(PREFIX, NAME, DATE, DATE)
    table.show(out)
    return file.getvalue().splitlines()


@pytest.mark.parametrize("width", [40, 80, 250])
def test_where_no_terminal_is_a_row_is_one_line(width: int) -> None:
    (line,) = (each for each in printed(width, terminal=False) if PREFIX in each)
    assert [each.strip() for each in line.strip("│").split("│")] == [PREFIX, NAME, DATE, DATE]


@pytest.mark.parametrize("width", [40, 80, 250])
def test_a_terminal_wraps_prose_alone(width: int) -> None:
    lines = printed(width, terminal=True)
    (line,) = (each for each in lines if PREFIX in each)
    assert line.count(DATE) == 2
    assert "…" not in "".join(lines)
    cells = [each.split("│")[2].split() for each in lines if "│" in each]
    assert " ".join(word for cell in cells for word in cell) == NAME


def test_a_table_that_fits_is_no_wider_than_the_terminal() -> None:
    assert max(map(len, printed(80, terminal=True))) <= 80


@pytest.mark.parametrize(
    ("shown", "expected"), [(3, ["  a", "  b", "  c"]), (2, ["  a", "  b", "  … and 1 more"])]
)
def test_of_many_lines_the_first_are_told_and_how_many_follow(shown: int, expected: list[str]) -> None:
    assert shortened(["a", "b", "c"], shown) == expected
