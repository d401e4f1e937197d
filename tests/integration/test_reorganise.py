"""Units that end and units that begin: Quảng Ninh's 13 districts and the 54 units of 2025, from a file."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import devices.profiles
from analytics import values
from analytics.indicator import INDICATORS, select
from analytics.run import compute
from api import keys
from devices import area_store, registry
from devices.boundaries import with_schematic_boundaries
from devices.profiles import load
from devices.profiles.rows import each_row
from devices.reorganisation import ReorganisationError, UnitRow, reorganise
from tests.integration.test_analytics import current
from tests.integration.test_registry import gateway, rows, snapshot, thing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from psycopg import AsyncConnection

    from devices.model import Profile
    from devices.reorganisation import Reorganisation
    from tests.integration.terminal import Halong

    Connection = AsyncConnection[Any]

_AREAS = Path(devices.profiles.__file__).parent / "quang_ninh" / "areas.csv"
#: Cô Tô went into one unit, Cẩm Phả into several
THINGS = (thing("co-to-1", areas=("207",), latitude=21.0, longitude=107.8), thing("aq-1", areas=("195",)))


@pytest.fixture(scope="module")
def profile() -> Profile:
    return load("quang_ninh")


@pytest.fixture
async def before(conn: Connection, profile: Profile) -> Profile:
    """The province as it was in June 2025, in the database, with two stations."""
    areas = [
        replace(area, valid_to=None, boundary=None, boundary_source=None)
        for area in profile.areas
        if area.level != "commune"
    ]
    found = replace(
        profile,
        areas=with_schematic_boundaries(areas),
        gateways=(gateway("gw-1", *THINGS, areas=("207",)),),
    )
    await registry.import_profile(conn, found)
    return found


def written(path: Path, change: Callable[[list[dict[str, str]]], None] | None = None) -> Path:
    """Write the file of 2025 from the profile's table: 13 units end, 54 begin."""
    with _AREAS.open(encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    lines = [{"code": row["code"], "valid_to": row["valid_to"]} for row in table if row["valid_to"]]
    lines += [row for row in table if row["level"] == "commune"]
    if change is not None:
        change(lines)
    names = [*table[0], *({"shares"} & {name for line in lines for name in line})]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(lines)
    return path


async def read(conn: Connection, file: Path, outlines: Mapping[str, Any] | None = None) -> Reorganisation:
    registered = await area_store.registered(conn)
    return reorganise(each_row(file, UnitRow), registered, outlines, "Survey office")


async def done(conn: Connection, file: Path, outlines: Mapping[str, Any] | None = None) -> Reorganisation:
    found = await read(conn, file, outlines)
    await area_store.write(conn, found)
    return found


async def areas_of(conn: Connection, thing: str) -> list[str]:
    found = await rows(
        conn,
        f"""SELECT a.code FROM thing_areas l JOIN areas a ON a.id = l.area_id
            JOIN things t ON t.id = l.thing_id WHERE t.code = '{thing}' ORDER BY 1""",
    )
    return [code for (code,) in found]


async def test_what_the_file_of_2025_ends_in_is_the_profile(
    conn: Connection, before: Profile, profile: Profile, tmp_path: Path
) -> None:
    found = await done(conn, written(tmp_path / "2025.csv"))
    assert (len(found.ended), found.heirless) == (13, ())
    assert (await registry.plan_import(conn, profile)).is_empty
    by_level = "SELECT level, valid_to, count(*) FROM areas GROUP BY 1, 2 ORDER BY 3"
    assert await rows(conn, by_level) == [
        ("province", None, 1), ("district", date(2025, 7, 1), 13), ("commune", None, 54),
    ]  # fmt: skip


async def test_a_second_time_nothing_changes(conn: Connection, before: Profile, tmp_path: Path) -> None:
    file = written(tmp_path / "2025.csv")
    await done(conn, file)
    stored = await snapshot(conn)
    again = await done(conn, file)
    assert again.is_empty
    assert await snapshot(conn) == stored


async def test_what_stands_there_enters_the_only_unit_that_came_from_it_or_is_told(
    conn: Connection, before: Profile, tmp_path: Path
) -> None:
    found = await done(conn, written(tmp_path / "2025.csv"))
    assert {(each.located.code, each.unit) for each in found.assigned} == {
        ("co-to-1", "07192@2025-07-01"),
        ("gw-1", "07192@2025-07-01"),
    }
    ((station, possible),) = found.unplaced
    assert station.code == "aq-1"
    assert "06781" in possible
    assert await areas_of(conn, "co-to-1") == ["07192", "207", "22"]
    assert await areas_of(conn, "aq-1") == ["195", "22"]


async def test_surveyed_outlines_say_in_which_unit_something_stands(
    conn: Connection, before: Profile, tmp_path: Path
) -> None:
    ring = [[107.3, 21.0], [107.4, 21.0], [107.4, 21.1], [107.3, 21.1], [107.3, 21.0]]
    outlines = {"06781": {"type": "Polygon", "coordinates": [ring]}}
    found = await done(conn, written(tmp_path / "2025.csv"), outlines)
    assert (found.unplaced, await areas_of(conn, "aq-1")) == ((), ["06781", "195", "22"])
    owed = "SELECT boundary_source FROM areas WHERE code = '06781'"
    assert await rows(conn, owed) == [("Survey office",)]


async def test_shares_of_land_are_kept(conn: Connection, before: Profile, tmp_path: Path) -> None:
    def share(lines: list[dict[str, str]]) -> None:
        next(line for line in lines if line["code"] == "06862")["shares"] = "0.25 0.4"

    await done(conn, written(tmp_path / "2025.csv", share))
    query = """SELECT p.code, s.is_main, s.share FROM area_successions s
               JOIN areas p ON p.id = s.predecessor_id JOIN areas a ON a.id = s.successor_id
               WHERE a.code = '06862' ORDER BY 2 DESC"""
    assert await rows(conn, query) == [("199", True, 0.25), ("198", False, 0.4)]


async def test_all_wrong_lines_are_told_and_nothing_is_changed(
    conn: Connection, before: Profile, tmp_path: Path
) -> None:
    def spoil(lines: list[dict[str, str]]) -> None:
        lines[0]["code"] = "999"
        lines[1]["valid_to"] = ""
        lines[2]["level"] = "district"
        ward = lines[13]
        lines[14]["latitude"] = "north"
        lines[15]["latitude"] = "99"
        lines[16]["parent"] = "196"
        lines[17]["predecessors"] = "888"
        lines[18]["name_vi"] = ""
        lines[19]["code"] = ward["code"]
        lines[20] |= {"predecessors": "194", "shares": "0.7"}
        lines[21] |= {"predecessors": "194", "shares": "0.7"}

    stored = await snapshot(conn)
    with pytest.raises(ReorganisationError) as raised:
        await read(conn, written(tmp_path / "2025.csv", spoil))
    said = str(raised.value)
    for line, column, words in (
        (2, "code", "no unit '999' is in force on the day before 2025-07-01"),
        (3, "valid_from", "give one of them"),
        (4, "level", "leave this cell empty"),
        (16, "latitude", "Expected `float"),
        (17, "latitude", "99.0 is not between -90 and 90"),
        (18, "parent", "no area '196' is in force on 2025-07-01"),
        (19, "predecessors", "no area '888' was in force"),
        (20, "name_vi", "a unit that begins needs it"),
        (21, "code", "begins on line 15 already"),
        (23, "shares", "more than all of 194 is shared out"),
    ):
        assert f"2025.csv, line {line}, {column}: " in said
        assert words in said
    assert said.startswith("10 wrong lines, nothing was changed: 2025.csv, line 2,")
    assert await snapshot(conn) == stored


async def test_a_unit_ends_with_its_parts(conn: Connection, before: Profile, tmp_path: Path) -> None:
    file = tmp_path / "end.csv"
    file.write_text("code,valid_to\n22,2026-01-01\n207,2026-01-01\n")
    with pytest.raises(ReorganisationError, match=r"line 2, code: its part 193 stays in force"):
        await read(conn, file)
    file.write_text("code,valid_to\n207,2026-01-01\n")
    assert (await done(conn, file)).heirless == ("207",)
    file.write_text("code,valid_to\n207,2025-01-01\n")
    with pytest.raises(ReorganisationError, match="207 ends on 2026-01-01 already"):
        await read(conn, file)


@pytest.fixture
def halong(before: Profile, halong: Halong) -> Halong:
    """`halong areas` over the units of before."""
    return partial(halong, "areas")


async def test_what_somebody_types(halong: Halong, conn: Connection, tmp_path: Path) -> None:
    await conn.execute(
        """INSERT INTO alert_rules (code, indicator, kind, threshold, severity, name_en, name_vi, areas,
                                    levels, escalation)
           VALUES ('noise', 'laeq_1h', 'above', 70, 'info', 'Loud', 'Ồn', '{22,207}', '{}', '[]')"""
    )
    await keys.create(conn, "duty desk", "operator", areas=["193"])
    file, stored = str(written(tmp_path / "2025.csv")), await snapshot(conn)
    dry = await halong("reorganise", file, "--dry-run")
    assert "dry run: nothing was changed" in dry
    assert await snapshot(conn) == stored
    for words in (
        'update area 193@2020-01-01: valid_to null -> "2025-07-01"',
        "create area 06652@2025-07-01",
        "54 areas to create",
        "thing co-to-1 enters 07192: the only one that came from where it stands",
        "thing aq-1 stands in one of ",
        "1 places without a unit that begins",
        "alert rule noise names 207, which end",
        "(duty desk) names 193, which end",
    ):
        assert words in dry, words
    assert "written" in await halong("reorganise", file)
    assert "nothing to change; 68 rows unchanged" in await halong("reorganise", file)
    listed = await halong("list", "--level", "commune", "--at", "2025-07-01")
    assert len([line for line in listed.splitlines() if "commune" in line]) == 54
    shown = await halong("show", "207")
    assert "went into 07192" in shown
    assert "1 devices stand in it; indicators are computed for it" in shown
    assert "no area '999'" in await halong("show", "999", fails=True)
    (tmp_path / "wrong.csv").write_text("code,valid_to,colour\n", encoding="utf-8")
    assert "no such column: colour" in await halong("reorganise", tmp_path / "wrong.csv", fails=True)


async def test_values_can_be_asked_for_by_old_and_new_units_over_any_period(
    halong: Halong, conn: Connection, before: Profile, tmp_path: Path
) -> None:
    assert "written" in await halong("reorganise", str(written(tmp_path / "2025.csv")))
    assert "dry run" in await halong("report", "on", "--level", "commune", "--dry-run")
    assert "54 units switched on: " in await halong("report", "on", "--level", "commune", "--by", "Minh")
    assert "nothing to change" in await halong("report", "on", "--level", "commune")
    # An import of the profile leaves what was switched alone.
    assert (await registry.plan_import(conn, load("quang_ninh"))).is_empty
    await values.write_catalogue(conn, INDICATORS.values())
    days = [datetime(2025, 6, 20, 17, tzinfo=UTC), datetime(2025, 7, 20, 17, tzinfo=UTC)]
    for day in days:
        await conn.execute(
            """INSERT INTO observations SELECT t, d.id, 20, 0
               FROM datastreams d JOIN things t2 ON t2.id = d.thing_id,
                    generate_series(%s::timestamptz - interval '1 hour', %s, interval '5 minutes') t
               WHERE t2.code = 'co-to-1'""",
            [day, day + timedelta(days=1)],
        )
        await compute(conn, select(["pm2_5_d", "pm2_5_area_d"]), day, day + timedelta(days=1))
    old, new = await current(conn, "pm2_5_d", "207"), await current(conn, "pm2_5_d", "07192")
    assert {time: found[0] for time, found in old.items()} == dict.fromkeys(days, 20.0)
    assert old == new
    # The province goes on by its districts, whose people were counted.
    whole = await current(conn, "pm2_5_area_d", "22")
    assert {next(iter(found[-1]["units"])) for found in whole.values()} == {"207"}
    assert "1 units switched off: 07192" in await halong("report", "off", "07192")
    with pytest.raises(area_store.UnknownAreaError, match="no area 999"):
        await area_store.switch_reporting(conn, ["999"], None, on=True, who="Minh")
