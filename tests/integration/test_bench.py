"""The benches at a tiny scale, so that they go on working. No figure is judged here."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING

import psutil
import pytest

from bench import console, dashboards, gateways, growth, ingest, soak, tuning
from bench.city import services
from bench.figure import Figure, show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.city import Bench

SCALE = 0.004
full = pytest.mark.skipif(os.environ.get("HALONG_FAULTS") != "full", reason="`make faults` runs it")


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with services() as running:
        yield running


def test_the_last_line_is_one_json_object(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    found = ingest.measure(bench, ["batch100"], 1, SCALE)

    show(found, psutil.getloadavg())

    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert figures.keys() == {"batch100_rows_per_s"}
    assert figures["batch100_rows_per_s"].keys() == {"ours", "limit", "ratio"}


def test_a_part_that_there_is_not_is_refused() -> None:
    with pytest.raises(SystemExit, match="batch99: no such part"):
        ingest.main(["--only", "batch99"])


@full
@pytest.mark.timeout(300)
@pytest.mark.parametrize("part", [name for name in ingest.available() if name != "batch100"])
def test_each_part_measures(bench: Bench, part: str) -> None:
    found = ingest.measure(bench, [part], 1, SCALE)

    assert found
    assert all(len(figure.ours) == len(figure.limit) > 0 for figure in found.values())


@full
def test_growth_stores_the_rows_that_it_is_told_to(bench: Bench) -> None:
    found = growth.rows_stored(bench, 1, SCALE, [0.05])

    assert found.keys() == {"growth_0.05M_rows"}


@full
def test_what_is_acknowledged_in_a_soak_is_stored(bench: Bench) -> None:
    found = soak.soak(bench, rate=50, seconds=3)

    assert found.acked == 150
    assert found.stored == 15_000


@full
def test_tuning_measures_with_a_setting(bench: Bench) -> None:
    found = tuning.measure(bench, SCALE, HALONG_INGEST_BATCH_ROWS="5000")

    assert min(found.values()) > 0


def test_memory_that_rises_is_a_fault() -> None:
    rising = soak.Soak(memory=soak.np.linspace(100, 190, 600), acked=1, refused=0, stored=100)

    assert rising.faults() == [f"memory rises by {rising.slope:.2f} MB a minute in the second half"]


def test_a_figure_is_the_median_of_its_runs() -> None:
    assert Figure([1, 30, 2], [4, 4, 5]).summary == {"ours": 2, "limit": 4, "ratio": 0.5}


async def test_gateways_are_measured(bench: Bench) -> None:
    found = await gateways.measure(bench, gateways=20, clients=10, only=None)
    assert {"import", "catalog", "broker_change", "storm_tls"} <= found.keys()
    assert all(each.ours and each.ours[0] > 0 for name, each in found.items() if name != "catalog_memory")


@pytest.mark.timeout(300)
def test_dashboards_are_measured(bench: Bench) -> None:
    found = dashboards.measure(bench, rows=30_000, copies=1, boards=["water_board", "devices_board"], days=1)

    assert found.keys() == {"halong-nuoc-thoi-tiet", "halong-thiet-bi", "all_24h", "all_7d", "all"}
    assert all(len(figure.ours) == len(figure.limit) == dashboards.RUNS for figure in found.values())


@pytest.mark.timeout(300)
@pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium: install Debian's package chromium")
def test_the_console_is_measured(bench: Bench) -> None:
    found = console.measure(bench, runs=1, consoles=2, seconds=3, copies=1)

    assert {"map_cold_ms", "map_warm_ms", "told_p50_ms", "server_cpu", "latest_p99_ms"} <= found.keys()
    assert min(*found["map_cold_ms"].ours, *found["told_p50_ms"].ours) > 0
