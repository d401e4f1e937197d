"""A question that is asked before something is done; Escape means no."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from nicegui import ui

from dashboards.console.elements import tag, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from nicegui.element import Element

_CLOSE: Final = "event => { event.target.closest('dialog').close(); emit(); }"


class Question:
    """A dialog with a yes and a no."""

    def __init__(self, yes: str, no: str, on_yes: Callable[[], Any]) -> None:
        """Build it closed; `on_yes()` is called when a person agrees."""
        with tag("dialog", "table-asking") as self._dialog:
            self._text = text("p", "")
            with tag("div", "table-answers"):
                self._answer(no, lambda: None).props["autofocus"] = True
                self._answer(yes, on_yes).classes("accept")
        label = f"asked-{self._dialog.id}"
        self._text.props["id"] = label
        self._dialog.props["aria-labelledby"] = label

    @staticmethod
    def _answer(words: str, handler: Callable[[], Any]) -> Element:
        with tag("button", "table-act", type_="button") as pressed:
            text("span", words)
        return pressed.on("click", handler, js_handler=_CLOSE)

    def ask(self, words: str) -> None:
        """Ask something."""
        self._text.show(words)
        ui.run_javascript(f"getHtmlElement({self._dialog.id}).showModal()")
