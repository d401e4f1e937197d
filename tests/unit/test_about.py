"""What files of values say of themselves."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from analytics.indicator import INDICATORS
from api.about import File, about, about_series
from api.known import Known, Unit, declared
from api.periods import Period

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
OCTOBER = Period(datetime(2026, 9, 30, 17, tzinfo=UTC), datetime(2026, 10, 31, 17, tzinfo=UTC))
AS_OF = datetime(2026, 11, 22, 8, tzinfo=UTC)
FILE = File(AS_OF, ZONE, OCTOBER, "http://city.example/v1/indicators/values?indicator=pm2_5_d")


def row(code: str) -> dict[str, Any]:
    of = INDICATORS[code]
    named = {"code": code, "name_en": of.name_en, "name_vi": of.name_vi, "version": of.version}
    return declared(named | {"step_s": 86400, "declaration": of.declaration()})


def unit(id_: int, code: str = "193") -> Unit:
    return Unit(
        id=id_,
        code=code,
        parent_id=None,
        level="district",
        name_en="Ha Long",
        name_vi="Hạ Long",
        area_km2=None,
        latitude=21.0,
        longitude=107.0,
        reporting=True,
        valid_from=date(2020, 1, 1),
        valid_to=None,
    )


def test_a_file_names_the_rule_the_area_rule_and_the_request() -> None:
    told = about([row("pm2_5_d")], [unit(1)], FILE)
    assert told["pm2_5_d name"] == "PM2.5, mean of the day"
    assert told["pm2_5_d area_rule"].startswith("the station with the highest mean;")
    assert told["pm2_5_d area_rule_vi"].startswith("trạm có trung bình cao nhất")
    assert told["pm2_5_d trust"] == "halong's own definition"
    assert "QCVN 05:2023/BTNMT" in told["pm2_5_d rule"]
    assert told["request"] == FILE.request


def test_a_file_brings_its_citation_in_both_languages() -> None:
    told = about([row("pm2_5_d")], [unit(1)], FILE)
    assert told["pm2_5_d cite_as"] == (
        f"PM2.5, mean of the day (pm2_5_d version 1; {told['pm2_5_d rule']}), "
        "Ha Long (193, in force from 2020-01-01), 2026-10-01 00:00 – 2026-11-01 00:00 (+07:00); "
        "halong, as of 2026-11-22T08:00:00Z"
    )
    assert told["pm2_5_d cite_as_vi"].endswith("; halong, theo số liệu lúc 2026-11-22T08:00:00Z")


def test_a_citation_of_many_areas_counts_them() -> None:
    told = about([row("pm2_5_d")], [unit(n, str(n)) for n in range(13)], FILE)
    assert ", 13 areas, " in told["pm2_5_d cite_as"]


def test_a_file_without_rows_has_the_rules_and_no_citation() -> None:
    told = about_series(Known({"pm2_5_d": row("pm2_5_d")}, {}, ()), ["pm2_5_d"], [], FILE)
    assert "pm2_5_d rule" in told
    assert "pm2_5_d cite_as" not in told


def test_a_catalogue_without_declarations_still_has_names() -> None:
    bare = row("pm2_5_d") | {"declaration": {}, "source": None}
    assert about([bare], [unit(1)], File(AS_OF, ZONE)) == {
        "as_of": "2026-11-22T08:00:00+00:00",
        "time_zone": "Asia/Ho_Chi_Minh",
        "pm2_5_d name": "PM2.5, mean of the day",
        "pm2_5_d name_vi": bare["name_vi"],
    }
