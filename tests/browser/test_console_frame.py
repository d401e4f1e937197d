"""The frame of the console in a real browser: views, the way back, headline, and what its cookie opens."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.browser.conftest import in_thread
from tests.browser.test_console import DESK, PHONE, choose, give_key, make_key, opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

READ = "fetch('/v1/alerts').then(answer => answer.status)"
#: the first event of a stream, or its error
LISTEN = """new Promise(resolve => {
  const stream = new EventSource('/v1/live?event=alert');
  stream.addEventListener('subscribed', () => { stream.close(); resolve('subscribed'); });
  stream.onerror = () => { stream.close(); resolve('refused'); };
})"""


@pytest.mark.usefixtures("alerts")
@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_the_headline_says_how_many_how_bad_since_when_and_where(
    browser: Browser, console: str, city_url: str, viewport: dict[str, int]
) -> None:
    with opened(browser, f"{console}/?lang=en", viewport=viewport) as page:
        page.wait_for_selector(".headline.warning")
        told = page.inner_text(".headline")
        assert told.startswith("3 alerts, the worst warning since ")
        assert re.search(r": (Ha Long|Cam Pha) and 1 more · 3 taken by nobody$", told)
        page.wait_for_function("() => document.title.startsWith('(3) ')")
        assert page.evaluate("document.documentElement.scrollWidth") == viewport["width"]
        silence(city_url, "air_bad")
        page.wait_for_selector(".headline.info")
        assert "1 alert, information" in page.inner_text(".headline")
        assert page.inner_text(".headline").endswith("Co To · 1 taken by nobody · 2 silenced")
        page.click(".headline")
        page.wait_for_url("**view=work**")


def silence(url: str, rule: str) -> None:
    with psycopg.connect(url, autocommit=True) as database:
        database.execute(
            "UPDATE alerts l SET state = 'silenced' FROM alert_rules r WHERE r.id = rule_id AND r.code = %s",
            [rule],
        )


def test_without_alerts_the_headline_says_so_and_values_that_stopped_make_it_doubtful(
    browser: Browser, console: str, city_url: str
) -> None:
    with (
        opened(browser, f"{console}/?lang=en") as page,
        psycopg.connect(city_url, autocommit=True) as database,
    ):
        page.wait_for_selector(".headline.none:has-text('No alerts')")
        assert not page.title().startswith("(")
        database.execute("UPDATE latest_values SET computed_at = computed_at - interval '3 hours'")
        page.wait_for_selector(".headline.stale:has-text('Nothing was computed since')")
        database.execute("UPDATE latest_values SET computed_at = computed_at + interval '3 hours'")
        page.wait_for_selector(".headline.none")


def test_back_leads_to_what_was_looked_at_before(browser: Browser, console: str) -> None:
    with opened(browser, f"{console}/?area=193&lang=en") as page:
        choose(page, "205")
        page.select_option("select", "laeq_1h")
        page.wait_for_url("**/?area=205&indicator=laeq_1h&lang=en")
        page.click(".view-link:has-text('Work')")
        page.wait_for_selector(".panel-gateways")
        assert page.locator(".map-field").count() == 0
        assert page.get_attribute(".view-link:has-text('Work')", "aria-current") == "page"
        page.go_back()
        page.wait_for_selector('[data-area="205"][aria-pressed="true"]')
        assert page.input_value("select") == "laeq_1h"
        page.go_back()
        page.wait_for_function("() => document.querySelector('select').value === 'vn_aqi_h'")
        page.go_back()
        page.wait_for_selector('[data-area="193"][aria-pressed="true"]')
        page.go_forward()
        page.wait_for_selector('[data-area="205"][aria-pressed="true"]')


def test_a_view_that_does_not_exist_is_named(browser: Browser, console: str) -> None:
    with opened(browser, f"{console}/?view=<b>&lang=en") as page:
        assert page.inner_text(".notice") == "There is no view “<b>”: Map is shown."


def test_indicators_are_grouped_by_domain(browser: Browser, console: str) -> None:
    with opened(browser, console) as page:
        groups = page.eval_on_selector_all("select optgroup", "found => found.map(each => each.label)")
        assert groups == ["Không khí", "Tiếng ồn"]


def _opened_with_key(page: Page, url: str, role: str) -> None:
    give_key(page, in_thread(make_key(url, role)))


def test_a_page_reads_the_api_and_its_streams_with_the_consoles_cookie(
    browser: Browser, locked_console: str, city_url: str
) -> None:
    with opened(browser, locked_console, ready=".gate-form") as page:
        _opened_with_key(page, city_url, "operator")
        assert page.evaluate(READ) == 200
        assert page.evaluate(LISTEN) == "subscribed"


def test_who_looks_at_a_public_console_may_say_who_it_is(
    browser: Browser, console: str, city_url: str
) -> None:
    with opened(browser, f"{console}/?lang=en") as page:
        page.click(".enter")
        page.fill("input[name=key]", in_thread(make_key(city_url, "operator")))
        page.click(".gate-send")
        page.wait_for_selector(".viewer-name:has-text('console')")
        about = page.get_attribute(".viewer-name", "title")
        assert about == "console: role operator; areas the whole city"
        page.click(".viewer button")
        page.wait_for_selector(".enter")
