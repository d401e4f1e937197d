"""Log-in at the console by a real OpenID provider, in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from storage.pool import connect
from tests.browser.conftest import in_thread
from tests.browser.test_console import DESK, PATIENCE_MS, PHONE, opened
from tests.issuers import SECRET, provider
from tests.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

PEOPLE = {
    "minh": {"preferred_username": "nguyen.van.minh", "roles": ["operator"], "areas": ["196"]},
    "lan": {"preferred_username": "lan", "roles": ["installer"], "areas": ["*"]},
    "hoa": {"preferred_username": "hoa", "roles": ["planner"], "areas": ["*"]},
    "nam": {"preferred_username": "nam", "roles": ["public"], "areas": ["*"]},
    "vu": {"preferred_username": "vu", "roles": ["operator"]},
}


@pytest.fixture(scope="module")
def issuer(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with provider(tmp_path_factory.mktemp("issuer") / "log", PEOPLE) as url:
        yield url


@pytest.fixture
def console(city_url: str, issuer: str, scratch: Path) -> Iterator[str]:
    """The address of a console at which one logs in by the provider."""
    settings = {
        "HALONG_OIDC_ISSUER": issuer,
        "HALONG_OIDC_AREA_CLAIM": "areas",
        "HALONG_OIDC_CLIENT_ID": "console",
        "HALONG_OIDC_CLIENT_SECRET": SECRET,
    }
    with serving(city_url, scratch / "log-in.log", **settings) as address:
        yield address


def log_in(page: Page, name: str) -> None:
    """Go to the provider, say who it is, and come back."""
    page.click("a.gate-send")
    page.fill("input[name=login]", name)
    page.fill("input[name=password]", "any")
    page.click("button[type=submit]")
    page.click("button[type=submit]:has-text('Continue')")


def sessions(url: str) -> list[tuple[Any, ...]]:
    async def read() -> list[tuple[Any, ...]]:
        async with await connect(url) as conn:
            rows = await conn.execute("SELECT subject, name, roles, areas FROM console_sessions")
            return await rows.fetchall()

    found: list[tuple[Any, ...]] = in_thread(read())
    return found


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_a_person_logs_in_looks_and_logs_out(
    browser: Browser, console: str, city_url: str, viewport: Any
) -> None:
    with opened(browser, f"{console}/?lang=en", ready="a.gate-send", viewport=viewport) as page:
        log_in(page, "minh")
        page.wait_for_selector(".map-field")
        assert page.url.startswith(f"{console}/")
        assert page.inner_text(".viewer-name") == "nguyen.van.minh"
        assert page.inner_text(".viewer button") == "Log out"
        assert page.inner_text(".bar .reach") == "Confined to Uong Bi City"
        assert page.evaluate("document.documentElement.scrollWidth") == viewport["width"]
        assert "halong_console" not in page.evaluate("document.cookie")
        assert sessions(city_url) == [("minh", "nguyen.van.minh", ["operator"], ["196"])]
        (cookie,) = [each for each in page.context.cookies() if each["name"] == "halong_console_session"]
        assert (cookie["httpOnly"], cookie["sameSite"], cookie["expires"]) == (True, "Lax", -1)
        page.reload()
        page.wait_for_selector(".map-field")
        page.click(".viewer button")
        page.click("button:has-text('Yes')")  # the provider's own question
        page.wait_for_selector("a.gate-send")
        assert page.url == f"{console}/"
        assert sessions(city_url) == []
        # What the browser had opens nothing, even where it was kept.
        page.context.add_cookies([cookie])
        page.reload()
        page.wait_for_selector("a.gate-send")


@pytest.mark.parametrize(
    ("name", "told"),
    [("nam", "your role may not see this"), ("vu", "did not succeed"), ("nobody", "your role")],
)
def test_who_may_not_is_told_why(browser: Browser, console: str, city_url: str, name: str, told: str) -> None:
    with opened(browser, f"{console}/?lang=en", ready="a.gate-send") as page:
        log_in(page, name)
        page.wait_for_selector(".gate-refused")
        assert told in page.inner_text(".gate-refused")
        assert page.locator(".panel").count() == 0
        assert sessions(city_url) == []


def test_a_planner_logs_in_and_sees_indicators_alone(browser: Browser, console: str, city_url: str) -> None:
    with opened(browser, f"{console}/?view=work&lang=en", ready="a.gate-send") as page:
        log_in(page, "hoa")
        page.wait_for_selector(".map-field")
        assert page.inner_text(".viewer-name") == "hoa"
        assert sessions(city_url) == [("hoa", "hoa", ["planner"], None)]
        assert page.locator(".view-link").all_inner_texts() == ["Map", "Planner"]
        page.wait_for_selector(".map-canvas[data-drawn='0']")


def test_a_session_that_was_ended_closes_its_page(browser: Browser, console: str, city_url: str) -> None:
    async def end() -> None:
        async with await connect(city_url) as conn:
            await conn.execute("DELETE FROM console_sessions")

    with opened(browser, console, ready="a.gate-send") as page:
        log_in(page, "lan")
        page.wait_for_selector(".map-field")
        in_thread(end())
        # Who was let in is looked up again after a minute.
        page.wait_for_selector("a.gate-send", timeout=2 * PATIENCE_MS)
