"""What halong itself notes in an alert's history, in a person's language. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from dashboards.console.words import Words

#: as analytics writes them -> words; what is none of these is shown as it is
_NOTES: Final = (
    (re.compile(r"(?P<target>.+?), after (?P<n>\d+) min"), "note_step"),
    (
        re.compile(
            r"(?P<target>.+?), after (?P<n>\d+) min: not told, HALONG_ALERT_TARGETS has no (?P<unknown>.+)"
        ),
        "note_untold",
    ),
    (re.compile(r"no silence is in force"), "note_unsilenced"),
    (re.compile(r"heard again"), "note_heard"),
)


def said(words: Words, note: str) -> str:
    """Return a note in words, or as it is where halong did not write it."""
    for pattern, key in _NOTES:
        if found := pattern.fullmatch(note):
            return words(key, **found.groupdict())
    return note
