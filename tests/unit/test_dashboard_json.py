"""The dashboards' JSON, without a database: places, units, data sources, variables, words."""

from __future__ import annotations

import itertools
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from grafana_foundation_sdk.models import units

from analytics.indicator import INDICATORS
from analytics.steps import Step
from dashboards.grafana import DATASOURCE_UID, PLUGIN, boards, queries, write
from dashboards.grafana.annotations import marks
from dashboards.grafana.catalogue import BOARDS as CATALOGUE
from dashboards.grafana.links import UIDS
from dashboards.grafana.place import Place
from dashboards.grafana.units import BY_UCUM, unit
from dashboards.grafana.words import MODULES, WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BOARDS = boards()
KNOWN_UNITS = {value for name, value in vars(units).items() if isinstance(value, str) and name[0].isupper()}
#: What Grafana fills in itself, besides names that begin with two underscores.
VARIABLE = re.compile(r"\$\{(\w+)(?::\w+)?\}|\$(\w+)")

CITY = ("halong-tong-quan", "halong-city-overview")
PAIRS = [tuple(pair.values()) for pair in UIDS.values()]

every_board = pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
every_city_board = pytest.mark.parametrize("board", [BOARDS[uid] for uid in CITY], ids=CITY)


def everything(value: Any) -> Iterator[tuple[str, Any]]:
    """Every key and value, at every depth."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key, inner
            yield from everything(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from everything(inner)


def test_uids_are_apart_and_fit() -> None:
    assert tuple(BOARDS) == tuple(itertools.chain(*PAIRS))
    assert [board.key for board in CATALOGUE] == list(UIDS)
    for uid, board in BOARDS.items():
        assert board["uid"] == uid
        assert re.fullmatch(r"[\w-]{1,40}", uid)


@every_board
def test_panels_have_ids_of_their_own_and_do_not_overlap(board: dict[str, Any]) -> None:
    panels = board["panels"]
    assert len({p["id"] for p in panels}) == len(panels)
    for panel in panels:
        place = panel["gridPos"]
        assert place["w"] > 0
        assert place["h"] > 0
        assert place["x"] + place["w"] <= 24
    for one, other in itertools.combinations(panels, 2):
        a, b = one["gridPos"], other["gridPos"]
        beside = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
        below = a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]
        assert beside or below, f"{one['title']} lies over {other['title']}"


@every_board
def test_rows_of_panels_leave_no_gap(board: dict[str, Any]) -> None:
    covered = sum(p["gridPos"]["w"] * p["gridPos"]["h"] for p in board["panels"])
    assert covered == 24 * max(p["gridPos"]["y"] + p["gridPos"]["h"] for p in board["panels"])


@every_board
def test_units_are_grafanas(board: dict[str, Any]) -> None:
    found = [p["fieldConfig"]["defaults"].get("unit") for p in board["panels"] if "fieldConfig" in p]
    found += [v["value"] for k, v in _properties(board) if k == "unit"]
    found = [each for each in found if each]
    assert len(found) >= 5
    for each in found:
        assert each in KNOWN_UNITS or re.fullmatch(r"suffix:\S+", each), each


def test_units_of_every_indicator_are_known_or_plain() -> None:
    assert set(BY_UCUM.values()) <= KNOWN_UNITS
    for shown in (unit(i.unit) for i in INDICATORS.values() if i.unit not in BY_UCUM):
        assert re.fullmatch(r"suffix:[^{}. ]+", shown), shown
    assert [unit(u) for u in ("mm", "{vehicle}.km/d")] == ["suffix:mm", "suffix:vehicle·km/d"]


@every_board
def test_every_query_goes_to_the_one_data_source(board: dict[str, Any]) -> None:
    sources = [value for key, value in everything(board) if key == "datasource"]
    assert len(sources) > 20
    assert all(source == {"type": PLUGIN, "uid": DATASOURCE_UID} for source in sources)


@every_board
def test_every_variable_used_is_defined(board: dict[str, Any]) -> None:
    """All have the same, so that links keep them; at the top stand those that the board's queries ask for."""
    variables = board["templating"]["list"]
    defined = {v["name"] for v in variables}
    assert defined == {"area", "domain", "indicator"}
    assert _used(board) <= defined
    shown = {v["name"] for v in variables if not v.get("hide")}
    asked = _used([t["rawSql"] for p in board["panels"] for t in p.get("targets", ())])
    assert shown - {"domain"} == asked


def _used(value: Any) -> set[str]:
    texts = [value] if isinstance(value, str) else [t for _, t in everything(value)]
    if isinstance(value, list):
        texts += value
    found = {a or b for text in texts if isinstance(text, str) for a, b in VARIABLE.findall(text)}
    return {name for name in found if not name.startswith("__")}


BY_TIME = re.compile(
    r"FROM (observations_hourly|refusals|ingest_(metrics|hourly)|arrivals_\w+)|JOIN indicator_values"
)


@every_board
def test_every_query_is_bounded(board: dict[str, Any]) -> None:
    """Observations are only entered by datastream or rollup, histories only by time."""
    for panel in board["panels"]:
        for target in panel.get("targets", ()):
            sql = target["rawSql"]
            if BY_TIME.search(sql):
                assert re.search(
                    r"\$__timeFilter|>= \$__timeFrom|> now\(\) - interval '\d+ (hour|minute|day)s?'", sql
                ), sql
            if re.search(r"FROM observations\b", sql):
                assert re.search(r"datastream_id = [dt]\.id", sql), sql


@every_board
def test_links_lead_to_all_boards_of_the_language_and_keep_area_and_time(board: dict[str, Any]) -> None:
    others, language, console = board["links"]
    assert (others["type"], others["asDropdown"]) == ("dashboards", True)
    assert set(others["tags"]) <= set(board["tags"])
    reached = [uid for uid, other in BOARDS.items() if set(others["tags"]) <= set(other["tags"])]
    assert len(reached) == len(UIDS)
    assert board["uid"] in reached
    for link in (others, language):
        assert (link["keepTime"], link["includeVars"]) == (True, True)
    (pair,) = (pair for pair in PAIRS if board["uid"] in pair)
    assert {f"/d/{board['uid']}", language["url"]} == {f"/d/{uid}" for uid in pair}
    assert console["url"].startswith("http://127.0.0.1:8000/?lang=")


@every_board
def test_every_link_target_exists_and_knows_what_it_is_told(board: dict[str, Any]) -> None:
    for key, address in everything(board):
        if key != "url" or not isinstance(address, str) or not address.startswith("/d/"):
            continue
        target, _, told = address.removeprefix("/d/").partition("?")
        assert target in BOARDS, address
        variables = {v["name"] for v in BOARDS[target]["templating"]["list"]}
        assert set(re.findall(r"var-(\w+)=", told)) <= variables, address
        if told:
            assert "${__url_time_range}" in told, address


def test_the_place_is_where_links_lead_and_clocks_go() -> None:
    board = boards(Place("Asia/Tokyo", "https://data.example.vn/"))["halong-ingest"]
    assert board["timezone"] == "Asia/Tokyo"
    assert board["links"][2]["url"] == "https://data.example.vn/?lang=en&indicator=${indicator}"
    assert Place.of().time_zone == "Asia/Ho_Chi_Minh"


@every_board
def test_alerts_maintenance_and_revisions_are_marked(board: dict[str, Any]) -> None:
    found = board["annotations"]["list"]
    assert [each["enable"] for each in found] == [True, True, False]
    assert len(found) == len(list(marks("vi")))
    for each in found:
        assert re.search(r"LIMIT \d+$", each["target"]["rawSql"])


def test_each_word_is_said_by_one_module_in_two_languages() -> None:
    assert sum(len(module.WORDS) for module in MODULES) == len(WORDS)
    spoken = json.dumps(list(BOARDS.values()), ensure_ascii=False)
    for key, (vi, en) in WORDS.items():
        for said in (vi, en):
            assert json.dumps(said, ensure_ascii=False)[1:-1] in spoken, f"{key} is said nowhere"


@every_city_board
def test_a_district_is_chosen_in_its_row(board: dict[str, Any]) -> None:
    (show,) = [v["value"][0]["url"] for k, v in _properties(board) if k == "links"]
    districts = dict(zip(CITY, UIDS["district_board"].values(), strict=True))
    assert show.startswith(f"/d/{districts[board['uid']]}?${{__url_time_range}}&var-area=")


@pytest.mark.parametrize("uids", PAIRS, ids=list(UIDS))
def test_languages_say_the_same_in_their_own_words(uids: tuple[str, str]) -> None:
    vi, en = (BOARDS[uid] for uid in uids)
    assert [(p["type"], p["gridPos"]) for p in vi["panels"]] == [
        (p["type"], p["gridPos"]) for p in en["panels"]
    ]
    assert all(
        a["title"] != b["title"] or a["title"] == "Gateway"
        for a, b in zip(vi["panels"], en["panels"], strict=True)
    )
    assert "name_en" not in json.dumps(vi).replace("name_en text", "")
    assert "name_vi" not in json.dumps(en).replace("name_vi text", "")


@every_city_board
def test_air_quality_has_the_decisions_colours(board: dict[str, Any]) -> None:
    panel = next(p for p in board["panels"] if "THEN 'vn_aqi_h'" in json.dumps(p))
    steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert [(s.get("value"), s["color"]) for s in steps] == [
        (None, "#00E400"),
        (51, "#FFFF00"),
        (101, "#FF7E00"),
        (151, "#FF0000"),
        (201, "#8F3F97"),
        (301, "#7E0023"),
    ]


@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_categorys_name_has_one_colour(language: str) -> None:
    colours: dict[str, set[str]] = {}
    for indicator in INDICATORS.values():
        for category in indicator.categories:
            colours.setdefault(getattr(category, f"name_{language}"), set()).add(category.colour)
    assert {name: c for name, c in colours.items() if len(c) > 1} == {}


def test_the_indicators_shown_are_declared() -> None:
    shown = set(
        re.findall(r"(?:indicator =|THEN|ELSE) '(\w+)'", json.dumps([b["panels"] for b in BOARDS.values()]))
    )
    assert {"vn_aqi_h", "vn_aqi_d", "rain_1h"} <= shown
    states = {"online", "silent", "offline", "never_heard"}
    assert shown - states <= set(INDICATORS)


def test_days_that_stand_for_hours_have_their_unit() -> None:
    pairs = set(re.findall(r"THEN '(\w+)' ELSE '(\w+)'", json.dumps([b["panels"] for b in BOARDS.values()])))
    pairs = {pair for pair in pairs if pair[0] in INDICATORS}
    assert len(pairs) >= 5
    for short, day in pairs:
        assert INDICATORS[short].unit == INDICATORS[day].unit, (short, day)
        assert INDICATORS[day].step is Step.DAY


def test_no_word_of_a_query_is_left_unfilled() -> None:
    for board in BOARDS.values():
        for key, sql in everything(board):
            if key in ("rawSql", "query"):
                assert not re.search(r"(?<!\$)\{\w+\}", sql), sql
    assert queries.text("{name} {unit}", "vi", unit="x") == "name_vi x"


def test_files_for_provisioning(tmp_path: Path) -> None:
    paths = write(tmp_path / "grafana")
    assert [p.name for p in paths] == [f"{uid}.json" for uid in BOARDS]
    assert [json.loads(p.read_text("utf-8")) for p in paths] == list(BOARDS.values())


def _properties(board: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for panel in board["panels"]:
        for override in panel.get("fieldConfig", {}).get("overrides", ()):
            yield from ((p["id"], p) for p in override["properties"])
