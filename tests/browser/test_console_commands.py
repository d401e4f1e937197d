"""Commands in a real browser: they are sent over a real broker, and their answers appear by themselves."""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import AsyncExitStack, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg
import pytest

from devices import commands
from devices.commands import Answer, NewCommand
from storage.pool import connect
from tests.browser.conftest import in_thread
from tests.browser.emptying import empty
from tests.browser.test_console import DESK, PHONE, give_key, make_key, opened
from tests.conftest import make_settings
from tests.integration.test_commands import gateway
from tests.integration.test_ingest import heard, ingesting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

    from tests.conftest import Broker

pytestmark = pytest.mark.browser

GATEWAY, ELSEWHERE = "ha-long-1", "mong-cai-1"
both_sizes = pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])


@pytest.fixture(autouse=True)
def no_commands(city_url: str) -> Iterator[None]:
    yield
    empty(city_url, "commands")


@contextmanager
def answering(url: str, broker: Broker) -> Iterator[Callable[..., None]]:
    """Run ingest and a gateway; yield what answers, in its name, the command that it was told last."""
    loop, stack = asyncio.new_event_loop(), AsyncExitStack()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def done(work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(60)

    broker.add_gateway(GATEWAY, f"secret-{GATEWAY}")
    settings = make_settings(database_url=url, mqtt_url=broker.platform_url)
    told: dict[str, Any] = {}

    async def begin() -> Any:
        await stack.enter_async_context(ingesting(settings))
        return await stack.enter_async_context(gateway(broker, GATEWAY))

    async def answer(client: Any, **words: Any) -> None:
        if not told:
            told.update(await heard(client, "command"))
        said = json.dumps({"id": told["id"], **words})
        await client.publish(f"city/v1/{GATEWAY}/up/response", said, qos=1)

    try:
        client = done(begin())
        yield lambda **words: done(answer(client, **words))
    finally:
        done(stack.aclose())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def queue(url: str, gateway_code: str = GATEWAY, command: str = "reboot", **arguments: Any) -> UUID:
    """Have the database know a command that nobody sends."""

    async def create() -> UUID:
        async with await connect(url) as conn:
            lasting = {"expires_in": timedelta(hours=1), "timeout": timedelta(minutes=1)}
            new = NewCommand(gateway=gateway_code, command=command, by="Minh", arguments=arguments, **lasting)
            return await commands.create(conn, new)

    return UUID(str(in_thread(create())))


def begin(url: str, number: UUID) -> None:
    """Have the gateway say that it has begun."""

    async def acknowledge() -> None:
        async with await connect(url) as conn:
            rows = await conn.execute("SELECT gateway_id FROM commands WHERE id = %s", [number])
            (gateway_id,) = await rows.fetchone() or (0,)
            assert await commands.answer(conn, gateway_id, Answer(number, "acknowledged", "", None))

    in_thread(acknowledge())


def log_in(page: Page, url: str, role: str) -> None:
    give_key(page, in_thread(make_key(url, role)), ".headline")


def send(page: Page) -> None:
    page.click(".side .sheet-act:has-text('Send')")
    page.click(".table-asking:visible >> text=Send it")


@both_sizes
def test_a_command_is_sent_and_its_answer_appears(
    browser: Browser, locked_console: str, city_url: str, broker: Broker, viewport: dict[str, int]
) -> None:
    address = f"{locked_console}/?lang=en"
    with (
        answering(city_url, broker) as answer,
        opened(browser, address, ready=".gate-form", viewport=viewport) as page,
    ):
        log_in(page, city_url, "operator")
        page.goto(f"{locked_console}/?view=work&lang=en&gateway={GATEWAY}")
        page.fill(".side [name=command]", "valve")
        page.fill(".side [name=arguments]", "open=3\nwhy=Đo <b>lại</b>")
        page.select_option(".side [name=expires]", "60")
        page.click(".side .sheet-act:has-text('Send')")
        page.wait_for_selector(".table-asking:visible:has-text('Send valve to ha-long-1? Arguments: open=3')")
        assert page.evaluate("document.activeElement.textContent") == "Change it"
        page.keyboard.press("Escape")
        assert page.input_value(".side [name=command]") == "valve"
        send(page)
        page.wait_for_selector(".side .panel-told:has-text('valve is being sent.')")
        page.wait_for_function("document.querySelector('.side [name=command]').value === ''")
        page.wait_for_selector(".side .sheet-commands td:has-text('sent, no answer yet')")
        assert '{"open":3,"why":"Đo <b>lại</b>"}' in page.inner_text(".side .sheet-commands tbody")
        page.keyboard.press("Escape")
        row = page.locator(".panel-commands tbody tr")
        page.wait_for_selector(".panel-commands td:has-text('sent, no answer yet')")
        answer(state="acknowledged")
        page.wait_for_selector(".panel-commands td:has-text('begun')")
        assert row.get_by_role("button").all_inner_texts() == [GATEWAY]
        answer(state="done", detail="the valve is <i>open</i>", result={"open": 3})
        page.wait_for_selector(".panel-commands .table-empty:has-text('No command is under way')")
        page.get_by_role("button", name="All", exact=True).click()
        page.wait_for_url("**commands=all**")
        page.wait_for_selector(".panel-commands tr:has-text('the valve is <i>open</i>') td:has-text('done')")
        assert "console" in row.inner_text()
        assert page.evaluate("document.documentElement.scrollWidth") == viewport["width"]
        row.get_by_role("button", name=GATEWAY).click()
        page.wait_for_selector(".side .sheet-commands td:has-text('the valve is <i>open</i>')")


@both_sizes
def test_a_command_that_waits_is_cancelled_after_it_was_asked_for(
    browser: Browser, locked_console: str, city_url: str, viewport: dict[str, int]
) -> None:
    number = queue(city_url, delay_s=5)
    with opened(browser, f"{locked_console}/?lang=en", ready=".gate-form", viewport=viewport) as page:
        log_in(page, city_url, "installer")
        page.goto(f"{locked_console}/?view=work&lang=en")
        page.wait_for_selector(".panel-commands td:has-text('waiting')")
        assert '{"delay_s":5}' in page.inner_text(".panel-commands tbody")
        page.focus(".panel-commands td .table-act")
        page.keyboard.press("Enter")
        page.wait_for_selector(".table-asking:visible")
        assert page.evaluate("document.activeElement.textContent") == "Keep it"
        page.keyboard.press("Escape")
        page.wait_for_selector(".table-asking", state="hidden")
        assert page.evaluate("document.activeElement.matches('.panel-commands td .table-act')")
        assert state(city_url, number) == [("queued",)]
        page.keyboard.press("Enter")
        page.click(".table-asking:visible >> text=Cancel it")
        page.wait_for_selector(".panel-told:has-text('reboot of ha-long-1 is cancelled: it was not sent.')")
        page.wait_for_selector(".panel-commands .table-empty:has-text('No command is under way')")
        assert page.evaluate("document.activeElement.matches('.panel-commands .table-box')")
    assert state(city_url, number) == [("cancelled",)]
    actor = "SELECT actor FROM command_history WHERE state = 'cancelled'"
    with psycopg.connect(city_url) as database:
        assert database.execute(actor).fetchall() == [("console",)]


def state(url: str, number: UUID) -> list[Any]:
    with psycopg.connect(url) as database:
        return database.execute("SELECT state FROM commands WHERE id = %s", [number]).fetchall()


def test_what_the_gateway_has_begun_meanwhile_is_not_cancelled(
    browser: Browser, locked_console: str, city_url: str
) -> None:
    number = queue(city_url)
    with opened(browser, f"{locked_console}/?lang=en", ready=".gate-form") as page:
        log_in(page, city_url, "operator")
        page.goto(f"{locked_console}/?view=work&lang=en")
        page.click(".panel-commands td .table-act")
        begin(city_url, number)
        page.click(".table-asking:visible >> text=Cancel it")
        page.wait_for_selector(".panel-told:has-text('is begun or over')")
    assert state(city_url, number) == [("acknowledged",)]


@pytest.mark.parametrize("act", ["cancel", "send"])
def test_a_key_that_was_revoked_meanwhile_does_nothing(
    browser: Browser, locked_console: str, city_url: str, act: str
) -> None:
    number = queue(city_url)
    with opened(browser, f"{locked_console}/?lang=en", ready=".gate-form") as page:
        log_in(page, city_url, "operator")
        page.goto(f"{locked_console}/?view=work&lang=en&gateway={GATEWAY}")
        page.fill(".side [name=command]", "ping")
        page.click(".panel-commands td .table-act")
        with psycopg.connect(city_url, autocommit=True) as database:
            database.execute("UPDATE api_keys SET revoked_at = now() WHERE revoked_at IS NULL")
        page.click(f".table-asking:visible >> text={'Cancel it' if act == 'cancel' else 'Keep it'}")
        if act == "send":
            send(page)
        page.wait_for_selector(".panel-told:has-text('this key may not do that'), .gate-form")
        page.wait_for_selector(".gate-form", timeout=30_000)
    assert state(city_url, number) == [("queued",)]
    with psycopg.connect(city_url) as database:
        assert database.execute("SELECT count(*) FROM commands").fetchall() == [(1,)]


@pytest.mark.attack("a key of a district reads another's commands at the console", "they are not shown")
def test_a_key_of_a_district_sees_the_commands_of_its_gateways_alone(
    browser: Browser, locked_console: str, city_url: str
) -> None:

    queue(city_url, command="own")
    queue(city_url, ELSEWHERE, command="foreign")
    with opened(browser, f"{locked_console}/?lang=en", ready=".gate-form") as page:
        give_key(page, in_thread(make_key(city_url, "operator", ["193"])), ".headline")
        page.goto(f"{locked_console}/?view=work&lang=en&commands=all")
        page.wait_for_selector(".panel-commands tbody tr")
        assert page.locator(".panel-commands tbody tr").count() == 1
        assert "foreign" not in page.content()
        page.goto(f"{locked_console}/?view=work&lang=en&gateway={ELSEWHERE}")
        page.wait_for_selector(f".side-said:has-text('There is no gateway {ELSEWHERE}.')")
        assert "foreign" not in page.content()


@pytest.mark.attack("commands are read at a console that is open to anyone", "they are not shown")
def test_what_is_sent_to_gateways_is_never_public(browser: Browser, console: str, city_url: str) -> None:
    queue(city_url, command="secret-valve")
    address = f"{console}/?view=work&lang=en&commands=all&gateway={GATEWAY}"
    with opened(browser, address, ready=".side .sheet-facts") as page:
        told = page.inner_text(".panel-commands")
        assert "takes a key or an account with the role operator, installer, admin." in told
        assert page.locator(".sheet-commands, .panel-commands table").count() == 0
        assert "secret-valve" not in page.content()


@pytest.mark.parametrize(
    ("command", "arguments", "told"),
    [
        ("re boot", "", "“re boot” is no command"),
        ("reboot", "delay", "“delay” is not NAME=VALUE"),
        ("reboot", "\n".join(f"{name}={'x' * 9_000}" for name in "abcd"), "at most 32,768"),
    ],
)
def test_what_cannot_be_sent_is_told(
    browser: Browser, locked_console: str, city_url: str, command: str, arguments: str, told: str
) -> None:
    with opened(browser, f"{locked_console}/?lang=en", ready=".gate-form") as page:
        log_in(page, city_url, "operator")
        page.goto(f"{locked_console}/?view=work&lang=en&gateway={GATEWAY}")
        page.fill(".side [name=command]", command)
        page.fill(".side [name=arguments]", arguments)
        if "at most" in told:
            send(page)
        else:
            page.click(".side .sheet-act:has-text('Send')")
        page.wait_for_selector(f".side .panel-told:has-text('{told}')")
        assert page.input_value(".side [name=command]") == command
        assert page.input_value(".side [name=arguments]") == arguments
        page.fill(".side [name=arguments]", "delay_s=5")
        page.wait_for_selector(".side .panel-told", state="hidden")
    with psycopg.connect(city_url) as database:
        assert database.execute("SELECT count(*) FROM commands").fetchall() == [(0,)]
