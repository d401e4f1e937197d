"""Gateways in trouble and flagged values in a real browser; and all work lists with rows in them by WCAG."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.browser.conftest import in_thread, violations
from tests.browser.lists import FIRMWARE, FLAPPING, LONG_NAME, OFFLINE, SILENT, filled
from tests.browser.test_console import DESK, PHONE, make_key, opened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

both_sizes = pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])


@pytest.fixture
def lists(city_url: str) -> Iterator[None]:
    with filled(city_url):
        yield


def row(page: Page, panel: str, key: str) -> Any:
    return page.locator(f".panel-{panel} tbody tr[data-key='{key}']")


@pytest.mark.usefixtures("lists")
@both_sizes
def test_who_is_silent_and_who_flaps_since_when(
    browser: Browser, console: str, viewport: dict[str, int]
) -> None:
    address = f"{console}/?view=work&lang=en"
    with opened(browser, address, ready=".panel-troubled tbody tr", viewport=viewport) as page:
        codes = page.locator(".panel-troubled tbody tr").evaluate_all("all => all.map(e => e.dataset.key)")
        assert codes[0] == OFFLINE
        assert codes[1] == FLAPPING
        assert codes[-1] == SILENT
        offline, flapping, silent = (
            row(page, "troubled", code).inner_text() for code in (OFFLINE, FLAPPING, SILENT)
        )
        assert [told for told in ("Offline", "2 h ago", "3 h ago", FIRMWARE) if told not in offline] == []
        assert [told for told in ("Online", "flapping", "5", "last at") if told not in flapping] == []
        assert [told for told in ("Silent", "in maintenance", "due every") if told not in silent] == []
        assert page.get_attribute(".panel-link", "href") == "runbooks?lang=en#gateway_silent"
        assert page.evaluate("document.documentElement.scrollWidth") == viewport["width"]
        row(page, "troubled", OFFLINE).get_by_role("button").click()
        page.wait_for_selector(f".side h2:has-text('({OFFLINE})')")


@pytest.mark.usefixtures("lists")
def test_who_is_heard_again_leaves_the_list(browser: Browser, console: str, city_url: str) -> None:
    with opened(browser, f"{console}/?view=work&lang=en", ready=".panel-troubled tbody tr") as page:
        page.wait_for_selector(f".panel-troubled tr[data-key={OFFLINE}]")
        with psycopg.connect(city_url, autocommit=True) as database:
            database.execute("UPDATE gateway_status SET last_seen = now() + interval '1 min', online = true")
        page.wait_for_selector(f".panel-troubled tr[data-key={OFFLINE}]", state="detached", timeout=30_000)
        assert page.is_visible(f".panel-troubled tr[data-key={FLAPPING}]")


@pytest.mark.usefixtures("lists")
@both_sizes
def test_what_was_flagged_how_often_and_when(
    browser: Browser, console: str, viewport: dict[str, int]
) -> None:
    address = f"{console}/?view=work&lang=vi"
    with opened(browser, address, ready=".panel-flagged tbody tr", viewport=viewport) as page:
        told = page.locator(".panel-flagged tbody tr").all_inner_texts()
        assert len(told) == 3
        for first in ("ha-long-air-1", LONG_NAME, "pm2_5", "nhảy vọt", "34", "Hạ Long"):
            assert first in told[0]
        assert [("đứng yên" in each, "ngoài khoảng hợp lý" in each) for each in told[1:]] == [
            (True, False),
            (False, True),
        ]
        assert page.evaluate("document.documentElement.scrollWidth") == viewport["width"]
        page.locator(".panel-flagged tbody tr").first.get_by_role("button").click()
        page.wait_for_url("**thing=ha-long-air-1&drawn=pm2_5**")
        page.wait_for_selector(".side h2:has-text('(ha-long-air-1)')")


def test_lists_without_rows_say_so(browser: Browser, console: str, city_url: str) -> None:
    with psycopg.connect(city_url, autocommit=True) as database:
        database.execute("DELETE FROM observation_flags")
        database.execute("UPDATE gateways SET enabled = false")
    try:
        with opened(browser, f"{console}/?view=work&lang=en", ready=".panel-flagged") as page:
            page.wait_for_selector(".panel-flagged .table-empty:has-text('No value was flagged')")
            page.wait_for_selector(".panel-troubled .table-empty:has-text('Every gateway is heard')")
    finally:
        with psycopg.connect(city_url, autocommit=True) as database:
            database.execute("UPDATE gateways SET enabled = true")


@pytest.mark.usefixtures("lists", "alerts")
def test_no_rule_is_broken_by_lists_with_rows(
    browser: Browser, locked_console: str, city_url: str, axe: str
) -> None:
    key = {"name": "halong_console_key", "value": in_thread(make_key(city_url, "operator"))}
    state: Any = {"cookies": [key | {"domain": "127.0.0.1", "path": "/"}], "origins": []}
    for viewport, scheme, language in (
        (DESK, "light", "vi"), (DESK, "dark", "en"), (PHONE, "light", "en"), (PHONE, "dark", "vi"),
    ):  # fmt: skip
        address = f"{locked_console}/?view=work&lang={language}&commands=all"
        with opened(
            browser, address, ready=".panel-commands td .table-act", viewport=viewport, color_scheme=scheme,
            storage_state=state,
        ) as page:  # fmt: skip
            page.wait_for_selector(".panel-flagged tbody tr")
            page.wait_for_selector(".panel-troubled tbody tr")
            assert violations(page, axe) == []
            assert page.evaluate("document.documentElement.scrollWidth") == viewport["width"]
            page.locator(".panel-commands td .table-act").first.click()
            page.wait_for_selector(".table-asking:visible")
            assert violations(page, axe) == []
            page.keyboard.press("Escape")
            page.goto(f"{address}&gateway={FLAPPING}")
            page.wait_for_selector(".side .sheet-commands tbody tr")
            assert violations(page, axe) == []
