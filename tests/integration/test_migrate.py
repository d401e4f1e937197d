from __future__ import annotations

import asyncio
import re
from typing import Any

import psycopg
import pytest

from storage.edition import Edition, render
from storage.errors import StorageError
from storage.migrate import edition, migrate, migrations
from storage.pool import connect


async def test_dry_run_names_all_and_changes_nothing(empty_database_url: str) -> None:
    todo = await migrate(empty_database_url, dry_run=True)
    assert [m.name for m in todo] == [m.name for m in migrations()]
    async with await connect(empty_database_url) as conn:
        cursor = await conn.execute("SELECT to_regclass('schema_migrations'), to_regclass('observations')")
        assert await cursor.fetchone() == (None, None)


async def test_two_at_once_apply_each_migration_once(empty_database_url: str) -> None:
    done = await asyncio.gather(*(migrate(empty_database_url) for _ in range(2)))
    assert sorted(m.name for part in done for m in part) == [m.name for m in migrations()]
    assert await migrate(empty_database_url) == []


async def test_edited_migration_is_refused(conn: psycopg.AsyncConnection[Any], database_url: str) -> None:
    await conn.execute("UPDATE schema_migrations SET checksum = 'other' WHERE name LIKE '0001%'")
    with pytest.raises(StorageError, match="0001_registry was edited"):
        await migrate(database_url)


async def test_unreachable_database_says_where_and_hides_the_password() -> None:
    with pytest.raises(StorageError, match=r"127\.0\.0\.1:1/halong") as raised:
        await migrate("postgresql://halong:s3cret@127.0.0.1:1/halong")
    assert "s3cret" not in str(raised.value)


async def test_rollup_has_one_row_a_datastream_and_hour(conn: psycopg.AsyncConnection[Any]) -> None:
    await conn.execute(
        "INSERT INTO observations SELECT t, 1, extract(minute FROM t), 0 "
        "FROM generate_series('2026-11-22 00:00Z'::timestamptz, '2026-11-22 01:59Z', '1 minute') t"
    )
    cursor = await conn.execute(
        "SELECT n, mean, minimum, maximum, first, last FROM observations_hourly ORDER BY bucket"
    )
    assert await cursor.fetchall() == [(60, 29.5, 0, 59, 0, 59)] * 2


async def test_edition_is_told_whether_or_not_the_library_is_loaded(
    conn: psycopg.AsyncConnection[Any], database_url: str
) -> None:
    ((licence,),) = await (await conn.execute("SHOW timescaledb.license")).fetchall()
    options = "-c timescaledb.disable_load=on"
    async with await psycopg.AsyncConnection.connect(database_url, options=options) as fresh:
        cursor = await fresh.execute("SELECT current_setting('timescaledb.license', true)")
        assert await cursor.fetchone() == (None,)
        assert await edition(fresh) == await edition(conn) == licence


def test_editions_differ_only_where_marked() -> None:
    sql = "CREATE ROLLUP r AS\nSELECT 1;\n--: community\nSELECT policy();\n--: end\nSELECT 2;"
    sql += "\n--: apache\nSELECT 3;\n--: end\n"
    assert render(sql, Edition.APACHE) == "CREATE VIEW r AS SELECT 1;\nSELECT 2;\nSELECT 3;\n"
    community = render(sql, Edition.COMMUNITY)
    assert re.search(
        r"MATERIALIZED VIEW r WITH \(timescaledb.continuous.*AS\nSELECT 1\nWITH NO DATA;", community
    )
    assert "SELECT policy();" in community
    assert "SELECT 3;" not in community
