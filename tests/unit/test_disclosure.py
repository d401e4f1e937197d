"""Small cells: what is published of counts of people gives none of them away."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.open_data.disclosure import Relation, determined, suppressed

SMALLEST = 10
DISTRICTS = ("a", "b", "c", "d")
HOURS = 4


def of_areas(*parts: str) -> Relation[str]:
    return Relation("total", parts)


def test_what_is_large_enough_is_published() -> None:
    assert suppressed({"total": 40, "a": 10, "b": 30}, [of_areas("a", "b")], SMALLEST) == frozenset()


def test_a_small_cell_takes_the_next_smallest_with_it() -> None:
    """75 = 5 + 20 + 50: the total less 20 and 50 would tell 5."""
    counts = {"total": 75, "a": 5, "b": 20, "c": 50}
    assert suppressed(counts, [of_areas("a", "b", "c")], SMALLEST) == {"a", "b"}


def test_two_small_cells_that_are_small_together_take_a_third() -> None:
    counts = {"total": 77, "a": 3, "b": 4, "c": 20, "d": 50}
    assert suppressed(counts, [of_areas("a", "b", "c", "d")], SMALLEST) == {"a", "b", "c"}


def test_two_small_cells_that_are_large_together_suffice() -> None:
    counts = {"total": 67, "a": 8, "b": 9, "c": 50}
    assert suppressed(counts, [of_areas("a", "b", "c")], SMALLEST) == {"a", "b"}


def test_where_no_part_is_left_the_total_goes() -> None:
    assert suppressed({"total": 12, "a": 5, "b": 7}, [of_areas("a", "b")], SMALLEST) == {"a", "b"}
    assert suppressed({"total": 9, "a": 9}, [of_areas("a")], SMALLEST) == {"total", "a"}
    assert suppressed({"total": 30, "a": 0, "b": 3, "c": 3}, [of_areas("a", "b", "c")], SMALLEST) == {
        "total", "a", "b", "c",
    }  # fmt: skip


def test_none_at_all_is_few_too() -> None:
    assert suppressed({"total": 50, "a": 0, "b": 50}, [of_areas("a", "b")], SMALLEST) >= {"a"}


def test_what_an_earlier_publication_hid_stays_hidden() -> None:
    """It hid 5 and 20; b is 40 by now, and to hide c instead would tell b, and with the earlier total a."""
    counts = {"total": 95, "a": 5, "b": 40, "c": 30}
    assert suppressed(counts, [of_areas("a", "b", "c")], SMALLEST) == {"a", "c"}
    assert suppressed(counts, [of_areas("a", "b", "c")], SMALLEST, ["a", "b", "x"]) == {"a", "b"}


def test_a_chain_of_sums_is_followed() -> None:
    """The hour of 2 takes the hour of 20 of the same district with it, and the district's neighbour's."""
    found = suppressed(
        *table([[2, 20, 40, 50], [30, 40, 50, 60], [31, 41, 51, 61], [32, 42, 52, 62]]), SMALLEST
    )
    assert {("a", 0), ("a", 1), ("b", 0), ("b", 1)} == found


def test_what_the_equations_solve_is_found() -> None:
    relations = [Relation("t", ("x", "y")), Relation("u", ("y", "z")), Relation("w", ("z", "v"))]
    assert determined({"x", "y", "z"}, relations) == {"x", "y", "z"}
    assert determined({"x", "y", "z", "v"}, relations) == frozenset()


Counts = dict[Any, float]


def table(rows: Any) -> tuple[Counts, list[Relation[Any]]]:
    """Counts of districts by hour with their sums over hours (`day`), districts (`total`) and both."""
    names, hours = DISTRICTS[: len(rows)], range(len(rows[0]))
    counts: Counts = {(d, h): float(rows[i][h]) for i, d in enumerate(names) for h in hours}
    counts |= {("total", h): float(sum(row[h] for row in rows)) for h in hours}
    counts |= {(d, "day"): float(sum(rows[i])) for i, d in enumerate(names)}
    counts["total", "day"] = float(sum(map(sum, rows)))
    relations = [Relation(("total", h), tuple((d, h) for d in names)) for h in (*hours, "day")]
    relations += [Relation((d, "day"), tuple((d, h) for h in hours)) for d in (*names, "total")]
    return counts, relations


TABLES = st.integers(1, len(DISTRICTS)).flatmap(
    lambda n: st.lists(
        st.lists(st.one_of(st.integers(0, 12), st.integers(0, 500)), min_size=HOURS, max_size=HOURS),
        min_size=n,
        max_size=n,
    )
)


@given(TABLES)
def test_no_small_cell_is_published(rows: Any) -> None:
    counts, relations = table(rows)
    hidden = suppressed(counts, relations, SMALLEST)
    assert all(counts[cell] >= SMALLEST for cell in counts.keys() - hidden)


@given(TABLES)
def test_no_sum_tells_a_small_group(rows: Any) -> None:
    """A published total less its published parts leaves people enough, in two cells at least."""
    counts, relations = table(rows)
    hidden = suppressed(counts, relations, SMALLEST)
    for each in relations:
        parts = [cell for cell in each.parts if cell in hidden]
        if each.total not in hidden and parts:
            assert len(parts) >= 2
            assert sum(counts[cell] for cell in parts) >= SMALLEST
        if each.total in hidden:
            assert parts


@given(TABLES)
def test_no_attacker_solves_for_a_small_cell(rows: Any) -> None:
    """For each small cell there is another table with the same published numbers and another value in it."""
    counts, relations = table(rows)
    hidden = sorted(suppressed(counts, relations, SMALLEST), key=str)
    if not hidden:
        return
    equations = np.array(
        [[(cell in r.parts) - float(cell == r.total) for cell in hidden] for r in relations], dtype=float
    )
    rank = np.linalg.matrix_rank(equations)
    for number, cell in enumerate(hidden):
        if 0 < counts[cell] < SMALLEST:
            unit = np.zeros((1, len(hidden)))
            unit[0, number] = 1
            assert np.linalg.matrix_rank(np.vstack([equations, unit])) == rank + 1


@given(TABLES)
def test_large_tables_lose_nothing(rows: Any) -> None:
    counts, relations = table([[each + SMALLEST for each in row] for row in rows])
    assert suppressed(counts, relations, SMALLEST) == frozenset()


@pytest.mark.parametrize("order", [DISTRICTS, tuple(reversed(DISTRICTS))])
def test_the_order_of_cells_decides_nothing(order: tuple[str, ...]) -> None:
    counts = {"total": 75.0, "a": 5.0, "b": 20.0, "c": 20.0, "d": 30.0}
    shuffled = {name: counts[name] for name in (*order, "total")}
    assert suppressed(shuffled, [Relation("total", order)], SMALLEST) == {"a", "b"}
