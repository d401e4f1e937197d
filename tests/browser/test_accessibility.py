"""What axe-core finds by the rules of WCAG 2.2 AA, at two sizes, in both languages and themes; and paper."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import psycopg
import pytest

from tests.browser.conftest import violations
from tests.browser.test_console import DESK, PHONE, opened
from tests.browser.test_console_layers import DRAWN

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

#: name -> (address, what is there when it is ready)
PAGES: Final = {
    "map": ("/?", ".chart canvas"),
    "map without colours": ("/?layers=gateways,things,water,alerts", ".layers-legend"),
    "list of the map": ("/?", ".layers-list table"),
    "work": ("/?view=work", ".panel-alerts tbody tr"),
    "planner": ("/?view=planner&areas=193,195", ".plan-number"),
    "wall": ("/?view=wall&every=0", ".wall .map-field"),
    "alert": ("/?view=work&alert={alert}", ".side .sheet-verdict"),
    "gateway": ("/?view=work&gateway=ha-long-1", ".side .sheet-facts"),
    "thing": ("/?thing=ha-long-air-1", ".live-line"),
    "runbooks": ("/runbooks?", ".runbook"),
    "gate": ("/?gate=open", ".gate-form"),
}
#: name -> what is pressed to get there
FIRST: Final = {"list of the map": ".layers-list summary"}


@pytest.mark.usefixtures("alerts")
@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(
    ("viewport", "scheme", "language"),
    [(DESK, "light", "vi"), (DESK, "dark", "en"), (PHONE, "light", "en"), (PHONE, "dark", "vi")],
    ids=["desk-light-vi", "desk-dark-en", "phone-light-en", "phone-dark-vi"],
)
def test_no_rule_is_broken(
    browser: Browser,
    console: str,
    city_url: str,
    axe: str,
    name: str,
    viewport: Any,
    scheme: str,
    language: str,
) -> None:
    address, ready = PAGES[name]
    path = address.format(alert=newest_alert(city_url))
    with opened(
        browser,
        f"{console}{path}&lang={language}",
        ready=FIRST.get(name, ready),
        viewport=viewport,
        color_scheme=scheme,
    ) as page:
        if name in FIRST:
            page.wait_for_selector(DRAWN)
            page.click(FIRST[name])
            page.wait_for_selector(ready)
        assert violations(page, axe) == []
        assert page.evaluate("document.documentElement.scrollWidth") == viewport["width"]


def newest_alert(url: str) -> int:
    with psycopg.connect(url) as database:
        row = database.execute("SELECT max(id) FROM alerts").fetchone()
    assert row
    return int(row[0])


@pytest.mark.usefixtures("alerts")
@pytest.mark.parametrize("path", ["/?lang=vi", "/?view=work&lang=vi", "/?view=planner&lang=vi"])
def test_paper_shows_all_of_it_and_nothing_to_press(browser: Browser, console: str, path: str) -> None:
    with opened(browser, f"{console}{path}", ready=".panel", color_scheme="dark") as page:
        page.wait_for_selector(".panel tbody tr")
        page.emulate_media(media="print")
        pressed = ".tool:visible, .view-link:visible, .table-act:visible, .sheet-act:visible, select:visible"
        assert page.locator(pressed).count() == 0
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        cut = (
            "box => box.scrollHeight > box.clientHeight + 1 && getComputedStyle(box).overflowY !== 'visible'"
        )
        assert page.eval_on_selector_all(".panel .table-box", f"found => found.filter({cut}).length") == 0
        assert page.is_visible(".headline")
