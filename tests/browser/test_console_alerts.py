"""Alerts in a real browser: who works with them, who only looks, and what becomes of both."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from analytics import alert_actions as actions
from storage.pool import connect
from tests.browser.conftest import evaluate_alerts, in_thread
from tests.browser.test_console import DESK, PHONE, give_key, make_key, opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("alerts")]

ROW = ".panel-alerts tbody tr"
both_sizes = pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])


def rows(url: str, query: Any) -> list[Any]:
    with psycopg.connect(url) as database:
        return database.execute(query).fetchall()


def log_in(page: Page, url: str, role: str) -> None:
    give_key(page, in_thread(make_key(url, role)), ".headline.warning")
    page.click(".headline")


def open_alert(page: Page, area: str) -> None:
    row = page.locator(".panel-alerts tbody tr").filter(has_text=area)
    row.get_by_role("button").click()
    page.wait_for_selector(".side .sheet-verdict")


@both_sizes
def test_the_list_says_where_since_when_by_how_much_and_whether_stations_agree(
    browser: Browser, console: str, viewport: dict[str, int]
) -> None:
    address = f"{console}/?view=work&lang=en"
    with opened(browser, address, ready=".panel-alerts tbody tr", viewport=viewport) as page:
        *bad, third = page.locator(".panel-alerts tbody tr").all_inner_texts()
        assert len(bad) == 2
        first, second = sorted(bad, key=lambda row: "Cam Pha" in row)
        for told in (
            "Air quality bad or worse",
            "Ha Long",
            "at least 1",
            "2 of 2",
            "stations agree",
            "nobody yet",
        ):
            assert told in first
        assert "Cam Pha" in second
        assert "no other station to compare" in second
        for told in ("No air quality index", "Co To", "No value"):
            assert told in third
        assert page.evaluate("document.documentElement.scrollWidth") == viewport["width"]


@both_sizes
def test_what_nobody_has_taken_comes_first_and_who_took_the_others_is_named(
    browser: Browser, console: str, city_url: str, viewport: dict[str, int]
) -> None:
    worst = (
        "SELECT l.id, a.name_en FROM alerts l JOIN areas a ON a.id = l.area_id "
        "ORDER BY l.value DESC NULLS LAST LIMIT 1"
    )
    [(number, name)] = rows(city_url, worst)
    taken = "Ha Long" if "Ha Long" in name else "Cam Pha"
    in_thread(acknowledge(city_url, number))
    with opened(browser, f"{console}/?view=work&lang=en", ready=ROW, viewport=viewport) as page:
        page.wait_for_selector(".panel-alerts td small:has-text('Lan')")  # after the reading before it
        listed = page.locator(".panel-alerts tbody tr")
        names = listed.get_by_role("button").evaluate_all("all => all.map(each => each.ariaLabel)")
        bad = [f"Air quality bad or worse, {place}, warning" for place in ("Cam Pha", "Ha Long")]
        assert names == [
            *sorted(bad, key=lambda name: taken in name),
            "No air quality index, Co To, information",
        ]
        state = listed.nth(1).locator("td").last
        assert state.locator(".figure").inner_text() == "acknowledged"
        assert state.locator("small").inner_text() == "Lan"
        assert page.inner_text(".alerts-counts") == "3 open"
        assert page.inner_text(".headline").endswith(" and 1 more · 2 taken by nobody")
        assert f": {taken}" not in page.inner_text(".headline")
        page.goto(f"{console}/?view=wall&boards=alerts&every=0&lang=en")
        page.wait_for_selector(".wall-alerts tbody tr:has-text('Lan')")


async def acknowledge(url: str, number: int) -> None:
    async with await connect(url) as conn:
        await actions.acknowledge(conn, number, datetime.now(UTC), who="Lan", note="", publish=False)


def test_a_list_that_goes_on_below_says_so(browser: Browser, console: str) -> None:
    low = {"width": 1440, "height": 741}
    with opened(browser, f"{console}/?view=work&lang=en", ready=ROW, viewport=low) as page:
        page.add_style_tag(content=".panel-alerts .table-box { max-height: 90px !important; }")
        page.wait_for_selector(".table-below:has-text('more below')")
        page.eval_on_selector(".panel-alerts .table-box", "box => box.scrollTo(0, box.scrollHeight)")
        page.wait_for_selector(".panel-alerts .table-below", state="detached")


@both_sizes
def test_an_operator_acknowledges_silences_and_ends_the_silence(
    browser: Browser, locked_console: str, city_url: str, viewport: dict[str, int]
) -> None:
    with opened(browser, f"{locked_console}/?lang=en", ready=".gate-form", viewport=viewport) as page:
        log_in(page, city_url, "operator")
        open_alert(page, "Ha Long")
        assert page.evaluate("document.activeElement.id") == "side-title"
        assert page.inner_text(".side h2") == "Air quality bad or worse"
        stations = page.locator(".sheet-city tbody tr").all_inner_texts()
        assert sorted(each.split()[0] for each in stations) == ["ha-long-air-1", "ha-long-air-2"]
        assert "Which pollutant leads" in page.inner_text(".sheet-runbook")
        page.fill("[name=note]", "sprinkler is on its <b>way</b>")
        page.click(".sheet-act:has-text('Acknowledge')")
        page.wait_for_selector(".panel-told:has-text('Acknowledged.')")
        page.wait_for_selector(".side td:has-text('sprinkler is on its <b>way</b>')")
        page.wait_for_selector(".side td:has-text('operator: console')")
        page.wait_for_selector(".sheet-act:has-text('Add a note')")
        page.select_option("[name=scope]", "rule_area")
        page.select_option("[name=hours]", "4")
        page.click(".sheet-act:has-text('Silence')")  # no reason: the browser asks for one
        assert page.evaluate("document.activeElement.name") == "reason"
        page.fill("[name=reason]", "gauge is being cleaned")
        page.click(".sheet-act:has-text('Silence')")
        page.wait_for_selector(".panel-told:has-text('Silenced until')")
        in_thread(evaluate_alerts(city_url))
        page.wait_for_selector(".sheet-facts dd:has-text('silenced')")
        assert "console, until" in page.inner_text(".side tbody td.acts >> xpath=..")
        page.wait_for_selector(".headline:has-text('1 silenced')", state="attached")
        page.click(".table-act:has-text('End it')")
        page.wait_for_selector(".panel-told:has-text('The silence is ended.')")
        in_thread(evaluate_alerts(city_url))
        page.wait_for_selector(".sheet-facts dd:has-text('acknowledged')")
        page.keyboard.press("Escape")
        page.wait_for_selector(".side", state="hidden")
        page.wait_for_function("() => document.activeElement.matches('.panel-alerts .table-choice')")
        page.wait_for_url("**/?view=work**")
        assert "alert=" not in page.url
    silences = "SELECT reason, created_by, ended_by, ends_at - starts_at < interval '1 h' FROM alert_silences"
    assert rows(city_url, silences) == [("gauge is being cleaned", "console", "console", True)]


def test_who_may_not_sees_why_the_buttons_are_off(browser: Browser, console: str) -> None:
    with opened(browser, f"{console}/?view=work&lang=en", ready=".panel-alerts tbody tr") as page:
        open_alert(page, "Ha Long")
        buttons = page.locator(".side .sheet-act")
        assert [buttons.nth(n).is_disabled() for n in range(buttons.count())] == [True, True]
        said = page.inner_text(f"#{buttons.first.get_attribute('aria-describedby')}")
        assert said.endswith("takes a key or an account with the role operator, admin.")


def test_an_alert_that_ended_meanwhile_is_not_acknowledged(
    browser: Browser, locked_console: str, city_url: str
) -> None:
    with opened(browser, f"{locked_console}/?lang=en", ready=".gate-form") as page:
        log_in(page, city_url, "operator")
        open_alert(page, "Ha Long")
        page.fill("[name=note]", "I go there")
        with psycopg.connect(city_url) as database:  # so that the page cannot read it before it is too late
            ended = "UPDATE alerts SET state = 'resolved', closed_at = now() WHERE area_id = "
            database.execute(f"{ended}(SELECT id FROM areas WHERE code = '193')")
            page.click(".sheet-act:has-text('Acknowledge')")
        page.wait_for_selector(".panel-told:has-text('only a raised one can be acknowledged')")
        page.wait_for_selector(".side .sheet-why:has-text('The alert is over')")
        assert not page.is_visible(".side [name=note]")
        page.wait_for_selector(".panel-alerts tr:has-text('Ha Long') td:has-text('over')")


def test_a_key_that_was_revoked_meanwhile_does_nothing(
    browser: Browser, locked_console: str, city_url: str
) -> None:
    with opened(browser, f"{locked_console}/?lang=en", ready=".gate-form") as page:
        log_in(page, city_url, "operator")
        open_alert(page, "Cam Pha")
        with psycopg.connect(city_url, autocommit=True) as database:
            database.execute("UPDATE api_keys SET revoked_at = now() WHERE revoked_at IS NULL")
        page.click(".sheet-act:has-text('Acknowledge')")
        page.wait_for_selector(".panel-told:has-text('this key may not do that')")
    assert rows(city_url, "SELECT count(*) FROM alerts WHERE acknowledged") == [(0,)]


def test_a_key_of_a_district_sees_its_alerts_alone(
    browser: Browser, locked_console: str, city_url: str
) -> None:
    from api import keys
    from storage.pool import connect

    async def make() -> tuple[str, int]:
        async with await connect(city_url) as conn:
            found = await (
                await conn.execute(
                    "SELECT l.id FROM alerts l JOIN areas a ON a.id = l.area_id WHERE a.code = '195'"
                )
            ).fetchall()
            return (await keys.create(conn, "duty desk", "operator", areas=["193"]))[0], found[0][0]

    key, foreign = in_thread(make())
    with opened(browser, f"{locked_console}/?lang=en", ready=".gate-form") as page:
        page.fill("input[name=key]", key)
        page.click(".gate-send")
        page.wait_for_selector(".headline:has-text('1 alert, warning')")
        page.click(".headline")
        page.wait_for_selector(".panel-alerts tbody tr")
        assert page.locator(".panel-alerts tbody tr").count() == 1
        page.goto(f"{locked_console}/?view=work&lang=en&alert={foreign}")
        page.wait_for_selector(f".side-said:has-text('There is no alert {foreign}.')")


@pytest.mark.parametrize("code", ["999999", "<b>", "1e3", "١"])
def test_an_alert_that_does_not_exist_is_named(browser: Browser, console: str, code: str) -> None:
    with opened(browser, f"{console}/?view=work&lang=en&alert={code}", ready=".side-said:visible") as page:
        page.wait_for_selector(f".side-said:has-text('There is no alert {code}.')")


def test_the_runbook_is_a_page_to_link_to(browser: Browser, console: str) -> None:
    with opened(browser, f"{console}/runbooks?lang=vi#air_bad", ready="#air_bad") as page:
        assert page.locator(".runbook").count() > 8
        assert "Chất nào quyết định" in page.inner_text("#air_bad")
