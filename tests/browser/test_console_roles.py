"""What the console shows to who may read indicators and nothing of what devices send."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.conftest import in_thread
from tests.browser.test_console import DESK, PHONE, give_key, make_key, opened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

both_sizes = pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
ROLES = "operator, installer, admin"


@pytest.fixture
def planner(city_url: str) -> str:
    """A planner's key."""
    key: str = in_thread(make_key(city_url, "planner"))
    return key


@contextmanager
def let_in(browser: Browser, console: str, key: str, **context: Any) -> Iterator[Page]:
    """Open the map with a key."""
    with opened(browser, f"{console}/?lang=en", ready=".gate-form", **context) as page:
        give_key(page, key)
        page.wait_for_selector(".chart canvas")  # who leaves amid a script has an error logged
        yield page


@both_sizes
def test_a_planner_sees_the_map_without_gateways_alerts_and_the_state_of_ingest(
    browser: Browser, locked_console: str, alerts: None, planner: str, viewport: dict[str, int]
) -> None:
    with let_in(browser, locked_console, planner, viewport=viewport) as page:
        assert page.locator(".map-field").count() == 13
        assert page.locator(".layers-switch").all_inner_texts() == ["Indicator"]
        assert page.locator(".view-link").all_inner_texts() == ["Map", "Planner"]
        assert page.locator(".headline").count() == 0
        assert page.locator(".fact").count() == 1
        assert page.title().startswith("Quang Ninh")
        page.wait_for_selector(".chart canvas")
        assert page.evaluate("document.documentElement.scrollWidth") == viewport["width"]


@pytest.mark.parametrize("address", ["?view=work", "?gateway=ha-long-1", "?thing=nothing", "?alert=1"])
def test_what_devices_send_is_closed_with_the_roles_that_open_it(
    browser: Browser, locked_console: str, planner: str, address: str
) -> None:
    with let_in(browser, locked_console, planner) as page:
        page.goto(f"{locked_console}/{address}&lang=en")
        page.wait_for_selector(f"text=it takes one of the roles {ROLES}")
        for closed in (".panel-gateways", ".panel-alerts", ".panel-refusals", ".side-body > *:visible"):
            assert page.locator(closed).count() == 0


def test_a_planners_wall_shows_maps_and_says_what_else_takes(
    browser: Browser, locked_console: str, planner: str
) -> None:
    with let_in(browser, locked_console, planner) as page:
        page.goto(f"{locked_console}/?view=wall&boards=map,alerts,gateways&lang=en")
        page.wait_for_selector(".wall-board .map-field")
        assert page.locator(".wall-alerts, .wall-gateways").count() == 0
        assert f"it takes one of the roles {ROLES}" in page.inner_text(".wall-unknown")


def test_a_planners_key_reads_and_explains_in_the_planners_corner(
    browser: Browser, locked_console: str, planner: str
) -> None:
    with let_in(browser, locked_console, planner) as page:
        page.click(".view-link:has-text('Planner')")
        page.click(".plan-number")
        page.wait_for_selector(".plan-why-same")
