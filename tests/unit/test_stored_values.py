"""What is not in whole months that were found, and nothing else, is left to be read."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from api.known import Unit
from api.stand_ins import Series
from api.stored_values import left
from storage.packed_values import next_month

AREA = Unit(
    id=3, code="193", parent_id=None, level="district", name_en="Ha Long", name_vi="Hạ Long", area_km2=None,
    latitude=21.0, longitude=107.0, reporting=True, valid_from=date(2020, 1, 1), valid_to=None,
)  # fmt: skip
START = datetime(2025, 11, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
spans = st.tuples(st.integers(0, 3_000), st.integers(0, 3_000))


def month(instant: datetime) -> datetime:
    return instant.replace(day=1, hour=0)


@given(st.lists(spans, min_size=1, max_size=3), st.randoms(use_true_random=False), st.booleans())
def test_what_is_left_and_what_was_found_are_the_whole(
    bounds: list[tuple[int, int]], chance: object, is_enough: bool
) -> None:
    series = [Series("aqi", AREA, START + min(each) * HOUR, START + max(each) * HOUR) for each in bounds]
    every = {
        (place, month(each.start + n * HOUR))
        for place, each in enumerate(series)
        for n in range((each.end - each.start) // HOUR)
    }
    found = sorted(each for each in every if chance.random() < 0.5)  # type: ignore[attr-defined]
    pieces = list(left(series, found, is_enough=is_enough))
    hours = [
        (piece.series, piece.start + n * HOUR)
        for piece in pieces
        for n in range((piece.end - piece.start) // HOUR)
    ]
    wanted = [
        (place, at)
        for place, each in enumerate(series)
        for at in (each.start + n * HOUR for n in range((each.end - each.start) // HOUR))
        if (place, month(at)) not in set(found)
        and not (is_enough and (place, month(at)) > (found[-1] if found else (-1, at)))
    ]
    assert hours == wanted


def test_months_follow_each_other() -> None:
    at, found = datetime(2023, 12, 1, tzinfo=UTC), []
    for _ in range(15):
        found.append(at)
        at = next_month(at)
    assert [(each.year, each.month, each.day) for each in found] == [
        (2023, 12, 1), *((2024, n, 1) for n in range(1, 13)), (2025, 1, 1), (2025, 2, 1),
    ]  # fmt: skip
