"""The page of one browser: what it has chosen, and its parts brought up to date with each snapshot."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

import psycopg
from nicegui import ui

from dashboards.console import formats
from dashboards.console.choice import NEEDED, Choice
from dashboards.console.elements import tag, text
from dashboards.console.frame import IS_DARK, Acts, Frame
from dashboards.console.scene import Scene
from dashboards.console.side import Side
from dashboards.console.views import SHOWN
from dashboards.console.views.closed import ClosedView
from dashboards.console.views.context import Context
from dashboards.console.words import LANGUAGE_COOKIE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from zoneinfo import ZoneInfo

    from nicegui import Client

    from dashboards.console.desk import Desk
    from dashboards.console.feed import Feed
    from dashboards.console.snapshot import Snapshot
    from dashboards.console.views import View
    from dashboards.console.words import Words
    from dashboards.console.worklists import Worklists

_YEAR_S: Final = 31_536_000
_MOST_OF_A_CODE: Final = 40


class Page:
    """One open page."""

    def __init__(
        self, feed: Feed, client: Client, choice: Choice, words: Words, *, dark: bool | None, zone: ZoneInfo,
        desk: Desk, lists: Worklists, allowed: Callable[[], Awaitable[bool]],
    ) -> None:  # fmt: skip
        """Take what is shown, what the address chose, who looks, and whether that one still may."""
        self._feed, self._client, self._choice, self._words, self._zone = feed, client, choice, words, zone
        self._desk, self._allowed = desk, allowed
        self._dark_mode = ui.dark_mode(dark)
        #: what the browser shows; None until it has told
        self._dark: bool | None = None
        self._view: View | None = None
        self._built = ""
        self._context = Context(words, feed, desk, lists, lambda: self._choice, self._choose)

    @property
    def view(self) -> str:
        """The view that is shown; nothing before there is anything to show."""
        return self._built

    def build(self) -> None:
        """Build the frame, and all of the page if there is something to show."""
        tag("a", "skip", href="#main")._text = self._words("skip")  # noqa: SLF001
        acts = Acts(choose=self._choose, speak=self._speak, set_dark=self._set_dark)
        self._frame = Frame(self._words, self._desk, lambda: self._choice, acts)
        self._banner = text("p", "", "banner")
        self._banner.props.update(role="status", **{"aria-live": "polite"})
        self._notice = text("p", "", "banner notice")
        self._notice.props["role"] = "status"
        self._notice.set_visibility(False)
        with tag("div", "desk"):
            self._main = tag("main", "grid", id="main")
            with self._main:
                self._wait = text("p", self._words("loading"), "wait")
            self._side = Side(self._context)
        ui.on("halong-theme", lambda event: self._on_theme(bool(event.args)))
        ui.on("halong-escape", self._side.close)
        ui.on("halong-address", lambda event: self._on_address(str(event.args)))
        self._show()

    async def fill(self, timeout: float) -> None:  # noqa: ASYNC109 - a page waits only so long
        """Read what the view alone shows before the page is sent, for `timeout` seconds at most."""
        if self._view is None or self._feed.snapshot is None:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._view.read(Scene(self._feed.snapshot, self._choice, self._words))

    async def update(self) -> None:
        """Show the newest snapshot, or how old the last one is; close where the key no longer opens."""
        if self._dark is None:
            return  # the browser is not there yet
        with self._client:
            if not await self._may_look():
                ui.navigate.reload()
                return
            self._show()
            await self.draw()

    async def _may_look(self) -> bool:
        try:
            return await self._allowed()
        except (psycopg.Error, OSError):
            return True  # nobody can be asked; nothing is shown that was not shown before

    def _show(self) -> None:
        snapshot = self._feed.snapshot
        self._show_banner(snapshot)
        if snapshot is None:
            return
        if not (snapshot.registry.areas and snapshot.registry.indicators):
            self._wait.show(self._words(self._missing(snapshot)))
            return
        if not self._built:
            self._choice = self._choice.settle(snapshot)
        scene = Scene(snapshot, self._choice, self._words)
        if self._built != self._choice.view:
            self._build_view(scene)
        self._frame.show(scene)
        assert self._view is not None
        self._view.show(scene)
        self._show_unknown(scene)

    def _build_view(self, scene: Scene) -> None:
        self._built = self._choice.view
        self._main.clear()
        self._main.classes(replace=f"grid grid-{self._built}")
        is_open = self._desk.sees(NEEDED[self._built])
        with self._main:
            self._view = (SHOWN[self._built] if is_open else ClosedView)(self._context, scene)

    def _show_unknown(self, scene: Scene) -> None:
        """Say what of the address does not exist, and what is shown in its place."""
        words = self._words
        shown = {
            "no_such_area": words.of(scene.area),
            "no_such_indicator": words.of(scene.indicator),
            "no_such_view": words(f"view_{self._choice.view}"),
        }
        told = [
            words(key, code=code[:_MOST_OF_A_CODE], shown=shown[key]) for key, code in self._choice.unknown
        ]
        self._notice.show(" ".join(told))
        self._notice.set_visibility(bool(told))

    def _missing(self, snapshot: Snapshot) -> str:
        if snapshot.registry.areas:
            return "no_indicators"
        return "no_city" if self._desk.viewer.areas is None else "no_own"

    def _show_banner(self, snapshot: Snapshot | None) -> None:
        since = self._feed.away_since
        self._banner.set_visibility(since is not None)
        if since is None:
            return
        zone = snapshot.registry.zone if snapshot else self._zone
        values = {"since": formats.clock(since, zone)}
        if snapshot is not None:
            age = (datetime.now(UTC) - snapshot.time).total_seconds()
            values |= {"time": formats.clock(snapshot.time, zone), "age": formats.age(age, self._words)}
        self._banner.show(self._words("away" if snapshot else "away_empty", **values))

    async def draw(self) -> None:
        """Draw what needs the browser's theme, once that has told it."""
        snapshot = self._feed.snapshot
        if self._view is None or self._dark is None or snapshot is None:
            return
        scene = Scene(snapshot, self._choice, self._words)
        await self._view.read(scene)
        await self._view.draw(scene, dark=self._dark)
        await self._side.show(scene)

    async def begin(self) -> None:
        """Ask the browser for its theme, and draw."""
        self._dark = bool(await ui.run_javascript(f"return {IS_DARK}", timeout=10))
        self._show()
        await self.draw()

    async def _choose(self, choice: Choice) -> None:
        """Show another choice; the browser's Back leads to the present one."""
        if choice != self._choice:
            ui.navigate.history.push(choice.address(self._words.language))
            await self._turn_to(choice)

    async def _turn_to(self, choice: Choice) -> None:
        self._choice = choice
        self._show()
        await self.draw()

    async def _on_address(self, query: str) -> None:
        """Show what the browser has gone back or forward to."""
        choice = Choice.of(dict(parse_qsl(query.removeprefix("?"), keep_blank_values=True)))
        if self._feed.snapshot is not None:
            await self._turn_to(choice.settle(self._feed.snapshot))

    def _speak(self, language: str) -> None:
        self._remember(LANGUAGE_COOKIE, language)
        ui.navigate.to("/" + self._choice.address(language))

    async def _on_theme(self, dark: bool) -> None:
        self._dark = dark
        await self.draw()

    def _set_dark(self, dark: bool) -> None:
        self._remember("halong_theme", "dark" if dark else "light")
        self._dark_mode.set_value(dark)

    @staticmethod
    def _remember(name: str, value: str) -> None:
        ui.run_javascript(f"document.cookie = '{name}={value}; path=/; max-age={_YEAR_S}; SameSite=Lax'")
