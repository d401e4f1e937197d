"""The panel at the side: one alert, gateway or thing, beside whatever view it was opened from."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import psycopg
from nicegui import ui

from dashboards.console.elements import tag, text
from dashboards.console.sheets import SHEETS

if TYPE_CHECKING:
    from dashboards.console.choice import Detail
    from dashboards.console.scene import Scene
    from dashboards.console.sheets import Sheet
    from dashboards.console.views.context import Context

_FOCUS: Final = "document.querySelector('.side h2')?.focus()"


class Side:
    """The panel; hidden while nothing is chosen for it."""

    def __init__(self, context: Context) -> None:
        """Build it, empty."""
        self._context = context
        self._words = context.words
        self._detail: Detail | None = None
        self._sheet: Sheet | None = None
        self._panel = tag("aside", "side", aria_labelledby="side-title")
        self._panel.on("keydown.esc", self._close)
        with self._panel:
            with tag("div", "side-head"):
                self._title = text("h2", "")
                self._title.props.update(id="side-title", tabindex="-1")
                close = tag("button", "tool", type_="button", aria_label=self._words("close"))
                close.props["title"] = self._words("close")
                with close:
                    text("span", "✕").props["aria-hidden"] = "true"
                close.on("click", self._close)
            self._said = text("p", "", "side-said")
            self._said.props["role"] = "status"
            self._box = tag("div", "side-body")
        self._panel.set_visibility(False)

    async def show(self, scene: Scene) -> None:
        """Show what is chosen: it is read here, for this page alone."""
        detail = scene.choice.detail
        if detail is None:
            self._clear()
            return
        is_new = self._open(detail)
        kind = SHEETS[detail.kind]
        try:
            async with self._context.desk.reading() as conn:
                assert self._sheet is not None
                found = await self._sheet.read(conn)
        except (psycopg.Error, OSError):
            self._say(self._words("side_away"))
            return
        if detail != self._detail:
            return  # another one was chosen meanwhile
        if found is None:
            self._say(self._words(kind[1], code=detail.code))
            self._title.show(detail.code)
        else:
            self._say("")
            self._fill(scene, found)
        if is_new:
            ui.run_javascript(_FOCUS)

    def _open(self, detail: Detail) -> bool:
        """Build the sheet of another detail, and tell whether it is another."""
        if detail == self._detail:
            return False
        self._clear()
        self._detail = detail
        self._title.show(detail.code)
        self._say(self._words("loading"))
        self._panel.set_visibility(True)
        with self._box:
            self._sheet = SHEETS[detail.kind][0](self._context, detail)
        self._box.set_visibility(False)
        return True

    def _fill(self, scene: Scene, found: Any) -> None:
        assert self._sheet is not None
        self._title.show(self._sheet.title(scene, found))
        self._sheet.show(scene, found)
        self._box.set_visibility(True)

    def _clear(self) -> None:
        if self._detail is not None:
            self._detail = self._sheet = None
            self._box.clear()
            self._panel.set_visibility(False)

    def _say(self, words: str) -> None:
        self._said.show(words)
        self._said.set_visibility(bool(words))

    def _close(self) -> Any:
        return self._context.choose(replace(self._context.choice(), detail=None))
