"""The planner's corner in a real browser: choice, figures beside the API's, explanations, and files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import httpx
import psycopg
import pytest

from tests.browser.conftest import EMPTY_AREA
from tests.browser.test_console import DESK, PHONE, WARD, opened
from tests.browser.test_console_side import broken_lines_allowed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

PLANNER = "/?view=planner&indicators=vn_aqi_h,laeq_1h&areas=193,195&lang=en"
READY = ".plan-number"
both_sizes = pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
#: of each number on the page: indicator, area, time, and how it is written
NUMBERS = """numbers => numbers.map(each => [
  each.closest('[data-indicator]').dataset.indicator, each.dataset.area, each.dataset.time,
  each.firstChild.textContent])"""
CHARTED = "path => (path.getAttribute('d').match(/[ML]/g) || []).length"


@pytest.fixture
def day_before(city_url: str) -> Iterator[str]:
    """The day that has a mean of PM2.5, after the day before it got one, ten more."""
    names = "indicator, area_id, revision, version, category, reason, completeness, details, computed_at"
    with psycopg.connect(city_url, autocommit=True) as database:
        day = database.execute(
            f"INSERT INTO indicator_values ({names}, time, value) "
            f"SELECT {names}, time - interval '1 day', value + 10 FROM indicator_values v "
            "WHERE indicator = 'pm2_5_d' AND superseded_at IS NULL AND value IS NOT NULL "
            "RETURNING (time AT TIME ZONE 'Asia/Ho_Chi_Minh')::date + 1".encode()
        ).fetchone()
        assert day
        yield str(day[0])
        database.execute(
            "DELETE FROM indicator_values WHERE indicator = 'pm2_5_d' AND time < %s::date - interval '1 day'",
            [day[0]],
        )


def of_api(console: str, **query: Any) -> dict[str, Any]:
    answer = httpx.get(f"{console}/v1/indicators/values", params={"limit": 10_000} | query)
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


def written(value: float | None, decimals: int = 0) -> str:
    """Return a number as the page has it in English, with so many decimals or more."""
    if value is None:
        return "insufficient data"
    whole, _, rest = f"{value:,.6f}".rstrip("0").partition(".")
    return f"{whole}.{rest.ljust(decimals, '0')}".rstrip(".")


def most_decimals(values: list[float | None]) -> int:
    """Return how many decimals the longest of some numbers has."""
    return max(len(written(value).partition(".")[2]) for value in values if value is not None)


@both_sizes
def test_every_number_is_the_apis(browser: Browser, console: str, viewport: dict[str, int]) -> None:
    with opened(browser, console + PLANNER, ready=READY, viewport=viewport) as page:
        shown = {tuple(each[:3]): each[3] for each in page.eval_on_selector_all(READY, NUMBERS)}
        told = of_api(console, indicator="vn_aqi_h,laeq_1h", area="193,195", period="P7D", shape="compact")
        digits = {
            code: most_decimals([row[3] for row in told["rows"] if row[0] == code])
            for code in ("vn_aqi_h", "laeq_1h")
        }
        rows = {
            (code, area, time): written(value, digits[code]) for code, area, time, value, *_ in told["rows"]
        }
        assert len(shown) >= 16
        assert shown == rows
        lines = [(code, area) for code in ("vn_aqi_h", "laeq_1h") for area in ("193", "195")]
        drawn = page.eval_on_selector_all(".plan-line", f"paths => paths.map({CHARTED})")
        assert drawn == [sum(key[:2] == line for key in rows) for line in lines]
        assert page.evaluate("document.documentElement.scrollWidth") == viewport["width"]


def test_the_same_period_before_stands_beside_and_is_drawn_dashed(
    browser: Browser, console: str, day_before: str
) -> None:
    period = {"from": day_before, "to": day_before, "with": "previous"}
    address = f"{console}/?view=planner&indicators=pm2_5_d&areas=193&lang=en&{urlencode(period)}"
    with opened(browser, address, ready=READY) as page:
        told = httpx.get(
            f"{console}/v1/indicators/pm2_5_d/comparison", params={"area": "193"} | period
        ).json()["items"][0]
        assert told["difference"] == pytest.approx(-10)
        cells = page.locator(".plan-summary tbody td").all_inner_texts()
        assert cells[1] == written(told["current"]["value"])
        assert cells[2] == written(told["previous"]["value"])
        assert cells[3].startswith(f"−{written(-told['difference'])}")
        steps = [page.eval_on_selector(path, CHARTED) for path in (".plan-line", ".plan-before")]
        assert steps == [1, 1] == [told[each]["steps"] for each in ("current", "previous")]
        assert page.locator(".plan-dot, .plan-dot-before").count() == 2
        assert "dashed: compared period" in page.inner_text(".plan-legend")
        page.select_option("select[name=with]", "none")
        page.wait_for_url("**with=none**")
        page.wait_for_selector(".plan-before[d='']", state="attached")
        assert page.locator(".plan-summary thead th").count() == 3
        assert "dashed" not in page.inner_text(".plan-legend")


@both_sizes
def test_a_number_is_explained_with_its_source_and_clause(
    browser: Browser, console: str, viewport: dict[str, int]
) -> None:
    with opened(browser, console + PLANNER, ready=READY, viewport=viewport) as page:
        number = page.locator(READY).first
        area, time = number.get_attribute("data-area"), number.get_attribute("data-time")
        number.click()
        page.wait_for_selector(".plan-why-same")
        told = httpx.get(
            f"{console}/v1/indicators/vn_aqi_h/explain", params={"area": area or "", "time": time or ""}
        ).json()
        shown = page.inner_text(".plan-why")
        assert f"Why {written(told['stored']['value'])}? Ha Long City" in shown
        for each in (told["rule"]["document"], told["rule"]["clause"], told["cite_as"]):
            assert each in shown
        assert f"How far it could be checked\n{told['rule']['trust']}" in shown
        assert "Pollutant that decides it\nPM2.5 mass concentration" in shown
        for station in told["stations"]:
            assert f"{station['code']}\t{written(station['value'])}" in shown
        assert "Computed again from the observations it is the same." in shown
        page.keyboard.press("Escape")
        page.wait_for_selector(".plan-why", state="detached")
        assert page.evaluate("document.activeElement.dataset.time") == time


def test_what_a_missing_value_lacked_is_counted(browser: Browser, console: str) -> None:
    address = f"{console}/?view=planner&indicators=vn_aqi_h&areas={EMPTY_AREA}&lang=en"
    with opened(browser, address, ready=READY) as page:
        assert "insufficient data" in page.inner_text(READY)
        page.locator(READY).first.click()
        page.wait_for_selector(".plan-why-lacking")
        shown = page.inner_text(".plan-why")
        assert "What was missing" in shown
        assert re.search(r"PM2\.5 mass concentration: 0 of 144 observations from \d\d:00 \d\d/", shown)
        assert ": no value: insufficient data, completeness" in shown
        assert "insufficient_data" not in shown


def test_the_vietnamese_explanation_is_vietnamese(browser: Browser, console: str) -> None:
    address = f"{console}/?view=planner&indicators=pm2_5_d&areas=193&lang=vi"
    with opened(browser, address, ready=READY) as page:
        page.locator(f"{READY}:not(:has-text('không đủ dữ liệu'))").first.click()
        page.wait_for_selector(".plan-why-cite")
        assert "Mức kiểm chứng\nđịnh nghĩa riêng của halong" in page.inner_text(".plan-why")
        cited = page.inner_text(".plan-why-cite")
        assert re.search(r"\(\+07:00\): \d+(,\d+)? µg/m³, mức đủ dữ liệu \d+(,\d+)? %, bản \d", cited)


def test_what_has_no_value_of_a_period_says_what_to_do(browser: Browser, console: str) -> None:
    """The city's catalogue has no longer indicator of the sound level: then it is to be read step by step."""
    address = f"{console}/?view=planner&indicators=laeq_1h&areas=193&lang=en"
    with opened(browser, address, ready=".plan-instead") as page:
        assert page.inner_text(".plan-instead").endswith("read the single steps.")


def test_what_is_chosen_stands_in_the_address_and_back_leads_to_what_was(
    browser: Browser, console: str
) -> None:
    with opened(browser, f"{console}/?view=planner&lang=en", ready=READY) as page:
        assert page.locator(".plan-result").get_attribute("data-indicator") == "vn_aqi_h"
        page.fill("input[name=search-areas]", "cam pha")
        page.get_by_label("Cam Pha City").check()
        page.wait_for_url("**areas=*195**")
        page.wait_for_selector(f"{READY}[data-area='195']")
        page.fill("input[name=search-indicators]", "nothing like it")
        assert page.inner_text(".pick-none") == "Nothing matches “nothing like it”"
        page.click(".plan-quick >> text=This month")
        page.wait_for_url("**period=this_month**")
        assert page.input_value("input[name=from]").endswith("-01")
        page.go_back()
        page.wait_for_selector(".plan-quick [aria-pressed=true]:has-text('Last 7 days')")
        page.click(".pick-areas .tool")
        page.wait_for_selector("text=Choose at least one indicator and one area.")
        assert page.locator(".plan-result, .plan-file").count() == 0
        page.reload()
        page.wait_for_selector("text=Choose at least one indicator and one area.")


def test_a_ward_is_answered_by_its_district_and_says_so(browser: Browser, console: str) -> None:
    with opened(browser, f"{console}/?view=planner&areas={WARD}&lang=en", ready=READY) as page:
        assert (
            page.inner_text(".plan-result .plan-note") == "Values of Mong Cai City stand for Mong Cai 2 Ward."
        )
        assert page.locator(f"{READY}[data-area='194']").count() == page.locator(READY).count()


def test_the_files_have_what_is_shown(browser: Browser, console: str) -> None:
    with opened(browser, console + PLANNER.replace("lang=en", "lang=vi"), ready=READY) as page:
        numbers = page.locator(READY).count()
        links = page.eval_on_selector_all(
            ".plan-file", "links => links.map(link => [link.innerText, link.href])"
        )
    files = {name: httpx.get(href).raise_for_status() for name, href in links}
    csv = files["CSV"].text.splitlines()
    assert csv[0].startswith("\ufeffChỉ số;Mã khu vực;")
    assert any(re.search(r";\d+,\d+;", line) for line in csv)
    assert len(csv) == numbers + 1
    assert files["XLSX"].content.startswith(b"PK")
    assert files["PARQUET"].content[:4] == files["PARQUET"].content[-4:] == b"PAR1"
    assert len(files["JSON"].json()["items"]) == numbers


def test_the_link_to_cite_keeps_period_and_figures(browser: Browser, console: str, city_url: str) -> None:
    permissions = ["clipboard-read", "clipboard-write"]
    with opened(browser, console + PLANNER, ready=READY, permissions=permissions) as page:
        before = page.eval_on_selector_all(READY, NUMBERS)
        page.click(".plan-head .tool")
        page.wait_for_selector("text=Copied")
        link = page.evaluate("navigator.clipboard.readText()")
        with psycopg.connect(city_url, autocommit=True) as database:
            database.execute(
                "UPDATE indicator_values SET computed_at = now() + interval '1 hour' "
                "WHERE indicator = 'laeq_1h' AND area_id = (SELECT id FROM areas WHERE code = '195')"
            )
        page.goto(link)
        page.wait_for_selector(READY)
        known = page.eval_on_selector_all(READY, NUMBERS)
        assert [each for each in before if each[:2] != ["laeq_1h", "195"]] == known
        assert "Figures as known at" in page.inner_text(".plan-as-of")
        page.click(".plan-as-of .tool")
        page.wait_for_selector(f"{READY}[data-area='195']")
        page.wait_for_function("n => document.querySelectorAll('.plan-number').length === n", arg=len(before))


@both_sizes
def test_without_values_it_says_what_to_do(browser: Browser, console: str, viewport: dict[str, int]) -> None:
    address = f"{console}/?view=planner&indicators=vn_aqi_h,nope&areas=193,x<b>&period=last_year&lang=en"
    with opened(browser, address, ready=".plan-empty", viewport=viewport) as page:
        assert "There is no value in this period." in page.inner_text(".plan-empty")
        assert "There is no nope, x<b>: left out." in page.inner_text(".plan-head")
        assert page.evaluate("document.documentElement.scrollWidth") == viewport["width"]


def test_a_refusal_is_told_in_the_apis_words_and_a_lost_server_can_be_tried_again(
    browser: Browser, console: str
) -> None:
    with broken_lines_allowed(browser, f"{console}/?view=planner&as_of=yesterday&lang=en") as page:
        page.wait_for_selector("text=It could not be read: as_of")
        page.route("**/v1/**", lambda route: route.abort())
        page.click(".plan-quick >> text=This week")
        page.wait_for_selector("text=It could not be read: the server does not answer")
        page.unroute("**/v1/**")
        page.click("text=Try again")
        page.wait_for_selector(READY)


def test_more_than_can_be_drawn_is_said(browser: Browser, console: str) -> None:
    """The page asks for pages of 10,000: with pages of two it meets its end after eight."""
    with opened(browser, f"{console}/?view=planner&areas=193,194,195&lang=en", ready=READY) as page:
        assert page.locator(".plan-more").count() == 0
        page.route("**/values?*", lambda route: route.continue_(url=small_pages(route.request.url)))
        page.click(".plan-quick >> text=This month")
        page.wait_for_selector("text=Chart and table end after the first 8 values; the files have all.")


def small_pages(url: str) -> str:
    return url.replace("limit=10000", "limit=2")


def test_before_the_answer_it_says_that_it_reads(browser: Browser, console: str) -> None:
    with opened(browser, f"{console}/?view=planner&lang=en", ready=READY) as page:
        held: list[Any] = []
        page.route("**/comparison?*", lambda route: held.append(route))  # noqa: PLW0108 - it counts parameters
        page.click(".plan-quick >> text=This month")
        page.wait_for_selector(".plan-results[aria-busy=true] >> text=Reading…")
        let_go(page, held)
        page.wait_for_selector(".plan-results[aria-busy=false]")


def let_go(page: Page, held: list[Any]) -> None:
    while not held:
        page.wait_for_timeout(20)
    for route in held:
        route.continue_()
