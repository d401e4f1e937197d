"""What sheets are made of: facts, lists and forms."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from api.queries import alerts as queries
from dashboards.console import formats
from dashboards.console.elements import Text, tag, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from nicegui.element import Element
    from psycopg import AsyncConnection

    from api.queries import Row
    from dashboards.console.scene import Scene

#: alerts of a gateway or thing: how many, and for how long after their end
_ALERTS: Final = 10
_ALERTS_FOR: Final = timedelta(days=7)
#: what the fields of a form hold, by name; the form's button is pressed
_GATHER: Final = """event => {
  const form = event.target.closest('form');
  event.preventDefault();
  if (!form.reportValidity()) return;
  emit(Object.fromEntries(new FormData(form)));
  %s
}"""


@contextmanager
def section(title: str, classes: str = "") -> Iterator[Element]:
    """Make a part of a sheet with its heading."""
    with tag("section", f"sheet-part {classes}") as part:
        text("h3", title)
        yield part


class Facts:
    """Names and what they are; one that is empty is not shown."""

    def __init__(self, labels: Mapping[str, str]) -> None:
        """Build the list of (key -> name)."""
        with tag("dl", "sheet-facts"):
            self._facts = {key: self._fact(label) for key, label in labels.items()}

    @staticmethod
    def _fact(label: str) -> tuple[Element, Text]:
        with tag("div", "sheet-fact") as row:
            text("dt", label)
            return row, text("dd", formats.NO_VALUE)

    def show(self, values: Mapping[str, str]) -> None:
        """Show values by key."""
        for key, (row, value) in self._facts.items():
            value.show(values.get(key, ""))
            row.set_visibility(bool(values.get(key)))


def field(label: str, name: str, **props: str) -> None:
    """Make a line to write in, for a form."""
    with tag("label", "sheet-field"):
        text("span", label)
        tag("input", "sheet-input", name=name, autocomplete="off", **props)


def lines(label: str, name: str, **props: str) -> None:
    """Make lines to write in, for a form."""
    with tag("label", "sheet-field sheet-lines"):
        text("span", label)
        tag("textarea", "sheet-input", name=name, rows="2", spellcheck="false", **props)


def choose(label: str, name: str, choices: Sequence[tuple[str, str]]) -> None:
    """Make a choice of (value, words), for a form."""
    with tag("label", "sheet-field"):
        text("span", label)
        with tag("select", "select", name=name):
            for value, words in choices:
                text("option", words).props["value"] = value


def button(
    words: str, handler: Callable[[dict[str, str]], Any], *, enabled: bool, why: str, keep: bool = False
) -> Element:
    """Make the button of a form; it hands over what the fields hold. why: id of what says why it is off.

    keep: the fields are not emptied.
    """
    pressed = tag("button", "sheet-act", type_="submit")
    with pressed:
        text("span", words)
    if enabled:
        pressed.on(
            "click", lambda event: handler(event.args), js_handler=_GATHER % ("" if keep else "form.reset();")
        )
    else:
        pressed.props.update({"disabled": True, "aria-describedby": why})
    return pressed


def link(words: str, handler: Callable[[], Any]) -> None:
    """Make a way to something else."""
    with tag("button", "sheet-link", type_="button") as pressed:
        text("span", words)
    pressed.on("click", handler)


async def read_alerts(
    conn: AsyncConnection[Any], *, gateway: str | None = None, thing: str | None = None
) -> list[Row]:
    """Return the last alerts of a gateway, or those that a thing had a part in."""
    end = datetime.now(UTC)
    return await queries.alerts(
        conn, start=end - _ALERTS_FOR, end=end, gateway=gateway, thing=thing, limit=_ALERTS
    )


def alert_rows(scene: Scene, alerts: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the rows of a short list of alerts."""
    return [
        {
            "key": str(each["id"]),
            "cells": [
                {"text": scene.words.of(each), "note": scene.words(f"severity_{each['severity']}")},
                {"text": scene.since(each["since"]), "note": scene.ago(each["since"])},
                {"text": scene.words(f"alert_{each['state']}"), "dim": each["closed_at"] is not None},
            ],
        }
        for each in alerts
    ]
