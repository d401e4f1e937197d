"""The last seven days of the map in a real browser: by hand, playing, and in the address."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.browser.test_console import DESK, PHONE, opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

CHART = ".chart canvas"


def hours_with_values(console: str) -> dict[str, str]:
    """Start of each hour that Ha Long has an index of -> how it is written; the newest last."""
    asked = {"area": "193", "period": "P7D", "fields": "time,value"}
    rows = (
        httpx.get(f"{console}/v1/indicators/vn_aqi_h/values", params=asked).raise_for_status().json()["rows"]
    )
    return {time: f"{value:.0f}" for time, value in rows}


def shown(page: Page, area: str = "193") -> str:
    return page.inner_text(f'.panel-areas tr[data-key="{area}"] td:nth-child(2) .figure')


def is_shown(page: Page, value: str) -> None:
    page.wait_for_function(
        "value => document.querySelector('.panel-areas tr[data-key=\"193\"] td:nth-child(2) .figure')"
        ".textContent === value",
        arg=value,
    )


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_an_address_shows_the_map_as_it_was_and_says_so(
    browser: Browser, console: str, viewport: dict[str, int]
) -> None:
    time, value = next(iter(hours_with_values(console).items()))
    with opened(browser, f"{console}/?at={time}&lang=en", ready=CHART, viewport=viewport) as page:
        page.wait_for_selector(".panel-map.not-live")
        is_shown(page, value)
        start = datetime.fromisoformat(time) + timedelta(hours=7)
        assert page.inner_text(".past-told").startswith(f"Not live: {start:%H:%M}–")
        page.wait_for_selector(".map-canvas[data-drawn='0']")
        assert page.evaluate("document.documentElement.scrollWidth") == viewport["width"]
        page.click(".past-live")
        page.wait_for_selector(".panel-map:not(.not-live)")
        assert page.inner_text(".past-told") == "Live"
        page.wait_for_url(lambda address: "at=" not in address)
        page.wait_for_selector(".map-canvas:not([data-drawn='0'])")
        page.go_back()
        page.wait_for_selector(".panel-map.not-live")


def test_keys_go_step_by_step_and_the_address_follows(browser: Browser, console: str) -> None:
    known = hours_with_values(console)
    *_, (before, one), (newest, other) = known.items()
    with opened(browser, f"{console}/?lang=en", ready=CHART) as page:
        page.focus(".past-range")
        page.keyboard.press("ArrowLeft")
        page.wait_for_url(f"**at={newest.replace(':', '%3A')}**")
        is_shown(page, other)
        page.keyboard.press("ArrowLeft")
        page.wait_for_url(f"**at={before.replace(':', '%3A')}**")
        is_shown(page, one)
        assert page.get_attribute(".past-range", "aria-valuetext") == page.inner_text(".past-told")
        page.keyboard.press("Home")
        page.wait_for_selector('.map-field[style*="no-value"] >> nth=12')
        assert shown(page) == "–"


@pytest.mark.parametrize(("presses", "pause_ms"), [(10, 150), (8, 0)])
def test_no_key_is_lost_however_fast_they_come(
    browser: Browser, console: str, presses: int, pause_ms: int
) -> None:
    with opened(browser, f"{console}/?lang=en", ready=CHART) as page:
        place = "Number(document.querySelector('.past-range').value)"
        before = page.evaluate(place)
        page.focus(".past-range")
        for _ in range(presses):
            page.keyboard.press("ArrowLeft", delay=0)
            page.wait_for_timeout(pause_ms)
        assert page.evaluate(place) == before - presses
        page.wait_for_url("**at=**")
        page.wait_for_timeout(2_000)  # for answers to steps before
        assert page.evaluate(place) == before - presses


def test_it_plays_to_the_present_and_stops_where_it_is_told(browser: Browser, console: str) -> None:
    known = hours_with_values(console)
    start = next(iter(known))
    with opened(browser, f"{console}/?at={start}&lang=en", ready=CHART) as page:
        page.wait_for_selector(".panel-map.not-live")
        page.click(".past-play")
        page.wait_for_selector(".past-play[aria-label=Pause]")
        page.wait_for_selector(".past.live .past-play[aria-label=Play]", timeout=60_000)
        page.wait_for_url("**&lang=en")
        page.click(".past-play")
        page.wait_for_function("() => Number(document.querySelector('.past-range').value) > 1")
        page.click(".past-play")
        page.wait_for_url("**at=**")
        page.wait_for_selector(".panel-map.not-live .past-play[aria-label=Play]")


@pytest.mark.parametrize("at", ["2020-01-01T00:00:00Z", "<b>", "2099-01-01T00:00:00Z"])
def test_a_time_that_is_not_there_is_named_and_what_is_shown_is_live(
    browser: Browser, console: str, at: str
) -> None:
    with opened(browser, f"{console}/?at={at}&lang=en", ready=CHART) as page:
        told = f"Live · “{at}” is no time of the last 7 days: what is shown is live"
        assert page.inner_text(".past-told") == told
        assert page.locator(".not-live").count() == 0


def test_another_indicator_is_shown_at_the_same_time(browser: Browser, console: str) -> None:
    time = next(iter(hours_with_values(console)))
    with opened(browser, f"{console}/?at={time}&lang=en", ready=CHART) as page:
        page.wait_for_selector(".panel-map.not-live")
        page.select_option("select", "laeq_1h")
        page.wait_for_url("**indicator=laeq_1h**at=**")
        page.wait_for_function("() => document.querySelector('.legend-unit').textContent === 'dB'")
        asked = {"area": "193", "from": time, "to": str(datetime.now(UTC).isoformat()), "fields": "value"}
        rows = httpx.get(f"{console}/v1/indicators/laeq_1h/values", params=asked).json()["rows"]
        is_shown(page, f"{rows[0][0]:.1f}")
