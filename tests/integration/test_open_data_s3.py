"""Open data in an S3-compatible store: s3rver, a server of its own, with signed requests."""

from __future__ import annotations

import hashlib
import re
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from api.app import create_app
from api.open_data.months import Month
from api.open_data.plan import read_plan
from api.open_data.publish import publish
from api.open_data.store import Store, StoreError
from runtime.settings import Settings
from tests.conftest import REPOSITORY
from tests.integration.api.conftest import client_of
from tests.integration.open_city import build
from tests.npm import install

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from psycopg import AsyncConnection

_FOLDER = REPOSITORY / "tests" / "s3"


@pytest.fixture(scope="module")
def s3_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with the bucket `open-data`."""
    node = install(_FOLDER, "the S3-compatible server")
    place = tmp_path_factory.mktemp("s3")
    log = place / "log"
    command = [node, str(_FOLDER / "node_modules/s3rver/bin/s3rver.js"), "-d", str(place / "data"), "-p", "0",
               "-a", "127.0.0.1", "--configure-bucket", "open-data"]  # fmt: skip
    (place / "data").mkdir()
    with log.open("w") as output, subprocess.Popen(command, stdout=output, stderr=output) as server:
        try:
            yield _address(server, log)
        finally:
            server.terminate()


def _address(server: subprocess.Popen[bytes], log: Path) -> str:
    until = time.monotonic() + 30
    while server.poll() is None and time.monotonic() < until:
        if found := re.search(r"listening on (\S+)", log.read_text()):
            return f"http://{found[1]}"
        time.sleep(0.1)
    pytest.fail(f"the server does not answer: {log.read_text()[-500:]}")


@pytest.fixture
def credentials(s3_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_ENDPOINT_URL": s3_url,
        "AWS_ACCESS_KEY_ID": "S3RVER",
        "AWS_SECRET_ACCESS_KEY": "S3RVER",
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)


async def test_published_to_a_bucket_and_served_from_it(
    conn: AsyncConnection[Any], database_url: str, credentials: None
) -> None:
    await build(conn)
    target = "s3://open-data/quang-ninh"
    settings = Settings.model_validate({"database_url": database_url, "open_data_target": target})
    plan, store = await read_plan(conn, settings), Store(target)
    months = [(plan.data_sets["air"], Month.parse("2026-10"))]
    assert [each.what for each in await publish(conn, store, plan, months)] == ["written"]
    assert [each.what for each in await publish(conn, store, plan, months)] == ["unchanged"]
    app = create_app(settings)
    async with app.router.lifespan_context(app), client_of(app) as client:
        (version,) = (await client.get("/open/files/air/manifest.json")).json()["months"]["2026-10"]
        for file in version["files"]:
            path = f"/open/files/air/{file['name']}"
            content = (await client.get(path)).content
            assert hashlib.sha256(content).hexdigest() == file["sha256"]
            part = await client.get(path, headers={"range": "bytes=5-14"})
            assert (part.status_code, part.content) == (206, content[5:15])


async def test_wrong_credentials_are_told(credentials: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
    with pytest.raises(StoreError, match="look at AWS_ENDPOINT_URL"):
        await Store("s3://open-data/x").manifest("air")


async def test_a_store_that_is_away_is_told(credentials: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(StoreError, match="cannot be read"):
        await Store("s3://open-data/x").manifest("air")
