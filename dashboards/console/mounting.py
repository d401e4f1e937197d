"""Puts the console on an application: its pages at `/` and `/enrol`, its feed while the application runs."""

from __future__ import annotations

import copy
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psycopg
from nicegui import Client, ui
from starlette.requests import Request  # noqa: TC002 - NiceGUI reads the page's annotations

from api.rights import Right
from dashboards.console import bridge, gate, points_route, preload, runbook_page
from dashboards.console.access import Access
from dashboards.console.caching import CachedFiles, name_by_content
from dashboards.console.choice import WALL, Choice
from dashboards.console.elements import tag, text
from dashboards.console.enrolment import EnrolmentPage
from dashboards.console.feed import Feeds
from dashboards.console.login import Login
from dashboards.console.page import Page
from dashboards.console.points_route import PointsRoute
from dashboards.console.policy import ContentSecurityPolicy
from dashboards.console.styles import sheet
from dashboards.console.words import LANGUAGE_COOKIE, Words, language
from dashboards.console.worklists import AllWorklists

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI
    from nicegui.language import Language

    from api.reach import Caller
    from runtime.settings import Settings

_HERE: Final = Path(__file__).parent
_SCRIPT: Final = "console.js"
#: how long the first answer waits for data, so that a page comes filled; under NiceGUI's 3 s
_FIRST_DATA_S: Final = 2.0
#: and for what its view alone shows
_FIRST_LISTS_S: Final = 0.5
#: as NiceGUI names its own
_LANGUAGES: Final[dict[str, Language]] = {"vi": "vi", "en": "en-US"}
_FAVICON: Final = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
    "%3Crect width='16' height='16' rx='3' fill='%231d5f92'/%3E"
    "%3Cpath d='M3 11l3-5 2.5 3.5L10.500 6 13 11z' fill='%23fff'/%3E%3C/svg%3E"
)


def mount(app: FastAPI, settings: Settings) -> None:
    """Serve the console at `/` of `app`, below everything that `app` serves already.

    One application a process: NiceGUI keeps its pages per process.

    Args:
        app: the API's application; its lifespan must set `app.state.pool`.
        settings: whether a key is needed (`api_public`), and the time zone of a database without a city.
    """
    feeds = Feeds(lambda: app.state.pool, lambda: app.state.registry, settings.time_zone)
    lists = AllWorklists(lambda: app.state.pool)
    access = Access(lambda: app.state.pool, public=settings.api_public)
    _run_with_application(app, feeds)
    app.state.visitor = bridge.visitor(access)
    app.add_route(gate.KEY_PATH, access.take, methods=["POST"], include_in_schema=False)
    app.add_route(
        points_route.PATH, PointsRoute(access, feeds).answer, methods=["GET"], include_in_schema=False
    )
    login = Login(app, access, settings)
    login.add_routes()
    app.add_middleware(ContentSecurityPolicy)
    app.add_middleware(CachedFiles)
    name_by_content()

    @ui.page("/enrol", favicon=_FAVICON)
    async def enrol(request: Request, client: Client) -> None:
        await _serve_enrolment(request, client, app, access, login)

    @ui.page("/runbooks", favicon=_FAVICON)
    async def runbooks(request: Request, client: Client) -> None:
        runbook_page.build(_dressed(request, client))

    @ui.page("/", favicon=_FAVICON)
    async def console(request: Request, client: Client) -> None:
        await _serve(request, client, feeds, access, login, lists=lists)

    ui.run_with(
        app,
        title="halong",
        favicon=_FAVICON,
        dark=None,
        tailwind=False,
        gzip_middleware_factory=None,
        show_welcome_message=False,
        reconnect_timeout=20,
    )


def _run_with_application(app: FastAPI, feeds: Feeds) -> None:
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(application: Any) -> AsyncIterator[Any]:
        async with inner(application) as state:
            try:
                yield state
            finally:
                await feeds.close()

    app.router.lifespan_context = lifespan


async def _serve_enrolment(
    request: Request, client: Client, app: FastAPI, access: Access, login: Login
) -> None:
    query, cookies, words = request.query_params, request.cookies, _dressed(request, client)
    try:
        caller = await access.caller(cookies)
    except (psycopg.Error, OSError):
        caller = None
    if caller is None:
        gate.ask(words, query, can_log_in=login.is_on)
        return
    if not caller.may(Right.REGISTER):
        if caller.kind == "anyone":
            gate.ask(words, query, can_log_in=login.is_on)
            return
        with tag("main", "gate"):
            text("p", words("enrol_none"))
        return

    async def allowed() -> bool:
        return await access.caller(cookies) == caller

    api = str(login.settings.public_url or request.base_url)
    zone = login.settings.zone
    page = EnrolmentPage(words, caller, app.state.pool, app.state.registry, api, zone, allowed)
    page.build(await page.gateways())


async def _serve(
    request: Request, client: Client, feeds: Feeds, access: Access, login: Login, *, lists: AllWorklists
) -> None:
    settings: Settings = login.settings
    query, cookies, words = request.query_params, request.cookies, _dressed(request, client)
    try:
        caller = await access.caller(cookies)
        raw = caller is not None and access.sees(caller, Right.RAW)
        feed = await feeds.of(caller.areas, raw=raw) if caller is not None else None
    except (psycopg.Error, OSError):
        caller = feed = None
    if caller is None or feed is None or (caller.kind == "anyone" and gate.is_asked(query)):
        gate.ask(words, query, can_log_in=login.is_on)
        _lead_on(words, settings)
        return

    async def allowed() -> bool:
        return await access.caller(cookies) == caller

    async def anew() -> Caller | None:
        return await access.caller(cookies, anew=True)

    sees, publishes = partial(access.sees, caller), settings.mqtt_url is not None
    desk = feeds.desk(feed, caller, anew, sees=sees, publishes=publishes)
    page = Page(
        feed,
        client,
        Choice.of(query),
        words,
        dark=_theme(request),
        zone=settings.zone,
        desk=desk,
        lists=lists.of(desk.reach),
        allowed=allowed,
    )
    client.on_delete(feed.follow(page.update))
    await feed.first(_FIRST_DATA_S)
    page.build()
    await page.fill(_FIRST_LISTS_S)
    ui.add_head_html(preload.links(page.view))
    _lead_on(words, settings, caller)
    await client.connected()
    await page.begin()


def _lead_on(words: Words, settings: Settings, caller: Caller | None = None) -> None:
    """Link to what else is served here for a caller; None: for who has not been let in."""
    places = {"docs": "api_docs"} | ({"open/": "open_data"} if settings.open_data_target else {})
    if caller is not None:
        places |= {f"?view={WALL}&lang={words.language}": "view_wall"}
        places |= {"enrol": "enrol_title"} if caller.may(Right.REGISTER) else {}
    with tag("footer", "foot"):
        for place, word in places.items():
            tag("a", "foot-link", href=place)._text = words(word)  # noqa: SLF001


def _theme(request: Request) -> bool | None:
    """Return whether a browser wants the dark theme; None: as its system does."""
    return {"dark": True, "light": False}.get(request.cookies.get("halong_theme", ""))


def _dressed(request: Request, client: Client) -> Words:
    """Give the page its language, theme, styles and scripts, and return its words."""
    words = Words(language(request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE)))
    client.page = copy.copy(client.page)
    client.page.language, client.page.dark = _LANGUAGES[words.language], _theme(request)
    client.title = "halong"
    # The page has a main part of its own; Quasar's is around all of it.
    assert client.content.parent_slot is not None
    client.content.parent_slot.parent.tag = "div"
    ui.add_head_html(f"<style>{sheet()}</style>")
    lost = [words("connection_lost"), words("reconnecting")]
    script = (_HERE / _SCRIPT).read_text("utf-8")
    ui.add_body_html(f"<script>const CONNECTION_WORDS = {lost};\n{script}</script>")
    return words
