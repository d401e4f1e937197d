"""Vietnamese names of intermediate numbers: of numbers that there are, each of another one."""

from __future__ import annotations

import ast
from pathlib import Path

import analytics.indicators
from runtime.number_names import NUMBERS_VI

_INDICATORS = Path(analytics.indicators.__file__).parent
_SOURCES = [*_INDICATORS.glob("*.py"), *_INDICATORS.parent.glob("*.py")]


def test_each_is_of_a_number_that_some_indicator_tells() -> None:
    trees = [ast.parse(path.read_text("utf-8")) for path in _SOURCES]
    said = {
        node.value
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert set(NUMBERS_VI) <= said


def test_names_that_mean_different_numbers_differ() -> None:
    same = {"first": "start"}  # of an energy meter and of visitors, never of one value
    names = {key: name for key, name in NUMBERS_VI.items() if key not in same}
    assert len(set(names.values())) == len(names)
