"""Gateways and things at the side of the console in a real browser; a chart grows as it is measured."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.browser.test_console import DESK, PHONE, opened
from tests.browser.test_console_layers import find
from tests.processes import Proxy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

#: of a gateway that was never heard
WHITE = [255, 255, 255]
THING, GATEWAY = "ha-long-air-1", "ha-long-1"
both_sizes = pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])


def measure(url: str, value: float, *, property_: str = "pm2_5", flags: int = 0) -> None:
    """Have the thing measure a value now."""
    with psycopg.connect(url) as database:
        stored = database.execute(
            "INSERT INTO observations (time, datastream_id, value, quality) "
            "SELECT now(), d.id, %s, 0 FROM datastreams d JOIN things t ON t.id = d.thing_id "
            "JOIN observed_properties p ON p.id = d.observed_property_id WHERE t.code = %s AND p.code = %s "
            "RETURNING time, datastream_id",
            [value, THING, property_],
        ).fetchone()
        assert stored
        if flags:
            database.execute(
                "INSERT INTO observation_flags (time, datastream_id, flags, excluded, rule_version) "
                "VALUES (%s, %s, %s, true, 'a test')",
                [*stored, flags],
            )


def highest(page: Page) -> str:
    """The text of the highest level of the chart."""
    return page.locator(".live-text[text-anchor=end]").last.inner_text()


@both_sizes
def test_a_thing_shows_its_newest_values_with_age_unit_and_flags(
    browser: Browser, console: str, city_url: str, viewport: dict[str, int]
) -> None:
    measure(city_url, 612.5, flags=8)
    with opened(browser, f"{console}/?thing={THING}&lang=en", ready=".live-line", viewport=viewport) as page:
        assert page.inner_text(".side h2") == f"Ha Long air station 1 ({THING})"
        row = page.locator(".side tr[data-key=pm2_5]")
        page.wait_for_selector(".side tr[data-key=pm2_5] small:has-text('spike')")
        assert "613\u202fµg/m³" in row.inner_text() or "612.5\u202fµg/m³" in row.inner_text()
        assert page.locator(".side .sheet-facts dd").all_inner_texts()[0] == "air station"
        row.get_by_role("button").click()
        page.wait_for_url("**drawn=pm2_5**")
        page.wait_for_selector(".side h3:has-text('µg/m³: the last 24 hours, live')")
        assert page.evaluate("document.documentElement.scrollWidth") == viewport["width"]
        page.click(f".sheet-link:has-text('{GATEWAY}')")
        page.wait_for_selector(f".side h2:has-text('({GATEWAY})')")
        page.go_back()
        page.wait_for_selector(f".side h2:has-text('({THING})')")


def test_the_chart_grows_as_it_is_measured_and_goes_on_after_a_break(
    browser: Browser, console: str, city_url: str
) -> None:
    with line(console) as (address, cut):
        page_at = f"{address}/?thing={THING}&drawn=so2&lang=en"
        with broken_lines_allowed(browser, page_at) as page:
            page.wait_for_selector(".live-chart[data-state=live] .live-line")
            before = page.get_attribute(".live-line", "d")
            measure(city_url, 5_000, property_="so2")
            page.wait_for_function(
                "before => document.querySelector('.live-line').getAttribute('d') !== before", arg=before
            )
            page.wait_for_function(
                "() => [...document.querySelectorAll('.live-text')].some(t => t.textContent === '4,000')"
            )
            cut()
            measure(city_url, 90_000, property_="so2")
            page.wait_for_function(
                "() => [...document.querySelectorAll('.live-text')].some(t => t.textContent === '50,000')",
                timeout=40_000,
            )
            page.wait_for_selector(".live-chart[data-state=live]")


@contextmanager
def line(url: str) -> Iterator[tuple[str, Callable[[], None]]]:
    """Put a line before a server, and yield its address there and what resets all that go over it."""
    loop, proxy = asyncio.new_event_loop(), Proxy(url)
    ready, done = threading.Event(), asyncio.Event()

    async def serve() -> None:
        async with proxy.serving():
            ready.set()
            await done.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=[serve()])
    thread.start()
    try:
        assert ready.wait(60)
        yield proxy.url, lambda: loop.call_soon_threadsafe(proxy.cut) and None
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join()
        loop.close()


@contextmanager
def broken_lines_allowed(browser: Browser, address: str) -> Iterator[Page]:
    """As `opened`, for a page whose connections are cut: the browser logs each."""
    with browser.new_context(viewport=DESK) as session:
        page = session.new_page()
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(address)
        yield page
        assert wrong == []


@both_sizes
def test_a_gateway_shows_its_state_how_it_came_about_and_what_was_refused_of_it(
    browser: Browser, console: str, city_url: str, viewport: dict[str, int]
) -> None:
    now = datetime.now(UTC)
    with psycopg.connect(city_url, autocommit=True) as database:
        gateway = [GATEWAY]
        database.execute(
            "INSERT INTO gateway_status (gateway_id, last_seen, status_at, online, firmware, messages) "
            "SELECT id, now(), now(), true, '1.4.2', 4711 FROM gateways WHERE code = %s "
            "ON CONFLICT (gateway_id) DO UPDATE SET (last_seen, status_at, online, firmware, messages) = "
            "(excluded.last_seen, excluded.status_at, true, '1.4.2', 4711)",
            gateway,
        )
        for age, online in ((50, False), (40, True)):
            database.execute(
                "INSERT INTO gateway_status_history (gateway_id, time, online, firmware) "
                "SELECT id, %s, %s, '1.4.1' FROM gateways WHERE code = %s",
                [now - timedelta(minutes=age), online, GATEWAY],
            )
        for code, at in ((GATEWAY, "$.readings[3].t"), ("mong-cai-1", "$.elsewhere")):
            database.execute(
                "INSERT INTO refusals (gateway, topic, reason, at, detail, count, stored, payload) VALUES "
                "(%s, 'city/v1/x/up/observations', 'time_in_future', %s, '<i>2026</i>', 1, false, '')",
                [code, at],
            )
    with opened(
        browser, f"{console}/?view=work&lang=en", ready=".panel-gateways tr", viewport=viewport
    ) as page:
        page.locator(f".panel-gateways tr[data-key={GATEWAY}]").get_by_role("button").click()
        page.wait_for_selector(f".side h2:has-text('({GATEWAY})')")
        page.wait_for_selector(".side td:has-text('1.4.1')")
        side = page.inner_text(".side")
        for told in (
            "Online",
            "1.4.2",
            "4,711",
            "Offline",
            "Time in the future",
            "<i>2026</i>",
            "$.readings[3].t",
        ):
            assert told in side
        assert "$.elsewhere" not in side
        page.locator(f".side tr[data-key={THING}]").get_by_role("button").click()
        page.wait_for_selector(f".side h2:has-text('({THING})')")
        assert page.evaluate("document.documentElement.scrollWidth") == viewport["width"]


def test_a_click_on_the_map_opens_a_gateway_and_escape_closes_it(browser: Browser, console: str) -> None:
    with opened(browser, f"{console}/?layers=gateways&lang=en", ready=".map-canvas[data-drawn]") as page:
        page.wait_for_selector(".layers-legend")
        page.mouse.click(*find(page, WHITE))
        page.wait_for_selector(".side .sheet-facts")
        assert "gateway=" in page.url
        page.keyboard.press("Escape")
        page.wait_for_selector(".side", state="hidden")


@pytest.mark.usefixtures("alerts")
def test_alerts_lead_to_stations_and_stations_to_alerts(browser: Browser, console: str) -> None:
    with opened(browser, f"{console}/?view=work&lang=en", ready=".panel-alerts tbody tr") as page:
        page.locator(".panel-alerts tbody tr").filter(has_text="Ha Long").get_by_role("button").click()
        page.locator(f".sheet-city tr[data-key={THING}]").get_by_role("button").click()
        page.wait_for_selector(f".side h2:has-text('({THING})')")
        page.locator(".side .sheet-part").filter(has_text="Air quality bad or worse").get_by_role(
            "button"
        ).click()
        page.wait_for_selector(".side h2:has-text('Air quality bad or worse')")


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("thing=<b>x", "There is no device <b>x."),
        ("gateway=nobody", "There is no gateway nobody."),
        ("thing=%00", "There is no device"),
    ],
)
def test_what_does_not_exist_is_named(browser: Browser, console: str, query: str, told: str) -> None:
    with opened(browser, f"{console}/?lang=en&{query}") as page:
        page.wait_for_selector(f".side-said:has-text('{told}')")


def test_what_could_not_be_read_is_said_and_read_as_soon_as_it_can_be(
    browser: Browser, console: str, city_url: str, postgres_dsn: str
) -> None:
    name: Any = city_url.rpartition("/")[2]
    with (
        opened(browser, f"{console}/?view=work&lang=en", ready=".panel-gateways tr") as page,
        psycopg.connect(postgres_dsn, autocommit=True) as server,
    ):
        server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'.encode())
        try:
            server.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
            )
            page.locator(f".panel-gateways tr[data-key={GATEWAY}]").get_by_role("button").click()
            page.wait_for_selector(".side-said:has-text('the database does not answer')", timeout=30_000)
        finally:
            server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'.encode())
        page.wait_for_selector(f".side h2:has-text('({GATEWAY})')", timeout=30_000)
