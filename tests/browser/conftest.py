"""A city with two days of data, the console of a real server on it, and a real browser."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import pytest

from analytics import alert_actions as actions
from analytics import values
from analytics.alert_run import evaluate
from analytics.indicator import select
from analytics.run import compute
from analytics.steps import Step
from devices import profiles, registry
from runtime.settings import Settings
from simulators import backfill
from simulators.city import populate
from storage import observations
from storage.pool import connect
from tests.browser.emptying import empty
from tests.conftest import REPOSITORY, _create, _drop, _with_database, in_thread
from tests.npm import install
from tests.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

#: few indicators, so that filling stays short: one with classes, one with a scale, one of days
INDICATORS = ("vn_aqi_h", "laeq_1h", "pm2_5_d")
#: has no data at all
EMPTY_AREA = "207"
_AXE: Final = REPOSITORY / "tests" / "axe"
#: of axe-core: WCAG 2.2 A and AA, and what is good practice beyond
_RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_CHECK: Final = "tags => axe.run(document, {runOnly: tags, resultTypes: ['violations']})"
_ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of an installed Chromium."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("no chromium: install Debian's package chromium to run the browser tests")
    return found


# The driver runs an event loop in this thread: it ends with the module, for the sake of asynchronous
# tests, and `template`, which runs one itself, comes first.
@pytest.fixture(scope="module")
def browser(chromium: str, template: str) -> Iterator[Browser]:
    playwright = pytest.importorskip("playwright.sync_api", reason="no playwright: install halong[test]")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=list(_ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def city_url(chromium: str, postgres_dsn: str, template: str) -> Iterator[str]:
    """The address of a database with a simulated city, 14 hours of data, values of 5, and a day of PM2.5."""
    name = f"halong_console_{os.getpid()}"
    _create(postgres_dsn, name, template)
    url = _with_database(postgres_dsn, name)
    in_thread(_fill(url))
    yield url
    _drop(postgres_dsn, name)


async def _fill(url: str) -> None:
    profile, end = populate(profiles.load("quang_ninh")), datetime.now(UTC)
    empty = {t.code for g in profile.gateways if EMPTY_AREA in g.areas for t in g.things}
    zone = ZoneInfo(profile.time_zone)
    today = Step.DAY.floor(end, zone)
    yesterday = Step.DAY.floor(today - timedelta(hours=1), zone)
    async with await connect(url) as conn:
        await registry.import_profile(conn, profile)
        ids = await registry.datastream_ids(conn)
        wanted = {k: v for k, v in ids.items() if k[0] not in empty}
        particles = {k: v for k, v in wanted.items() if k[1] == "pm2_5"}
        for rows in chain(
            backfill.rows(profile, particles, yesterday, end - timedelta(hours=14)),
            backfill.rows(profile, wanted, end - timedelta(hours=14), end),
        ):
            await observations.copy_in(conn, rows)
        indicators = select(INDICATORS)
        await values.write_catalogue(conn, indicators)
        await compute(conn, indicators, end - timedelta(hours=5), end)
        await compute(conn, select(("pm2_5_d",)), yesterday, today)


@pytest.fixture(scope="module")
def console(city_url: str, scratch: Path) -> Iterator[str]:
    """The address of a console that anyone may open."""
    with serving(city_url, scratch / "console.log", HALONG_API_PUBLIC="true") as address:
        yield address


@pytest.fixture
def locked_console(city_url: str, scratch: Path) -> Iterator[str]:
    """The address of a console that asks for a key."""
    with serving(city_url, scratch / "locked.log", HALONG_API_PUBLIC="false") as address:
        yield address


@pytest.fixture
def alerts(city_url: str) -> Iterator[None]:
    """Two areas whose air breaks a rule and one without any: warning, and information."""
    in_thread(raise_alerts(city_url))
    yield
    empty(city_url, "alerts, alert_watches, alert_rules, alert_silences")


async def raise_alerts(url: str) -> None:
    rule = {
        "code": "air_bad", "indicator": "vn_aqi_h", "kind": "above", "severity": "warning", "threshold": 1.0,
        "name_en": "Air quality bad or worse", "name_vi": "Chất lượng không khí xấu trở lên",
        "areas": ["193", "195"],
    }  # fmt: skip
    missing = {
        "code": "air_missing", "indicator": "vn_aqi_h", "kind": "missing", "severity": "info",
        "areas": [EMPTY_AREA],
        "name_en": "No air quality index", "name_vi": "Không có chỉ số không khí",
    }  # fmt: skip
    async with await connect(url) as conn:
        for each in (rule, missing):
            await actions.create_rule(conn, actions.parse_rule(each), "a test")
    await evaluate_alerts(url)


async def evaluate_alerts(url: str) -> None:
    """Do what analytics does every few seconds."""
    async with await connect(url) as conn:
        await evaluate(conn, Settings(database_url=url), datetime.now(UTC))


@pytest.fixture(scope="session")
def axe() -> str:
    """The script of axe-core."""
    install(_AXE, "axe-core")
    return (_AXE / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")


def violations(page: Page, axe: str) -> list[str]:
    """What breaks a rule, and where."""
    page.evaluate(axe)
    found: Any = page.evaluate(_CHECK, _RULES)
    return [
        f"{rule['id']}: {node['html'][:160]} ({node['failureSummary']})"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]
