"""The parts of the page: each builds its elements once and then shows scene after scene."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboards.console import formats
from dashboards.console.elements import tag, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nicegui.element import Element

    from api.queries import Row
    from dashboards.console.scene import Scene


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


def more(scene: Scene, found: Sequence[Row]) -> str:
    """Return how many rows of how many are shown, where not all are; each row says it: `total`."""
    if not found or found[0]["total"] == len(found):
        return ""
    total = formats.number(found[0]["total"], 0, scene.words.language)
    return scene.words("list_more", n=len(found), total=total)
