"""Every worked example of the declarations holds, and none that the facts give is forgotten."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pytest

from analytics.examples import Figure, check, leaves
from analytics.indicator import INDICATORS, Example, Indicator

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLES = [(indicator, example) for indicator in INDICATORS.values() for example in indicator.examples]
#: The decision prints 60 for 59.35, which half-up rounding makes 59: the facts give both, ours is 59.
PRINTED_OTHERWISE = {("vn_aqi_hour", "official example", "aqi_printed_in_decision")}


@pytest.mark.parametrize(
    ("indicator", "example"), EXAMPLES, ids=[f"{i.code}: {example.case}" for i, example in EXAMPLES]
)
def test_ours_is_what_is_expected(indicator: Indicator, example: Example) -> None:
    checked = check(indicator, example)
    assert checked.figures, f"{indicator.code}, {example.case}: nothing is expected"
    assert [figure for figure in checked.figures if not figure.agrees] == []


def facts(shared: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((shared / "facts/worked_examples.json").read_text("utf-8"))[
        "examples"
    ]
    return found


def test_no_example_of_the_facts_is_forgotten(shared: Path) -> None:
    """A fact's figure is covered by an example that has no other inputs than the fact's, and expects it."""
    given = facts(shared)
    assert len(given) > 60
    forgotten = {
        f"{fact['indicator']}, {fact['case']}": missing for fact in given if (missing := uncovered(fact))
    }
    assert forgotten == {}


def uncovered(fact: dict[str, Any]) -> list[str]:
    """The expected figures of a fact that no example of a declaration expects."""
    about = [example for _, example in EXAMPLES if is_about(example, fact)]
    expected = [value for example in about for _, value in leaves(example.expected)]
    return [
        name
        for name, value in leaves(fact["expected"])
        if (fact["indicator"], fact["case"], name) not in PRINTED_OTHERWISE
        and not any(same(value, each, fact["tolerance"]) for each in expected)
    ]


def is_about(example: Example, fact: dict[str, Any]) -> bool:
    """Whether an example is computed from a fact's inputs, or from some of them, under whatever names."""
    given = [value for _, value in leaves(fact["inputs"])]
    numbers = [value for _, value in leaves(example.inputs) if is_number(value)]
    return bool(numbers) and all(any(same(value, each, 0) for each in given) for value in numbers)


def same(one: Any, other: Any, tolerance: float) -> bool:
    if is_number(one) and is_number(other):
        return math.isclose(one, other, rel_tol=0, abs_tol=tolerance + 1e-9)
    return type(one) is type(other) and bool(one == other)


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


@pytest.mark.parametrize(
    ("expected", "ours", "agrees"),
    [
        (59, 59.0, True),
        (59, 60, False),
        (20.2658, 20.26577, True),
        (20.2658, 20.268, False),
        (None, None, True),
        (None, 0.0, False),
        (0.0, None, False),
        (1, True, False),
        ("Kém", "Kém", True),
        ("Kém", "Xấu", False),
        (1.0, math.nan, False),
    ],
)
def test_a_figure_agrees_within_its_tolerance(expected: Any, ours: Any, agrees: bool) -> None:
    assert Figure("x", expected, ours, 1e-3).agrees is agrees


def test_a_figure_that_is_absent_does_not_agree() -> None:
    example = Example(
        case="c", ours=lambda: {"a": {"b": 1}}, inputs={}, expected={"a": {"b": 1, "c": None}}, tolerance=0
    )
    checked = check(next(iter(INDICATORS.values())), example)
    assert [(figure.name, figure.agrees) for figure in checked.figures] == [("a.b", True), ("a.c", False)]
    assert not checked.agrees
