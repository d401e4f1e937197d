"""When something was there: silences, what a gateway said of itself, and what nobody can know."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from devices.availability import Span, available, limit_of, offline, silences, without

START = datetime(2026, 11, 22, tzinfo=UTC)
END = START + timedelta(hours=10)


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def test_silent_after_two_intervals_and_not_before_a_minute() -> None:
    assert limit_of(300) == timedelta(minutes=10)
    assert limit_of(5) == timedelta(minutes=1)


def test_silences_begin_with_the_limit_and_end_with_what_is_heard() -> None:
    heard = [at(-0.5), at(1), at(4), at(4.5), at(9.5)]
    assert silences(heard, timedelta(hours=1), START, END) == [
        (at(0.5), at(1), "silent"),
        (at(2), at(4), "silent"),
        (at(5.5), at(9.5), "silent"),
    ]
    assert silences([at(0.5)], timedelta(hours=1), START, END) == [
        (at(0), at(0.5), "silent"),
        (at(1.5), END, "silent"),
    ]
    assert silences([], timedelta(hours=1), START, END) == [(START, END, "silent")]


def test_offline_from_its_word_to_the_next() -> None:
    states = [(at(-3), False), (at(1), True), (at(2), False), (at(3), False), (at(4), True), (at(9), False)]
    assert offline(states, START, END) == [
        (at(0), at(1), "offline"),
        (at(2), at(3), "offline"),
        (at(3), at(4), "offline"),
        (at(9), END, "offline"),
    ]


def test_what_overlaps_counts_once_and_the_unknown_not_at_all() -> None:
    unknown = [Span(at(0), at(2), "unknown")]
    gone = [Span(at(1), at(4), "offline")]
    silent = [Span(at(3), at(6), "silent")]
    found = available(START, END, unknown, gone, silent)
    assert found.spans == (
        (at(0), at(2), "unknown"),
        (at(2), at(4), "offline"),
        (at(4), at(6), "silent"),
    )
    assert found.share == 1 - 4 / 8
    assert available(START, END, [Span(START, END, "unknown")]).share is None
    assert available(START, START).share is None
    assert available(START, END).share == 1


SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 20)), max_size=6)


def spans(drawn: list[tuple[int, int]]) -> list[Span]:
    """Spans of whole minutes that do not overlap."""
    found: list[Span] = []
    for begin, length in sorted(drawn):
        one = Span(at(begin / 60), at((begin + length) / 60), "silent")
        if not found or found[-1].end <= one.start:
            found.append(one)
    return found


def minutes(each: list[Span]) -> set[int]:
    return {
        minute for span in each for minute in range(200)
        if span.start <= START + timedelta(minutes=minute) < span.end
    }  # fmt: skip


@given(SPANS, SPANS)
def test_what_is_left_is_the_difference_of_sets_and_does_not_overlap(
    some: list[tuple[int, int]], others: list[tuple[int, int]]
) -> None:
    left = without(spans(some), spans(others))
    assert minutes(left) == minutes(spans(some)) - minutes(spans(others))
    assert all(one.end <= other.start for one, other in pairwise(sorted(left)))
