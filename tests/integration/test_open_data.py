"""Monthly files: what is in them, that they are written once, and what a revision makes of them."""

from __future__ import annotations

import asyncio
import csv
import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from csvw import CSVW

from analytics.steps import Step
from api.open_data.manifest import Manifest, ManifestError, decode
from api.open_data.months import Month
from api.open_data.plan import Plan, read_plan
from api.open_data.publish import BusyError, Outcome, publish
from api.open_data.schedule import publish_settled, stand_by
from api.open_data.store import Store, StoreError
from api.queries import open_data as queries
from devices import registry
from runtime.checks import run_checks
from runtime.settings import Settings
from storage import observations
from storage.pool import connect
from tests.conftest import database
from tests.integration import open_city
from tests.integration.open_city import OCTOBER, SEPTEMBER, area_ids

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from psycopg import AsyncConnection

    from tests.integration.terminal import Halong

#: some days after October
LATER = datetime(2026, 11, 10, tzinfo=UTC)


@pytest.fixture
def database_url(postgres_dsn: str, open_city_template: str) -> Iterator[str]:
    with database(postgres_dsn, open_city_template) as url:
        yield url


@pytest.fixture
async def plan(conn: AsyncConnection[Any], database_url: str) -> Plan:
    return await read_plan(conn, Settings.model_validate({"database_url": database_url}))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "open"))


async def put(
    conn: AsyncConnection[Any], store: Store, plan: Plan, code: str, *months: str, **options: Any
) -> list[Outcome]:
    chosen = [(plan.data_sets[code], Month.parse(month)) for month in months]
    return await publish(conn, store, plan, chosen, **options)


def rows(store: Store, name: str) -> list[dict[str, str]]:
    data_set = name.partition("_")[0]
    with (Path(store.target) / data_set / name).open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def files(store: Store) -> dict[str, bytes]:
    return {
        str(p.relative_to(store.target)): p.read_bytes() for p in Path(store.target).rglob("*") if p.is_file()
    }


async def test_a_month_is_written_as_csv_and_parquet_with_the_same_rows(
    conn: AsyncConnection[Any], plan: Plan, store: Store
) -> None:
    (outcome,) = await put(conn, store, plan, "air", "2026-10")
    assert outcome.version is not None
    assert (outcome.what, outcome.version.version, outcome.version.rows) == ("written", 1, 62)
    assert (outcome.version.reason.code, outcome.version.provisional) == ("first", False)
    read = rows(store, "air_2026-10_v1.csv")
    assert (len(read), read[0]["area"], read[0]["time"], read[0]["label"], read[0]["value"]) == (
        62, "193", "2026-09-30T17:00:00Z", "2026-10-01", "80",
    )  # fmt: skip
    table = pq.read_table(f"{store.target}/air/air_2026-10_v1.parquet").to_pylist()
    assert [row["value"] for row in table] == [float(row["value"]) for row in read]
    assert [row["time"] for row in table] == [datetime.fromisoformat(row["time"]) for row in read]
    assert {row["area_name_vi"] for row in table} == {"Thành phố Hạ Long", "Thành phố Móng Cái"}


async def test_the_manifest_tells_sizes_and_checksums(
    conn: AsyncConnection[Any], plan: Plan, store: Store
) -> None:
    await put(conn, store, plan, "air", "2026-09")
    manifest = await store.manifest("air")
    version = manifest.current("2026-09")
    assert version is not None
    assert {file.media_type for file in version.files} == {
        "text/csv", "application/csvm+json", "application/vnd.apache.parquet",
    }  # fmt: skip
    stored = files(store)
    for file in version.files:
        content = stored[f"air/{file.name}"]
        assert (len(content), hashlib.sha256(content).hexdigest()) == (file.bytes, file.sha256)
    assert len(stored) == 4


async def test_the_csv_is_read_by_its_metadata(conn: AsyncConnection[Any], plan: Plan, store: Store) -> None:
    """By csvw, a reader of the W3C's CSV on the Web; the metadata are found beside the file."""
    await put(conn, store, plan, "people", "2026-09")
    path = f"{store.target}/people/people_2026-09_v1.csv"
    found = CSVW(path, md_url=f"{path}-metadata.json", validate=True)
    assert found.is_valid, found.warnings
    read = list(found.tables[0])
    assert read[0]["time"] == SEPTEMBER
    assert read[0]["area_valid_from"].date().isoformat() == "2020-01-01"
    assert {type(row["suppressed"]) for row in read} == {bool}
    assert found.common_props["dc:license"]["@id"] == "https://creativecommons.org/licenses/by/4.0/"
    columns = json.loads(Path(f"{path}-metadata.json").read_text("utf-8"))["tableSchema"]["columns"]
    for column in columns:
        told = {each["@language"]: each["@value"] for each in column["dc:description"]}
        assert told["en"]
        assert told["vi"] not in {"", told["en"]}


async def test_published_again_nothing_is_written(
    conn: AsyncConnection[Any], plan: Plan, store: Store
) -> None:
    await put(conn, store, plan, "air", "2026-09", "2026-10")
    before = files(store)
    again = await put(conn, store, plan, "air", "2026-09", "2026-10")
    assert [each.what for each in again] == ["unchanged", "unchanged"]
    assert files(store) == before


async def test_a_revised_value_makes_a_version_with_its_reason(
    conn: AsyncConnection[Any], plan: Plan, store: Store
) -> None:
    await put(conn, store, plan, "air", "2026-09", "2026-10")
    before = files(store)
    await open_city.store(conn, "vn_aqi_d", SEPTEMBER, {"193": 77})
    september, october = await put(conn, store, plan, "air", "2026-09", "2026-10")
    assert october.what == "unchanged"
    made = september.version
    assert made is not None
    assert (made.version, made.reason.code, made.reason.revised, made.reason.added) == (2, "values", 1, 0)
    assert "1 values revised" in made.reason.text_en
    manifest = await store.manifest("air")
    old, new = manifest.months["2026-09"]
    assert old.file("text/csv").sha256 != new.file("text/csv").sha256
    assert {name: files(store)[name] for name in before if "manifest" not in name} == {
        name: content for name, content in before.items() if "manifest" not in name
    }
    first = rows(store, "air_2026-09_v2.csv")[0]
    assert (first["value"], first["revision"]) == ("77", "2")


async def test_another_formula_is_told_as_the_reason(
    conn: AsyncConnection[Any], plan: Plan, store: Store
) -> None:
    await put(conn, store, plan, "air", "2026-09")
    await open_city.store(conn, "vn_aqi_d", SEPTEMBER, {"193": 77, "194": 78})
    await conn.execute(
        """UPDATE indicator_values SET version = 9 WHERE revision = 2
           AND area_id = (SELECT id FROM areas WHERE code = '193' AND reporting)"""
    )
    (outcome,) = await put(conn, store, plan, "air", "2026-09")
    assert outcome.version is not None
    assert (outcome.version.reason.revised, outcome.version.reason.formula) == (2, 1)


async def test_a_month_that_is_not_over_is_provisional_until_it_is(
    conn: AsyncConnection[Any], plan: Plan, store: Store
) -> None:
    this = Month.of(datetime.now(UTC), plan.zone)
    await open_city.store(conn, "vn_aqi_d", this.start(plan.zone), {"193": 60})
    (outcome,) = await put(conn, store, plan, "air", str(this))
    assert outcome.version is not None
    assert outcome.version.provisional


async def test_what_is_published_otherwise_makes_a_version(
    conn: AsyncConnection[Any], plan: Plan, store: Store, database_url: str
) -> None:
    await put(conn, store, plan, "air", "2026-09")
    await conn.execute(
        """UPDATE city SET properties = properties || '{"open_data": {"licence": "CC0-1.0"}}'"""
    )
    other = await read_plan(conn, Settings.model_validate({"database_url": database_url}))
    (outcome,) = await put(conn, store, other, "air", "2026-09")
    assert outcome.version is not None
    assert (outcome.version.version, outcome.version.reason.code) == (2, "rules")
    metadata = json.loads(files(store)["air/air_2026-09_v2.csv-metadata.json"])
    assert metadata["dc:license"] == {"@id": "https://creativecommons.org/publicdomain/zero/1.0/"}


async def test_a_dry_run_writes_nothing(conn: AsyncConnection[Any], plan: Plan, store: Store) -> None:
    (outcome,) = await put(conn, store, plan, "air", "2026-09", dry_run=True)
    assert (outcome.what, files(store)) == ("written", {})


async def test_a_month_without_values_is_not_published(
    conn: AsyncConnection[Any], plan: Plan, store: Store
) -> None:
    (outcome,) = await put(conn, store, plan, "noise", "2026-09")
    assert (outcome.what, files(store)) == ("empty", {})


async def test_small_counts_are_suppressed_and_not_to_be_found_out(
    conn: AsyncConnection[Any], plan: Plan, store: Store
) -> None:
    """Hour 1: 4 of Móng Cái would follow from the province less the others; hour 3: zeros, and the 12 too."""
    await put(conn, store, plan, "people", "2026-09")
    read = rows(store, "people_2026-09_v1.csv")
    shown = {
        (row["indicator"], row["time"][11:13], row["area"]): (row["value"], row["suppressed"], row["reason"])
        for row in read
    }
    hidden = ("", "true", "suppressed")
    assert shown["footfall_1h", "17", "194"] == hidden
    assert shown["footfall_1h", "17", "195"] == hidden
    assert shown["footfall_1h", "17", "193"] == ("300", "false", "")
    assert shown["footfall_1h", "17", "22"] == ("394", "false", "")
    assert {shown["footfall_1h", "19", area] for area in ("193", "194", "195")} == {hidden}
    assert shown["footfall_1h", "19", "22"] == ("12", "false", "")
    # The day of 194, 54, less its hour of 50 would tell 4 + 0.
    assert shown["footfall_1h", "18", "194"] == hidden
    assert all(float(row["value"]) >= 10 for row in read if row["value"])
    version = (await store.manifest("people")).current("2026-09")
    assert version is not None
    assert version.suppressed == sum(row["suppressed"] == "true" for row in read)


async def test_two_versions_together_tell_no_small_count(
    conn: AsyncConnection[Any], plan: Plan, store: Store
) -> None:
    """Version 1 hides 90 of 195 beside the 4; with 400 they would be seen, and 300 hidden instead."""
    await put(conn, store, plan, "people", "2026-09")
    await open_city.store(conn, "footfall_1h", SEPTEMBER, {"195": 400, "22": 704})
    (outcome,) = await put(conn, store, plan, "people", "2026-09")
    assert outcome.what == "written"
    hidden = [
        {
            (row["indicator"], row["time"], row["area"])
            for row in rows(store, f"people_2026-09_v{version}.csv")
            if row["suppressed"] == "true"
        }
        for version in (1, 2)
    ]
    assert ("footfall_1h", "2026-08-31T17:00:00Z", "195") in hidden[0]
    assert hidden[0] <= hidden[1]


async def test_the_smallest_cell_is_a_setting(conn: AsyncConnection[Any], plan: Plan, store: Store) -> None:
    await put(conn, store, replace(plan, smallest_cell=61), "people", "2026-09")
    values = [float(row["value"]) for row in rows(store, "people_2026-09_v1.csv") if row["value"]]
    assert values
    assert min(values) >= 61


async def test_hours_of_public_properties_are_published_by_device(
    conn: AsyncConnection[Any], plan: Plan, store: Store
) -> None:
    from devices.model import Gateway, Thing
    from devices.profiles import load

    station = Thing(
        code="aq-1", name="Air station", kind="air_station", latitude=20.96, longitude=107.05,
        datastreams={"pm2_5": 300, "co": 300}, areas=("193",),
    )  # fmt: skip
    gateway = Gateway(
        code="gw-1", name="Gateway", latitude=20.96, longitude=107.05, areas=("193",), things=(station,)
    )
    await registry.import_profile(conn, replace(load("quang_ninh"), gateways=(gateway,)))
    ids = await registry.datastream_ids(conn)
    read = observations.empty(24)
    read["datastream_id"] = np.repeat([ids["aq-1", "pm2_5"], ids["aq-1", "co"]], 12)
    read["time"] = np.tile(int(SEPTEMBER.timestamp() * 1e6) + np.arange(12) * 300_000_000, 2)
    read["value"], read["quality"] = np.tile(10.0 + np.arange(12), 2), 0
    await observations.copy_in(conn, observations.sort(read))
    (outcome,) = await put(conn, store, plan, "measurements-air-station", "2026-09")
    assert outcome.what == "written"
    (row,) = rows(store, "measurements-air-station_2026-09_v1.csv")
    assert (row["thing"], row["property"], row["value"], row["minimum"], row["n"]) == (
        "aq-1", "pm2_5", "15.5", "10", "12",
    )  # fmt: skip


async def test_one_process_publishes_at_a_time(
    conn: AsyncConnection[Any], plan: Plan, store: Store, database_url: str
) -> None:
    async with await connect(database_url) as other:
        assert await queries.claim(other)
        with pytest.raises(BusyError, match="another process"):
            await put(conn, store, plan, "air", "2026-09")
    assert files(store) == {}


async def test_a_manifest_that_cannot_be_read_is_not_written_over(
    conn: AsyncConnection[Any], plan: Plan, store: Store, tmp_path: Path
) -> None:
    place = tmp_path / "open" / "air" / "manifest.json"
    place.parent.mkdir()
    place.write_text("{")
    with pytest.raises(ManifestError, match="restore it"):
        await put(conn, store, plan, "air", "2026-09")
    assert place.read_text() == "{"


async def test_an_interrupted_publication_leaves_the_one_before(
    conn: AsyncConnection[Any], plan: Plan, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The manifest is put last: without it nothing is published, and the next run does all of it."""

    async def fail(_: Manifest) -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(store, "put_manifest", fail)
        with pytest.raises(StoreError):
            await put(conn, store, plan, "air", "2026-09")
    assert (await store.manifest("air")).months == {}
    (outcome,) = await put(conn, store, plan, "air", "2026-09")
    assert outcome.what == "written"


async def test_the_service_publishes_what_has_settled(
    conn: AsyncConnection[Any], plan: Plan, store: Store, database_url: str
) -> None:
    settings = Settings.model_validate({"database_url": database_url})
    early = await publish_settled(conn, settings, store, datetime(2026, 10, 3, 16, tzinfo=UTC))
    assert [each for each in early if each.what == "written"] == []
    found = await publish_settled(conn, settings, store, LATER)
    assert {(each.data_set, each.month) for each in found if each.what == "written"} == {
        ("air", "2026-09"), ("air", "2026-10"), ("people", "2026-09"),
    }  # fmt: skip
    again = await publish_settled(conn, settings, store, LATER)
    assert {each.what for each in again} == {"unchanged", "empty"}


async def test_the_check_tells_what_is_published(
    conn: AsyncConnection[Any], plan: Plan, store: Store, database_url: str, tmp_path: Path
) -> None:
    def asked(target: Path | None) -> Settings:
        return Settings.model_validate(
            {"database_url": database_url, "open_data_target": target and str(target)}
        )

    async def told(target: Path | None) -> tuple[bool, str]:
        (result,) = await run_checks(asked(target), "open-data")
        return result.ok, result.words

    await put(conn, store, plan, "air", "2026-09", "2026-10")
    count = len(plan.data_sets)
    assert await told(Path(store.target)) == (
        True,
        f"1 of {count} data sets are published, newest month 2026-10",
    )
    assert await told(None) == (True, "none are published: HALONG_OPEN_DATA_TARGET is not set")
    (tmp_path / "file").touch()
    is_well, words = await told(tmp_path / "file")
    assert not is_well
    assert str(tmp_path / "file") in words


async def test_the_service_stands_by_without_a_target() -> None:
    stop = asyncio.Event()
    waiting = asyncio.create_task(stand_by(stop))
    done, _ = await asyncio.wait({waiting}, timeout=0.2)
    assert not done
    stop.set()
    await waiting


@pytest.fixture
def halong(halong: Halong, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Halong:
    """`halong open-data`, which publishes to the folder `target`."""
    monkeypatch.setenv("HALONG_OPEN_DATA_TARGET", str(tmp_path / "target"))
    return partial(halong, "open-data")


async def test_the_command_publishes_and_tells(plan: Plan, halong: Halong, tmp_path: Path) -> None:
    told = await halong("publish", "--dry-run", "--data-set", "air")
    assert "2 months of data sets would be written" in told
    told = await halong("publish", "--data-set", "air", "--month", "2026-10")
    assert "1 months of data sets written" in told
    assert "first publication" in told
    assert decode((tmp_path / "target" / "air" / "manifest.json").read_bytes()).months.keys() == {"2026-10"}
    listed = await halong("list")
    assert "2026-10" in listed


async def test_the_command_tells_why_there_is_nothing_to_publish(
    conn: AsyncConnection[Any], plan: Plan, halong: Halong, tmp_path: Path
) -> None:
    today = Step.DAY.floor(datetime.now(UTC), plan.zone)
    await conn.execute("DELETE FROM indicator_values")
    await open_city.store(conn, "vn_aqi_d", today, {"193": 50})
    told = await halong("publish", "--data-set", "air")
    assert "no month that has values is over and settled (3 days after its end" in told
    assert "`--month YYYY-MM` publishes one that is not, as provisional" in told
    told = await halong("publish", "--data-set", "air", "--month", f"{today.astimezone(plan.zone):%Y-%m}")
    assert "provisional: the month is not over and settled" in told
    assert (tmp_path / "target" / "air" / "manifest.json").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--month", "2026-13"), "give one as 2026-10"),
        (("--month", "2999-01"), "has not begun"),
        (("--data-set", "aire"), "no data set 'aire'"),
    ],
)
async def test_a_wrong_option_says_what_is_right(
    plan: Plan, halong: Halong, arguments: Sequence[str], words: str
) -> None:
    assert words in await halong("publish", *arguments, fails=True)


async def test_the_months_are_local(conn: AsyncConnection[Any], plan: Plan, store: Store) -> None:
    """The last instant of September is October's first in UTC+7 less one hour: the day of 30 September."""
    await put(conn, store, plan, "air", "2026-09")
    days = {row["day"] for row in rows(store, "air_2026-09_v1.csv")}
    assert (min(days), max(days), len(days)) == ("2026-09-01", "2026-09-30", 30)
    assert OCTOBER not in {datetime.fromisoformat(r["time"]) for r in rows(store, "air_2026-09_v1.csv")}


async def test_an_area_that_does_not_report_is_left_out(
    conn: AsyncConnection[Any], plan: Plan, store: Store
) -> None:
    ids = await area_ids(conn)
    await conn.execute("UPDATE areas SET reporting = false WHERE id = %s", [ids["194"]])
    await put(conn, store, plan, "air", "2026-09")
    assert {row["area"] for row in rows(store, "air_2026-09_v1.csv")} == {"193"}
