"""What a console's page is told of an element, and that the browser has the whole after it."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.console.changes import changes

ROWS = [{"key": "a", "text": "1"}, {"key": "b", "text": "2"}, {"key": "c", "text": "3"}]


def taken(props: dict[str, Any], found: dict[str, dict[str, Any]] | None) -> dict[str, Any]:
    """What console.js makes of it."""
    if found is None:
        return props
    props = props | found["whole"]
    for name, rows in found["rows"].items():
        props[name] = [rows.get(str(place), row) for place, row in enumerate(props[name])]
    return props


def test_nothing_is_told_of_what_is_equal() -> None:
    assert changes({"rows": ROWS, "label": "x"}, {"rows": deepcopy(ROWS), "label": "x"}) is None


def test_of_a_list_the_rows_that_differ_are_told() -> None:
    after = [ROWS[0], {"key": "b", "text": "4"}, ROWS[2]]
    assert changes({"rows": ROWS}, {"rows": after}) == {"whole": {}, "rows": {"rows": {"1": after[1]}}}


@pytest.mark.parametrize("after", [ROWS[:2], [*ROWS, ROWS[0]], [], [{"key": "z"}] * 3])
def test_a_list_of_another_length_or_all_new_is_told_whole(after: list[dict[str, str]]) -> None:
    assert changes({"rows": ROWS}, {"rows": after}) == {"whole": {"rows": after}, "rows": {}}


_VALUES = st.one_of(st.integers(0, 2), st.none(), st.lists(st.integers(0, 2), max_size=4))
_PROPS = st.dictionaries(st.sampled_from("abc"), _VALUES)


@given(_PROPS, _PROPS)
def test_the_browser_has_all_of_it_afterwards(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert taken(before, changes(before, after)) == before | after
