"""The API's own pages: every operation is shown, and no request leaves the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.mark.parametrize("page", ["docs", "redoc"])
def test_operations_are_shown_without_a_request_elsewhere(browser: Browser, console: str, page: str) -> None:
    asked: list[str] = []
    shown = browser.new_page()
    shown.on("request", lambda request: asked.append(request.url))
    try:
        shown.goto(f"{console}/{page}")
        _in_sight(shown, "Newest values of all indicators").wait_for()
        _in_sight(shown, "/v1/alert-silences").wait_for()
    finally:
        shown.close()
    here = urlsplit(console).netloc
    assert [url for url in asked if urlsplit(url.removeprefix("blob:")).netloc != here] == []


def _in_sight(page: Page, text: str) -> Locator:
    """The first place that shows a text: a menu of ReDoc that is folded holds it, too, and shows nothing."""
    return page.get_by_text(text).filter(visible=True).first
