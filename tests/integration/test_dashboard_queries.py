"""Every query of every dashboard, expanded as Grafana does it, run by the reading role on a real database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.types.json import Jsonb

from analytics.indicator import INDICATORS
from dashboards.grafana import boards
from dashboards.macros import ALL, Context, Variable, expand
from dashboards.role import READABLE, ReaderError, ensure_reader
from storage.pool import connect
from tests.integration.dashboard_city import TARGETS, ingest_metrics, reader_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from psycopg import AsyncConnection

PASSWORD = "reader's password: 0123"


@pytest.fixture
async def city(conn: AsyncConnection[Any]) -> dict[str, Any]:
    """A province, two districts, two gateways, values of every indicator and refusals of this hour."""
    areas = [await _area(conn, *row) for row in (("p", "province"), ("d1", "district"), ("d'2", "district"))]
    await _gateways(conn)
    await _observations(conn)
    await ingest_metrics(conn)
    for indicator in INDICATORS.values():
        await _indicator(conn, indicator, areas)
    await conn.execute(
        "INSERT INTO refusals (gateway, topic, reason, at, detail, count, stored, payload) "
        "VALUES ('gw-1', 'city/v1/gw-1/up/observations', 'value_out_of_range', '$', 'x', 2, true, 'secret')"
    )
    return {"keys": (await _rows(conn, "SELECT key FROM dashboard_areas ORDER BY area_id"))}


@pytest.fixture
async def reader(city: dict[str, Any], conn: AsyncConnection[Any]) -> AsyncIterator[AsyncConnection[Any]]:
    async with reader_of(conn) as connection:
        yield connection


@pytest.fixture
def context(city: dict[str, Any]) -> Context:
    now = datetime.now(UTC)
    keys = tuple(row[0] for row in city["keys"])
    variables = {
        "area": Variable((ALL,), multi=True, options=keys),
        "domain": Variable("every"),
        "indicator": Variable("vn_aqi_h"),
    }
    return Context(now - timedelta(hours=24), now, timedelta(minutes=5), variables)


async def test_every_indicator_can_be_chosen(reader: AsyncConnection[Any], context: Context) -> None:
    """In one language; the period before this one has no values here (test_dashboard_numbers.py)."""
    shown = [t for t in TARGETS if t.board in ("halong-tong-quan", "halong-quy-hoach")]
    chosen = [t for t in shown if "${indicator" in t.sql and "b.name" not in t.sql]
    assert len({t.where for t in chosen}) >= 6
    for code in INDICATORS:
        variables = {**context.variables, "indicator": Variable(code)}
        here = Context(context.start, context.end, context.interval, variables)
        for target in chosen:
            assert await _rows(reader, expand(target.sql, here)), f"{target} has no rows for {code}"


async def test_one_area_with_a_quote_in_its_code(reader: AsyncConnection[Any], context: Context) -> None:
    (key,) = [k for k in context.variables["area"].options if k.startswith("d'2")]
    one = Context(context.start, context.end, variables={**context.variables, "area": Variable((key,))})
    target = next(t for t in TARGETS if "JOIN indicator_values" in t.sql and t.form == "time_series")
    names = {row[1] for row in await _rows(reader, expand(target.sql, one))}
    assert names == {"d'2 vi"}


async def test_values_are_those_that_stand(reader: AsyncConnection[Any], context: Context) -> None:
    """Superseded revisions and missing values are not shown."""
    target = next(t for t in TARGETS if '"category"' in t.sql and t.board == "halong-city-overview")
    rows = await _rows(reader, expand(target.sql, context))
    assert [(r[0], r[1], r[2]) for r in rows] == [("d'2 en", 120.0, "Poor"), ("d1 en", 80.0, "Moderate")]


async def test_two_ingest_processes_are_added_up(reader: AsyncConnection[Any], context: Context) -> None:
    """Each has counted 20 messages of 10 s in each of two rows; the broker, of which both tell, is one."""
    found = {}
    for panel in boards()["halong-ingest"]["panels"]:
        for target in panel.get("targets", ()):
            found[panel["title"]] = await _rows(reader, expand(target["rawSql"], context))
    assert found["Messages a second"] == [(4.0,)]
    assert found["Observations a second"] == [(40.0,)]
    assert found["Arrival to commit, p99"] == [(31.0,)]
    assert found["Broker's queue"] == [(0.25,)]
    assert [row[1:] for row in found["Messages and observations a second"]] == [(4.0, 40.0, 0.2, 0.4)]
    assert [row[1:] for row in found["Message: arrival to commit"]] == [(10.0, 31.0)]
    assert [row[1:] for row in found["Observations a batch"]] == [(100.0,)]
    assert [row[1:] for row in found["Messages dropped"]] == [(6,)]
    assert [row[1:] for row in found["Batches tried again"]] == [("ingest-0", 2), ("ingest-1", 2)]


async def test_gateways_with_gaps(reader: AsyncConnection[Any], context: Context) -> None:
    """Numbers begin at 1 or 0: who begins higher lacks those below, and who has all is not shown."""
    (target,) = (t for t in TARGETS if '"newest"' in t.sql and t.board == "halong-ingest")
    rows = await _rows(reader, expand(target.sql, context))
    assert [row[:4] for row in rows] == [("gw-3", 99, 1, 120), ("gw-2", 7, 2, 15)]


async def test_states_of_gateways(reader: AsyncConnection[Any], context: Context) -> None:
    target = next(t for t in TARGETS if '"latitude"' in t.sql)
    rows = await _rows(reader, expand(target.sql, context))
    assert [(r[0], r[4], r[5]) for r in rows] == [
        ("gw-4", "never_heard", 3),
        ("gw-3", "offline", 2),
        ("gw-2", "silent", 1),
        ("gw-1", "online", 0),
    ]


async def test_a_new_unit_shows_what_stands_for_it(
    conn: AsyncConnection[Any], reader: AsyncConnection[Any], context: Context
) -> None:
    """A ward without values shows its district's, named for what they are; its own when it has any."""
    ward = await _area(conn, "w", "commune")
    await conn.execute("UPDATE areas SET reporting = false WHERE id = %s", [ward])
    await conn.execute(
        "INSERT INTO area_successions SELECT id, %s, true FROM areas WHERE code = 'd1'", [ward]
    )
    chosen = {**context.variables, "area": Variable(("w@2000-01-01",), multi=True)}
    here = Context(context.start, context.end, context.interval, chosen)
    target = next(t for t in TARGETS if "JOIN indicator_values" in t.sql and t.board == "halong-tong-quan")
    assert {row[1] for row in await _rows(reader, expand(target.sql, here))} == {"d1 vi (w vi)"}
    tree = next(t for t in TARGETS if t.where == "variable area")
    names = [row[0].strip() for row in await _rows(reader, expand(tree.sql, here))]
    assert names == ["d'2 vi", "d1 vi", "w vi", "p vi"]
    await conn.execute(
        "INSERT INTO indicator_values (time, indicator, area_id, value, completeness, version, revision) "
        "VALUES (date_trunc('hour', now()) - interval '1 hour', 'vn_aqi_h', %s, 7, 1, 1, 1)",
        [ward],
    )
    assert [row[1:] for row in await _rows(reader, expand(target.sql, here))] == [("w vi", 7.0)]


async def test_long_ranges_read_days(reader: AsyncConnection[Any], context: Context) -> None:
    """At an interval of hours a chart has the days' own indicator, where there is one."""
    target = next(t for t in TARGETS if "THEN 'vn_aqi_h'" in t.sql and t.board == "halong-tong-quan")
    close = await _rows(reader, expand(target.sql, context))
    year = Context(context.end - timedelta(days=365), context.end, timedelta(hours=12), context.variables)
    far = await _rows(reader, expand(target.sql, year))
    assert len(far) == len(close)
    plan = await _rows(reader, f"EXPLAIN {expand(target.sql, year)}")
    assert "vn_aqi_d" in str(plan)
    assert "vn_aqi_h" not in str(plan)


async def test_numbers_of_the_first_row(reader: AsyncConnection[Any], context: Context) -> None:
    board = boards()["halong-city-overview"]
    stats = {p["title"]: p["targets"][0]["rawSql"] for p in board["panels"] if p["type"] == "stat"}
    found = {title: (await _rows(reader, expand(sql, context)))[0][0] for title, sql in stats.items()}
    age = found.pop("Since an observation was stored")
    assert 0 <= age < 120
    assert found == {
        "Open alerts": 0,
        "Gateways online": 1,
        "Gateways silent": 3,
        "Observations a minute": 80.0,
        "Refused in the last hour": 2,
    }


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT hash FROM gateway_passwords",
        "SELECT * FROM gateways",
        "SELECT payload FROM refusals",
        "SELECT * FROM api_keys",
        "SELECT * FROM late_hours",
        "SELECT name FROM schema_migrations",
        "SELECT created_by FROM maintenance_windows",
        "SELECT changed_by FROM alert_rules",
        "SELECT * FROM alert_notifications",
        "SELECT rolpassword FROM pg_authid",
        "INSERT INTO city VALUES (true, 'x', 'x', 'x', 'UTC')",
        "UPDATE areas SET reporting = true",
        "DELETE FROM observations",
        "CREATE TABLE t (i int)",
        "CREATE ROLE somebody",
    ],
)
async def test_the_reader_may_not(reader: AsyncConnection[Any], statement: str) -> None:
    # Anybody may switch the setting off: it is the grants that must hold.
    await reader.execute("SET default_transaction_read_only = off")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await reader.execute(statement.encode())


async def test_the_reader_is_read_only_and_bounded(reader: AsyncConnection[Any]) -> None:
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        await reader.execute("CREATE TEMP TABLE t (i int)")
    assert await _rows(reader, "SHOW statement_timeout") == [("15s",)]


async def test_the_reader_reads_everything_that_is_granted(reader: AsyncConnection[Any]) -> None:
    for table, columns in READABLE.items():
        await reader.execute(f"SELECT {', '.join(columns or '*')} FROM {table} LIMIT 1".encode())


async def test_the_role_can_be_set_up_again(conn: AsyncConnection[Any], reader: AsyncConnection[Any]) -> None:
    name = reader.info.user
    await conn.execute(f'GRANT SELECT (properties) ON gateways TO "{name}"'.encode())
    await conn.execute(f'GRANT ALL ON api_keys TO "{name}"'.encode())
    await ensure_reader(conn, "another password 4567", name)
    for statement in (b"SELECT properties FROM gateways", b"SELECT 1 FROM api_keys"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await reader.execute(statement)
    url = make_conninfo(**{**_parts(conn), "user": name, "password": "another password 4567"})
    async with await connect(url) as again:
        assert await _rows(again, "SELECT count(*) FROM gateways WHERE code = 'gw-1'") == [(1,)]


async def test_the_password_is_not_sent(conn: AsyncConnection[Any], reader: AsyncConnection[Any]) -> None:
    stored = await conn.execute("SELECT rolpassword FROM pg_authid WHERE rolname = %s", [reader.info.user])
    assert (await stored.fetchone() or ("",))[0].startswith("SCRAM-SHA-256$")


async def test_unfit_readers_are_refused(conn: AsyncConnection[Any]) -> None:
    with pytest.raises(ReaderError, match="at least 12"):
        await ensure_reader(conn, "short")
    with pytest.raises(ReaderError, match="choose another name"):
        await ensure_reader(conn, PASSWORD, conn.info.user)


# --- what the tests look at


async def _rows(conn: AsyncConnection[Any], sql: str) -> list[tuple[Any, ...]]:
    return await (await conn.execute(sql.encode())).fetchall()


def _parts(conn: AsyncConnection[Any]) -> dict[str, Any]:
    known = conninfo_to_dict(conn.info.dsn)
    return {k: known[k] for k in ("host", "port", "dbname") if k in known}


async def _area(conn: AsyncConnection[Any], code: str, level: str) -> int:
    cursor = await conn.execute(
        "INSERT INTO areas (code, level, kind, name_en, name_vi, latitude, longitude, reporting, valid_from) "
        "VALUES (%s, %s, 'x', %s, %s, 21, 107, true, '2000-01-01') RETURNING id",
        [code, level, f"{code} en", f"{code} vi"],
    )
    return (await cursor.fetchone() or (0,))[0]


async def _gateways(conn: AsyncConnection[Any]) -> None:
    await conn.execute(
        "INSERT INTO gateways (code, name, latitude, longitude) "
        "SELECT 'gw-' || i, 'Gateway ' || i, 21, 107 FROM generate_series(1, 4) i"
    )
    await conn.execute(
        "INSERT INTO gateway_status (gateway_id, online, status_at, last_seen, received_seq) "
        "SELECT id, code <> 'gw-3', now() - interval '2 hours', "
        "  CASE code WHEN 'gw-1' THEN now() WHEN 'gw-2' THEN now() - interval '1 hour' END, "
        "  CASE code WHEN 'gw-1' THEN '{[0,100)}' WHEN 'gw-2' THEN '{[0,4), [6,9), [14,16)}' "
        "    ELSE '{[100,121)}' END::int8multirange "
        "FROM gateways WHERE code <> 'gw-4'"
    )
    await conn.execute(
        "INSERT INTO gateway_areas SELECT g.id, a.id FROM gateways g, areas a WHERE a.code = 'p'"
    )


async def _observations(conn: AsyncConnection[Any]) -> None:
    await conn.execute(
        "INSERT INTO observed_properties (code, name_en, name_vi, unit, minimum, maximum, aggregation, "
        "sampling_interval_s, device_kind) VALUES ('pm2_5', 'x', 'x', 'ug/m3', 0, 999, 'mean', 60, 'x')"
    )
    await conn.execute(
        "INSERT INTO things (code, gateway_id, name, kind, latitude, longitude) "
        "SELECT 'aq-' || i, (SELECT min(id) FROM gateways), 'x', 'x', 21, 107 FROM generate_series(1, 50) i"
    )
    await conn.execute(
        "INSERT INTO datastreams (thing_id, observed_property_id, sampling_interval_s) "
        "SELECT t.id, p.id, 60 FROM things t CROSS JOIN observed_properties p"
    )
    # Ten of one datastream in the last ten minutes, older ones of all the others.
    await conn.execute(
        "INSERT INTO observations SELECT now() - m * interval '1 minute', d.id, 20, 0 "
        "FROM datastreams d, generate_series(0.5, 600) m "
        "WHERE m > 10 OR d.id = (SELECT min(id) FROM datastreams)"
    )
    await conn.execute("ANALYZE")


async def _indicator(conn: AsyncConnection[Any], indicator: Any, areas: list[int]) -> None:
    declaration = Jsonb(indicator.declaration())
    await conn.execute(
        "INSERT INTO indicators VALUES (%s, %s, %s, %s, 3600, 3600, 1, %s)",
        [indicator.code, indicator.name_en, indicator.name_vi, indicator.unit, declaration],
    )
    _, first, second = areas
    insert = (
        "INSERT INTO indicator_values (time, indicator, area_id, value, reason, category, completeness, "
        "version, revision, superseded_at) VALUES (date_trunc('hour', now()) - %s * interval '1 hour', "
        "%s, %s, %s, %s, %s, 1, 1, %s, %s)"
    )
    now, code = datetime.now(UTC), indicator.code
    for row in (
        [2, code, first, 300.0, None, "very_bad", 1, now],
        [2, code, first, 80.0, None, "moderate", 2, None],
        [1, code, first, None, "insufficient_data", None, 1, None],
        [1, code, second, 120.0, None, "poor", 1, None],
    ):
        await conn.execute(insert, row)
