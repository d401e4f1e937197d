"""The script of compose's service `backup`, on a real TimescaleDB: copies, and one brought back."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import psycopg
import pytest

from storage.migrate import migrate
from tests.conftest import REPOSITORY
from tests.integration.city import register

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from psycopg import AsyncConnection

    from runtime.local.provision import Binaries

SCRIPT = REPOSITORY / "deploy/backup/backup"
GATEWAYS = "SELECT code FROM gateways ORDER BY code"
#: a hypertable's rows lie in chunks, which only TimescaleDB's own catalogue ties together
OBSERVATIONS = "SELECT count(*), sum(value) FROM observations"
CHUNKS = "SELECT count(*) FROM timescaledb_information.chunks WHERE hypertable_name = 'observations'"


@dataclass(frozen=True)
class Backup:
    url: str
    folder: Path
    authority: Path
    environment: dict[str, str]

    def run(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        command = ["sh", str(SCRIPT), *words]
        environment = self.environment | more
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    def names(self, pattern: str = "halong-*.dump") -> list[str]:
        return sorted(path.name for path in self.folder.glob(pattern))


@pytest.fixture
def backup(database_url: str, binaries: Binaries, tmp_path: Path) -> Iterator[Backup]:
    parts = urlsplit(database_url)
    name = parts.path.removeprefix("/")
    folder, authority = tmp_path / "backups", tmp_path / "authority"
    folder.mkdir()
    authority.mkdir()
    (authority / "ca.key").write_text("sealed")
    environment = {
        "PATH": f"{binaries.postgres_bin}:{os.environ['PATH']}",
        "PGHOST": parts.hostname or "",
        "PGPORT": str(parts.port),
        "PGUSER": parts.username or "",
        "PGPASSWORD": parts.password or "",
        "PGDATABASE": name,
        "HALONG_BACKUP_DIR": str(folder),
        "HALONG_CA_DIR": str(authority),
    }
    yield Backup(database_url, folder, authority, environment)
    with psycopg.connect(database_url.replace(f"/{name}", "/postgres"), autocommit=True) as server:
        left = server.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [f"{name}\\_%"])
        for (each,) in left.fetchall():
            server.execute(f'DROP DATABASE "{each}"'.encode())


async def fill(conn: AsyncConnection[Any], code: str) -> None:
    """Register a gateway, and store a reading of it a day: three chunks."""
    await register(conn, code)
    await conn.execute(
        "INSERT INTO observations (time, datastream_id, value) SELECT day, id, 21.5 "
        "FROM datastreams CROSS JOIN generate_series('2026-10-01'::timestamptz, '2026-11-20', '1 day') day"
    )


async def seen(url: str) -> list[Any]:
    async with await psycopg.AsyncConnection.connect(url) as conn:
        return [await (await conn.execute(query)).fetchall() for query in (GATEWAYS, OBSERVATIONS, CHUNKS)]


async def test_what_was_there_is_there_again_and_what_came_after_is_kept_aside(
    backup: Backup, conn: AsyncConnection[Any]
) -> None:
    await fill(conn, "before-1")
    before = await seen(backup.url)
    assert before[1][0][0] > 40
    assert before[2][0][0] > 1
    made = backup.run("once")
    assert made.returncode == 0, made.stderr
    await register(conn, "after-1")
    (dump,) = backup.names()

    in_use = backup.run("restore", dump)
    assert in_use.returncode == 1
    assert "is in use by" in in_use.stderr
    assert "stop the services first" in in_use.stderr

    after = await seen(backup.url)
    await conn.close()
    restored = backup.run("restore", dump)
    assert restored.returncode == 0, restored.stderr
    assert await seen(backup.url) == before != after
    assert await migrate(backup.url) == [], "the schema is the current one"
    async with await psycopg.AsyncConnection.connect(backup.url) as again:
        await fill_again(again)
    assert "closed" in restored.stderr


async def fill_again(conn: AsyncConnection[Any]) -> None:
    """The restored database takes rows, also into chunks that it does not have."""
    await conn.execute(
        "INSERT INTO observations (time, datastream_id, value) SELECT '2026-12-24', id, 1 FROM datastreams"
    )


def test_the_oldest_go_and_the_authority_is_copied_with_each(backup: Backup, tmp_path: Path) -> None:
    for day in range(1, 4):
        for name in (f"halong-2026110{day}T000000Z.dump", f"authority-2026110{day}T000000Z.tar.gz"):
            (backup.folder / name).touch()
    assert backup.run("once", HALONG_BACKUP_KEEP="2").returncode == 0
    dumps, authorities = backup.names(), backup.names("authority-*.tar.gz")
    assert [len(dumps), len(authorities)] == [2, 2]
    assert dumps[0] == "halong-20261103T000000Z.dump"
    assert {path.stat().st_mode & 0o777 for path in backup.folder.glob("*")} >= {0o600}
    shutil.unpack_archive(backup.folder / authorities[-1], tmp_path / "found", filter="data")
    assert (tmp_path / "found" / "authority" / "ca.key").read_text() == "sealed"
    listed = backup.run("list").stdout.split()
    assert [line.rpartition("/")[2] for line in listed] == [*authorities, *dumps]


def test_a_copy_that_fails_takes_no_other_away(backup: Backup) -> None:
    (backup.folder / "halong-20261101T000000Z.dump").touch()
    failed = backup.run("once", HALONG_BACKUP_KEEP="1", PGPORT="1")
    assert failed.returncode == 1
    assert "the copies that are there stay" in failed.stderr
    assert backup.names() == ["halong-20261101T000000Z.dump"]


def test_what_is_no_copy_changes_nothing(backup: Backup) -> None:
    (backup.folder / "halong-x.dump").write_text("no dump")
    for name in ("halong-x.dump", "absent.dump"):
        refused = backup.run("restore", name)
        assert refused.returncode == 1
        assert f"{name} is no copy" in refused.stderr


def test_the_check_wants_a_young_copy(backup: Backup) -> None:
    assert backup.run("check").returncode == 1
    copy = backup.folder / "halong-20261101T000000Z.dump"
    copy.touch()
    assert backup.run("check").returncode == 0
    os.utime(copy, (0, 0))
    old = backup.run("check")
    assert old.returncode == 1
    assert "younger than 48 hours" in old.stderr


def test_the_timer_makes_the_first_copy_at_once_and_ends_when_told(backup: Backup) -> None:
    with subprocess.Popen(
        ["sh", SCRIPT, "follow"], env=backup.environment, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "wrote" in line:
                break
        process.terminate()
        assert process.wait(timeout=60) == 0
    assert len(backup.names()) == 1
