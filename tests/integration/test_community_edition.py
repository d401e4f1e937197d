"""The Community edition's branch of every migration, on a real TimescaleDB of that edition in WebAssembly.

It runs inside Node.js and has no background workers: policies are run by hand. Its answers are compared with
those of the Apache edition on the same rows.
"""

from __future__ import annotations

import json
import re
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import pytest

from storage.edition import Edition, render
from storage.migrate import edition, migrations
from tests.npm import install

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

Rows = list[list[Any]]

FOLDER = Path(__file__).resolve().parents[1] / "community"

REGISTRY = """
INSERT INTO observed_properties (code, name_en, name_vi, unit, minimum, maximum, aggregation,
    sampling_interval_s, device_kind)
VALUES ('pm2_5', 'PM2.5', 'PM2.5', 'ug/m3', 0, 1000, 'mean', 60, 'air_station');
INSERT INTO gateways (code, name, latitude, longitude) VALUES ('gw-1', 'Gateway', 20.95, 107.08);
INSERT INTO things (code, gateway_id, name, kind, latitude, longitude)
SELECT 'air-' || n, g.id, 'Air', 'air_station', 20.95, 107.08 FROM gateways g, generate_series(1, 4) n;
INSERT INTO datastreams (thing_id, observed_property_id, sampling_interval_s)
SELECT t.id, p.id, 60 FROM things t, observed_properties p ORDER BY t.id"""
# Three datastreams over three chunks, with an hour missing each day; the fourth has none. Values are
# multiples of 1/4, so that a sum does not depend on the order of its terms.
OBSERVATIONS = """
INSERT INTO observations
SELECT t, d, (extract(epoch FROM t)::bigint / 60 * 37 + d * 11) % 256 / 4.0,
       (extract(minute FROM t)::int % 13 = d)::int
FROM generate_series('2026-01-10 00:00Z'::timestamptz, '2026-01-12 23:59Z', '1 minute') t,
     generate_series(1, 3) d
WHERE extract(hour FROM t) <> 5"""
LATE = """
INSERT INTO observations VALUES
    ('2026-01-10 05:30Z', 1, 8, 0), ('2026-01-11 07:00:30Z', 2, 1000, 1), ('2025-12-24 18:00Z', 3, 2, 0)"""
# As text: whatever the client makes of a value, the two editions are compared by what they say.
ROLLUP = "SELECT r::text FROM observations_hourly r ORDER BY datastream_id, bucket"
LATEST = "SELECT l::text FROM latest_observations l ORDER BY datastream_id"


class Community:
    """A database of the Community edition, empty at the start, which one session uses."""

    def __init__(self, questions: IO[str], answers: IO[str]) -> None:
        self._questions, self._answers = questions, answers

    def execute(self, sql: str) -> Rows:
        """Run statements and return the rows of the last one."""
        self._questions.write(json.dumps(sql) + "\n")
        self._questions.flush()
        answer = json.loads(self._answers.readline())
        assert "error" not in answer, f"{answer['error']}: {sql}"
        rows: Rows = answer["rows"]
        return rows

    def migrate(self) -> None:
        """Apply all migrations as storage.migrate does: each in its own transaction."""
        for migration in migrations():
            self.execute("BEGIN")
            self.execute(render(migration.sql, Edition.COMMUNITY))
            self.execute("COMMIT")

    def run_policy(self, procedure: str) -> None:
        """Run a policy as its schedule would."""
        ((job,),) = self.execute(
            f"SELECT job_id FROM timescaledb_information.jobs WHERE proc_name = '{procedure}'"
        )
        self.execute(f"CALL run_job({job})")


@pytest.fixture(scope="module")
def node() -> str:
    """Node.js, with the packages of tests/community installed as its lock file says."""
    return install(FOLDER, "the Community edition")


@contextmanager
def session(node: str, *folder: str) -> Iterator[Community]:
    """Give one session of a database in memory, or in a folder."""
    command = [node, str(FOLDER / "run.mjs"), *folder]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        yield Community(process.stdin, process.stdout)
        process.stdin.close()
        assert process.wait(timeout=60) == 0


@pytest.fixture
def community(node: str) -> Iterator[Community]:
    with session(node) as database:
        database.execute("SET timezone = 'UTC'; CREATE EXTENSION timescaledb")
        database.migrate()
        yield database


@pytest.fixture
async def apache(conn: psycopg.AsyncConnection[Any]) -> psycopg.AsyncConnection[Any]:
    if await edition(conn) is not Edition.APACHE:
        pytest.skip("the editions are compared where the tests' own server is Apache: unset HALONG_TEST_DSN")
    return conn


async def test_rollup_says_what_the_plain_view_says(
    community: Community, apache: psycopg.AsyncConnection[Any]
) -> None:
    async def expected() -> Rows:
        return [list(row) for row in await (await apache.execute(ROLLUP)).fetchall()]

    async def store(sql: str) -> None:
        community.execute(sql)
        await apache.execute(sql.encode())

    await store(OBSERVATIONS)
    assert len(await expected()) == 3 * 3 * 23
    assert community.execute(ROLLUP) == await expected(), "in real time, nothing stored"
    community.execute("CALL refresh_continuous_aggregate('observations_hourly', NULL, NULL)")
    assert _stored(community) == 3 * 3 * 23
    assert community.execute(ROLLUP) == await expected(), "all stored"

    await store(LATE)
    assert community.execute(ROLLUP) != await expected(), "a stored hour waits for its refresh"
    community.run_policy("policy_refresh_continuous_aggregate")
    assert community.execute(ROLLUP) == await expected(), "the policy takes hours of any age"

    community.run_policy("policy_compression")
    columnstore = (
        "SELECT DISTINCT is_compressed FROM timescaledb_information.chunks WHERE hypertable_name = '{}'"
    )
    assert community.execute(columnstore.format("observations")) == [[True]]
    await store("INSERT INTO observations VALUES ('2026-01-12 05:00Z', 3, 4, 0)")
    community.run_policy("policy_refresh_continuous_aggregate")
    assert community.execute(ROLLUP) == await expected(), "late into the columnstore"


async def test_a_value_of_the_columnstore_is_stored_once(community: Community) -> None:
    community.execute(OBSERVATIONS)
    community.run_policy("policy_compression")
    again = f"WITH stored AS ({OBSERVATIONS} ON CONFLICT DO NOTHING RETURNING 1) SELECT count(*) FROM stored"
    assert community.execute(again) == [[0]]


async def test_latest_observations_are_those_of_the_apache_edition(
    community: Community, apache: psycopg.AsyncConnection[Any]
) -> None:
    for sql in (REGISTRY, OBSERVATIONS):
        community.execute(sql)
        await apache.execute(sql.encode())
    expected = [list(row) for row in await (await apache.execute(LATEST)).fetchall()]
    assert len(expected) == 3
    assert community.execute(LATEST) == expected
    community.run_policy("policy_compression")
    assert community.execute(LATEST) == expected


def test_rollup_is_real_time_and_policies_are_set(community: Community) -> None:
    assert community.execute(
        "SELECT view_name, materialized_only FROM timescaledb_information.continuous_aggregates"
    ) == [["observations_hourly", False]]
    assert community.execute(
        "SELECT segmentby, orderby FROM timescaledb_information.hypertable_compression_settings "
        "WHERE hypertable = 'observations'::regclass"
    ) == [["datastream_id", '"time"']]
    jobs = community.execute(
        "SELECT hypertable_name, config - 'mat_hypertable_id' - 'hypertable_id', schedule_interval::text "
        "FROM timescaledb_information.jobs WHERE hypertable_schema = 'public' ORDER BY proc_name"
    )
    assert jobs == [
        ["observations", {"compress_after": "7 days"}, "12:00:00"],
        ["observations_hourly", {"start_offset": None, "end_offset": "01:00:00"}, "00:30:00"],
    ]


def test_licence_is_known_after_the_first_call(node: str, tmp_path: Path) -> None:
    """What storage.migrate.edition relies on, where nothing has loaded TimescaleDB's library."""
    with session(node, str(tmp_path / "data")) as first:
        first.execute("CREATE EXTENSION timescaledb")
    with session(node, str(tmp_path / "data")) as fresh:
        assert fresh.execute("SELECT current_setting('timescaledb.license', true)") == [[None]]
        fresh.execute("SELECT time_bucket('1 hour', timestamptz 'epoch')")
        assert fresh.execute("SHOW timescaledb.license") == [[Edition.COMMUNITY.value]]


def test_packages_are_pinned_without_the_address_of_a_registry() -> None:
    lock = (FOLDER / "package-lock.json").read_text("utf-8")
    assert '"resolved"' not in lock
    pinned = json.loads((FOLDER / "package.json").read_text("utf-8"))["dependencies"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+(-[\w.]+)?", version) for version in pinned.values())


def _stored(community: Community) -> int:
    """Return how many rows of the rollup are stored."""
    ((view,),) = community.execute(
        "SELECT format('%I.%I', materialization_hypertable_schema, materialization_hypertable_name) "
        "FROM timescaledb_information.continuous_aggregates"
    )
    ((rows,),) = community.execute(f"SELECT count(*) FROM {view}")
    return int(rows)
