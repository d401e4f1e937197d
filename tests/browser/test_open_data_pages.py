"""The pages of open data in a headless browser: nothing is asked for elsewhere, and they fit a phone."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from api.open_data.schedule import publish_settled
from api.open_data.store import Store
from runtime.settings import Settings
from storage.pool import connect
from tests.browser.conftest import in_thread, violations
from tests.conftest import _create, _drop, _with_database
from tests.integration.open_city import build
from tests.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

PAGES = ("/open/?lang=vi", "/open/air?lang=vi", "/open/people?lang=en")


@pytest.fixture(scope="module")
def address(chromium: str, postgres_dsn: str, template: str, scratch: Path) -> Iterator[str]:
    """A server with two published months."""
    name, target = f"halong_open_{os.getpid()}", scratch / "open"
    _create(postgres_dsn, name, template)
    url = _with_database(postgres_dsn, name)
    in_thread(_publish(url, target))
    with serving(url, scratch / "open.log", HALONG_OPEN_DATA_TARGET=str(target)) as address:
        yield address
    _drop(postgres_dsn, name)


async def _publish(url: str, target: Path) -> None:
    async with await connect(url) as conn:
        await build(conn)
        settings = Settings.model_validate({"database_url": url})
        await publish_settled(conn, settings, Store(str(target)), datetime(2026, 11, 10, tzinfo=UTC))


@pytest.mark.parametrize("width", [360, 1280])
def test_pages_fit_and_ask_for_nothing_elsewhere(
    browser: Browser, address: str, axe: str, width: int
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    asked: list[str] = []
    wrong: list[Any] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: wrong.append(message.text))
    for path in PAGES:
        page.goto(address + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        font = page.evaluate("getComputedStyle(document.querySelector('.home')).fontWeight")
        assert font == "600", "the style sheet is not applied"
        boxes = "found => found.filter(box => box.scrollWidth > box.clientWidth).length"
        assert page.eval_on_selector_all(".wide", boxes) == 0
        assert violations(page, axe) == []
    assert [url for url in asked if not url.startswith((address, "data:"))] == []
    assert wrong == []
    page.close()


def test_from_the_list_to_a_file_with_the_checksum_on_the_page(browser: Browser, address: str) -> None:
    import hashlib
    from pathlib import Path

    page = browser.new_page()
    page.goto(f"{address}/open/?lang=en")
    page.get_by_role("link", name="Air quality indicators").click()
    month = page.locator("section.month").filter(has_text="2026-09")
    month.get_by_text("Checksums").click()
    shown = month.locator("dl.sums code").first.inner_text()
    with page.expect_download() as waiting:
        month.get_by_role("link", name="CSV", exact=True).click()
    assert hashlib.sha256(Path(waiting.value.path()).read_bytes()).hexdigest() == shown
    page.close()


def test_console_and_explorer_lead_to_open_data(browser: Browser, address: str) -> None:
    with browser.new_context() as session:
        page = session.new_page()
        page.goto(f"{address}/?lang=vi")
        page.click(".foot-link >> text=Dữ liệu mở")
        page.wait_for_url(f"{address}/open/")
        page.goto(f"{address}/docs")
        with session.expect_page() as opened:  # Swagger UI opens links beside itself
            page.click("text=data sets, files and their catalogue")
        opened.value.wait_for_url(f"{address}/open/")
        page.wait_for_selector("text=What is published of a data set")
