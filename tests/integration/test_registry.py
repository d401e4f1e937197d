"""A city profile in the database: created once, updated where it differs, never emptied."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from devices import registry
from devices.lineage import area_key
from devices.model import FieldMapping, Gateway, Profile, Thing
from devices.profiles import ProfileError, load
from storage.pool import connect

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    Connection = AsyncConnection[Any]

TABLES = ("city", "areas", "area_successions", "observed_properties", "gateways", "things", "thing_areas",
          "gateway_areas", "datastreams", "device_models")  # fmt: skip


@pytest.fixture(scope="module")
def province() -> Profile:
    return load("quang_ninh")


@pytest.fixture(scope="module")
def city(province: Profile) -> Profile:
    """The province with one gateway in Cẩm Phả (district 195, ward Cửa Ông 06781)."""
    return replace(province, gateways=(gateway("gw-1", thing("aq-1"), thing("aq-2")),))


def thing(code: str, **changes: Any) -> Thing:
    values: dict[str, Any] = {
        "code": code,
        "name": f"Station {code}",
        "kind": "air_station",
        "latitude": 21.03,
        "longitude": 107.34,
        "datastreams": {"pm2_5": 300, "pm10": 300},
        "areas": ("195", "06781"),
        "properties": {"road": "QL18", "limits": (50, 60)},
    }
    return Thing(**{**values, **changes})


def gateway(code: str, *things: Thing, **changes: Any) -> Gateway:
    values = {"code": code, "name": f"Gateway {code}", "latitude": 21.03, "longitude": 107.34}
    return Gateway(**{**values, "areas": ("195",), "things": things, **changes})


def with_things(city: Profile, *things: Thing) -> Profile:
    return replace(city, gateways=(replace(city.gateways[0], things=things),))


async def rows(conn: Connection, query: str) -> list[tuple[Any, ...]]:
    return await (await conn.execute(query.encode())).fetchall()


async def snapshot(conn: Connection) -> dict[str, list[str]]:
    return {t: [row for (row,) in await rows(conn, f"SELECT r::text FROM {t} r ORDER BY 1")] for t in TABLES}


def effective(plan: registry.Plan) -> list[tuple[str, str, str, list[tuple[str, Any, Any]]]]:
    return [(c.table, c.code, c.action, [(f.name, f.old, f.new) for f in c.fields]) for c in plan.effective()]


async def test_plan_of_an_empty_database_creates_all_and_changes_nothing(
    conn: Connection, city: Profile
) -> None:
    before = await snapshot(conn)
    plan = await registry.plan_import(conn, city)
    assert {change.action for change in plan.changes} == {"create"}
    assert plan.summary() == (
        "1 city to create, 68 areas to create, "
        f"{len(city.observed_properties)} observed properties to create, 2 device models to create, "
        "1 gateway to create, 2 things to create, 4 datastreams to create; 0 rows unchanged"
    )
    assert await snapshot(conn) == before
    assert before["areas"] == []


async def test_second_import_finds_every_row_unchanged(conn: Connection, city: Profile) -> None:
    first = await registry.import_profile(conn, city)
    stored = await snapshot(conn)
    second = await registry.import_profile(conn, city)
    assert not first.is_empty
    assert effective(second) == []
    assert second.is_empty
    assert second.summary() == f"nothing to change; {len(city.observed_properties) + 78} rows unchanged"
    assert await snapshot(conn) == stored


async def test_applying_a_plan_twice_is_applying_it_once(conn: Connection, city: Profile) -> None:
    plan = await registry.plan_import(conn, city)
    await registry.apply(conn, plan)
    stored = await snapshot(conn)
    await registry.apply(conn, plan)
    assert await snapshot(conn) == stored


async def test_changed_name_is_one_update(conn: Connection, city: Profile) -> None:
    await registry.import_profile(conn, city)
    renamed = with_things(city, replace(city.gateways[0].things[0], name="Harbour"), thing("aq-2"))
    plan = await registry.plan_import(conn, renamed)
    assert effective(plan) == [("things", "aq-1", "update", [("name", "Station aq-1", "Harbour")])]
    assert [each.describe() for each in plan.effective()] == [
        'update thing aq-1: name "Station aq-1" -> "Harbour"'
    ]
    assert plan.summary() == f"1 thing to update; {77 + len(city.observed_properties)} rows unchanged"
    await registry.apply(conn, plan)
    assert await rows(conn, "SELECT name FROM things ORDER BY code") == [("Harbour",), ("Station aq-2",)]
    assert (await registry.plan_import(conn, renamed)).is_empty


async def test_every_column_is_compared_and_written(conn: Connection, city: Profile) -> None:
    await registry.import_profile(conn, city)
    moved = thing(
        "aq-1", name="B", kind="buoy", latitude=20.5, longitude=107.0, properties={}, areas=("193",),
        datastreams={"pm2_5": 60, "no2": 300}, model="decentlab-dl-pm", dev_eui="0102030405060708",
    )  # fmt: skip
    box = gateway("gw-1", moved, thing("aq-2"), name="Box", latitude=20.5, longitude=107.0, heartbeat_s=60,
                  areas=("193",))  # fmt: skip
    area = replace(city.areas[1], name_vi="X", name_en="Y", kind="z", population=5, population_source="s",
                   area_km2=2.0, latitude=20.0, longitude=107.5, reporting=False, parent=None)  # fmt: skip
    prop = replace(
        city.observed_properties[0],
        name_vi="X",
        name_en="Y",
        unit="K",
        minimum=1.0,
        maximum=2.0,
        aggregation="max",
        sampling_interval_s=7,
        device_kind="d",
        cf_standard_name=None,
    )
    changed = replace(
        city,
        name_en="A",
        name_vi="B",
        time_zone="UTC",
        properties={},
        areas=(city.areas[0], area, *city.areas[2:]),
        observed_properties=(prop, *city.observed_properties[1:]),
        gateways=(box,),
        device_models=(
            city.device_models[0],
            replace(
                city.device_models[1], name="X", ignored=(), fields={"t": FieldMapping(property="pm2_5")}
            ),
        ),
    )
    plan = await registry.import_profile(conn, changed)
    fields = {(c.table, f.name) for c in plan.effective() if c.action == "update" for f in c.fields}
    assert {name for table, name in fields if table == "areas"} == {
        "name_vi", "name_en", "kind", "population", "population_source", "area_km2", "latitude", "longitude",
        "reporting", "parent",
    }  # fmt: skip
    assert len([1 for table, _ in fields if table == "observed_properties"]) == 9
    assert len([1 for table, _ in fields if table == "gateways"]) == 5
    assert len([1 for table, _ in fields if table == "things"]) == 8
    assert len([1 for table, _ in fields if table == "device_models"]) == 3
    assert len([1 for table, _ in fields if table == "city"]) == 4
    assert (await registry.plan_import(conn, changed)).is_empty


async def test_a_model_that_is_nowhere_is_refused(conn: Connection, city: Profile) -> None:
    lost = with_things(city, thing("aq-1", model="nobody-s"))
    with pytest.raises(registry.RegistryError, match=r"things: 1 of the 1 rows from aq-1 on name a .*model"):
        await registry.import_profile(conn, lost)


async def test_areas_know_their_parents_and_successions(conn: Connection, province: Profile) -> None:
    await registry.import_profile(conn, province)
    parents = await rows(
        conn,
        """SELECT a.level, p.code, count(*) FROM areas a LEFT JOIN areas p ON p.id = a.parent_id
           GROUP BY 1, 2 ORDER BY 3""",
    )
    assert parents == [("province", None, 1), ("district", "22", 13), ("commune", "22", 54)]
    query = """SELECT p.code, s.is_main FROM area_successions s JOIN areas p ON p.id = s.predecessor_id
               JOIN areas a ON a.id = s.successor_id WHERE a.code = '06862' ORDER BY s.is_main DESC"""
    assert await rows(conn, query) == [("199", True), ("198", False)]
    assert await rows(conn, "SELECT count(*) FROM area_successions WHERE is_main") == [(54,)]


async def test_things_and_gateways_count_for_the_ancestors_of_their_areas(
    conn: Connection, city: Profile
) -> None:
    await registry.import_profile(conn, city)
    query = """SELECT a.code FROM {0}_areas l JOIN areas a ON a.id = l.area_id
               JOIN {0}s o ON o.id = l.{0}_id WHERE o.code = '{1}' ORDER BY 1"""
    assert await rows(conn, query.format("thing", "aq-1")) == [("06781",), ("195",), ("22",)]
    assert await rows(conn, query.format("gateway", "gw-1")) == [("195",), ("22",)]


async def test_thing_that_moves_leaves_its_old_district(conn: Connection, city: Profile) -> None:
    await registry.import_profile(conn, city)
    moved = with_things(city, thing("aq-1", areas=("193",)), thing("aq-2"))
    plan = await registry.import_profile(conn, moved)
    old = ("06781@2025-07-01", "195@2020-01-01", "22@2020-01-01")
    new = ("193@2020-01-01", "22@2020-01-01")
    assert effective(plan) == [("things", "aq-1", "update", [("areas", old, new)])]
    query = """SELECT t.code, a.code FROM thing_areas l JOIN areas a ON a.id = l.area_id
               JOIN things t ON t.id = l.thing_id WHERE a.level = 'district' ORDER BY 1"""
    assert await rows(conn, query) == [("aq-1", "193"), ("aq-2", "195")]


async def test_import_deletes_nothing_and_leaves_operators_settings(conn: Connection, city: Profile) -> None:
    await registry.import_profile(conn, city)
    await conn.execute("UPDATE gateways SET enabled = false")
    await conn.execute("INSERT INTO gateway_passwords SELECT id, 1, '$7$secret' FROM gateways")
    await conn.execute("UPDATE datastreams SET enabled = false")
    smaller = with_things(city, thing("aq-1", datastreams={"pm2_5": 60}))
    plan = await registry.import_profile(
        conn, replace(smaller, observed_properties=city.observed_properties[:20])
    )
    assert plan.summary() == "1 datastream to update; 93 rows unchanged"
    assert await rows(conn, "SELECT enabled FROM gateways") == [(False,)]
    assert await rows(conn, "SELECT hash FROM gateway_passwords") == [("$7$secret",)]
    assert await rows(conn, "SELECT count(*), bool_or(enabled) FROM datastreams") == [(4, False)]
    assert await rows(conn, "SELECT count(*) FROM observed_properties") == [(len(city.observed_properties),)]


async def test_two_imports_at_once_are_one(conn: Connection, database_url: str, city: Profile) -> None:
    async with await connect(database_url) as other:
        plans = await asyncio.gather(*(registry.import_profile(each, city) for each in (conn, other)))
    assert sorted(plan.is_empty for plan in plans) == [False, True]


async def test_plans_made_at_once_can_both_be_applied(
    conn: Connection, database_url: str, city: Profile
) -> None:
    async with await connect(database_url) as other:
        plans = [(each, await registry.plan_import(each, city)) for each in (conn, other)]
        await asyncio.gather(*(registry.apply(each, plan) for each, plan in plans))
    assert (await registry.plan_import(conn, city)).is_empty


async def test_datastream_ids_by_thing_and_property(conn: Connection, city: Profile) -> None:
    await registry.import_profile(conn, city)
    ids = await registry.datastream_ids(conn)
    assert set(ids) == {("aq-1", "pm2_5"), ("aq-1", "pm10"), ("aq-2", "pm2_5"), ("aq-2", "pm10")}
    ((stored,),) = await rows(
        conn,
        """SELECT d.id FROM datastreams d JOIN things t ON t.id = d.thing_id
           JOIN observed_properties p ON p.id = d.observed_property_id
           WHERE t.code = 'aq-2' AND p.code = 'pm10'""",
    )
    assert ids["aq-2", "pm10"] == stored


async def test_import_tells_ingest_once_a_table(conn: Connection, database_url: str, city: Profile) -> None:
    async with await connect(database_url) as listener:
        await listener.execute("LISTEN halong_registry")
        await registry.import_profile(conn, city)
        told = {note.payload async for note in listener.notifies(timeout=5, stop_after=5)}
    assert told == {"observed_properties", "device_models", "gateways", "things", "datastreams"}


async def test_surveyed_boundary_survives_the_next_import(conn: Connection, city: Profile) -> None:
    await registry.import_profile(conn, city)
    square = {"type": "Polygon", "coordinates": [[[107, 21], [107.1, 21], [107.1, 21.1], [107, 21]]]}
    assert await registry.set_boundaries(conn, {"193": square}, "Survey office, CC BY 4.0") == 1
    assert (await registry.import_profile(conn, city)).is_empty
    query = "SELECT boundary, boundary_source FROM areas WHERE code = '193'"
    assert await rows(conn, query) == [(square, "Survey office, CC BY 4.0")]


async def test_boundary_of_an_area_that_is_not_there_is_refused(conn: Connection, city: Profile) -> None:
    await registry.import_profile(conn, city)
    stored = await snapshot(conn)
    with pytest.raises(registry.RegistryError, match=r"no single area of the registry: 999$"):
        await registry.set_boundaries(conn, {"193": {}, "999": {}}, "nobody")
    assert await snapshot(conn) == stored


async def test_code_that_was_given_again_needs_its_date(conn: Connection, province: Profile) -> None:
    ward = next(area for area in province.areas if area.code == "06652")
    older = replace(ward, valid_from=province.areas[1].valid_from, valid_to=ward.valid_from, predecessors=())
    newer = replace(ward, predecessors=("06652", "193"))
    others = tuple(area for area in province.areas if area.code != "06652")
    await registry.import_profile(conn, replace(province, areas=(*others, older, newer)))
    with pytest.raises(registry.RegistryError, match="which of 06652@2020-01-01, 06652@2025-07-01"):
        await registry.set_boundaries(conn, {"06652": {}}, "nobody")
    assert await registry.set_boundaries(conn, {area_key(older): {}}, "nobody") == 1


async def test_database_of_another_city_is_refused(conn: Connection, city: Profile) -> None:
    await registry.import_profile(conn, city)
    with pytest.raises(registry.RegistryError, match="belongs to the city 'quang_ninh'"):
        await registry.import_profile(conn, replace(city, code="hue"))


async def test_unknown_property_writes_nothing(conn: Connection, city: Profile) -> None:
    before = await snapshot(conn)
    wrong = with_things(city, thing("aq-1", datastreams={"pm2_5": 300, "smell": 300}))
    with pytest.raises(
        registry.RegistryError, match=r"^datastreams: 1 of the 2 rows from aq-1/pm2_5 on name"
    ):
        await registry.import_profile(conn, wrong)
    assert await snapshot(conn) == before


async def test_unknown_area_and_doubled_code_are_refused(conn: Connection, city: Profile) -> None:
    with pytest.raises(ProfileError, match="aq-1: its area '999' is not among"):
        await registry.plan_import(conn, with_things(city, thing("aq-1", areas=("999",))))
    with pytest.raises(ProfileError, match="thing aq-1: the code is given twice"):
        await registry.plan_import(conn, with_things(city, thing("aq-1"), thing("aq-1")))


async def test_more_rows_than_one_statement_takes(
    conn: Connection, city: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "_CHUNK", 7)
    gateways = tuple(gateway(f"gw-{n}", thing(f"aq-{n}")) for n in range(30))
    await registry.import_profile(conn, replace(city, gateways=gateways))
    assert await rows(conn, "SELECT count(*) FROM datastreams") == [(60,)]
    assert await rows(conn, "SELECT count(*) FROM thing_areas") == [(90,)]
    assert (await registry.plan_import(conn, replace(city, gateways=gateways))).is_empty
