"""What is registered goes out as folder, JSON or CSV and comes in as it was; all wrong rows are told."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from devices.boundaries import with_schematic_boundaries
from devices.model import Gateway, Thing
from devices.plan import compare, contents
from devices.profiles import ProfileError, assembled, load
from devices.profiles.bulk_files import read
from devices.profiles.export import RECORDS, Settings, as_csv, as_json, folder_files, tables_of

if TYPE_CHECKING:
    from devices.profiles.tables import Tables

_WHOLE = load("quang_ninh")
_FEW = ("22", "193", "194", "06652", "06661")
#: of both generations, and with the outlines that these alone have
PROVINCE = replace(
    _WHOLE,
    areas=with_schematic_boundaries(
        [replace(area, boundary=None, boundary_source=None) for area in _WHOLE.areas if area.code in _FEW]
    ),
)
AREAS = [area.code for area in PROVINCE.areas]
PROPERTIES = [each.code for each in PROVINCE.observed_properties]
MODELS = [model.code for model in PROVINCE.device_models]

codes = st.from_regex(r"[a-z0-9][a-z0-9_.-]{0,12}", fullmatch=True)
# As devices.profiles reads them: composed, without blanks around.
names = st.text(st.characters(exclude_categories=("C", "Z"), max_codepoint=0x24F), min_size=1).map(
    lambda text: f"{text} \"x\", '=1'".strip()
)
latitudes = st.floats(-90, 90, allow_nan=False)
longitudes = st.floats(-180, 180, allow_nan=False)
areas = st.lists(st.sampled_from(AREAS), min_size=1, max_size=3, unique=True).map(tuple)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=9), st.lists, max_leaves=4
)
properties = st.dictionaries(st.text(max_size=9), values, max_size=3)
tags = st.lists(codes, max_size=3, unique=True).map(sorted)
links = st.lists(
    st.fixed_dictionaries({
        "kind": st.sampled_from(["photo", "note", "document"]), "title": names,
        "url": st.sampled_from(["https://a.vn", 'https://a.vn:8443/x,y?q="z"#Hạ_Long']),
    }),
    max_size=2,
)  # fmt: skip
placed: dict[str, Any] = {"name": names, "latitude": latitudes, "longitude": longitudes, "areas": areas}


@st.composite
def registries(draw: st.DrawFn) -> tuple[tuple[Gateway, ...], Settings]:
    """Some gateways with things, and what is switched off, tagged and linked of them."""
    gateways = draw(st.lists(codes, max_size=3, unique=True))
    things = draw(st.lists(codes, max_size=4, unique=True)) if gateways else []
    hanging: dict[str, list[Thing]] = {code: [] for code in gateways}
    for code in things:
        measured = draw(st.dictionaries(st.sampled_from(PROPERTIES), st.integers(1, 10**6), max_size=3))
        made = {name: draw(strategy) for name, strategy in placed.items()}
        thing = Thing(
            code=code, kind=draw(codes), datastreams=measured, properties=draw(properties),
            model=draw(st.none() | st.sampled_from(MODELS)), **made,
        )  # fmt: skip
        hanging[draw(st.sampled_from(gateways))].append(thing)
    made_gateways = tuple(
        Gateway(
            code=code, things=tuple(hanging[code]), heartbeat_s=draw(st.integers(1, 10**6)),
            **{name: draw(strategy) for name, strategy in placed.items()},
        )
        for code in gateways
    )  # fmt: skip
    streams = [
        f"{thing.code}/{code}"
        for each in made_gateways
        for thing in each.things
        for code in thing.datastreams
    ]
    stream = {"enabled": st.booleans(), "tags": tags}
    kept: dict[str, Any] = {
        "gateways": (gateways, stream | {"links": links, "properties": properties}),
        "things": (things, stream | {"links": links}),
        "datastreams": (streams, stream),
    }
    return made_gateways, {
        table: {key: draw(st.fixed_dictionaries(settings)) for key in keys}
        for table, (keys, settings) in kept.items()
    }


def forms(tables: Tables, folder: Path) -> list[Path]:
    """Write the tables in every form and return where."""
    for name, text in folder_files(tables).items():
        (folder / "profile" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "profile" / name).write_text(text, encoding="utf-8")
    (folder / "all.json").write_text(as_json(tables), encoding="utf-8")
    for table in RECORDS:
        (folder / f"{table}.csv").write_text(as_csv(tables, table), encoding="utf-8")
    return [folder / "profile", folder / "all.json", *(folder / f"{table}.csv" for table in RECORDS)]


@settings(
    max_examples=20, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow]
)
@given(registries())
def test_what_goes_out_comes_in_as_it_was(registry: tuple[tuple[Gateway, ...], Settings]) -> None:
    gateways, switches = registry
    stored = contents(replace(PROVINCE, gateways=gateways))
    tables = tables_of(stored, switches, PROVINCE.alert_rules)
    with TemporaryDirectory() as folder:
        for path in forms(tables, Path(folder)):
            found = read(path, tables).tables
            plan = compare(assembled(found), stored)
            assert [each.describe() for each in plan.effective()] == [], path.name
            assert [row.record for row in found.gateways] == [row.record for row in tables.gateways]
            assert [row.record for row in found.things] == [row.record for row in tables.things]
            assert found.alert_rules == list(PROVINCE.alert_rules)


@pytest.fixture
def registered() -> Tables:
    """One gateway with one thing."""
    place: dict[str, Any] = {"latitude": 20.9, "longitude": 107.0, "areas": ("193",)}
    thing = Thing(code="aq-1", name="Air", kind="air_station", datastreams={"pm2_5": 300}, **place)
    gateway = Gateway(code="gw-1", name="Gateway", things=(thing,), **place)
    stored = contents(replace(PROVINCE, gateways=(gateway,)))
    on = {"enabled": True}
    switches = {"gateways": {"gw-1": on}, "things": {"aq-1": on}, "datastreams": {"aq-1/pm2_5": on}}
    return tables_of(stored, switches, ())


HEAD = "gateway,code,name,kind,latitude,longitude,areas,datastreams\n"
LABELLED = f"{HEAD[:-1]},tags,links\n"
RIGHT = "gw-1,aq-{},Air,air_station,20.9,107,193,pm2_5\n"


def test_all_wrong_rows_are_told_at_once(registered: Tables, tmp_path: Path) -> None:
    """Those that cannot be read and those that contradict others, each with file, line and column."""
    wrong = {
        "latitude": "gw-1,aq-{},Air,air_station,north,107,193,pm2_5\n",
        "longitude": "gw-1,aq-{},Air,air_station,20.9,200,193,pm2_5\n",
        "gateway": "gw-9,aq-{},Air,air_station,20.9,107,193,pm2_5\n",
        "areas": "gw-1,aq-{},Air,air_station,20.9,107,19,pm2_5\n",
        "datastreams": "gw-1,aq-{},Air,air_station,20.9,107,193,pm25\n",
    }
    lines = [text.format(n) for n, text in enumerate([*wrong.values(), RIGHT] * 4, 10)]
    file = tmp_path / "things.csv"
    file.write_text(HEAD + "".join(lines), encoding="utf-8")
    with pytest.raises(ProfileError) as caught:
        assembled(read(file, registered).tables)
    places = {tuple(message.split(": ")[0].split(", ")) for message in caught.value.messages}
    assert len(caught.value.messages) == 20
    assert places == {
        ("things.csv", f"line {2 + 6 * time + n}", column)
        for time in range(4)
        for n, column in enumerate(wrong)
    }


def test_rows_that_refer_to_one_that_cannot_be_read_are_not_told_as_well(tmp_path: Path) -> None:
    (tmp_path / "city.json").write_text(json.dumps({
        "code": "hue", "name_en": "Hue", "name_vi": "Huế", "time_zone": "Asia/Ho_Chi_Minh",
        "latitude": 16.46, "longitude": 107.6,
    }))  # fmt: skip
    (tmp_path / "areas.csv").write_text(
        "code,parent,level,kind,name_vi,name_en,latitude,longitude,valid_from\n"
        "193,,district,city,A,A,20.9,107,2020-01-01\n"
    )
    (tmp_path / "observed_properties.csv").write_text(
        "code,name_en,name_vi,unit,minimum,maximum,aggregation,sampling_interval_s,device_kind\n"
        "pm2_5,PM,PM,ug/m3,0,1000,mean,300,air_station\n"
    )
    (tmp_path / "gateways.csv").write_text("code,name,latitude,longitude,areas\ngw-1,Box,north,107,193\n")
    (tmp_path / "things.csv").write_text(HEAD + RIGHT.format(1) + RIGHT.format(2).replace("193", "194"))
    with pytest.raises(ProfileError) as caught:
        load(tmp_path)
    assert caught.value.messages == (
        "gateways.csv, line 2, latitude: Expected `float`, got `str`",
        "things.csv, line 3, areas: '194' is not in areas.csv",
    )


def link(**changed: str) -> str:
    """The cells of a tag and one link."""
    right = {"kind": "note", "title": "x", "url": "https://a.vn"}
    text = json.dumps([right | changed]).replace('"', '""')
    return f'a,"{text}"'


@pytest.mark.parametrize(
    ("cell", "column", "message"),
    [
        ("Near School,[]", "tags", "'Near' is no tag; give tags of 1 to 64 of a-z 0-9 _ . -"),
        (link(kind="film"), "links", "Invalid enum value 'film'"),
        (link(title=" "), "links", "' ' is no title; give"),
        (link(url="http://a.vn"), "links", "give an address that begins"),
        ("a,{}", "links", "got `object`"),
        ("#A,,", "datastreams", "'A' is no tag"),
    ],
)
def test_a_wrong_tag_or_link_is_told(
    registered: Tables, tmp_path: Path, cell: str, column: str, message: str
) -> None:
    separator = "" if column == "datastreams" else ","
    (tmp_path / "things.csv").write_text(f"{LABELLED}{RIGHT.format(1)[:-1]}{separator}{cell}\n")
    with pytest.raises(ProfileError) as caught:
        assembled(read(tmp_path / "things.csv", registered).tables)
    (told,) = caught.value.messages
    assert told.startswith(f"things.csv, line 2, {column}")
    assert message in told


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("x.json", '{"things": [{"code": 5}]}', "x.json: things, entry 1, "),
        (
            "x.json",
            '{"things": [{"codee": "a"}]}',
            "x.json: things, entry 1, codee: there is no such field; known: ",
        ),
        ("x.json", '{"thing": []}', "x.json: no such member: 'thing'; known: areas, "),
        ("x.json", "[]", "x.json: it is no object such as"),
        ("x.json", '{"things": [}', "x.json: it is no JSON: "),
        ("x.json", '{"things": {}}', "x.json: things: it is no list of objects"),
        ("x.json", '{"things": ["a"]}', "x.json: things, entry 1, row: it is no object"),
        ("x.csv", "a,b\n1,2\n", "x.csv, line 1: it is none of areas.csv, "),
        ("x.csv", f"{HEAD[:-1]},color\n", "x.csv, line 1: no such column: color; known: "),
        ("x.txt", "", "x.txt: give a folder, FILE.json or FILE.csv"),
    ],
)
def test_a_file_of_no_form_is_told(
    registered: Tables, tmp_path: Path, name: str, text: str, message: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ProfileError) as caught:
        assembled(read(tmp_path / name, registered).tables)
    assert caught.value.messages[0].startswith(message)


def test_a_file_is_known_by_its_columns_and_completed_by_what_is_registered(
    registered: Tables, tmp_path: Path
) -> None:
    (tmp_path / "mine.csv").write_text(HEAD + RIGHT.format(1).replace("Air", "Harbour") + RIGHT.format(2))
    found = read(tmp_path / "mine.csv", registered)
    assert [row.record.name for row in found.tables.things] == ["Harbour", "Air"]
    assert [row.record.code for row in found.tables.gateways] == ["gw-1"]
    assert list(found.rows) == ["things"]
