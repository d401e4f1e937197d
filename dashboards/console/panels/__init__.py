"""The parts of the page: each builds its elements once and then shows scene after scene."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboards.console.elements import tag, text

if TYPE_CHECKING:
    from nicegui.element import Element


def panel(name: str, title: str) -> Element:
    """Return a section of the page with its heading in it."""
    section = tag("section", f"panel panel-{name}", aria_labelledby=f"heading-{name}")
    with section, tag("div", "panel-head"):
        heading = text("h2", title)
        heading.props["id"] = f"heading-{name}"
    return section


def head(section: Element) -> Element:
    """Return the head of a section, to put more beside the heading."""
    found: Element = section.default_slot.children[0]
    return found
