"""Facts of the province, against the law's counts and the sums of the census."""

from __future__ import annotations

import csv
import json
import unicodedata
from collections import Counter
from datetime import date
from typing import TYPE_CHECKING

import pytest

from analytics.indicator import INDICATORS
from analytics.inputs import ACTIVITY
from devices.lineage import Lineage
from devices.profiles import load, names

if TYPE_CHECKING:
    from pathlib import Path

    from devices.model import Area, Profile

REORGANISATION = date(2025, 7, 1)


@pytest.fixture(scope="module")
def province() -> Profile:
    return load("quang_ninh")


def of_level(profile: Profile, level: str) -> list[Area]:
    return [area for area in profile.areas if area.level == level]


def test_it_is_offered_by_name() -> None:
    assert "quang_ninh" in names()


def test_city(province: Profile) -> None:
    assert (province.code, province.name_vi, province.name_en) == ("quang_ninh", "Quảng Ninh", "Quang Ninh")
    assert province.time_zone == "Asia/Ho_Chi_Minh"
    assert province.gateways == ()


def test_thirteen_districts_until_the_reorganisation(province: Profile) -> None:
    districts = of_level(province, "district")
    assert len(districts) == 13
    assert {area.valid_to for area in districts} == {REORGANISATION}
    assert Counter(area.kind for area in districts) == {"city": 5, "town": 1, "rural_district": 7}


def test_populations_of_the_districts_add_up_to_the_census(province: Profile) -> None:
    assert sum(area.population or 0 for area in of_level(province, "district")) == 1_320_324
    assert [area.population for area in of_level(province, "province")] == [1_320_324]
    counted = [area for area in province.areas if area.population is not None]
    assert {area.population_source for area in counted} == {"Population and Housing Census 2019"}


def test_fifty_four_units_since_the_reorganisation(province: Profile) -> None:
    communes = of_level(province, "commune")
    assert Counter(area.kind for area in communes) == {"ward": 30, "commune": 22, "special_zone": 2}
    assert {(area.valid_from, area.valid_to) for area in communes} == {(REORGANISATION, None)}


def test_all_but_the_province_are_parts_of_it(province: Profile) -> None:
    assert Counter(area.parent for area in province.areas) == {"22": 67, None: 1}


def test_province_and_districts_report(province: Profile) -> None:
    assert {area.level for area in province.areas if area.reporting} == {"province", "district"}
    assert Counter(area.reporting for area in province.areas) == {True: 14, False: 54}


def test_names_say_the_kind_and_are_composed(province: Profile) -> None:
    named = {area.code: (area.name_vi, area.name_en) for area in province.areas}
    assert named["193"] == ("Thành phố Hạ Long", "Ha Long City")
    assert named["06688"] == ("Phường Hạ Long", "Ha Long Ward")
    assert named["06994"] == ("Đặc khu Vân Đồn", "Van Don Special Zone")
    assert all(unicodedata.is_normalized("NFC", vi) and en.isascii() for vi, en in named.values())
    assert len({vi for vi, _ in named.values()}) == 68


def test_every_area_has_a_schematic_outline(province: Profile) -> None:
    assert {area.boundary_source for area in province.areas} == {"schematic"}
    assert all(area.boundary for area in province.areas)


def test_every_district_has_successors_and_six_units_have_two_origins(province: Profile) -> None:
    communes, districts = of_level(province, "commune"), of_level(province, "district")
    assert {area.predecessors[0] for area in communes} == {area.code for area in districts}
    assert sorted(area.code for area in communes if len(area.predecessors) == 2) == [
        "06799", "06862", "06886", "06970", "06979", "06985",
    ]  # fmt: skip


def test_successions_agree_with_the_crosswalk_of_communes(province: Profile, shared: Path) -> None:
    with (shared / "facts/quang_ninh_commune_crosswalk.csv").open(encoding="utf-8") as file:
        pairs = {(row["new_code"], row["old_district_code"]) for row in csv.DictReader(file)}
    ours = {(area.code, code) for area in of_level(province, "commune") for code in area.predecessors}
    assert ours == pairs


def test_districts_and_units_are_those_of_the_facts(province: Profile, shared: Path) -> None:
    facts = json.loads((shared / "facts/quang_ninh.json").read_text(encoding="utf-8"))
    lineage = Lineage(province.areas)
    for fact in facts["districts"]:
        area = lineage.latest(fact["gso_code"])
        assert area is not None
        assert area.name_vi.endswith(fact["name_vi"])
        assert (area.population, area.area_km2) == (fact["population_2019_census"], fact["area_km2"])
        assert [area.latitude, area.longitude] == fact["label_point"]
    for fact in facts["reorganisation_2025"]["units"]:
        area = lineage.latest(fact["code"])
        assert area is not None
        assert (area.name_vi, area.area_km2) == (fact["full_name_vi"], fact["area_km2"])
        assert [area.latitude, area.longitude] == fact["point"]
        assert area.predecessors[0] == fact["main_former_district"]


def test_observed_properties_are_those_of_the_facts(province: Profile, shared: Path) -> None:
    with (shared / "facts/observed_properties.csv").open(encoding="utf-8") as file:
        facts = {
            row["code"]: (row["unit_ucum"], float(row["plausible_min"]), float(row["plausible_max"]),
                          int(row["sampling_interval_s"]), row["aggregation"],
                          row["cf_standard_name"] or None)
            for row in csv.DictReader(file)
        }  # fmt: skip
    ours = {
        each.code: (each.unit, each.minimum, each.maximum, each.sampling_interval_s, each.aggregation,
                    each.cf_standard_name)
        for each in province.observed_properties
    }  # fmt: skip
    assert {code: ours.get(code) for code in facts} == facts
    # The facts have no table of these: each is an input of an indicator, and nothing else is.
    others = {name for i in INDICATORS.values() for name in i.inputs} - {ACTIVITY}
    assert set(ours) - set(facts) <= others
