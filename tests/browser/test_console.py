"""The console in a real browser, on a real server and database."""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse
from zoneinfo import ZoneInfo

import httpx
import psycopg
import pytest

from api import keys
from storage.pool import connect
from tests.browser.conftest import EMPTY_AREA, in_thread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

DESK = {"width": 1440, "height": 900}
PHONE = {"width": 360, "height": 740}
PATIENCE_MS = 60_000
#: part of Móng Cái, and no indicators are computed for it
WARD = "06709"


@contextmanager
def opened(browser: Browser, address: str, *, ready: str = ".map-field", **context: Any) -> Iterator[Page]:
    """Open a page, and require at the end that it logged no error and asked nobody else for anything."""
    wrong: list[str] = []
    asked: set[str] = set()
    with browser.new_context(**({"viewport": DESK, "color_scheme": "light"} | context)) as session:
        page = session.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", lambda m: wrong.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda request: asked.add(urlparse(request.url).hostname or "data"))
        page.on("websocket", lambda socket: asked.add(urlparse(socket.url).hostname or ""))
        page.goto(address)
        page.wait_for_selector(ready)
        yield page
        assert wrong == []
        assert asked <= {"127.0.0.1", "data"}


def choose(page: Page, area: str) -> None:
    """Choose an area by keyboard, as who cannot point does."""
    page.focus(f'[data-area="{area}"]')
    page.keyboard.press("Enter")
    page.wait_for_selector(f'[data-area="{area}"][aria-pressed="true"]')


def to_work(page: Page) -> None:
    """Go from the map to the work lists."""
    page.click(".view-link:has-text('Công việc')")
    page.wait_for_selector(".panel-gateways tbody tr")


def chart_label(page: Page) -> str:
    return page.get_attribute(".chart-box", "aria-label") or ""


def test_the_page_shows_thirteen_districts_as_a_sketch(browser: Browser, console: str) -> None:
    with opened(browser, console) as page:
        assert page.locator(".map-field").count() == 13
        assert page.locator(".panel-areas tbody tr").count() == 14
        assert "Sơ đồ, không phải địa giới" in page.inner_text(".notes")
        assert page.locator(".legend:not(.layers-legend) li").count() == 8
        assert page.get_attribute("html", "lang") == "vi"


def test_choosing_an_indicator_and_a_district_changes_map_and_chart(browser: Browser, console: str) -> None:
    with opened(browser, f"{console}/?area=193&indicator=vn_aqi_h") as page:
        page.wait_for_selector(".chart canvas")
        before = page.get_attribute('[data-area="205"]', "style")
        assert "VN_AQI" in chart_label(page)
        page.select_option("select", "laeq_1h")
        page.wait_for_selector(".legend-unit:text-is('dB')")
        page.wait_for_function(
            "before => document.querySelector('[data-area=\"205\"]').getAttribute('style') !== before",
            arg=before,
        )
        choose(page, "205")
        page.wait_for_function("() => document.querySelector('.chart-box').ariaLabel.includes('Đông Triều')")
        page.wait_for_selector(".panel-chart h2:text-is('Thành phố Đông Triều')")
        page.wait_for_selector(".now-value:text-matches('^\\\\d+,\\\\d$')")
        page.wait_for_url("**/?area=205&indicator=laeq_1h&lang=vi")


def test_the_address_opens_what_it_names(browser: Browser, console: str) -> None:
    with opened(browser, f"{console}/?area=195&indicator=laeq_1h&lang=en") as page:
        assert page.inner_text(".panel-chart h2") == "Cam Pha City"
        assert page.input_value("select") == "laeq_1h"


def test_a_unit_without_indicators_shows_the_district_that_stands_for_it(
    browser: Browser, console: str
) -> None:
    with opened(browser, f"{console}/?area={WARD}&indicator=laeq_1h&lang=en") as page:
        assert page.inner_text(".panel-chart h2") == "Mong Cai City"
        assert page.inner_text(".stands-for") == "Values of Mong Cai City, which stand for Mong Cai 2 Ward"
        assert not page.is_visible(".notice")
        page.select_option("select", "vn_aqi_h")
        page.wait_for_url(f"**/?area={WARD}&indicator=vn_aqi_h&lang=en")
        choose(page, "205")
        page.wait_for_selector(".stands-for", state="hidden")


def test_codes_that_do_not_exist_are_named(browser: Browser, console: str) -> None:
    with opened(browser, f"{console}/?area=999&indicator=<b>pm&lang=en") as page:
        told = page.inner_text(".notice")
        assert "no area “999”" in told
        assert "no indicator “<b>pm”" in told
        choose(page, "205")
        page.wait_for_selector(".notice", state="hidden")


def test_a_chart_of_days_shows_two_months_of_them(browser: Browser, console: str) -> None:
    with opened(browser, f"{console}/?indicator=pm2_5_d&area=193") as page:
        page.wait_for_selector(".chart canvas")
        assert "60 ngày qua" in chart_label(page)
        assert "60 ngày qua" in page.inner_text(".panel-chart .panel-sub")
        assert "halong, theo thời gian trung bình của QCVN 05:2023" in page.inner_text(".source")


def test_no_value_is_said_with_its_reason_and_is_never_zero(browser: Browser, console: str) -> None:
    with opened(browser, f"{console}/?area={EMPTY_AREA}&lang=en") as page:
        assert page.inner_text(".now-value").lower() == "insufficient data"
        assert "0\u202f% of the data" in page.inner_text(".now-facts")
        row = page.inner_text(f'.panel-areas tr[data-key="{EMPTY_AREA}"] td:nth-child(2)')
        assert row.split() == ["–", "insufficient", "data"]
        assert page.is_visible(".chart-empty")


def test_language_and_theme_are_toggled_and_kept(browser: Browser, console: str) -> None:
    with opened(browser, console) as page:
        page.wait_for_selector(".chart canvas")
        page.click(".tool[lang=en]")
        page.wait_for_url("**lang=en")
        page.wait_for_selector("text=Newest observation")
        page.wait_for_selector(".chart canvas")
        page.click(".theme")
        page.wait_for_selector("body.body--dark")
        page.goto(console)
        page.wait_for_selector("body.body--dark")
        page.wait_for_selector("text=Newest observation")


def test_the_theme_follows_the_system_first(browser: Browser, console: str) -> None:
    with opened(browser, console, color_scheme="dark") as page:
        page.wait_for_selector("body.body--dark")
        page.emulate_media(color_scheme="light")
        page.wait_for_selector("body.body--light")


def test_a_refusal_appears_by_itself(browser: Browser, console: str, city_url: str) -> None:
    with opened(browser, f"{console}/?view=work", ready=".panel-refusals") as page:
        page.wait_for_selector(".panel-refusals .table-empty")
        _refuse(city_url)
        page.wait_for_selector(".panel-refusals tbody tr")
        text = page.inner_text(".panel-refusals tbody tr")
        for part in (
            "ha-long-1",
            "Thiết bị chưa đăng ký",
            "$.readings[2].device",
            "<b>aq-999</b> is not known",
        ):
            assert part in text


def _refuse(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as database:
        database.execute(
            "INSERT INTO refusals (gateway, topic, seq, reason, at, detail, count, stored, payload) VALUES "
            "('ha-long-1', 'city/v1/ha-long-1/up/observations', 7, 'unknown_device', '$.readings[2].device', "
            "'<b>aq-999</b> is not known', 1, false, '')"
        )


def test_the_ingest_panel_shows_what_ingest_tells(browser: Browser, console: str, city_url: str) -> None:
    with opened(browser, f"{console}/?view=work&lang=en", ready=".panel-ingest") as page:
        page.wait_for_selector(".panel-ingest small:has-text('no process has told anything')")
        _tell_of_ingest(city_url)
        page.wait_for_selector(".panel-ingest b:has-text('432/s')")
        shown = page.inner_text(".panel-ingest")
        for part in ("12,346/s", "47.3\u202fms", "858\u202fMiB", "3 messages dropped in 1 h"):
            assert part in shown
        assert page.locator(".ingest-fact b.wrong").count() == 1
        assert page.inner_text('.panel-ingest tr[data-key="schema"]').split() == ["Wrong", "form", "5"]
        gaps = page.locator(".ingest-lists .table-box:last-child tbody tr")
        assert gaps.count() == 6
        assert gaps.all_inner_texts()[-1].split() == ["and", "2", "more"]
    with opened(browser, f"{console}/?view=work", ready=".panel-ingest", viewport=PHONE) as page:
        page.wait_for_selector(".panel-ingest b:has-text('432/giây')")
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def _tell_of_ingest(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as database:
        database.execute(
            "INSERT INTO ingest_metrics (client_id, seconds, messages, observations, duplicates, refused, "
            "replayed, retries, batches, in_flight, message_p99_ms, broker_queue_bytes, broker_queue_limit, "
            "broker_dropped) "
            "VALUES ('ingest-0', 10, 4321, 123456, 0, 5, 0, 0, 40, 0, 47.3, 900000000, 1 << 30, 3)"
        )
        database.execute(
            "INSERT INTO refusals (gateway, topic, reason, at, detail, count, stored, payload) "
            "VALUES ('ha-long-1', 'city/v1/ha-long-1/up/observations', 'schema', '$', 'x', 5, false, '')"
        )
        database.execute(
            "INSERT INTO gateway_status (gateway_id, received_seq) "
            "SELECT id, int8multirange(int8range(1, 10), int8range(10 + id, 5000)) FROM gateways "
            "ORDER BY id LIMIT 7 ON CONFLICT (gateway_id) DO UPDATE SET received_seq = excluded.received_seq"
        )


def test_the_last_values_stay_while_the_database_is_away(
    browser: Browser, console: str, city_url: str, postgres_dsn: str
) -> None:
    name = city_url.rpartition("/")[2]
    with opened(browser, console) as page, psycopg.connect(postgres_dsn, autocommit=True) as server:
        value = page.inner_text(".now-value")
        server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'.encode())
        try:
            server.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
            )
            page.wait_for_selector(".banner:has-text('Cơ sở dữ liệu không trả lời')")
            assert page.inner_text(".now-value") == value
        finally:
            server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'.encode())
        page.wait_for_selector(".banner", state="hidden")


def test_a_phone_shows_all_of_it_without_scrolling_sideways(browser: Browser, console: str) -> None:
    with opened(browser, f"{console}/?layers=indicator", viewport=PHONE, has_touch=True) as page:
        page.wait_for_selector(".chart canvas")
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
        page.tap('[data-area="196"]', force=True)
        page.wait_for_selector(".panel-chart h2:has-text('Uông Bí')")


def test_a_key_opens_a_console_that_is_not_public(
    browser: Browser, locked_console: str, city_url: str
) -> None:
    key = in_thread(make_key(city_url, "operator"))
    with opened(browser, locked_console, ready=".gate-form") as page:
        assert page.locator(".panel").count() == 0
        page.fill("input[name=key]", key[:-1] + "?")
        page.click(".gate-send")
        page.wait_for_selector(".gate-refused")
        page.fill("input[name=key]", key)
        page.click(".gate-send")
        page.wait_for_selector(".map-field")
        assert key not in page.evaluate("document.cookie")
        assert page.inner_text(".viewer-name") == "console"
        page.click(".viewer button")
        page.wait_for_selector(".gate-form")
        assert page.context.cookies() == []


def test_a_key_of_another_role_is_told_which_roles_open_the_console(
    browser: Browser, locked_console: str, city_url: str
) -> None:
    key = in_thread(make_key(city_url, "public"))
    with opened(browser, f"{locked_console}/?lang=en", ready=".gate-form") as page:
        page.fill("input[name=key]", key)
        page.click(".gate-send")
        told = page.inner_text(".gate-refused")
        assert "has the role public" in told
        assert "planner, operator, installer, admin" in told
        assert page.locator(".panel").count() == 0
        assert page.context.cookies() == []


def test_a_key_of_a_district_shows_that_district_alone(
    browser: Browser, locked_console: str, city_url: str
) -> None:
    async def make() -> tuple[str, set[str]]:
        async with await connect(city_url) as conn:
            rows = await conn.execute(
                """SELECT g.code FROM gateways g JOIN gateway_areas ga ON ga.gateway_id = g.id
                   JOIN areas a ON a.id = ga.area_id WHERE a.code = '196'"""
            )
            own = {code for (code,) in await rows.fetchall()}
            return (await keys.create(conn, "duty desk", "operator", areas=["196"]))[0], own

    key, own = in_thread(make())
    with opened(browser, locked_console, ready=".gate-form") as page:
        page.fill("input[name=key]", key)
        page.click(".gate-send")
        page.wait_for_selector(".map-field")
        assert page.eval_on_selector_all(
            "[data-area]", "found => [...new Set(found.map(f => f.dataset.area))]"
        ) == ["196"]
        assert "Uông Bí" in page.inner_text(".bar .reach")
        lines = page.inner_text("main").splitlines()
        to_work(page)
        rows = page.locator(".panel-gateways tbody tr")
        assert rows.count() == len(own)
        assert all(any(code in rows.nth(i).inner_text() for code in own) for i in range(len(own)))
        lines += page.inner_text("main").splitlines()
        foreign = ("Hạ Long", "Móng Cái", "ha-long", "mong-cai")
        assert [line for line in lines if any(name in line for name in foreign)] == []


def test_a_key_of_a_ward_shows_its_gateways_and_what_its_district_has(
    browser: Browser, locked_console: str, city_url: str
) -> None:
    async def make() -> tuple[str, set[str]]:
        async with await connect(city_url) as conn:
            rows = await conn.execute(
                """SELECT g.code FROM gateways g JOIN gateway_areas ga ON ga.gateway_id = g.id
                   JOIN areas a ON a.id = ga.area_id WHERE a.code = %s""",
                [WARD],
            )
            own = {code for (code,) in await rows.fetchall()}
            return (await keys.create(conn, "ward desk", "operator", areas=[WARD]))[0], own

    key, own = in_thread(make())
    assert own
    with opened(browser, locked_console, ready=".gate-form") as page:
        page.fill("input[name=key]", key)
        page.click(".gate-send")
        page.wait_for_selector(".map-field")
        shown = page.eval_on_selector_all(
            "[data-area]", "found => [...new Set(found.map(f => f.dataset.area))]"
        )
        assert shown == ["194"]
        assert page.inner_text(".bar .reach") == "Phạm vi: Phường Móng Cái 2"
        assert page.inner_text(".stands-for").endswith("dùng thay cho Phường Móng Cái 2")
        assert "thay cho Phường Móng Cái 2" in page.inner_text(".panel-areas")
        table = ".panel-areas .table-box"
        assert page.eval_on_selector(table, "box => box.scrollWidth <= box.clientWidth")
        assert re.fullmatch(r"\d+", page.inner_text(".now-value"))
        to_work(page)
        gateways = page.locator(".panel-gateways tbody tr").all_inner_texts()
        assert len(gateways) == len(own)
        assert all(any(code in row for code in own) for row in gateways)
        assert page.locator(".panel-refusals").count() == 1
        page.click(".viewer button")
        page.wait_for_selector(".gate-form")


def test_an_installer_shows_a_gateways_qr_code_and_it_enrols(
    browser: Browser, locked_console: str, city_url: str
) -> None:
    async def make() -> tuple[str, str, str]:
        async with await connect(city_url) as conn:
            rows = await conn.execute(
                """SELECT max(g.code) FILTER (WHERE a.code = '196'), max(g.code) FILTER (WHERE a.code = '193')
                   FROM gateways g JOIN gateway_areas ga ON ga.gateway_id = g.id
                   JOIN areas a ON a.id = ga.area_id"""
            )
            ((own, foreign),) = await rows.fetchall()
            return (await keys.create(conn, "Lan", "installer", areas=["196"]))[0], own, foreign

    key, own, foreign = in_thread(make())
    with opened(browser, locked_console, ready=".gate-form") as page:
        page.fill("input[name=key]", key)
        page.click(".gate-send")
        page.click(".foot-link[href=enrol]")
        page.fill("#gateway", foreign)
        page.click(".gate-send")
        page.wait_for_selector(f".enrol-said:has-text('{foreign}')")
        assert not page.is_visible(".enrol-code")
        offered = page.eval_on_selector_all("#gateways option", "all => all.map(each => each.value)")
        assert own in offered
        assert foreign not in offered
        page.fill("#gateway", own)
        page.click(".gate-send")
        page.wait_for_selector(".enrol-code", state="visible")
        assert page.eval_on_selector(".enrol-code", "image => image.decode().then(() => image.naturalWidth)")
        address, _, token = str(page.get_attribute(".enrol-code", "alt")).partition("#")
        assert page.inner_text(".enrol-token") == token
        ends = datetime.now(ZoneInfo("Asia/Ho_Chi_Minh")) + timedelta(hours=24)
        assert f"{ends:%Y-%m-%d %H}" in page.inner_text(".enrol-said")
    answer = httpx.post(address, json={"token": token})
    assert (answer.status_code, answer.json()["user_name"]) == (201, own)


def test_where_anyone_may_look_the_gate_says_what_a_key_adds_and_leads_back(
    browser: Browser, console: str
) -> None:
    with opened(browser, f"{console}/?gate&lang=en", ready=".gate-form") as page:
        told = page.inner_text(".gate-form")
        assert "Anyone may look. A key lets you act" in told
        assert "not public" not in told
        page.click(".gate-back")
        page.wait_for_selector(".map-field")


def test_who_gave_no_key_is_asked_for_one(browser: Browser, console: str) -> None:
    with opened(browser, f"{console}/enrol", ready=".gate-form") as page:
        assert page.locator("input[name=key]").count() == 1


def test_an_operator_makes_no_qr_codes(browser: Browser, locked_console: str, city_url: str) -> None:
    async def make() -> str:
        async with await connect(city_url) as conn:
            return (await keys.create(conn, "duty desk", "operator"))[0]

    with opened(browser, locked_console, ready=".gate-form") as page:
        page.fill("input[name=key]", in_thread(make()))
        page.click(".gate-send")
        page.wait_for_selector(".map-field")
        assert page.locator(".foot-link[href=enrol]").count() == 0
        page.goto(f"{page.url.partition('?')[0]}enrol")
        page.wait_for_selector("text=installer")
        assert page.locator("#gateway").count() == 0


async def make_key(url: str, role: str, areas: list[str] | None = None) -> str:
    async with await connect(url) as conn:
        return (await keys.create(conn, "console", role, areas=areas))[0]


def give_key(page: Page, key: str, ready: str = ".map-field") -> None:
    """Open a console with a key, and wait for a selector."""
    page.fill("input[name=key]", key)
    page.click(".gate-send")
    page.wait_for_selector(ready)
