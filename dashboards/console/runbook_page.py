"""The runbooks as a page of their own, to print and to link to: they hold no data and need no key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboards.console.elements import tag, text
from dashboards.console.runbooks import runbooks

if TYPE_CHECKING:
    from dashboards.console.runbooks import Runbook
    from dashboards.console.words import Words


def build(words: Words) -> None:
    """Build the page."""
    with tag("main", "runbooks"):
        _back(words)
        text("h1", words("runbooks"))
        for book in runbooks().values():
            with tag("section", "runbook", id=book.code):
                text("h2", words.said(book.name))
                steps(words, book)
        _back(words)


def _back(words: Words) -> None:
    with tag("a", "sheet-link", href=f"./?lang={words.language}"):
        text("span", words("enrol_back"))


def steps(words: Words, book: Runbook) -> None:
    """Build what one section says."""
    text("p", words.said(book.meaning))
    for title, items in (("runbook_checks", book.checks), ("runbook_acts", book.acts)):
        text("h3", words(title), "runbook-part")
        with tag("ol", "runbook-steps"):
            for each in items:
                text("li", words.said(each).replace("`", ""))
