"""`halong registry …`, `halong gateways create`, `halong things set`, as who manages a city types them."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from psycopg.types.json import Jsonb

from analytics.alert_actions import import_rules
from devices import profiles, registry
from runtime.settings import settings
from tests.integration.api.seed import GATEWAYS

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from tests.integration.terminal import Halong


LINKS = Jsonb([{"kind": "photo", "title": 'Cột, "nam"', "url": "https://anh.vn/a,b"}])


@pytest.fixture
async def halong(conn: AsyncConnection[Any], halong: Halong) -> Halong:
    """`halong` over a province with four gateways."""
    profile = dataclasses.replace(profiles.load("quang_ninh"), gateways=GATEWAYS)
    await registry.import_profile(conn, profile)
    await import_rules(conn, profile.alert_rules)
    return halong


async def changes(conn: AsyncConnection[Any]) -> int:
    rows = await conn.execute("SELECT count(*) FROM registry_changes")
    return (await rows.fetchone() or (0,))[0]  # type: ignore[no-any-return]


async def labels(conn: AsyncConnection[Any]) -> list[Any]:
    rows = await conn.execute(
        """SELECT code, tags, links FROM gateways UNION ALL SELECT code, tags, links FROM things
           UNION ALL SELECT t.code || '/' || p.code, d.tags, NULL FROM datastreams d
           JOIN things t ON t.id = d.thing_id JOIN observed_properties p ON p.id = d.observed_property_id
           ORDER BY code"""
    )
    return await rows.fetchall()


async def enabled(conn: AsyncConnection[Any]) -> set[str]:
    rows = await conn.execute(
        """SELECT code FROM gateways WHERE enabled UNION ALL SELECT code FROM things WHERE enabled
           UNION ALL SELECT t.code || '/' || p.code FROM datastreams d JOIN things t ON t.id = d.thing_id
           JOIN observed_properties p ON p.id = d.observed_property_id WHERE d.enabled"""
    )
    return {code for (code,) in await rows.fetchall()}


async def test_an_import_of_what_was_exported_changes_nothing(
    halong: Halong, conn: AsyncConnection[Any], tmp_path: Path
) -> None:
    await conn.execute(
        "UPDATE gateways SET enabled = false, properties = '{\"mast\": 3}' WHERE code = 'gw-new'"
    )
    await conn.execute("UPDATE things SET enabled = false WHERE code = 'ha-long-rain-1'")
    await conn.execute("UPDATE datastreams SET enabled = false, tags = '{a,b}' WHERE id = 1")
    await conn.execute(
        "UPDATE things SET tags = '{near-school}', links = %s WHERE code = 'ha-long-air-1'", [LINKS]
    )
    await conn.execute("UPDATE gateways SET tags = '{solar}', links = %s WHERE code = 'ha-long-1'", [LINKS])
    before = await changes(conn)
    for name in ("folder", "all.json", "gateways.csv", "things.csv", "areas.csv"):
        await halong("registry", "export", str(tmp_path / name))
        shown = await halong("registry", "import", str(tmp_path / name), "--prune", "--yes")
        assert "nothing to change" in shown, shown
        assert "to disable" not in shown
        assert "settings" not in shown
    assert await changes(conn) == before
    await halong("registry", "export", str(tmp_path / "x.csv"), fails=True)


async def test_another_database_gets_all_of_it(
    halong: Halong, conn: AsyncConnection[Any], tmp_path: Path
) -> None:
    await conn.execute(
        "UPDATE gateways SET enabled = false, properties = '{\"mast\": 3}' WHERE code = 'gw-new'"
    )
    await conn.execute(
        "UPDATE things SET tags = '{near-school}', links = %s WHERE code = 'ha-long-air-1'", [LINKS]
    )
    await conn.execute("UPDATE datastreams SET tags = '{calibrated}' WHERE id = 1")
    kept = await labels(conn)
    await halong("registry", "export", str(tmp_path / "folder"))
    await conn.execute("TRUNCATE things, gateways CASCADE")
    shown = await halong("registry", "import", str(tmp_path / "folder"))
    assert "4 gateways to create, 3 things to create, 4 datastreams to create" in shown
    row = await conn.execute("SELECT enabled, properties FROM gateways WHERE code = 'gw-new'")
    assert await row.fetchone() == (False, {"mast": 3})
    assert await labels(conn) == kept


async def test_one_table_is_changed_and_what_it_does_not_name_disabled_after_asking(
    halong: Halong, conn: AsyncConnection[Any], tmp_path: Path
) -> None:
    file = tmp_path / "things.csv"
    await halong("registry", "export", str(file))
    lines = file.read_text("utf-8").splitlines()
    kept = [each for each in lines if "mong-cai-air-1" not in each]
    text = "\n".join(kept).replace("Rain gauge", "Rain gauge of the port").replace("pm10:300 ", "")
    file.write_text(text.replace("rainfall:600", "rainfall:600:off"), "utf-8")
    all_ = await enabled(conn)
    before = await changes(conn)
    shown = await halong("registry", "import", str(file), "--prune", "--dry-run")
    for line in (
        'update thing ha-long-rain-1: name "Rain gauge" -> "Rain gauge of the port"',
        "update datastream ha-long-rain-1/rainfall: enabled true -> false",
        "update thing mong-cai-air-1: enabled true -> false",
        "update datastream ha-long-air-1/pm10: enabled true -> false",
    ):
        assert line in shown
    assert "dry run: nothing was changed" in shown
    await halong("registry", "import", str(file), "--prune", answer="n\n", fails=True)
    assert (await enabled(conn), await changes(conn)) == (all_, before)
    await halong("registry", "import", str(file), "--prune", answer="y\n")
    off = {"mong-cai-air-1", "mong-cai-air-1/pm2_5", "ha-long-air-1/pm10", "ha-long-rain-1/rainfall"}
    assert await enabled(conn) == all_ - off
    assert "nothing to change" in await halong("registry", "import", str(file), "--prune", "--yes")
    file.write_text(file.read_text("utf-8").replace(":off", ":on"), "utf-8")
    await halong("registry", "import", str(file))
    assert await enabled(conn) == all_ - off | {"ha-long-rain-1/rainfall"}


async def test_wrong_rows_are_told_and_nothing_is_changed(
    halong: Halong, conn: AsyncConnection[Any], tmp_path: Path
) -> None:
    file, before = tmp_path / "all.json", await changes(conn)
    await halong("registry", "export", str(file))
    found = json.loads(file.read_text("utf-8"))
    found["gateways"][0]["latitude"] = "north"
    found["things"][1]["areas"] = ["19"]
    found["things"][2]["name"] = "another"
    file.write_text(json.dumps(found))
    told = await halong("registry", "import", str(file), fails=True)
    assert "all.json: gateways, entry 1, latitude: Expected `float`, got `str`" in told
    assert "all.json: things, entry 2, areas: '19' is not in areas.csv" in told
    assert await changes(conn) == before


async def test_gateways_and_things_one_by_one(halong: Halong, conn: AsyncConnection[Any]) -> None:
    place = ("--latitude", "20.9", "--longitude", "107", "--area", "193")
    hut = ("gateways", "create", "hut", "--name", "Hut", *place, "--property", "mast=3")
    assert "dry run" in await halong(*hut, "--dry-run")
    assert "created: gateway hut" in await halong(*hut)
    assert "unchanged: gateway hut" in await halong(*hut)
    thing = ("things", "create", "hut-air", "--gateway", "hut", "--kind", "air_station", "--name", "Air")
    made = await halong(*thing, *place, "--measures", "pm2_5", "--measures", "pm10:60")
    assert made.splitlines() == [
        "created: thing hut-air",
        "created: datastream hut-air/pm2_5",
        "created: datastream hut-air/pm10",
    ]
    assert "created: gateway hut-3" in await halong("gateways", "create", "hut-3", *place)
    nameless = ("things", "create", "hut-3-air", "--gateway", "hut-3", "--kind", "air_station", *place)
    await halong(*nameless)
    names = await conn.execute("SELECT name FROM gateways WHERE code = 'hut-3' UNION ALL "
                               "SELECT name FROM things WHERE code = 'hut-3-air'")  # fmt: skip
    assert await names.fetchall() == [("hut-3",), ("hut-3-air",)]
    told = await halong("gateways", "password", "hut-4", fails=True)
    assert "'hut-4' is not registered: `halong gateways create` registers it" in told
    assert 'name: "Hut" -> "Hut 1"' in await halong("gateways", "set", "hut", "--name", "Hut 1")
    changed = await halong("gateways", "set", "hut", "--property", "mast=", "--property", "key=a b")
    assert 'properties: {"mast": 3} -> {"key": "a b"}' in changed
    assert "enabled: true -> false" in await halong("things", "disable", "hut-air")
    assert "hut-air" not in await enabled(conn)
    assert "changed" in await halong("things", "set", "hut-air", "--enable", "--area", "194")
    assert "hut-air" in await enabled(conn)
    for wrong, said in (
        (("gateways", "create", "hut-2"), "latitude: Field required"),
        (("gateways", "create", "Hut", "--name", "x", *place), "code: String should match pattern"),
        (("gateways", "set", "hut", "--area", "19"), "no area '19'"),
        (("gateways", "set", "hut"), "say what is to change"),
        (("things", "set", "hat", "--name", "x"), "there is no thing 'hat'"),
        (("things", "set", "hut-air", "--gateway", "hat"), "there is no 'hat' in the registry"),
        (("things", "create", "hut-2", "--measures", "pm10:x"), "is not PROPERTY or PROPERTY:SECONDS"),
    ):
        told = await halong(*wrong, fails=True)
        assert said in told, told


async def test_tags_and_links_one_by_one(halong: Halong) -> None:
    link = "photo  Mast, from the south  https://anh.vn/1.jpg"
    shown = await halong(
        "things", "set", "ha-long-air-1", "--tag", "reference", "--tag", "near-school", "--link", link
    )
    assert 'tags: [] -> ["near-school", "reference"]' in shown
    assert '"title": "Mast, from the south"' in shown
    dry = await halong("things", "set", "ha-long-air-1", "--untag", "reference", "--dry-run")
    assert 'tags: ["near-school", "reference"] -> ["near-school"]' in dry
    await halong("things", "set", "ha-long-air-1", "--tag", "roof", "--unlink", "https://anh.vn/1.jpg")
    listed = await halong("devices", "list", "--tag", "roof", "--tag", "reference")
    assert "near-school reference roof" in listed
    assert "ha-long-rain-1" not in listed
    await halong("gateways", "set", "gw-new", "--tag", "solar")
    listed = await halong("gateways", "list", "--tag", "solar")
    assert "gw-new" in listed
    assert "mong-cai-1" not in listed
    assert "mong-cai-1" in await halong("gateways", "list", "--area", "194")
    changed = await halong(
        "things", "datastream", "ha-long-air-1", "pm2_5", "--tag", "calibrated", "--interval", "60"
    )
    assert changed.splitlines() == [
        "sampling_interval_s: 300 -> 60",
        'tags: [] -> ["calibrated"]',
        "changed: datastream ha-long-air-1/pm2_5",
    ]
    assert "created: datastream ha-long-rain-1/pm2_5" in await halong(
        "things", "datastream", "ha-long-rain-1", "pm2_5"
    )
    air = ("things", "set", "ha-long-air-1")
    for wrong, said in (
        ((*air, "--untag", "red"), "it has no tag 'red'; it has near-school, reference, roof"),
        ((*air, "--link", "https://a.vn"), "is not 'KIND TITLE URL'"),
        ((*air, "--link", "note x http://a.vn"), "links.0.url: an address that begins with https"),
        (("gateways", "set", "gw-new", "--tag", "So lar"), "tags.1: "),
        (("things", "datastream", "ha-long-air-1", "pm2"), "there is no 'pm2' in the registry"),
    ):  # fmt: skip
        told = await halong(*wrong, fails=True)
        assert said in told, told


async def test_tags_and_links_in_files(halong: Halong, conn: AsyncConnection[Any], tmp_path: Path) -> None:
    file, before = tmp_path / "things.csv", await labels(conn)
    await halong("registry", "export", file)
    text = file.read_text("utf-8")
    lines = [line.replace("pm2_5:300", "pm2_5:300#calibrated") for line in text.splitlines()]
    head, *rows = [line.rsplit(",", 2) for line in lines]
    assert head[1:] == ["tags", "links"]
    file.write_text(
        "\n".join([",".join(head), *(f"{row[0]},near-school reference," for row in rows)]), "utf-8"
    )
    shown = await halong("registry", "import", file, "--dry-run")
    assert 'update thing ha-long-air-1: tags [] -> ["near-school", "reference"]' in shown
    assert 'update datastream ha-long-air-1/pm2_5: tags [] -> ["calibrated"]' in shown
    assert await labels(conn) == before
    await halong("registry", "import", file)
    assert "nothing to change" in await halong("registry", "import", file)
    file.write_text(text.replace("pm2_5:300", "pm2_5:300#"), "utf-8")
    await halong("registry", "import", file)
    assert await labels(conn) == before, "an empty cell of `tags`, and `#` alone, say that there are none"


async def test_no_gateway_is_called_as_the_platform_is_at_its_broker(
    halong: Halong, conn: AsyncConnection[Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HALONG_MQTT_URL", "mqtt://platform-7:secret@127.0.0.1:1883")
    settings.cache_clear()
    place = ("--name", "x", "--latitude", "20.9", "--longitude", "107", "--area", "193")
    told = await halong("gateways", "create", "platform-7", *place, fails=True)
    assert "'platform-7' is a name of halong's own" in told
    file = tmp_path / "gateways.csv"
    file.write_text("code,name,latitude,longitude,areas\nplatform-7,x,20.9,107,193\n")
    told = await halong("registry", "import", file, fails=True)
    assert "gateways.csv, line 2, code: 'platform-7' is a name of halong's own" in told
    folder = shutil.copytree(Path(profiles.__file__).parent / "quang_ninh", tmp_path / "own")
    shutil.copy(file, folder)
    (folder / "things.csv").write_text("code,gateway,name,kind,latitude,longitude,areas,datastreams\n")
    told = await halong("devices", "import", folder, fails=True)
    assert "gateways: code 'platform-7' is a name of halong's own at the broker" in told
    rows = await conn.execute("SELECT FROM gateways WHERE code = 'platform-7'")
    assert await rows.fetchone() is None
    file.write_text("code,name,latitude,longitude,areas\nplatform-8,x,20.9,107,193\n")
    shutil.copy(file, folder)
    assert "create gateway platform-8" in await halong("devices", "import", folder, "--dry-run")


async def test_a_gateway_is_moved_and_the_move_taken_back(halong: Halong, conn: AsyncConnection[Any]) -> None:
    async def standing() -> Any:
        rows = await conn.execute(
            """SELECT latitude, (SELECT array_agg(a.code ORDER BY a.code) FROM gateway_areas l
                                 JOIN areas a ON a.id = l.area_id WHERE l.gateway_id = g.id),
                      (SELECT count(*) FROM gateway_stays WHERE gateway_id = g.id)
               FROM gateways g WHERE code = 'gw-new'"""
        )
        return await rows.fetchone()

    before = await standing()
    move = ("gateways", "move", "gw-new", "--to", "20.9,107.1", "--at", "2026-11-20", "--area", "193")
    shown = await halong(*move, "--dry-run")
    assert "leaves 194; enters 193" in shown
    assert "dry run: nothing was changed" in shown
    assert await standing() == before
    await halong(*move, "--reason", "road works")
    assert await standing() == (20.9, ["193", "22"], 1)
    again = await halong("gateways", "take-back", "gw-new", "--dry-run")
    assert "the move of 2026-11-20 00:00" in again
    await halong("gateways", "take-back", "gw-new")
    assert await standing() == before
    assert "gw-new was never moved" in await halong("gateways", "take-back", "gw-new", fails=True)
    assert "there is no gateway 'gw'" in await halong("gateways", "take-back", "gw", fails=True)
