"""Which stored series answer for which areas."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from api.known import Known, Unit
from api.periods import Period
from api.stand_ins import Extent, choose, land_share


def unit(id_: int, code: str, year: int = 2025, **changes: Any) -> Unit:
    known: dict[str, Any] = {"parent_id": None, "level": "commune", "name_en": code, "name_vi": code}
    known |= {"area_km2": 10.0, "latitude": 21.0, "longitude": 107.0, "reporting": False, "valid_to": None}
    return Unit(id=id_, code=code, valid_from=date(year, 7, 1), **(known | changes))


OLD = unit(1, "old", 2020, level="district", area_km2=40.0, reporting=True, valid_to=date(2025, 7, 1))
OTHER = unit(2, "other", 2020, level="district", reporting=True, valid_to=date(2025, 7, 1))
NEW, MIXED = unit(3, "new"), unit(4, "mixed")
KNOWN = Known(
    {},
    {each.id: each for each in (OLD, OTHER, NEW, MIXED)},
    (
        {"predecessor_id": 1, "successor_id": 3, "is_main": True, "share": None},
        {"predecessor_id": 1, "successor_id": 4, "is_main": False, "share": None},
        {"predecessor_id": 2, "successor_id": 4, "is_main": True, "share": 0.125},
    ),
)


def at(month: int, day: int = 1) -> datetime:
    return datetime(2026, month, day, tzinfo=UTC)


YEAR = Period(at(1), at(12))
ALL = Extent(datetime(2024, 1, 1, tzinfo=UTC), at(11))


def chosen(area: Unit, extents: dict[int, Extent], *, derive: bool = True) -> Any:
    found = choose(KNOWN, ["i"], [area], YEAR, {("i", id_): e for id_, e in extents.items()}, derive=derive)
    series = [(each.unit.code, each.start, each.end, each.stands_for) for each in found.series]
    return series, [(s.relation, [o.unit.code for o in s.derived_from]) for s in found.stand_ins]


def test_own_values_need_nobody() -> None:
    assert chosen(OLD, {1: ALL, 3: ALL}) == ([("old", at(1), at(12), ())], [])
    assert chosen(NEW, {1: ALL, 3: Extent(at(1), at(11))}) == ([("new", at(1), at(12), ())], [])


def test_a_unit_without_values_is_answered_by_what_it_came_from() -> None:
    series, stand_ins = chosen(NEW, {1: ALL, 2: ALL})
    assert series == [("old", at(1), at(12), ("new",))]
    assert stand_ins == [("predecessor", ["old"])]


def test_of_several_predecessors_each_answers_and_the_main_one_is_first() -> None:
    series, stand_ins = chosen(MIXED, {1: ALL, 2: ALL})
    assert [code for code, *_ in series] == ["old", "other"]
    assert stand_ins == [("predecessor", ["other", "old"])]


def test_before_its_own_values_begin_the_predecessor_answers() -> None:
    series, stand_ins = chosen(NEW, {1: ALL, 3: Extent(at(6), at(11))})
    assert series == [("old", at(1), at(6), ("new",)), ("new", at(1), at(12), ())]
    assert stand_ins == [("predecessor", ["old"])]


def test_an_old_unit_without_values_is_answered_by_what_it_went_into() -> None:
    series, stand_ins = chosen(OLD, {3: ALL, 4: ALL})
    assert [(code, stands_for) for code, _, _, stands_for in series] == [
        ("new", ("old",)),
        ("mixed", ("old",)),
    ]
    assert stand_ins == [("successor", ["new", "mixed"])]


def test_nobody_answers_silently_where_it_was_not_asked_for() -> None:
    assert chosen(NEW, {1: ALL}, derive=False) == ([], [])
    assert chosen(NEW, {}) == ([], [])
    assert chosen(NEW, {1: Extent(datetime(2020, 1, 1, tzinfo=UTC), datetime(2021, 1, 1, tzinfo=UTC))}) == (
        [],
        [],
    )


def test_a_unit_that_was_asked_for_itself_and_stands_for_another_comes_once() -> None:
    found = choose(KNOWN, ["i"], [OLD, NEW], YEAR, {("i", 1): ALL}, derive=True)
    assert [(each.unit.code, each.stands_for) for each in found.series] == [("old", ("new",))]


def test_the_share_of_land_is_told_where_it_is_known() -> None:
    (old,), (new, _) = KNOWN.predecessors(NEW), KNOWN.successors(OLD)
    assert land_share(KNOWN, NEW, "predecessor", old) == 0.25
    assert land_share(KNOWN, OLD, "successor", new) == 0.25
    # Of two predecessors that of one is told, that of the other cannot be seen by sizes.
    shares = {
        each.unit.code: land_share(KNOWN, MIXED, "predecessor", each) for each in KNOWN.predecessors(MIXED)
    }
    assert shares == {"other": 0.125, "old": None}


def test_a_tree_is_followed_down() -> None:
    top = unit(10, "top", level="province")
    child, grandchild = unit(11, "child", parent_id=10), unit(12, "grandchild", parent_id=11)
    known = Known({}, {each.id: each for each in (top, child, grandchild, OLD)}, ())
    assert [each.code for each in known.below([top])] == ["top", "child", "grandchild"]
