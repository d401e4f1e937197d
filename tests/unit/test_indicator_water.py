"""VN_WQI: its tables, its groups, sensors and samplings, and the area's value."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.indicator import INDICATORS
from analytics.indicators.wqi import (
    GROUPS,
    OXYGEN,
    TEMPERATURE,
    group_indices,
    is_sufficient,
    oxygen_saturation,
    sub_indices,
    wqi,
)
from analytics.inputs import Site
from analytics.results import Reason
from tests.unit.measured import END, at_site, evaluate, period, sampled, series

#: The worked example: 78.609, with weights 76.587, without coliform 72.698.
SAMPLE = {
    "water_ph": 7.4, OXYGEN: 5.5, TEMPERATURE: 27.0, "bod5": 8.0, "cod": 18.0, "ammonium_n": 0.4,
    "phosphate_p": 0.15, "coliform": 4000.0,
}  # fmt: skip
#: Those whose index falls, or stays, when there is more of it.
POLLUTANTS = [(g, name) for g in ("II", "III", "IV", "V") for name in GROUPS[g] if name != OXYGEN]


def sampling(
    sample: dict[str, float] = SAMPLE, code: str = "wq-1", properties: Any = None, **when: Any
) -> Site:
    found = {name: sampled(value, **when) for name, value in sample.items()}
    return Site(code, properties=properties or {}, series=found)


def without(*names: str) -> dict[str, float]:
    return {name: value for name, value in SAMPLE.items() if name not in names}


@pytest.mark.parametrize(
    ("group", "name", "value", "q"),
    [
        ("IV", "bod5", 4, 100), ("IV", "bod5", 6, 75), ("IV", "bod5", 15, 50), ("IV", "bod5", 25, 25),
        ("IV", "bod5", 50, 10), ("IV", "bod5", 51, 10), ("IV", "cod", 10, 100), ("IV", "cod", 150, 10),
        ("IV", "toc", 5, 87.5), ("IV", "ammonium_n", 0.29, 100), ("IV", "ammonium_n", 0.3, 75),
        ("IV", "ammonium_n", 0.9, 25), ("IV", "ammonium_n", 5, 10), ("IV", "nitrate_n", 15, 25),
        ("IV", "nitrate_n", 15.01, 10), ("IV", "nitrite_n", 0.05, 100), ("IV", "nitrite_n", 0.051, 10),
        ("IV", "phosphate_p", 0.15, 87.5), ("IV", "phosphate_p", 4, 10), ("V", "coliform", 2500, 100),
        ("V", "coliform", 10_000, 25), ("V", "coliform", 10_001, 10), ("V", "e_coli", 100, 50),
        ("V", "e_coli", 201, 10), ("III", "arsenic", 0.1, 25), ("III", "arsenic", 0.11, 10),
        ("III", "cadmium", 0.0049, 100), ("III", "cadmium", 0.005, 75), ("III", "cadmium", 0.1, 10),
        ("III", "lead", 0.0199, 100), ("III", "lead", 0.02, 75), ("III", "lead", 0.5, 10),
        ("III", "chromium_6", 0.05, 25), ("III", "copper", 0.35, 62.5), ("III", "zinc", 3, 10),
        ("III", "mercury", 0.0009, 100), ("III", "mercury", 0.001, 75), ("III", "mercury", 0.01, 10),
        ("II", "aldrin", 0.1, 100), ("II", "bhc", 0.021, 10), ("II", "dieldrin", 0.1, 100),
        ("II", "ddt", 1.0, 100), ("II", "heptachlor", 0.21, 10),
        ("I", "water_ph", 5.49, 10), ("I", "water_ph", 5.5, 50), ("I", "water_ph", 6, 100),
        ("I", "water_ph", 8.5, 100), ("I", "water_ph", 8.75, 75), ("I", "water_ph", 9, 50),
        ("I", "water_ph", 9.01, 10),
        ("IV", OXYGEN, 19.9, 10), ("IV", OXYGEN, 20, 25), ("IV", OXYGEN, 75, 75), ("IV", OXYGEN, 88, 100),
        ("IV", OXYGEN, 112, 100), ("IV", OXYGEN, 125, 75), ("IV", OXYGEN, 200, 25), ("IV", OXYGEN, 201, 10),
    ],
)  # fmt: skip
def test_a_table_at_its_limits(group: str, name: str, value: float, q: float) -> None:
    assert GROUPS[group][name].index(value) == pytest.approx(q)


METALS = {"arsenic": 0.021, "lead": 0.009, "copper": 0.001, "mercury": 0.002}


@pytest.mark.parametrize(
    ("sample", "index"),
    [
        (
            {
                "water_ph": 8.88, "aldrin": 0.021, "bhc": 0.048, "dieldrin": 0.047, "ddt": 0.052, **METALS,
                "cadmium": 0.004, "chromium_6": 0.007, "zinc": 0.074, OXYGEN: 7.095, TEMPERATURE: 25,
                "bod5": 8.28, "cod": 23.253, "toc": 17.855, "ammonium_n": 0.163, "nitrate_n": 0.93,
                "nitrite_n": 0.18, "phosphate_p": 0, "coliform": 1300, "e_coli": 92,
            },
            20,
        ),
        (
            {
                "water_ph": 8.3, "aldrin": 0.022, "bhc": 0.021, "dieldrin": 0.019, "ddt": 0.019, **METALS,
                "cadmium": 0.006, "chromium_6": 0.008, "zinc": 0.019, OXYGEN: 6.913, TEMPERATURE: 25,
                "bod5": 8.3, "cod": 20.133, "toc": 16.598, "ammonium_n": 0.53, "nitrate_n": 0.88,
                "nitrite_n": 0.2, "phosphate_p": 0, "coliform": 1100, "e_coli": 24,
            },
            34,
        ),
    ],
)  # fmt: skip
def test_all_groups_against_results_of_another_program(sample: dict[str, float], index: float) -> None:
    """Two samplings of 2016 with the indices that a public implementation of the decision expects."""
    assert at_site("vn_wqi", sampling(sample)).value == index


@given(st.sampled_from(POLLUTANTS), st.floats(0, 20_000), st.floats(0, 20_000))
def test_more_of_a_pollutant_is_never_better(which: tuple[str, str], one: float, other: float) -> None:
    scale = GROUPS[which[0]][which[1]]
    assert 10 <= scale.index(max(one, other)) <= scale.index(min(one, other)) <= 100


@given(st.dictionaries(st.sampled_from(["I", "II", "III", "V"]), st.floats(10, 100)), st.floats(10, 100))
def test_the_index_is_bounded_and_no_group_is_no_worse_than_a_clean_one(
    groups: dict[str, float], organic: float
) -> None:
    for weighted in (True, False):
        found = wqi(groups | {"IV": organic}, weighted=weighted)
        assert 0 < found <= 100 + 1e-9
        clean = dict.fromkeys(("I", "II", "III"), 100.0) | groups
        assert wqi(clean | {"IV": organic}, weighted=weighted) == pytest.approx(found)


def test_metals_and_pesticides_by_their_geometric_mean() -> None:
    found = group_indices(sub_indices({"aldrin": 1, "ddt": 0, "arsenic": 0.05, "zinc": 1.0}))
    assert found == pytest.approx({"II": (10 * 100) ** 0.5, "III": (50 * 75) ** 0.5})


def test_saturation_falls_with_temperature() -> None:
    assert oxygen_saturation(0) == pytest.approx(14.652)
    assert oxygen_saturation(27) == pytest.approx(7.8707, abs=1e-4)


def test_oxygen_needs_a_temperature() -> None:
    assert OXYGEN not in sub_indices({OXYGEN: 5.5, "cod": 18})["IV"]


@pytest.mark.parametrize(
    ("names", "groups", "enough"),
    [
        (("water_ph", "bod5", "cod", "toc", "coliform"), 3, True),
        (("water_ph", "bod5", "cod", "coliform"), 3, False),
        (("water_ph", "bod5", "cod", "toc"), 3, False),
        (("water_ph", "bod5", "cod", "toc"), 2, True),
        (("water_ph", "aldrin", "lead", "coliform"), 3, False),
    ],
)
def test_what_is_enough(names: tuple[str, ...], groups: int, enough: bool) -> None:
    assert is_sufficient(sub_indices(dict.fromkeys(names, 1.0)), groups) is enough


def test_a_sampling_has_the_index_of_its_hour() -> None:
    found = at_site("vn_wqi", sampling())
    assert (found.value, found.completeness) == (79, 1.0)
    assert (found.details["weighted"], found.details["unweighted"]) == (76.587, 78.609)
    assert found.details["groups"] == {"I": 100, "IV": 72.698, "V": 85}
    assert evaluate("vn_wqi", sampling()).category == "good"


@pytest.mark.parametrize("code", ["vn_wqi", "vn_wqi_d"])
def test_a_sampling_is_not_carried_forward(code: str) -> None:
    before = period(code).start - timedelta(seconds=1)
    found = at_site(code, sampling(at=before))
    assert (found.value, found.reason, found.completeness) == (None, Reason.INSUFFICIENT_DATA, 0)


def test_a_sampling_counts_for_its_local_day() -> None:
    midnight = END - timedelta(days=1)
    assert at_site("vn_wqi_d", sampling(at=midnight)).value == 79
    assert at_site("vn_wqi_d", sampling(at=END)).value is None


def test_the_other_core_on_request() -> None:
    assert at_site("vn_wqi", sampling(properties={"wqi_core": "weighted"})).value == 77


def test_two_groups_are_enough_only_where_configured() -> None:
    two = without("coliform")
    assert at_site("vn_wqi", sampling(two)).reason == Reason.TOO_FEW_PARAMETERS
    assert at_site("vn_wqi", sampling(two, properties={"wqi_min_groups": 2})).value == 73


def test_two_parameters_of_group_iv_are_too_few() -> None:
    few = without("bod5", "cod", "phosphate_p")
    found = at_site("vn_wqi", sampling(few))
    assert (found.value, found.reason) == (None, Reason.TOO_FEW_PARAMETERS)
    assert set(found.details["sub_indices"]["IV"]) == {OXYGEN, "ammonium_n"}


def test_the_sea_has_no_index() -> None:
    found = at_site("vn_wqi", sampling(properties={"water_body": "sea"}))
    assert (found.value, found.reason) == (None, Reason.NOT_APPLICABLE)


def station(minutes: int, hours: int = 1, **more: Any) -> Site:
    """An automatic station with a value each quarter of an hour, the first `minutes` of them missing."""
    gone = minutes // 15
    kept = {
        name: series([None] * gone + [value] * (hours * 4 - gone), interval_s=900, **more)
        for name, value in SAMPLE.items()
        if name != "coliform"
    }
    return Site("wq-1", properties={"wqi_min_groups": 2}, series=kept)


@pytest.mark.parametrize(("minutes", "value", "share"), [(0, 73, 1), (15, 73, 0.75), (30, None, 0.5)])
def test_a_sensors_hour_needs_three_quarters(minutes: int, value: float | None, share: float) -> None:
    found = at_site("vn_wqi", station(minutes))
    assert (found.value, found.completeness) == (value, share)


@pytest.mark.parametrize(("gap", "valid"), [(6, True), (7, False)])
def test_a_sensors_day_needs_18_hours(gap: int, valid: bool) -> None:
    found = at_site("vn_wqi_d", station(60 * gap, hours=24))
    assert (found.value is not None) is valid


def test_the_day_is_the_index_of_mean_values_not_the_mean_of_indices() -> None:
    hourly = {**without("ammonium_n"), "ammonium_n": 0.0}
    levels = {name: [value] * 24 for name, value in hourly.items()} | {"ammonium_n": [0.2] * 12 + [4.0] * 12}
    site = Site("wq-1", series={name: series(v, interval_s=3600) for name, v in levels.items()})
    found = at_site("vn_wqi_d", site)
    assert found.details["means"]["ammonium_n"] == 2.1
    assert found.details["sub_indices"]["IV"]["ammonium_n"] == pytest.approx(
        25 - 15 * (2.1 - 0.9) / 4.1, abs=1e-3
    )


def test_sensors_and_a_sampling_of_the_same_hour_go_together() -> None:
    both = Site("wq-1", series={**station(0).series, "coliform": sampled(4000)})
    assert at_site("vn_wqi", both).value == 79


def test_a_suspect_value_is_left_out() -> None:
    site = station(0)
    marked = series([18.0] * 4, interval_s=900, suspect=(0, 1))
    found = at_site("vn_wqi", Site("wq-1", properties=site.properties, series={**site.series, "cod": marked}))
    assert found.suspect == 2
    assert "cod" not in found.details["sub_indices"]["IV"]


def test_an_area_shows_its_median_and_its_worst_station() -> None:
    dirty = sampling(SAMPLE | {"bod5": 60.0, "coliform": 20_000.0}, "wq-2")
    clean = sampling(SAMPLE | {"bod5": 1.0, "coliform": 10.0}, "wq-3")
    values = {s.code: at_site("vn_wqi", s).value for s in (dirty, sampling(), clean)}
    found = evaluate("vn_wqi", dirty, sampling(), clean, sampling({"cod": 1.0}, "wq-4"))
    assert found.value == values["wq-1"] == 79
    assert (found.details["station"], found.details["minimum"]) == ("wq-2", values["wq-2"])
    assert found.details["missing"] == {"wq-4": "too_few_parameters"}


@pytest.mark.parametrize(
    ("value", "category"),
    [
        (90.5, "very_good"), (90.49, "good"), (75.5, "good"), (75.4, "moderate"), (50.4, "poor"),
        (25.5, "poor"),
        (25.4, "bad"), (9.5, "bad"), (9.4, "very_heavily_polluted"), (0, "very_heavily_polluted"),
    ],
)  # fmt: skip
def test_a_class_is_that_of_the_whole_number(value: float, category: str) -> None:
    assert INDICATORS["vn_wqi"].category(value, period("vn_wqi")) == category


def test_probes_of_oxygen_alone_are_no_sites() -> None:
    assert not INDICATORS["vn_wqi"].concerns(frozenset([OXYGEN, TEMPERATURE, "water_ph", "coliform"]))
    assert INDICATORS["vn_wqi"].concerns(frozenset(["cod"]))
