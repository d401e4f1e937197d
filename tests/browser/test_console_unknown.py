"""The queue of unknown devices in a real browser: who accepts, who only looks."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import psycopg
import pytest

from devices import unknown_seen
from storage.pool import connect
from tests.browser.conftest import in_thread
from tests.browser.test_console import DESK, PHONE, make_key, opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_an_installer_accepts_an_unknown_device_and_ignores_another(
    browser: Browser, locked_console: str, city_url: str, viewport: dict[str, int]
) -> None:
    size = f"{viewport['width']}-{secrets.token_hex(2)}"
    in_thread(_name_unknown(city_url, f"aq-{size}", f"bench-{size}"))
    key = in_thread(make_key(city_url, "installer"))
    with opened(browser, locked_console, ready=".gate-form", viewport=viewport) as page:
        page.fill("input[name=key]", key)
        page.click(".gate-send")
        page.click(".view-link:has-text('Công việc')")
        row = page.locator(".panel-unknown tbody tr").filter(has_text=f"aq-{size}")
        assert "14 lần từ" in row.inner_text()
        assert "air_station: pm2_5 (µg/m³), mỗi 60 giây" in row.inner_text()
        assert page.evaluate("document.documentElement.scrollWidth") == viewport["width"]
        row.get_by_role("button", name=f"Chấp nhận aq-{size}").click()
        page.wait_for_selector(
            f".panel-told:has-text('aq-{size} đã được chấp nhận: đang lưu lại 14 bản tin.')"
        )
        with psycopg.connect(city_url, autocommit=True) as database:  # as ingest does
            database.execute(
                "UPDATE unknown_things SET replayed = 14, replay_time = NULL, replay_id = NULL "
                "WHERE device = %s",
                [f"aq-{size}"],
            )
        done = f"aq-{size} đã được chấp nhận: 14 bản tin đã qua tiếp nhận lần nữa."
        page.wait_for_selector(f".panel-told:has-text('{done}')")
        bench = page.locator(".panel-unknown tbody tr").filter(has_text=f"bench-{size}")
        assert bench.get_by_role("button").all_inner_texts() == ["Bỏ qua"]
        assert "temp: no observed property has this code" in bench.inner_text()
        bench.get_by_role("button").click()
        page.wait_for_selector(f".panel-told:has-text('bench-{size} được bỏ qua.')")
    with psycopg.connect(city_url) as database:
        told = database.execute(
            "SELECT device, state, decided_by FROM unknown_things WHERE device LIKE %s ORDER BY 1",
            [f"%-{size}"],
        ).fetchall()
        assert told == [(f"aq-{size}", "accepted", "console"), (f"bench-{size}", "ignored", "console")]


def test_who_may_not_register_sees_the_queue_without_buttons(
    browser: Browser, locked_console: str, city_url: str
) -> None:
    in_thread(_name_unknown(city_url, "aq-seen", "bench-seen"))
    with opened(browser, locked_console, ready=".gate-form") as page:
        page.fill("input[name=key]", in_thread(make_key(city_url, "operator")))
        page.click(".gate-send")
        page.click(".view-link:has-text('Công việc')")
        page.wait_for_selector(".panel-unknown tbody tr")
        assert page.locator(".panel-unknown button").count() == 0
        told = page.locator(".panel-unknown .panel-sub").inner_text()
        assert told == "Chấp nhận và bỏ qua cần khoá hoặc tài khoản có vai trò installer, admin."
    with psycopg.connect(city_url, autocommit=True) as database:
        database.execute("DELETE FROM unknown_things")


async def _name_unknown(url: str, good: str, bad: str) -> None:
    """A device that would be an air station, and one that sends what nobody knows."""
    times = [datetime(2026, 11, 22, 8, minute, tzinfo=UTC) for minute in range(14)]
    async with await connect(url) as conn:
        for device, property_ in ((good, "pm2_5"), (bad, "temp")):
            seen = unknown_seen.Seen(property_, None, 14, 30.5, 43.5, times)
            named = unknown_seen.Noted(
                gateway="ha-long-1", device=device, source="native", dev_eui=None, first=times[0],
                last=times[-1], messages=14, properties=(seen,),
            )  # fmt: skip
            await unknown_seen.note(conn, [named])
