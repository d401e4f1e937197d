"""The page of one browser: what it has chosen, and its parts brought up to date with each snapshot."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

import psycopg
from nicegui import ui

from dashboards.console import formats
from dashboards.console.choice import Choice
from dashboards.console.elements import tag, text
from dashboards.console.ingest import IngestPanel
from dashboards.console.login import LOG_OUT_PATH
from dashboards.console.panels import AreasPanel, ChartPanel, Facts, GatewaysPanel, MapPanel, RefusalsPanel
from dashboards.console.unknown import UnknownPanel
from dashboards.console.views import View
from dashboards.console.words import LANGUAGE_COOKIE, LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from zoneinfo import ZoneInfo

    from nicegui import Client

    from api.reach import Caller
    from dashboards.console.feed import Feed
    from dashboards.console.snapshot import Snapshot
    from dashboards.console.unknown import Desk
    from dashboards.console.words import Words

_YEAR_S: Final = 31_536_000
_MOST_OF_A_CODE: Final = 40
_IS_DARK: Final = "document.body.classList.contains('body--dark')"
_NAMES: Final = {"vi": "Tiếng Việt", "en": "English"}


class Page:
    """One open page."""

    def __init__(
        self, feed: Feed, client: Client, choice: Choice, words: Words, *, dark: bool | None, zone: ZoneInfo,
        caller: Caller, allowed: Callable[[], Awaitable[bool]], desk: Desk | None,
    ) -> None:  # fmt: skip
        """Take whom the page is for, what the address chose, and whether that browser may still look.

        `desk` acts for who may register things.
        """
        self._desk = desk
        self._feed, self._client, self._choice, self._words, self._zone = feed, client, choice, words, zone
        self._caller, self._areas, self._allowed = caller, caller.areas, allowed
        self._dark_mode = ui.dark_mode(dark)
        #: what the browser shows; None until it has told
        self._dark: bool | None = None
        self._parts: list[Any] = []
        self._chart: ChartPanel | None = None

    def build(self) -> None:
        """Build the frame, and all of the page if there is something to show."""
        tag("a", "skip", href="#main")._text = self._words("skip")  # noqa: SLF001
        with tag("header", "bar"):
            with tag("div", "brand"):
                self._city = text("h1", "halong")
                text("p", self._words("console"))
                self._reach = text("p", "", "reach")
                self._reach.set_visibility(self._areas is not None)
            self._facts = Facts(self._words)
            self._tools()
        self._banner = text("p", "", "banner")
        self._banner.props.update(role="status", **{"aria-live": "polite"})
        self._notice = text("p", "", "banner notice")
        self._notice.props["role"] = "status"
        self._notice.set_visibility(False)
        self._main = tag("main", "grid", id="main")
        with self._main:
            self._wait = text("p", self._words("loading"), "wait")
        ui.on("halong-theme", lambda event: self._on_theme(bool(event.args)))
        self._show()

    def _tools(self) -> None:
        with tag("div", "tools"):
            with tag("div", "languages", role="group", aria_label=self._words("language")):
                for language in LANGUAGES:
                    pressed = "true" if language == self._words.language else "false"
                    button = tag(
                        "button",
                        "tool",
                        type_="button",
                        aria_pressed=pressed,
                        title=_NAMES[language],
                        lang=language,
                    )
                    button.props["aria-label"] = _NAMES[language]
                    with button:
                        text("span", language.upper())
                    button.on("click", lambda wish=language: self._speak(wish))
            label = " / ".join((self._words("theme_dark"), self._words("theme_light")))
            theme = tag("button", "tool theme", type_="button", aria_label=label, title=label)
            with theme:
                tag("i", "theme-icon", aria_hidden="true")
            theme.on(
                "click", lambda event: self._set_dark(not event.args), js_handler=f"() => emit({_IS_DARK})"
            )
            if self._caller.kind != "anyone":
                self._viewer()

    def _viewer(self) -> None:
        """Say who looks, and let that one leave."""
        with tag("form", "viewer", method="post", action=LOG_OUT_PATH):
            text("span", self._caller.name, "viewer-name").props["title"] = self._caller.name
            with tag("button", "tool", type_="submit"):
                text("span", self._words("log_out"))

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
        if not self._parts:
            self._build_parts(snapshot)
        view = View(snapshot, self._choice, self._words)
        for part in self._parts:
            part.show(view)
        self._show_unknown(view)

    def _show_unknown(self, view: View) -> None:
        """Say what of the address does not exist, and what is shown in its place."""
        shown = {
            "no_such_area": self._words.of(view.area),
            "no_such_indicator": self._words.of(view.indicator),
        }
        told = [
            self._words(key, code=code[:_MOST_OF_A_CODE], shown=shown[key])
            for key, code in self._choice.unknown
        ]
        self._notice.show(" ".join(told))
        self._notice.set_visibility(bool(told))

    def _missing(self, snapshot: Snapshot) -> str:
        if snapshot.registry.areas:
            return "no_indicators"
        return "no_city" if self._areas is None else "no_own"

    def _build_parts(self, snapshot: Snapshot) -> None:
        self._choice = self._choice.settle(snapshot)
        registry, words = snapshot.registry, self._words
        self._city.show(words.of(registry.city))
        ui.page_title(words("title", city=words.of(registry.city)))
        own = [(code, registry.area(code) or registry.stand_ins.get(code)) for code in self._areas or ()]
        self._reach.show(words("reach", areas=", ".join(words.of(row) if row else code for code, row in own)))
        names = {code: words.of(row) for code, row in registry.indicators.items()}
        self._main.clear()
        with self._main:
            choosing = {"on_area": self._on_area, "on_indicator": self._on_indicator}
            city_map = MapPanel(words, names, str(self._choice.indicator), **choosing)
            self._chart = ChartPanel(words)
            areas = AreasPanel(words, on_area=self._on_area)
            unknown = UnknownPanel(words, self._desk)
            lists = unknown, IngestPanel(words), GatewaysPanel(words), RefusalsPanel(words)
        self._parts = [self._facts, city_map, self._chart, areas, *lists]

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
        """Draw the chart, once the browser has told its theme."""
        snapshot = self._feed.snapshot
        if self._chart is None or self._dark is None or snapshot is None:
            return
        choice = self._choice
        view = View(snapshot, choice, self._words)
        series = await self._feed.series(view.indicator, view.area)
        if choice == self._choice:  # or another one was chosen meanwhile
            self._chart.draw(view, series, dark=self._dark)

    async def begin(self) -> None:
        """Ask the browser for its theme, and draw."""
        self._dark = bool(await ui.run_javascript(f"return {_IS_DARK}", timeout=10))
        self._show()
        await self.draw()

    async def _choose(self, choice: Choice) -> None:
        self._choice = choice
        ui.navigate.history.replace(self._address(self._words.language))
        self._show()
        await self.draw()

    def _on_area(self, code: str) -> Awaitable[None]:
        return self._choose(Choice(code, self._choice.indicator))

    def _on_indicator(self, code: str) -> Awaitable[None]:
        return self._choose(replace(self._choice, indicator=code, unknown=()))

    def _address(self, language: str) -> str:
        chosen = {
            "area": self._choice.unit or self._choice.area,
            "indicator": self._choice.indicator,
            "lang": language,
        }
        return "?" + urlencode({key: value for key, value in chosen.items() if value})

    def _speak(self, language: str) -> None:
        self._remember(LANGUAGE_COOKIE, language)
        ui.navigate.to("/" + self._address(language))

    async def _on_theme(self, dark: bool) -> None:
        self._dark = dark
        await self.draw()

    def _set_dark(self, dark: bool) -> None:
        self._remember("halong_theme", "dark" if dark else "light")
        self._dark_mode.set_value(dark)

    @staticmethod
    def _remember(name: str, value: str) -> None:
        ui.run_javascript(f"document.cookie = '{name}={value}; path=/; max-age={_YEAR_S}; SameSite=Lax'")
