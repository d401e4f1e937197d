"""A refused message opened from the list, in a real browser, by keyboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.browser.conftest import in_thread
from tests.browser.test_console import DESK, PHONE, make_key, opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

PAYLOAD = '{"seq": 9, "readings": [{"device": "<b>x</b>", "pm25": 3}]}'


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_a_refusal_opens_with_its_whole_message(
    browser: Browser, locked_console: str, city_url: str, viewport: dict[str, int]
) -> None:
    with psycopg.connect(city_url, autocommit=True) as database:
        (number,) = database.execute(
            "INSERT INTO refusals (gateway, topic, seq, reason, at, detail, count, stored, payload) "
            "VALUES ('ha-long-1', 'city/v1/ha-long-1/up/observations', 9, "
            "'unknown_device', '$.readings[0].device', 'the registry has none', 1, false, %s) "
            "RETURNING id",
            [PAYLOAD.encode()],
        ).fetchone() or (0,)
    with opened(browser, f"{locked_console}/?lang=en", ready=".gate-form", viewport=viewport) as page:
        page.fill("input[name=key]", in_thread(make_key(city_url, "operator")))
        page.click(".gate-send")
        page.click(".view-link:has-text('Work')")
        row = page.locator(f".panel-refusals tr[data-key='{number}']")
        row.get_by_role("button").focus()
        page.keyboard.press("Enter")
        page.wait_for_selector(f".side h2:has-text('Refusal {number}')")
        assert page.locator(".side pre").inner_text() == PAYLOAD
        told = page.inner_text(".side")
        for words in (
            "ha-long-1",
            "(unknown_device)",
            "$.readings[0].device",
            "the registry has none",
        ):
            assert words in told
        assert page.evaluate("document.documentElement.scrollWidth") == viewport["width"]
    with psycopg.connect(city_url, autocommit=True) as database:
        database.execute("DELETE FROM refusals WHERE id = %s", [number])
