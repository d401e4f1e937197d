"""docs/examples/planners do what they say: with pandas, polars and R, and Power Query is well formed."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from tests import npm
from tests.conftest import REPOSITORY
from tests.integration.api.seed import HOUR

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLES = REPOSITORY / "docs/examples/planners"
ASKED = ("vn_aqi_h", "193,22", "P1D")

pytestmark = pytest.mark.slow


def run(*command: str | Path, key: str = "") -> str:
    environment = os.environ | {"HALONG_KEY": key, "no_proxy": "*"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def client() -> Any:
    spec = importlib.util.spec_from_file_location("halong_client", EXAMPLES / "halong_client.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Halong


async def test_the_program_prints_a_table_with_pandas(locked_api: str, key: str) -> None:
    shown = run(sys.executable, EXAMPLES / "halong_client.py", locked_api, *ASKED, key=key)
    head, _, *rows, missing = shown.splitlines()
    assert head.split() == ["area_name_en", "Ha", "Long", "City", "Quang", "Ninh", "Province"]
    assert [line.split()[-2:] for line in rows] == [
        ["50.0", "50.0"], ["60.0", "60.0"], ["70.0", "70.0"], ["80.0", "80.0"], ["90.0", "90.0"],
        ["NaN", "100.0"],
    ]  # fmt: skip
    assert [line.split()[:2] for line in rows] == labels()
    assert missing == "1 of 12 have no value: the column reason says why"


def labels() -> list[list[str]]:
    """Return day and label of the small city's six hours, in local time: an hour by its end."""
    zone = ZoneInfo("Asia/Ho_Chi_Minh")
    starts = [(HOUR - timedelta(hours=back)).astimezone(zone) for back in range(6, 0, -1)]
    ends = [f"{start + timedelta(hours=1):%H:%M}".replace("00:00", "24:00") for start in starts]
    return [[str(start.date()), end] for start, end in zip(starts, ends, strict=True)]


async def test_a_step_without_any_value_is_shown(locked_api: str, key: str) -> None:
    asked = ("vn_aqi_h", "193", "P1D")
    *_, last, missing = run(
        sys.executable, EXAMPLES / "halong_client.py", locked_api, *asked, key=key
    ).splitlines()
    assert last.split() == [*labels()[-1], "NaN"]
    assert missing.startswith("1 of 6 have no value")


async def test_the_program_says_when_there_is_nothing(locked_api: str, key: str) -> None:
    command: list[str | Path] = [
        sys.executable,
        EXAMPLES / "halong_client.py",
        locked_api,
        "vn_aqi_h",
        "193",
        "2020-01",
    ]
    environment = os.environ | {"HALONG_KEY": key, "no_proxy": "*"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("there is no value of vn_aqi_h in 2020-01")


async def test_polars_takes_the_tables(public_api: str, client: Any) -> None:
    halong = client(public_api)
    values = pl.from_arrow(halong.values("vn_aqi_h", area="193", period="P1D"))
    assert isinstance(values, pl.DataFrame)
    assert values["value"].mean() == 70
    assert values["reason"].to_list()[-1] == "insufficient_data"
    observed = pl.from_arrow(halong.observations(thing="ha-long-air-1", property="pm2_5", period="PT12H"))
    assert isinstance(observed, pl.DataFrame)
    assert observed["value"].to_list() == [10.0 + n for n in range(72)]


async def test_an_error_is_told_in_words(public_api: str, client: Any) -> None:
    with pytest.raises(ValueError, match="did you mean vn_aqi_h"):
        client(public_api).values("vnaqih", period="P1D")


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not installed (Debian: r-base-core)")
async def test_r_reads_them_with_nothing_else(locked_api: str, key: str) -> None:
    shown = run("Rscript", EXAMPLES / "values.R", locked_api, *ASKED, key=key)
    rows = [line.split() for line in shown.splitlines()]
    assert [row[1:3] for row in rows if row[0] == "193"] == labels()
    assert rows[-2:] == [["1", "22", "75"], ["2", "193", "70"]]


def test_power_query_is_well_formed() -> None:
    folder = REPOSITORY / "tests/powerquery"
    node = npm.install(folder, "Power Query's parser")
    assert run(node, folder / "check.mjs", EXAMPLES / "values.pq") == "ok\n"
