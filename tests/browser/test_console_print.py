"""The map on paper: what it shows is named, and nothing covers anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.test_console import DESK, PHONE, opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_the_printed_map_names_indicator_and_time_and_its_chart_stays_in_its_place(
    browser: Browser, console: str, viewport: dict[str, int]
) -> None:
    with opened(browser, f"{console}/?lang=en", ready=".chart canvas", viewport=viewport) as page:
        assert not page.is_visible(".map-printed")
        page.emulate_media(media="print")
        page.set_viewport_size({"width": 688, "height": 1000})  # A4 without its margins
        told = page.inner_text(".map-printed")
        assert told.startswith("Hourly air quality index (VN_AQI) · printed from the data as of ")
        boxes = {
            each: page.locator(each).bounding_box()
            for each in (".panel-chart", ".chart canvas", ".chart-summary", ".now")
        }
        section, drawn, below, above = boxes.values()
        assert section
        assert drawn
        assert below
        assert above
        assert above["y"] + above["height"] <= drawn["y"] + 1
        assert drawn["y"] + drawn["height"] <= below["y"] + 1
        assert section["x"] <= drawn["x"]
        assert drawn["x"] + drawn["width"] <= section["x"] + section["width"] + 1
