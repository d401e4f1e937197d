"""Whether a client has an answer already: RFC 9110, 13.1 and 13.2.2, one way for values and for files."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.conditions import http_date, is_matched, is_unchanged, parsed_date

MADE = datetime(2026, 11, 4, 1, 2, 3, 456_789, tzinfo=UTC)
THEN = "Wed, 04 Nov 2026 01:02:03 GMT"
EARLIER = "Wed, 04 Nov 2026 01:02:02 GMT"


@pytest.mark.parametrize("etag", ['"a"', 'W/"a"'])
@pytest.mark.parametrize(
    ("known", "unchanged"),
    [('"a"', True), ('W/"a"', True), ('"b", W/"a"', True), ("*", True), ('"b"', False), ("a", False)],
)
def test_tags_are_compared_weakly(etag: str, known: str, unchanged: bool) -> None:
    assert is_unchanged({"if-none-match": known}, etag, None) is unchanged
    # The tag decides alone where there is one, whatever the date says.
    assert is_unchanged({"if-none-match": known, "if-modified-since": THEN}, etag, MADE) is unchanged


def test_an_answer_without_a_tag_is_known_by_the_asterisk_alone() -> None:
    assert is_unchanged({"if-none-match": "*"}, None, None)
    assert not is_unchanged({"if-none-match": '"None", ""'}, None, None)


@pytest.mark.parametrize(
    ("since", "unchanged"),
    [
        (THEN, True),
        ("Wed, 04 Nov 2026 01:02:03 -0000", True),
        ("Thu, 05 Nov 2026 00:00:00 GMT", True),
        (EARLIER, False),
        ("yesterday", False),
        ("", False),
        ("Wed, 04 Nov 2026 01:02:03 +99999999", False),
    ],
)
def test_without_a_tag_the_date_decides_by_the_second(since: str, unchanged: bool) -> None:
    assert is_unchanged({"if-modified-since": since}, '"a"', MADE) is unchanged
    assert not is_unchanged({"if-modified-since": since}, '"a"', None)


def test_without_a_condition_nothing_is_known() -> None:
    assert not is_unchanged({}, '"a"', MADE)


@given(st.text())
def test_any_text_is_a_date_or_none(text: str) -> None:
    found = parsed_date(text)
    assert found is None or found.tzinfo is not None


@given(st.datetimes(datetime(1970, 1, 1), datetime(2199, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_a_date_is_read_as_it_was_written(instant: datetime) -> None:
    assert parsed_date(http_date(instant)) == instant.replace(microsecond=0)


@pytest.mark.parametrize(
    ("if_match", "is_so"),
    [
        ('"41.2"', True),
        ("*", True),
        (" * ", True),
        ('"41.1", "41.2"', True),
        ('W/"41.2"', False),
        ('"41.1"', False),
        ('"x, 41.2"', False),
        ("41.2", False),
        ("", False),
    ],
)
def test_if_match_names_a_version_strongly(if_match: str, is_so: bool) -> None:
    assert is_matched(if_match, '"41.2"') is is_so
