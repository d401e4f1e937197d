"""Data sets from declarations, months, ranges, and what a profile says of open data."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

import analytics.indicators
from analytics.domains import domain
from analytics.indicator import INDICATORS
from analytics.steps import Step
from analytics.texts import Text
from api.open_access import is_open
from api.open_data.data_sets import (
    KINDS_VI,
    PublicProperty,
    counts_people,
    data_sets,
    is_published,
    open_indicators,
)
from api.open_data.manifest import File, Manifest, ManifestError, Reason, Version, decode, encode
from api.open_data.months import Month, MonthError, settled
from api.open_data.rows import Suppression, without_small_cells
from api.open_data.store import Store, StoreError
from api.open_data.words import Language, words
from api.ranges import wanted_range
from devices.open_data import LICENCES, OpenData, OpenDataError, read_open_data
from devices.profiles import ProfileError, load

if TYPE_CHECKING:
    from pathlib import Path

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
PM = PublicProperty("pm2_5", "PM2.5", "Bụi PM2.5", "ug/m3", "mean", "air_station")


def test_measurements_are_named_after_the_kind_of_device_in_both_languages() -> None:
    found = data_sets(OpenData(), [PM])["measurements-air-station"]
    assert found.title == Text(
        "Hourly measurements, air station", "Số liệu đo từng giờ, trạm quan trắc không khí"
    )
    assert found.keywords_vi == ("số liệu đo", "trạm quan trắc không khí")


def test_every_kind_of_device_of_the_profile_has_a_vietnamese_name() -> None:
    kinds = {each.device_kind for each in load("quang_ninh").observed_properties}
    assert kinds <= set(KINDS_VI)


def test_every_indicator_is_in_the_data_set_of_its_domain() -> None:
    found = data_sets(OpenData())
    placed = {each.code: code for code, data_set in found.items() for each in data_set.indicators}
    assert placed == {i.code: domain(i) for i in INDICATORS.values() if is_published(i)}
    assert set(INDICATORS) - set(placed) == {
        "footfall_15min", "footfall_year", "people_present", "people_density",
    }  # fmt: skip


def test_what_counts_people_is_known_by_its_inputs() -> None:
    assert {i.code for i in INDICATORS.values() if counts_people(i)} == {
        "footfall_15min", "footfall_1h", "footfall_d", "footfall_month", "footfall_year",
        "people_present", "people_density", "people_density_peak_d",
    }  # fmt: skip
    found = data_sets(OpenData())
    assert {code for code, each in found.items() if each.counts_people} == {"people", "crowd"}
    assert open_indicators(found).isdisjoint(i.code for i in INDICATORS.values() if counts_people(i))


def test_an_indicator_of_another_domain_appears_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Declared as in a file analytics/indicators/tourism.py: nothing else names it."""
    from dataclasses import replace

    def site(*_: Any) -> Any: ...

    site.__module__ = f"{analytics.indicators.__name__}.tourism"
    made = replace(INDICATORS["vn_aqi_d"], code="beds_d", name_en="Beds", name_vi="Số giường", site=site)
    monkeypatch.setitem(INDICATORS, "beds_d", made)
    found = data_sets(OpenData())["tourism"]
    assert [each.code for each in found.indicators] == ["beds_d"]
    assert (found.title.en, found.description.vi) == ("Tourism indicators", "Số giường.")
    assert "beds_d" in open_indicators(data_sets(OpenData()))


def test_a_city_closes_domains_and_says_it_in_its_own_words() -> None:
    plan = read_open_data(
        {
            "closed": ["system"],
            "data_sets": {"air": {"title_en": "Air", "theme": "HEAL", "keywords_vi": ["khí"]}},
        }
    )
    found = data_sets(plan, [PM])
    assert "system" not in found
    air = found["air"]
    assert (air.title.en, air.title.vi, air.theme, air.keywords_vi) == (
        "Air", "Chỉ số chất lượng không khí", "HEAL", ("khí",),
    )  # fmt: skip
    assert found["measurements-air-station"].properties == (PM,)


@pytest.mark.parametrize(
    ("given", "words_"),
    [
        ({"licence": "CC-BY-NC-4.0"}, "is not open"),
        ({"public_properties": ["people_in"]}, "counts people"),
        ({"data_sets": {"air": {"theme": "AIR"}}}, "data_sets.air.theme"),
        ({"close": []}, "close"),
    ],
)
def test_what_a_city_may_not_say(given: dict[str, Any], words_: str) -> None:
    with pytest.raises(OpenDataError, match=words_):
        read_open_data(given)


def test_the_licences_are_those_of_the_indicator() -> None:
    assert OpenData().licence in LICENCES


def profile_with(folder: Path, said: Any) -> Path:
    from devices import profiles

    place = folder / "city"
    shutil.copytree(profiles._FOLDER / "quang_ninh", place)
    (place / "open_data.json").write_text(json.dumps(said))
    return place


@pytest.mark.parametrize(
    ("said", "words_"),
    [
        ({"public_properties": ["pm25"]}, "'pm25' is not in observed_properties.csv"),
        ({"public_properties": ["wind_direction"]}, "made an hour by vector_mean"),
        ({"licence": 4}, "open_data.json"),
        ([], "open_data.json"),
    ],
)
def test_a_profile_that_says_something_else_is_refused(tmp_path: Path, said: Any, words_: str) -> None:
    with pytest.raises(ProfileError, match=words_):
        load(profile_with(tmp_path, said))


def test_the_profile_says_it_in_the_citys_properties() -> None:
    assert read_open_data(load("quang_ninh").properties["open_data"]).public_properties


@given(st.integers(1, 9998), st.integers(1, 12))
def test_months_follow_each_other(year: int, number: int) -> None:
    month = Month(year, number)
    assert Month.parse(str(month)) == month
    assert month.end(ZONE) == month.following.start(ZONE)
    assert month < month.following
    assert month.last_day < month.following.first_day


@pytest.mark.parametrize("text", ["2026-13", "2026-1", "2026", "26-10", "2026-10-01", "0000-01", ""])
def test_what_is_no_month(text: str) -> None:
    with pytest.raises(MonthError, match="give one as 2026-10"):
        Month.parse(text)


def test_a_year_ends_in_december() -> None:
    assert Month(2026, 11).steps(Step.YEAR, ZONE) is None
    assert Month(2026, 12).steps(Step.YEAR, ZONE) == (Month(2026, 1).start(ZONE), Month(2026, 1).end(ZONE))
    assert Month(2026, 11).steps(Step.MONTH, ZONE) == (Month(2026, 11).start(ZONE), Month(2026, 11).end(ZONE))


def test_a_month_settles_some_days_after_its_end() -> None:
    first = datetime(2026, 8, 31, 17, 30, tzinfo=UTC)
    at = Month(2026, 10).end(ZONE)
    assert [str(m) for m in settled(first, at, 0, ZONE)] == ["2026-09", "2026-10"]
    assert [str(m) for m in settled(first, at, 1, ZONE)] == ["2026-09"]


MADE = datetime(2026, 11, 4, 1, 2, 3, tzinfo=UTC)
FILE = File("air_2026-10_v1.csv", "text/csv", 10, "ab" * 32)
VERSION = Version(
    1, Reason("first", "a", "b"), MADE, MADE, "halong 0.1.0", "x", 3, 3, 0, provisional=False, files=(FILE,)
)


def test_a_manifest_is_read_as_it_was_written() -> None:
    manifest = Manifest("air").with_version("2026-10", VERSION).with_version("2026-09", VERSION)
    assert decode(encode(manifest)) == manifest
    assert list(manifest.months) == ["2026-09", "2026-10"]
    assert manifest.find(FILE.name) == (VERSION, FILE)
    assert manifest.find("manifest.json") is None


@pytest.mark.parametrize("text", [b"", b"{}", b'{"data_set": "air", "format": 9}', b"\xff"])
def test_what_is_no_manifest_is_told(text: bytes) -> None:
    with pytest.raises(ManifestError):
        decode(text)


@given(st.text(), st.integers(0, 1000))
def test_any_range_is_understood_or_ignored(text: str, size: int) -> None:
    for header in (text, f"bytes={text}"):
        try:
            found = wanted_range({"range": header}, '"a"', MADE, size)
        except ValueError:
            continue
        if found is not None:
            assert 0 <= found[0] < found[1] <= size


@given(st.integers(0, 20), st.integers(0, 20), st.integers(1, 10))
def test_a_range_is_that_of_python(first: int, last: int, size: int) -> None:
    content = bytes(range(size))
    try:
        found = wanted_range({"range": f"bytes={first}-{last}"}, '"a"', MADE, size)
    except ValueError:
        assert first >= size
        return
    assert content[slice(*found)] == content[first : last + 1] if found else last < first


def test_the_cell_of_a_density_is_its_people() -> None:
    at = datetime(2026, 9, 1, tzinfo=UTC)
    row = {
        "indicator": "people_density_peak_d", "area": "193", "area_valid_from": at.date(), "area_id": 1,
        "parent_id": None, "time": at, "category": "x",
    }  # fmt: skip
    rows = [row | {"value": 0.5, "present": present} for present in (9.0, 10.0)]
    crowd = data_sets(OpenData())["crowd"]
    hidden, shown = (without_small_cells(crowd, [each], ZONE, Suppression(10))[0] for each in rows)
    assert (hidden["value"], hidden["category"], hidden["suppressed"]) == (None, None, True)
    assert shown["value"] == 0.5


@pytest.mark.parametrize(
    ("path", "code", "query", "expected"),
    [
        ("/v1/areas", None, {}, True),
        ("/v1/indicators/{code}", "footfall_1h", {}, True),
        ("/v1/indicators/{code}/values", "vn_aqi_h", {}, True),
        ("/v1/indicators/{code}/values", "footfall_1h", {}, False),
        ("/v1/indicators/{code}/ranking", "vn_aqi_h", {}, True),
        ("/v1/indicators/{code}/explain", "vn_aqi_h", {}, False),
        ("/v1/indicators/values/latest", None, {}, False),
        ("/v1/indicators/values/latest", None, {"indicator": ["vn_aqi_h"]}, True),
        ("/v1/indicators/values/latest", None, {"indicator": ["vn_aqi_h,footfall_1h"]}, False),
        ("/v1/indicators/values/latest", None, {"indicator": ["vn_aqi_h", "x"]}, False),
        ("/v1/indicators/values/latest", None, {"indicator": [","]}, False),
        ("/v1/anything-else", "vn_aqi_h", {}, False),
        ("", None, {}, False),
    ],
)
def test_what_is_open(path: str, code: str | None, query: Any, expected: bool) -> None:
    assert is_open(path, code, query, frozenset({"vn_aqi_h"})) is expected


@pytest.mark.parametrize("target", ["ftp://x/y", "http://x/y", "gs://bucket/x"])
def test_a_target_that_cannot_be_written_to(target: str) -> None:
    with pytest.raises(StoreError, match="to a folder or to s3://bucket/prefix"):
        Store(target)


def test_the_pages_have_all_words_in_both_languages() -> None:
    assert words(Language.VI).keys() == words(Language.EN).keys()
    assert all(words(Language.VI).values())
