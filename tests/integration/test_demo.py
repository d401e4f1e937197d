"""The demo and README's five-minute tour, run literally."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import psutil
import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.conftest import REPOSITORY
from tests.documents import ON_THE_DEMO, is_left_out, shell_blocks, tour

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runtime.local.provision import Binaries

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

SEPARATOR = "=== next block ==="
#: analytics goes back over a day within some minutes, on a busy machine too
PATIENCE_S = 180


@pytest.fixture
def place(scratch: Path) -> Path:
    """An empty folder to stand in, which is not the checkout."""
    return Path(tempfile.mkdtemp(dir=scratch))


@pytest.fixture
def demo(place: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[subprocess.Popen[str]]:
    """A running demo with data of its own; its output goes to a pipe."""
    monkeypatch.setenv("HALONG_STATE_DIR", str(scratch / f"state-{place.name}"))
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")
    command = [sys.executable, "-m", "runtime.cli", "demo"]
    process = subprocess.Popen(
        command, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def read_until(process: subprocess.Popen[str], pattern: str) -> str:
    """Read output lines up to the first that matches, which must come."""
    assert process.stdout
    seen = []
    for line in process.stdout:
        seen.append(line)
        if re.search(pattern, line):
            return "".join(seen)
    raise AssertionError(f"the demo ended before it said {pattern!r}: {''.join(seen)}")


def run_tour(place: Path) -> list[str]:
    """Run all blocks in one shell and return what each printed."""
    return run(f"\necho '{SEPARATOR}'\n".join(tour()), place)


def table_of_a_day(place: Path) -> list[str]:
    """Return the lines of the tour's last block, repeated while analytics goes back over the day."""
    script, end = "\n".join((tour()[0], tour()[-1])), time.monotonic() + PATIENCE_S
    while len(lines := run(script, place)[0].splitlines()) <= 21 and time.monotonic() < end:
        time.sleep(2)
    return lines


def run(script: str, place: Path) -> list[str]:
    done = subprocess.run(
        ["sh", "-eu", "-c", script],
        cwd=place,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [part.strip() for part in done.stdout.split(SEPARATOR)]


def run_documents(place: Path, binaries: Binaries) -> dict[str, list[str]]:
    """Run the documents' blocks on the running city; return what each block printed."""
    (place / "docs").symlink_to(REPOSITORY / "docs")
    (place / ".venv").symlink_to(REPOSITORY / ".venv")
    # As docs/api.md says; curl fails on an answer that is an error.
    prelude = (
        f"PATH={binaries.postgres_bin}:$PATH; . .halong/demo.env\n"
        'curl() { command curl --fail "$@"; }; HALONG=$HALONG_API; KEY=$(halong keys create me)\n'
        f"{server_of(place)}\n"
    )
    printed = {}
    for name in ON_THE_DEMO:
        blocks = [recent(block) for block in shell_blocks(name) if not is_left_out(block)]
        printed[name] = run(prelude + f"\necho '{SEPARATOR}'\n".join(blocks), place)
    return printed


def server_of(place: Path) -> str:
    """Say where createdb, psql and pg_restore find the demo's server."""
    url = re.search(r"HALONG_DATABASE_URL='(.+)'", (place / ".halong" / "demo.env").read_text())
    assert url
    server = conninfo_to_dict(url[1])
    names = {"PGHOST": "host", "PGPORT": "port", "PGUSER": "user", "PGPASSWORD": "password"}
    return "export " + " ".join(f"{name}='{server[key]}'" for name, key in names.items())


def recent(block: str) -> str:
    """The block with the demo's own days, of which there are data, and server."""
    today = datetime.now(UTC).date()
    days = {"2026-11-20": today - timedelta(days=1), "2026-11-22": today + timedelta(days=1)}
    moved = re.sub("|".join(days), lambda found: str(days[found[0]]), block)
    return moved.replace("postgresql://…/", "${HALONG_DATABASE_URL%/*}/")


def test_the_documents_on_the_running_demo_and_a_clean_end(
    demo: subprocess.Popen[str], place: Path, binaries: Binaries
) -> None:
    started = read_until(demo, r"(1[1-9]|[2-9]\d|\d{3}) in all 13 districts")
    assert "0 refusals" in started
    children = psutil.Process(demo.pid).children(recursive=True)

    _, committed, latest, rejected, refusal, _ = run_tour(place)
    assert json.loads(committed) == {"seq": 1}
    (item,) = json.loads(latest)["items"]
    assert (item["value"], item["observed_property"]) == (31.2, "pm2_5")
    told = json.loads(rejected)
    assert (told["seq"], told["reason"], told["at"]) == (2, "value_not_finite", "$.readings[0].pm10")
    kept, neighbour = (json.loads(answer) for answer in refusal.splitlines())
    assert [(r["reason"], r["at"], r["stored"]) for r in kept["items"]] == [
        ("value_not_finite", "$.readings[0].pm10", False)
    ]
    assert json.loads(kept["items"][0]["payload"])["seq"] == 2
    assert neighbour["items"][0]["value"] == 27.4
    header, *rows = table_of_a_day(place)
    assert {"area", "value", "completeness"} <= set(header.split(","))
    assert len(rows) > 20

    printed = run_documents(place, binaries)
    registered, puback, answer, examples, enrolled = printed["docs/firmware.md"]
    assert "my-gw-1" in registered
    assert "RC:0" in puback
    assert set(json.loads(answer)) == {"seq"}
    assert examples.endswith("all committed")
    assert re.search(r"connect to mqtts://localhost:\d+\n", enrolled)
    assert "RC:0" in enrolled
    catalogue, values, explained, indicators = printed["docs/planners.md"]
    assert catalogue.endswith(" 0 examples differ")
    assert "đúng bằng giá trị đã lưu" in explained
    assert json.loads(values)["indicator"]["code"] == "vn_aqi_h"
    assert len(re.findall(r"[1-9]\d* values computed", indicators)) == 2
    registry, token, _, restored, migrated = printed["docs/operations.md"]
    assert registry.count("nothing to change") == 2
    assert token.startswith("token")
    assert "timescaledb_post_restore" in restored
    assert migrated.endswith("the schema is up to date")

    demo.send_signal(signal.SIGINT)
    assert demo.wait(60) == 0
    gone, alive = psutil.wait_procs(children, timeout=20)
    assert not alive
    assert len(gone) >= 6  # TimescaleDB, Mosquitto, ingest, analytics, the API and the simulators


def test_killed_demo_leaves_no_orphan(demo: subprocess.Popen[str]) -> None:
    address = re.search(r"ready: console and API at (\S+)", read_until(demo, r"ready: "))
    assert address
    assert httpx.get(f"{address[1]}/health/ready").json()["status"] == "ready"
    read_until(demo, r"observations/s")
    children = psutil.Process(demo.pid).children(recursive=True)
    demo.kill()
    _, alive = psutil.wait_procs(children, timeout=20)
    assert not alive


def test_clean_demo_asks_and_removes(demo: subprocess.Popen[str], place: Path, scratch: Path) -> None:
    read_until(demo, r"schema: ")
    command = [sys.executable, "-m", "runtime.cli", "clean-demo"]
    refused = subprocess.run([*command, "--yes"], cwd=place, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "already runs" in refused.stderr
    demo.send_signal(signal.SIGINT)
    demo.wait(60)
    (state,) = (scratch / f"state-{place.name}").iterdir()
    declined = subprocess.run(command, cwd=place, input="n\n", capture_output=True, text=True, check=False)
    assert declined.returncode == 1
    assert state.exists()
    subprocess.run([*command, "--yes"], cwd=place, check=True, capture_output=True)
    assert not state.exists()
