"""The wall in a real browser: boards that turn, the age of the data, and a database that goes away."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from analytics import values
from analytics.indicator import select
from storage.pool import connect
from tests.browser.conftest import in_thread
from tests.browser.test_console import PHONE, opened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

SCREEN = {"width": 1920, "height": 1080}
LOW = {"width": 1280, "height": 600}
#: letters for 4 m are 1/200 of that high, 20 mm: on a screen of 55 inches with 1,080 lines 32 px, in a font
#: whose capitals are 0.7 of its size
LETTERS_PX = 45
BOARD = ".wall-board:visible h2"


def measure(url: str) -> None:
    """Have a station measure now."""
    with psycopg.connect(url, autocommit=True) as database:
        database.execute(
            "INSERT INTO observations (time, datastream_id, value, quality) "
            "SELECT now(), d.id, 20, 0 FROM datastreams d JOIN things t ON t.id = d.thing_id "
            "JOIN observed_properties p ON p.id = d.observed_property_id "
            "WHERE t.code = 'ha-long-air-1' AND p.code = 'pm2_5'"
        )


@contextmanager
def away(url: str, server_dsn: str) -> Iterator[None]:
    """Take a database away from everybody, and give it back."""
    name: Any = url.rpartition("/")[2]
    with psycopg.connect(server_dsn, autocommit=True) as server:
        server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'.encode())
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        try:
            yield
        finally:
            server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'.encode())


def turn(page: Page) -> str:
    """Wait for the next board, and return its title."""
    before = page.get_attribute(".wall", "data-at")
    page.wait_for_function("at => document.querySelector('.wall').dataset.at !== at", arg=before)
    assert page.locator(BOARD).count() == 1
    return page.inner_text(BOARD)


@pytest.mark.usefixtures("alerts")
def test_boards_turn_by_themselves_with_nothing_to_press(browser: Browser, console: str) -> None:
    address = f"{console}/?view=wall&indicators=laeq_1h,vn_aqi_h&every=5&lang=en"
    with opened(browser, address, ready=".wall .map-field", viewport=SCREEN) as page:
        titles = [page.inner_text(BOARD), *(turn(page) for _ in range(5))]
        assert titles[:3] == ["Equivalent sound level, 1 h", "Hourly air quality index (VN_AQI)", "Alerts: 3"]
        assert titles[3].startswith("Gateways: ")
        assert titles[4:] == ["Levels of rivers and the sea", titles[0]]
        assert page.locator("button:visible, a:visible, select:visible, input:visible").count() == 0


@pytest.mark.usefixtures("alerts")
@pytest.mark.parametrize("viewport", [SCREEN, PHONE], ids=["screen", "phone"])
@pytest.mark.parametrize("board", ["map", "alerts", "gateways", "water"])
def test_each_board_fits(browser: Browser, console: str, board: str, viewport: dict[str, int]) -> None:
    address = f"{console}/?view=wall&boards={board}&every=0&lang=vi"
    with opened(browser, address, ready=BOARD, viewport=viewport) as page:
        page.wait_for_selector(".wall-board:visible :is(tbody tr, .map-field)")
        assert page.evaluate("document.documentElement.scrollWidth") == viewport["width"]
        assert page.evaluate("document.documentElement.scrollHeight") == viewport["height"]
        foot = page.eval_on_selector_all(
            ".wall-board :is(tr, .legend, .table-more, svg)",
            "found => Math.max(...found.map(each => each.getBoundingClientRect().bottom))",
        )
        assert foot <= viewport["height"]


def test_clock_age_and_rows_can_be_read_across_a_room(browser: Browser, console: str, city_url: str) -> None:
    measure(city_url)
    address = f"{console}/?view=wall&boards=gateways&every=0&lang=en"
    with opened(browser, address, ready=".wall[data-age=fresh]", viewport=SCREEN) as page:
        sizes = page.eval_on_selector_all(
            ".wall-age, .wall-clock b, .wall-board h2, .wall-board tbody .figure",
            "found => found.map(each => parseFloat(getComputedStyle(each).fontSize))",
        )
        assert len(sizes) > 6
        assert min(sizes) >= LETTERS_PX
        before = page.inner_text(".wall-age")
        page.wait_for_function("text => document.querySelector('.wall-age').innerText !== text", arg=before)


def test_it_goes_on_after_the_database_was_away(
    browser: Browser, console: str, city_url: str, postgres_dsn: str
) -> None:
    address = f"{console}/?view=wall&boards=gateways,water&every=5&lang=en"
    with opened(browser, address, ready=".wall-board:visible tbody tr", viewport=SCREEN) as page:
        with away(city_url, postgres_dsn):
            page.wait_for_selector(".banner:has-text('The database has not answered since')", timeout=30_000)
            assert {turn(page), turn(page)} >= {"Levels of rivers and the sea"}
        page.wait_for_selector(".banner", state="hidden", timeout=30_000)
        measure(city_url)
        page.wait_for_selector(".wall[data-age=fresh]", timeout=30_000)
        turn(page)


async def declare(url: str, *codes: str) -> None:
    async with await connect(url) as conn:
        await values.write_catalogue(conn, select(codes))


#: the height that is left below the table's last row, and that row's; in one step, since rows are drawn anew
_BELOW_LAST = """() => {
    const [box, last] = [".table-box", "tr"].map(
        each => [...document.querySelectorAll(`.wall-water ${each}`)].at(-1).getBoundingClientRect());
    return [box.bottom - last.bottom, last.height];
}"""


@pytest.mark.parametrize("viewport", [SCREEN, PHONE, LOW], ids=["screen", "phone", "low"])
def test_gauges_nearest_to_their_alert_level_fill_the_height(
    browser: Browser, console: str, viewport: dict[str, int]
) -> None:
    address = f"{console}/?view=wall&boards=water&every=0&lang=en"
    with opened(browser, address, ready=".wall-water tbody tr", viewport=viewport) as page:
        page.wait_for_function("document.querySelectorAll('.wall-water tbody tr').length > 1")
        shown = page.locator(".wall-water tbody tr").all_inner_texts()
        distances = [float(m[1]) for text in shown if (m := re.search(r"([\d.]+)\sm below", text))]
        assert len(distances) > 1
        assert distances == sorted(distances)
        assert all("below" in text or "above" in text for text in shown[: len(distances)])
        free, height = page.evaluate(_BELOW_LAST)
        if page.locator(".wall-water .table-more").count():
            assert 0 <= free < 3 * height
        page.set_viewport_size(viewport | {"height": viewport["height"] + 600})
        count = "n => document.querySelectorAll('.wall-water tbody tr').length >= n"
        page.wait_for_function(count, arg=len(shown))


def test_a_river_stands_against_its_alert_levels(browser: Browser, console: str, city_url: str) -> None:
    in_thread(declare(city_url, "level_alert"))
    with psycopg.connect(city_url, autocommit=True) as database:
        found = database.execute(
            "SELECT t.code FROM things t JOIN datastreams d ON d.thing_id = t.id "
            "JOIN observed_properties p ON p.id = d.observed_property_id "
            "WHERE p.code = 'river_level' ORDER BY t.code DESC LIMIT 1"
        ).fetchone()
        assert found
        details = json.dumps({"state": 2, "above_m": 0.14, "to_next_m": 0.66})
        database.execute(
            "INSERT INTO site_values (indicator, thing_id, time, value, completeness, details, version) "
            "SELECT 'level_alert', id, now() - interval '10 min', 2, 1, %s, 1 FROM things WHERE code = %s",
            [details, found[0]],
        )
    address = f"{console}/?view=wall&boards=water&every=0&lang=en"
    with opened(browser, address, ready=".wall-water tbody tr", viewport=SCREEN) as page:
        first = page.locator(".wall-water tbody tr").first
        assert first.get_attribute("data-key") == f"{found[0]} river_level"
        assert "0.14\u202fm above alert level II" in first.inner_text()
        assert first.locator(".severity.warning").count() == 1
        page.set_viewport_size(SCREEN | {"height": 4000})
        page.wait_for_selector(".wall-water .table-more", state="detached")
        assert "no alert levels declared" in page.inner_text(".wall-water")


def test_what_does_not_exist_is_named(browser: Browser, console: str) -> None:
    address = f"{console}/?view=wall&boards=map,clock&indicators=vn_aqi_h,nope&every=1&lang=en"
    with opened(browser, address, ready=".wall .map-field", viewport=SCREEN) as page:
        assert page.inner_text(".wall-unknown") == "There is no clock, nope, every=1: left out."
        assert page.locator(".wall-board").count() == 1
