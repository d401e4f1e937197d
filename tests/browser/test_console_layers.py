"""The layers of the map in a real browser: switches, points, levels, alerts, and the list of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import httpx
import psycopg
import pytest

from tests.browser.conftest import in_thread
from tests.browser.many_things import add_things
from tests.browser.test_console import DESK, PHONE, give_key, make_key, opened
from tests.browser.test_console_frame import silence
from tests.browser.test_console_wall import away, declare

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

both_sizes = pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
MANY = 5000
DRAWN = ".map-canvas[data-drawn]"
TIP = ".map-overlay .map-tip"
AMBER, DARK_GREEN = [240, 160, 0], [12, 92, 49]
#: where on the screen the middle of the first spot of a colour is: it is looked for in rows
FIND = """colour => {
  const canvas = document.querySelector('.map-canvas'), box = canvas.getBoundingClientRect();
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const is = at => colour.every((part, n) => data[at + n] === part) && data[at + 3] === 255;
  for (let at = 0; at < data.length; at += 4) {
    if (!is(at)) continue;
    const [x, y] = [(at / 4) % canvas.width, Math.floor(at / 4 / canvas.width)];
    return [box.left + x + 0.5, box.top + y + 1];
  }
  return null;
}"""
#: the names of the areas that lie below a place on the screen
BELOW = """([x, y]) => document.elementsFromPoint(x, y).filter(e => e.dataset.area).map(e => e.ariaLabel)"""


def drawn(page: Page) -> int:
    return int(page.get_attribute(".map-canvas", "data-drawn") or -1)


def is_drawn(page: Page, n: int) -> None:
    page.wait_for_function("n => document.querySelector('.map-canvas')?.dataset.drawn === String(n)", arg=n)


def counted(url: str) -> dict[str, int]:
    with psycopg.connect(url) as database:
        row = database.execute(
            "SELECT (SELECT count(*) FROM things), (SELECT count(*) FROM gateways), (SELECT count(*) "
            "FROM datastreams d JOIN observed_properties p ON p.id = d.observed_property_id "
            "WHERE p.code IN ('river_level', 'sea_level'))"
        ).fetchone()
    assert row
    return dict(zip(("things", "gateways", "water"), row, strict=True))


def switch(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def find(page: Page, colour: list[int]) -> tuple[float, float]:
    found = page.evaluate(FIND, colour)
    assert found, f"nothing is drawn in {colour}"
    return found[0], found[1]


@pytest.mark.usefixtures("alerts")
@both_sizes
def test_layers_are_switched_kept_in_the_address_and_led_back(
    browser: Browser, console: str, city_url: str, viewport: dict[str, int]
) -> None:
    n = counted(city_url)
    with opened(browser, f"{console}/?lang=en", ready=DRAWN, viewport=viewport) as page:
        is_drawn(page, sum(n.values()) + 3)
        switch(page, "Devices")
        page.wait_for_url("**layers=indicator%2Cgateways%2Cwater%2Calerts**")
        is_drawn(page, n["gateways"] + n["water"] + 3)
        switch(page, "Alerts")
        switch(page, "Water levels")
        is_drawn(page, n["gateways"])
        assert page.locator(".legend-unit").all_inner_texts()[-1] == "Gateways"
        page.go_back()
        is_drawn(page, n["gateways"] + n["water"])
        address = page.url
        page.reload()
        is_drawn(page, n["gateways"] + n["water"])
        assert page.url == address
        switch(page, "Indicator")
        page.wait_for_selector(".map-foot .legend", state="hidden")
        assert "none" not in (page.get_attribute('[data-area="193"]', "style") or "")
        assert page.evaluate("document.documentElement.scrollWidth") == viewport["width"]


def test_an_address_without_layers_shows_the_areas_alone_and_unknown_ones_are_named(
    browser: Browser, console: str
) -> None:
    with opened(browser, f"{console}/?layers=&lang=en", ready=DRAWN) as page:
        is_drawn(page, 0)
        assert page.get_attribute(".map-canvas", "aria-label") == "No points on the map"
        assert page.locator(".layers-list").count() == 0
    with opened(browser, f"{console}/?layers=gateways,<b>x&lang=en", ready=DRAWN) as page:
        assert "There is no layer <b>x: left out." in page.inner_text(".panel-map")


def test_pointing_names_a_thing_where_it_stands_and_a_click_opens_it(browser: Browser, console: str) -> None:
    with opened(browser, f"{console}/?layers=things&lang=en", ready=DRAWN) as page:
        page.wait_for_function("() => Number(document.querySelector('.map-canvas').dataset.drawn) > 100")
        chosen = page.get_attribute(".map-field[aria-pressed=true]", "data-area")
        x, y = find(page, DARK_GREEN)
        page.mouse.move(x, y)
        page.wait_for_selector(TIP)
        name, state, _, area = page.locator(f"{TIP} :is(b, span)").all_inner_texts()
        assert state == "fresh"
        assert [each for each in page.evaluate(BELOW, [x, y]) if each.startswith(area)]
        page.mouse.click(x, y)
        page.wait_for_selector(f".side h2:has-text('{name}')")
        assert "thing=" in page.url
        page.keyboard.press("Escape")
        page.wait_for_selector(".side", state="hidden")
        assert page.get_attribute(".map-field[aria-pressed=true]", "data-area") == chosen


@both_sizes
def test_things_are_fresh_late_silent_or_flagged(
    browser: Browser, console: str, city_url: str, viewport: dict[str, int]
) -> None:
    codes = ["ha-long-air-1", "mong-cai-air-1"]
    with psycopg.connect(city_url, autocommit=True) as database:
        streams = database.execute(
            "SELECT t.code, d.id FROM datastreams d JOIN things t ON t.id = d.thing_id "
            "WHERE t.code = ANY(%s)",
            [codes],
        ).fetchall()
        for code, stream in streams:
            late = code == codes[1] and stream == max(each for name, each in streams if name == code)
            database.execute("DELETE FROM observations WHERE datastream_id = %s", [stream])
            database.execute(
                "INSERT INTO observations VALUES (now() - %s * interval '1 hour', %s, 7)", [9 * late, stream]
            )
        flagged = next(stream for code, stream in streams if code == codes[0])
        database.execute("INSERT INTO observation_flags VALUES (now(), %s, 8, true, 'a test')", [flagged])
        database.execute("UPDATE things SET enabled = false WHERE code = 'uong-bi-air-1'")
    with opened(
        browser, f"{console}/?layers=things&lang=en", ready=".layers-list", viewport=viewport
    ) as page:
        page.click(".layers-list summary")
        page.select_option("[name=filter-points]", "things")
        told = {"ha-long-air-1": "fresh, flagged", "mong-cai-air-1": "late", "uong-bi-air-1": "disabled"}
        for code, state in told.items():
            page.fill("[name=find-point]", code)
            row = f"[data-key='thing={code}']"
            page.wait_for_selector(f"{row} td:nth-child(2):text-is('{state}')", timeout=30_000)
        page.fill("[name=find-point]", "no such thing")
        page.wait_for_selector(".layers-list .table-empty:has-text('Nothing matches')")
        assert page.evaluate("document.documentElement.scrollWidth") == viewport["width"]


def test_the_list_opens_what_lies_on_the_map_by_keyboard(browser: Browser, console: str) -> None:
    with opened(browser, f"{console}/?layers=gateways&lang=en", ready=".layers-list") as page:
        page.focus(".layers-list summary")
        page.keyboard.press("Enter")
        page.wait_for_selector("[data-key='gateway=ha-long-1']")
        page.focus("[data-key='gateway=ha-long-1'] button")
        page.keyboard.press("Enter")
        page.wait_for_selector(".side h2:has-text('(ha-long-1)')")


@both_sizes
def test_a_river_shows_its_level_against_its_alert_levels(
    browser: Browser, console: str, city_url: str, viewport: dict[str, int]
) -> None:
    in_thread(declare(city_url, "level_alert"))
    with psycopg.connect(city_url, autocommit=True) as database:
        found = database.execute(
            "SELECT t.id, t.code, t.name, d.id, t.properties FROM things t "
            "JOIN datastreams d ON d.thing_id = t.id "
            "JOIN observed_properties p ON p.id = d.observed_property_id "
            "WHERE p.code = 'river_level' ORDER BY t.code LIMIT 1"
        ).fetchone()
        assert found
        thing, code, name, stream, properties = found
        level = properties["alert_levels"]["levels"][1] + 0.14
        database.execute("INSERT INTO observations VALUES (now(), %s, %s)", [stream, level])
        database.execute(
            "INSERT INTO site_values (indicator, thing_id, time, value, completeness, details, version) "
            "VALUES ('level_alert', %s, now() - interval '10 min', 2, 1, %s, 1)",
            [thing, json.dumps({"state": 2, "above_m": 0.14, "to_next_m": 0.86})],
        )
    with opened(browser, f"{console}/?layers=water&lang=vi", ready=".layers-list", viewport=viewport) as page:
        page.wait_for_selector(".layers-legend li:has-text('báo động II')", timeout=30_000)
        assert "báo động II" in str(page.get_attribute(".map-canvas", "aria-label"))
        page.click(".layers-list summary")
        row = page.locator(f"[data-key='thing={code}']")
        assert name in row.inner_text()
        assert "trên báo động II 0,14\u202fm" in row.inner_text()
        assert "chưa khai mức báo động" in page.inner_text(".layers-legend")


@pytest.mark.usefixtures("alerts")
def test_alerts_lie_on_their_areas_and_open(browser: Browser, console: str) -> None:
    with opened(browser, f"{console}/?layers=alerts&lang=en", ready=DRAWN) as page:
        is_drawn(page, 3)
        assert page.locator(".layers-legend li").all_inner_texts() == ["Alerts", "warning 2", "information 1"]
        found = find(page, AMBER)
        page.mouse.move(*found)
        page.wait_for_selector(f"{TIP}:has-text('Air quality bad or worse')")
        page.mouse.click(*found)
        page.wait_for_selector(".side h2:has-text('Air quality bad or worse')")


@pytest.mark.usefixtures("alerts")
def test_silenced_alerts_are_counted_apart_as_the_headline_counts_them(
    browser: Browser, console: str, city_url: str
) -> None:
    silence(city_url, "air_missing")
    with opened(browser, f"{console}/?layers=alerts&lang=en", ready=DRAWN) as page:
        is_drawn(page, 3)
        page.wait_for_selector(".layers-legend li:has-text('silenced 1')")  # after the reading before it
        counted = page.locator(".layers-legend li").all_inner_texts()
        assert counted == ["Alerts", "warning 2", "silenced 1"]
        page.wait_for_selector(".headline:has-text('2 alerts'):has-text('1 silenced')")


def test_points_are_hidden_while_the_map_shows_the_past(browser: Browser, console: str) -> None:
    with opened(browser, f"{console}/?lang=en", ready=DRAWN) as page:
        page.wait_for_function("() => Number(document.querySelector('.map-canvas').dataset.drawn) > 100")
        page.focus(".past-range")
        page.keyboard.press("ArrowLeft")
        page.wait_for_selector(".layers-said:has-text('hidden while the map shows the past')")
        is_drawn(page, 0)
        page.click(".past-live")
        page.wait_for_function("() => Number(document.querySelector('.map-canvas').dataset.drawn) > 100")


def test_points_stay_and_it_is_said_while_the_database_is_away(
    browser: Browser, console: str, city_url: str, postgres_dsn: str
) -> None:
    n = counted(city_url)["gateways"]
    with opened(browser, f"{console}/?layers=gateways&lang=en", ready=DRAWN) as page:
        is_drawn(page, n)
        with away(city_url, postgres_dsn):
            page.wait_for_selector(".layers-said:has-text('could not be read')", timeout=30_000)
            assert drawn(page) == n > 0
        page.wait_for_selector(".layers-said:has-text('could not be read')", state="hidden", timeout=30_000)


def test_a_key_of_a_district_has_the_points_of_that_district_alone(
    browser: Browser, locked_console: str, city_url: str
) -> None:
    ask = "fetch('console/points/things').then(async a => [a.status, a.ok ? await a.json() : null])"
    with opened(browser, locked_console, ready=".gate-form") as page:
        give_key(page, in_thread(make_key(city_url, "operator", ["196"])), DRAWN)
        status, answer = page.evaluate(ask)
        assert status == 200
        assert {point[3] for point in answer["points"]} == {"196"}


@both_sizes
def test_a_district_is_looked_at_closely_with_what_lies_on_it(
    browser: Browser, console: str, viewport: dict[str, int]
) -> None:
    wide = "document.querySelector('[data-area=\"196\"]').getBoundingClientRect().width"
    with opened(
        browser, f"{console}/?area=196&layers=things&lang=en", ready=DRAWN, viewport=viewport
    ) as page:
        before = page.evaluate(wide)
        switch(page, "Zoom to Uong Bi")
        page.wait_for_url("**zoom=area**")
        page.wait_for_selector(".map-box.near")
        assert page.evaluate(wide) > 3 * before
        page.mouse.move(*find(page, DARK_GREEN))
        page.wait_for_selector(TIP)
        assert page.evaluate("document.documentElement.scrollWidth") == viewport["width"]
        page.click('.panel-areas tr[data-key="193"] button')
        page.wait_for_selector("text=Zoom to", state="hidden")
        page.wait_for_selector('[data-area="193"][aria-pressed="true"]')
        switch(page, "Whole map")
        page.wait_for_selector(".map-box:not(.near)")
        page.go_back()
        page.wait_for_selector(".map-box.near")


def test_who_may_see_indicators_alone_has_no_points(
    browser: Browser, locked_console: str, city_url: str
) -> None:
    with opened(browser, f"{locked_console}/?lang=en", ready=".gate-form") as page:
        give_key(page, in_thread(make_key(city_url, "planner")), DRAWN)
        assert page.locator(".layers-switch").all_inner_texts() == ["Indicator"]
        assert page.locator(".layers-list").count() == 0
        is_drawn(page, 0)
        cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    address, own = f"{locked_console}/console/points/things", {"Sec-Fetch-Site": "same-origin"}
    assert httpx.get(address, headers=own, cookies=cookies).status_code == 403


def test_five_thousand_things_are_drawn_on_one_canvas_and_their_names_are_sent_once(
    browser: Browser, console: str, city_url: str
) -> None:
    add_things(city_url, MANY)
    n = counted(city_url)["things"]
    asked: list[str] = []
    with opened(browser, f"{console}/?layers=things&lang=en", ready=DRAWN) as page:
        is_drawn(page, n)
        page.on("request", lambda request: asked.append(request.url))
        nodes = page.evaluate("document.querySelectorAll('.panel-map *').length")
        assert nodes < 300
        page.mouse.move(*find(page, DARK_GREEN))
        page.wait_for_selector(TIP)
        before = page.inner_text(".layers-legend")
        with psycopg.connect(city_url, autocommit=True) as database:
            database.execute(
                "INSERT INTO observations (time, datastream_id, value) SELECT now(), d.id, 21 "
                "FROM datastreams d JOIN things t ON t.id = d.thing_id WHERE t.code LIKE 'many-%'"
            )
        page.wait_for_function(
            "before => document.querySelector('.layers-legend').innerText !== before",
            arg=before,
            timeout=40_000,
        )
        assert not [each for each in asked if "console/points" in each]
    assert asked_twice(console) == (200, 304)


def asked_twice(console: str) -> tuple[int, int]:
    """Statuses of a first and a second asking for the things of a public console."""
    address, own = f"{console}/console/points/things", {"Sec-Fetch-Site": "same-origin"}
    first = httpx.get(address, headers=own)
    second = httpx.get(address, headers=own | {"If-None-Match": first.headers["ETag"]})
    return first.status_code, second.status_code


def test_all_gateways_lie_on_the_map_and_a_list_that_has_not_all_says_so(
    browser: Browser, console: str, city_url: str
) -> None:
    with psycopg.connect(city_url, autocommit=True) as database:
        database.execute(
            "INSERT INTO gateways (code, name, latitude, longitude) "
            "SELECT 'many-' || k, 'Trạm thu phát ' || k, 21 + k * 0.0004, 107 + k * 0.0004 "
            "FROM generate_series(1, 1100) k"
        )
    n = counted(city_url)["gateways"]
    with opened(browser, f"{console}/?layers=gateways&lang=en", ready=DRAWN) as page:
        is_drawn(page, n)
        page.click(".view-link:has-text('Work')")
        page.wait_for_selector(f".left-out:has-text('1,000 of {n:,} gateways')")
