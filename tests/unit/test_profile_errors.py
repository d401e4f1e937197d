"""A wrong cell of a profile is named by file, line and column."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from devices.profiles import ProfileError, load

if TYPE_CHECKING:
    from pathlib import Path

CITY = (
    '{"code": "hue", "name_en": "Hue", "name_vi": "Huế", "time_zone": "Asia/Ho_Chi_Minh", '
    '"latitude": 16.46, "longitude": 107.6}'
)
AREAS = """\
code,parent,level,kind,name_vi,name_en,latitude,longitude,area_km2,population,reporting,valid_from,valid_to,predecessors
46,,province,city,Thành phố Huế,Hue City,16.46,107.59,4947,1128620,true,2020-01-01,,
474,46,district,city,Quận A,A District,16.46,107.59,265,,true,2020-01-01,2025-01-01,
475,46,district,city,Quận B,B District,16.40,107.69,,,true,2020-01-01,,
474,46,district,city,Quận C,C District,16.47,107.55,200,,false,2025-01-01,,474 475
"""
PROPERTIES = """\
code,name_en,name_vi,unit,minimum,maximum,aggregation,sampling_interval_s,device_kind,cf_standard_name
pm2_5,PM2.5,Bụi mịn,ug/m3,0,1000,mean,300,air_station,
rainfall,"Rainfall, interval",Lượng mưa,mm,0,40,sum,600,rain_gauge,
"""
GATEWAYS = """\
code,name,latitude,longitude,areas
gw-1,Box,16.46,107.59,474
"""
THINGS = """\
gateway,code,name,kind,latitude,longitude,areas,datastreams,properties
gw-1,aq-1,Station,air_station,16.46,107.59,474 475,pm2_5 rainfall:60,"{""road"": ""QL1""}"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    texts = {
        "city.json": CITY,
        "areas.csv": AREAS,
        "observed_properties.csv": PROPERTIES,
        "gateways.csv": GATEWAYS,
        "things.csv": THINGS,
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_folder_with_devices_is_a_profile(folder: Path) -> None:
    profile = load(folder)
    assert (profile.code, len(profile.areas)) == ("hue", 4)
    (gateway,) = profile.gateways
    (thing,) = gateway.things
    assert (gateway.heartbeat_s, gateway.areas) == (300, ("474",))
    assert thing.areas == ("474", "475")
    assert thing.datastreams == {"pm2_5": 300, "rainfall": 60}
    assert thing.properties == {"road": "QL1"}


def test_devices_are_optional(folder: Path) -> None:
    (folder / "things.csv").unlink()
    assert load(str(folder)).gateways[0].things == ()
    (folder / "gateways.csv").unlink()
    assert load(str(folder)).gateways == ()


def test_what_stands_in_no_area_has_an_empty_cell(folder: Path) -> None:
    file = folder / "gateways.csv"
    file.write_text(file.read_text(encoding="utf-8").replace("474", "", 1), encoding="utf-8")
    (gateway,) = load(folder).gateways
    assert gateway.areas == ()


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("city.json", '"hue"', '"Huế"', "city.json, code: 'Huế' is no code: "),
        ("city.json", "Ho_Chi_Minh", "Hue", "city.json, time_zone: 'Asia/Hue' is no IANA time zone"),
        ("city.json", "16.46", '"16"', "city.json: Expected `float`, got `str` - at `$.latitude`"),
        ("areas.csv", "475,46", "4 5,46", "areas.csv, line 4, code: '4 5' is no code"),
        (
            "areas.csv",
            "475,46",
            "475,47",
            "areas.csv, line 4, parent: no area '47' is in force on 2020-01-01",
        ),
        (
            "areas.csv",
            "475,46",
            "475,474",
            "areas.csv, line 4, parent: a district can't be a part of a district",
        ),
        ("areas.csv", "1128620", "many", "areas.csv, line 2, population: Expected `int | null`, got `str`"),
        ("areas.csv", "1128620", "0", "areas.csv, line 2, population: 0 is not above 0"),
        ("areas.csv", "4947", "nan", "areas.csv, line 2, area_km2: nan is not above 0"),
        ("areas.csv", "16.40", "", "areas.csv, line 4, latitude: Expected `float`, got `null`"),
        ("areas.csv", "16.40", "116.40", "areas.csv, line 4, latitude: 116.4 is not between -90 and 90"),
        ("areas.csv", "107.69", "nan", "areas.csv, line 4, longitude: nan is not between -180 and 180"),
        ("areas.csv", "475,46,district", "475,46,village", "areas.csv, line 4, level: 'village' is none of"),
        (
            "areas.csv",
            "01,2025-01-01,",
            "01,2019-01-01,",
            "areas.csv, line 3, valid_to: 2019-01-01 is not after",
        ),
        (
            "areas.csv",
            "01,2025-01-01,",
            "01,2026-01-01,",
            "areas.csv, line 5, valid_from: on 2025-01-01 the code",
        ),
        ("areas.csv", "475,46", "474,46", "areas.csv, line 4, code: '474' stands on line 3 already"),
        (
            "areas.csv",
            "474 475",
            "474 476",
            "areas.csv, line 5, predecessors: no area '476' was in force before",
        ),
        ("areas.csv", "474 475", "475 475", "areas.csv, line 5, predecessors: '475 475' names one twice"),
        ("areas.csv", "kind", "sort", "areas.csv, line 1: no such column: sort; known: area_km2, code"),
        ("areas.csv", "Quận B", "Quận B,", "areas.csv, line 4, row: it has not as many cells as line 1"),
        ("observed_properties.csv", "0,1000", "9,9", "line 2, maximum: 9.0 is not above minimum, 9.0"),
        ("observed_properties.csv", "rainfall,", "pm2_5,", "line 3, code: 'pm2_5' stands on line 2 already"),
        ("observed_properties.csv", "sum,600", "sum,0", "line 3, sampling_interval_s: 0 is not above 0"),
        ("gateways.csv", "474", "473", "gateways.csv, line 2, areas: '473' is not in areas.csv"),
        ("things.csv", "gw-1", "gw-2", "things.csv, line 2, gateway: 'gw-2' is not in gateways.csv"),
        ("things.csv", "474 475", "4", "things.csv, line 2, areas: '4' is not in areas.csv"),
        ("things.csv", "rainfall:60", "rain", "datastreams: 'rain' is not in observed_properties.csv"),
        ("things.csv", ":60", ":0", "datastreams: 'rainfall:0' is not `property` or `property:seconds`"),
        ("things.csv", "{", "", "things.csv, line 2, properties: Extra data"),
    ],
)
def test_wrong_cell_is_named(folder: Path, file: str, old: str, new: str, message: str) -> None:
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ProfileError) as caught:
        load(folder)
    assert message in str(caught.value)
    assert file in str(caught.value)


def test_missing_file_is_named(folder: Path) -> None:
    (folder / "areas.csv").unlink()
    with pytest.raises(ProfileError, match=r"areas\.csv: there is no such file"):
        load(folder)


def test_text_that_is_not_utf_8_is_refused(folder: Path) -> None:
    (folder / "areas.csv").write_bytes(AREAS.encode("utf-16"))
    with pytest.raises(ProfileError, match=r"areas\.csv: it is not UTF-8 text"):
        load(folder)


def test_unknown_name_tells_the_known_ones() -> None:
    with pytest.raises(ProfileError, match="no profile 'atlantis': give one of quang_ninh"):
        load("atlantis")
