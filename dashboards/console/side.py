"""The panel at the side: one alert, gateway or thing, beside whatever view it was opened from."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import psycopg
from nicegui import ui

from api.rights import Right, roles_with
from dashboards.console.elements import tag, text
from dashboards.console.sheets import SHEETS

if TYPE_CHECKING:
    from dashboards.console.choice import Detail
    from dashboards.console.scene import Scene
    from dashboards.console.sheets import Sheet
    from dashboards.console.views.context import Context

#: who cannot see the panel is led to it, and back to where it was opened from
_FOCUS: Final = """
if (!document.activeElement.closest('.side')) window.sideOpener = document.activeElement;
document.querySelector('.side h2')?.focus();"""
_BACK: Final = "if (window.sideOpener?.isConnected) window.sideOpener.focus()"


class Side:
    """The panel; hidden while nothing is chosen for it."""

    def __init__(self, context: Context) -> None:
        """Build it, empty."""
        self._context = context
        self._words = context.words
        self._detail: Detail | None = None
        self._sheet: Sheet | None = None
        self._panel = tag("aside", "side", aria_labelledby="side-title")
        with self._panel:
            with tag("div", "side-head"):
                self._title = text("h2", "")
                self._title.props.update(id="side-title", tabindex="-1")
                close = tag("button", "tool", type_="button", aria_label=self._words("close"))
                close.props["title"] = self._words("close")
                with close:
                    text("span", "✕").props["aria-hidden"] = "true"
                close.on("click", self.close)
            self._said = text("p", "", "side-said")
            self._said.props["role"] = "status"
            self._box = tag("div", "side-body")
        self._panel.set_visibility(False)

    async def show(self, scene: Scene) -> None:
        """Show what is chosen: it is read here, for this page alone."""
        detail = scene.choice.detail
        if detail is None:
            if self._detail is not None:
                self._clear()
                ui.run_javascript(_BACK)
            return
        is_new = self._open(detail)
        try:
            found = await self._read()
        except PermissionError:
            self._say(self._words("only_roles", roles=", ".join(roles_with(Right.RAW))))
            return
        except (psycopg.Error, OSError):
            self._say(self._words("side_away"))
            return
        if detail != self._detail:
            return  # another one was chosen meanwhile
        self._fill(scene, detail, found)
        if is_new:
            ui.run_javascript(_FOCUS)

    async def _read(self) -> Any:
        assert self._sheet is not None
        async with self._context.desk.reading(Right.RAW) as conn:
            return await self._sheet.read(conn)

    def _open(self, detail: Detail) -> bool:
        """Build the sheet of another detail, and tell whether it is of something else."""
        if self._detail is not None and replace(self._detail, drawn=detail.drawn) == detail:
            self._detail = detail
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

    def _fill(self, scene: Scene, detail: Detail, found: Any) -> None:
        assert self._sheet is not None
        if found is None:
            self._title.show(detail.code)
            self._say(self._words(SHEETS[detail.kind][1], code=detail.code))
        else:
            self._title.show(self._sheet.title(scene, found))
            self._say("")
            self._sheet.show(scene, found)
        self._box.set_visibility(found is not None)

    def _clear(self) -> None:
        self._detail = self._sheet = None
        self._box.clear()
        self._panel.set_visibility(False)

    def _say(self, words: str) -> None:
        self._said.show(words)
        self._said.set_visibility(bool(words))

    async def close(self) -> None:
        """Show nothing, where something is shown."""
        await self._context.choose(replace(self._context.choice(), detail=None))
