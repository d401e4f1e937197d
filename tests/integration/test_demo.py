"""The demo and README's five-minute tour, run literally."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.conftest import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


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


def tour() -> list[str]:
    """The shell blocks of README's tour, in order."""
    text = (REPOSITORY / "README.md").read_text()
    section = text.split("## Five-minute tour")[1].split("\n## ")[0]
    return re.findall(r"```sh\n(.*?)```", section, re.DOTALL)


def run_tour(place: Path) -> list[str]:
    """Run all blocks in one shell and return what each printed."""
    separator = "=== next block ==="
    script = f"\necho '{separator}'\n".join(tour())
    done = subprocess.run(
        ["sh", "-eu", "-c", script], cwd=place, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return [part.strip() for part in done.stdout.split(separator)]


def test_readme_tour_on_the_running_demo_and_a_clean_end(demo: subprocess.Popen[str], place: Path) -> None:
    started = read_until(demo, r"11 indicators for 13 districts")
    assert "0 refusals" in started
    children = psutil.Process(demo.pid).children(recursive=True)

    _, committed, latest, rejected, refusal, table = run_tour(place)
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
    header, *rows = table.splitlines()
    assert {"area", "value", "completeness"} <= set(header.split(","))
    assert len(rows) > 20

    demo.send_signal(signal.SIGINT)
    assert demo.wait(60) == 0
    gone, alive = psutil.wait_procs(children, timeout=5)
    assert not alive
    assert len(gone) >= 6  # TimescaleDB, Mosquitto, ingest, analytics, the API and the simulators


def test_killed_demo_leaves_no_orphan(demo: subprocess.Popen[str]) -> None:
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
