"""What areas a key reaches, who may do what, and that no query forgets to ask for either."""

from __future__ import annotations

import contextvars
import importlib
import pkgutil
import re
from collections.abc import Iterator, Mapping
from datetime import date
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

import pytest

import api.queries
from api import reach
from api.known import Known, Unit
from api.rights import NEEDED, OPENED, RIGHTS, Right, Role, require_rules, roles_with

if TYPE_CHECKING:
    from types import ModuleType

#: tables with what stands in areas
_PROTECTED = re.compile(
    r"\b(FROM|JOIN|INTO|UPDATE)\s+(areas|area_successions|things|gateways|datastreams|observations|observations_hourly"
    r"|latest_observations|observation_flags|refusals|alerts|alert_rules|alert_history|alert_silences|alert_notifications"
    r"|gateway_status|gateway_status_history|gateway_gaps|arrivals|commands|command_history|desired_configs|rollout_gateways|indicator_values|latest_values|site_values|live_\w+"
    r"|gateway_stays|maintenance_windows|sensors|automatic_acceptance)\b"
)  # fmt: skip
_STATEMENT = re.compile(r"\s*(SELECT|WITH|INSERT|UPDATE|DELETE)\b")
#: queries that are not cut -> why nothing gets out by them
_CUT_ELSEWHERE = {
    "known._UNITS": "kept for everyone: Registry.known cuts what a caller gets of it",
    "known._SUCCESSIONS": "kept for everyone: Registry.known cuts what a caller gets of it",
    "indicators._*": "areas come from api.questions.ground, which knows those in reach",
    "observations._EACH": "of datastreams that observations._STREAMS gave",
    "observations._SAMPLE*": "of datastreams that observations._STREAMS gave",
    "observations._EXTREMES": "of datastreams that observations._STREAMS gave",
    "observations._MEANS": "of datastreams that observations._STREAMS gave",
    "observations._FLAGS": "of rows that were read",
    "alerts._HISTORY": "of an alert that alerts._ALERT gave",
    "alerts._NOTIFICATIONS": "of an alert that alerts._ALERT gave",
    "alerts._BY_HISTORY": "joined with alerts._ALERT, which is cut",
    "keys._UNKNOWN_AREAS": "run by who makes keys",
    "live._[!U]*": "read once for all streams, whose Selections are cut; what is watched was checked",
    "sensors._SAME": "of a datastream that things.datastream gave",
    "open_data._*": "published, for everyone",
    "dashboards.console.queries._HISTORY": "of an area of the console's registry, which areas._LIST gave",
    "dashboards.console.queries._PAST": "of areas of the console's registry, which areas._LIST gave",
}


def statements() -> Iterator[tuple[str, str]]:
    """Give every SQL text of the API and the console by module and name."""
    for module in modules():
        for name, value in vars(module).items():
            texts = value.values() if isinstance(value, Mapping) else (value,)
            for text in texts:
                if isinstance(text, str) and _STATEMENT.match(text):
                    yield f"{module.__name__.removeprefix('api.queries.')}.{name}", text


def modules() -> list[ModuleType]:
    names = [f"api.queries.{each.name}" for each in pkgutil.iter_modules(api.queries.__path__)]
    return [importlib.import_module(name) for name in [*names, "dashboards.console.queries"]]


def is_cut_elsewhere(name: str) -> bool:
    return any(fnmatch(name, pattern) for pattern in _CUT_ELSEWHERE)


def test_every_query_of_what_stands_in_areas_is_cut_to_the_reach() -> None:
    named = [(name, text) for name, text in statements() if _PROTECTED.search(text)]
    assert len(named) > 40
    forgotten = [name for name, text in named if "%(reach)s" not in text and not is_cut_elsewhere(name)]
    assert forgotten == []


def test_the_list_of_those_cut_elsewhere_names_no_others() -> None:
    uncut = [name for name, text in statements() if _PROTECTED.search(text) and "%(reach)s" not in text]
    assert [each for each in _CUT_ELSEWHERE if not any(fnmatch(name, each) for name in uncut)] == []


def test_no_query_hides_in_a_function() -> None:
    """SQL that is put together where it is run would pass the test above unseen."""
    for module in modules():
        for name, value in vars(module).items():
            code = getattr(value, "__code__", None)
            for text in code.co_consts if code is not None else ():
                assert not (isinstance(text, str) and re.search(r"\bFROM\s+(?!live_)[a-z_]+\b", text)), name


def test_what_is_read_for_nobody_is_an_error() -> None:
    with pytest.raises(LookupError):
        contextvars.Context().run(reach.present)
    with reach.within(frozenset({1})):
        assert reach.present() == {1}


def unit(id_: int, code: str, parent: int | None = None, until: date | None = None) -> Unit:
    known: dict[str, Any] = {"level": "", "name_en": code, "name_vi": code, "area_km2": None}
    known |= {"latitude": 21.0, "longitude": 107.0, "reporting": True}
    return Unit(id=id_, code=code, parent_id=parent, valid_from=date(2020, 1, 1), valid_to=until, **known)


_ENDED = date(2025, 7, 1)
#: a province; districts A and B until 2025: of A came new-1 and most of border, of B its rest and new-2
UNITS = (
    unit(1, "province"),
    unit(2, "a", 1, _ENDED),
    unit(3, "b", 1, _ENDED),
    unit(4, "part-of-a", 2, _ENDED),
    unit(5, "new-1", 1),
    unit(6, "border", 1),
    unit(7, "new-2", 1),
    unit(8, "part-of-new-1", 5),
    unit(9, "elsewhere"),
)
_SUCCESSIONS = ((2, 5, True), (2, 6, True), (3, 6, False), (3, 7, True))
KNOWN = Known(
    {},
    {each.id: each for each in UNITS},
    tuple(
        {"predecessor_id": old, "successor_id": new, "is_main": main, "share": None}
        for old, new, main in _SUCCESSIONS
    ),
)


def reached(*codes: str) -> set[str]:
    return {KNOWN.units[id_].code for id_ in reach.units(KNOWN, codes)}


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (("province",), {each.code for each in UNITS} - {"elsewhere"}),
        (("a",), {"a", "part-of-a", "new-1", "part-of-new-1", "border"}),
        (("b",), {"b", "new-2"}),
        (("part-of-a",), {"part-of-a"}),
        (("new-1",), {"new-1", "part-of-new-1"}),
        (("border",), {"border"}),
        (("new-1", "border"), {"a", "part-of-a", "new-1", "part-of-new-1", "border"}),
        (("border", "new-2"), {"b", "border", "new-2"}),
        (("nowhere",), set()),
        ((), set()),
    ],
)
def test_an_area_reaches_its_parts_what_became_of_it_and_what_it_was_all_of(
    codes: tuple[str, ...], expected: set[str]
) -> None:
    assert reached(*codes) == expected


def test_who_is_confined_knows_no_other_areas_but_is_answered_by_what_stands_for_its_own() -> None:
    cut = KNOWN.within(reach.units(KNOWN, ["new-1"]))
    assert set(cut.by_code) == set(cut.area_names) == {"new-1", "part-of-new-1"}
    assert [each.unit.code for each in cut.predecessors(KNOWN.units[5])] == ["a"]
    assert cut.came_from(KNOWN.units[5]) == []
    assert KNOWN.came_from(KNOWN.units[5]) == [KNOWN.units[2]]


def test_roles_as_the_city_gave_them() -> None:
    assert RIGHTS[Role.PUBLIC] == set()
    assert RIGHTS[Role.PLANNER] == {Right.INDICATORS, Right.EXPORT}
    assert RIGHTS[Role.OPERATOR] == {
        Right.INDICATORS,
        Right.EXPORT,
        Right.RAW,
        Right.DOWNLINK,
        Right.LISTEN,
        Right.OPERATE,
        Right.COMMAND,
    }
    assert RIGHTS[Role.INSTALLER] == {
        Right.INDICATORS,
        Right.EXPORT,
        Right.RAW,
        Right.DOWNLINK,
        Right.LISTEN,
        Right.COMMAND,
        Right.CONFIGURE,
        Right.REGISTER,
    }
    assert RIGHTS[Role.ADMIN] == set(Right)
    assert {Right.INDICATORS, Right.RAW} == OPENED, "what is sent to gateways is nobody's without a key"
    assert roles_with(Right.RAW) == ("operator", "installer", "admin")


def test_an_operation_without_a_rule_is_told_at_the_start() -> None:
    require_rules(NEEDED)
    with pytest.raises(ValueError, match="dropEverything"):
        require_rules([*NEEDED, "dropEverything"])
    with pytest.raises(ValueError, match="listAreas"):
        require_rules(set(NEEDED) - {"listAreas"})
