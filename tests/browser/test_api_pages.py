"""The API's own pages: every operation is shown, and no request leaves the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.mark.parametrize("page", ["docs", "redoc"])
def test_operations_are_shown_without_a_request_elsewhere(browser: Browser, console: str, page: str) -> None:
    asked: list[str] = []
    shown = browser.new_page()
    shown.on("request", lambda request: asked.append(request.url))
    try:
        shown.goto(f"{console}/{page}")
        shown.get_by_text("Newest values of all indicators").first.wait_for()
        shown.get_by_text("/v1/alert-silences", exact=False).first.wait_for()
    finally:
        shown.close()
    here = urlsplit(console).netloc
    assert [url for url in asked if urlsplit(url.removeprefix("blob:")).netloc != here] == []
