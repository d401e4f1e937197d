"""The first moments of a page: what is read for it, and in which order it stands."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.browser.conftest import EMPTY_AREA
from tests.browser.test_console import DESK, PATIENCE_MS, PHONE, choose, opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

pytestmark = pytest.mark.browser

both_sizes = pytest.mark.parametrize("viewport", [DESK, PHONE | {"width": 390}], ids=["desk", "phone"])
LIST = ".layers-list summary"
#: the texts of labels of which anything that is drawn on the map touches the letters
TOUCHED = """() => {
  const canvas = document.querySelector('.map-canvas'), box = canvas.getBoundingClientRect();
  const pen = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true });
  pen.drawImage(canvas, 0, 0);
  const isTouched = (text) => {
    const { x, y, width, height } = text.getBoundingClientRect(), ratio = canvas.width / box.width;
    const part = [x - box.x, y - box.y + height * .2, width, height * .6].map(px => Math.round(px * ratio));
    return pen.getImageData(...part).data.some((value, at) => at % 4 === 3 && value > 0);
  };
  return [...document.querySelectorAll('.map-text text')].filter(isTouched).map(text => text.textContent);
}"""


def files(page: Page) -> list[str]:
    found: list[str] = page.evaluate("performance.getEntriesByType('resource').map(each => each.name)")
    return found


def test_charts_are_read_when_there_is_one_to_draw(browser: Browser, console: str) -> None:
    (charts,) = re.findall(r'"nicegui-echart": ?"([^"]+)"', httpx.get(console).text)
    with opened(browser, f"{console}/?area={EMPTY_AREA}&indicator=vn_aqi_h", ready=".chart-empty") as page:
        page.wait_for_selector("[data-layers~=things]")
        assert not any(file.endswith(charts) for file in files(page))
        choose(page, "193")
        page.wait_for_selector(".chart canvas")
        assert any(file.endswith(charts) for file in files(page))


@pytest.mark.parametrize("view", ["map", "planner"])
def test_a_page_names_at_once_what_its_scripts_import(browser: Browser, console: str, view: str) -> None:
    ready = {"map": ".chart canvas", "planner": ".plan-number"}[view]
    with opened(browser, f"{console}/?view={view}&areas=193", ready=ready) as page:
        named = page.eval_on_selector_all("link[rel=modulepreload]", "all => all.map(each => each.href)")
        read = [file for file in files(page) if file in named]
        assert sorted(read) == sorted(named)
        assert len([file for file in read if "/esm/" in file]) > 3


@both_sizes
def test_marks_come_without_moving_what_is_pressed(
    browser: Browser, console: str, viewport: dict[str, int]
) -> None:
    held: list[Route] = []
    with browser.new_context(viewport=viewport) as session:
        page = session.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.route("**/console/points/*", lambda route: held.append(route))  # noqa: PLW0108 - a builtin is none
        page.goto(f"{console}/?lang=en")
        page.wait_for_selector(".layers-legend :text('Devices')")
        while len(held) < 2:
            page.wait_for_timeout(50)
        page.locator(LIST).scroll_into_view_if_needed()
        place = page.locator(LIST).bounding_box()
        assert place is not None
        page.mouse.move(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
        page.mouse.down()
        for route in held:
            route.continue_()
        page.wait_for_selector("[data-layers~=things]")
        page.mouse.up()
        page.wait_for_selector(".layers-list[open] table")


@both_sizes
def test_no_name_or_number_of_an_area_is_touched_by_a_gauge(
    browser: Browser, console: str, viewport: dict[str, int]
) -> None:
    address = f"{console}/?layers=indicator,water&indicator=laeq_1h"
    with opened(browser, address, ready="[data-layers~=water]", viewport=viewport) as page:
        page.wait_for_function(f"() => !({TOUCHED})().length")
