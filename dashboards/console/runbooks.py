"""What an alert of a rule means, what to check, and what to do: in both languages, for the console and docs.

A rule that has no section of its own in runbooks.json has that of its kind, `kind-above` and so on.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from analytics.texts import Text  # noqa: TC001 - msgspec reads the annotations

if TYPE_CHECKING:
    from collections.abc import Mapping

_FILE: Final = Path(__file__).with_name("runbooks.json")


class Runbook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The section of one rule or kind; its code is the anchor."""

    code: str
    #: as the city profile calls the rule
    name: Text
    meaning: Text
    checks: tuple[Text, ...]
    acts: tuple[Text, ...]


@cache
def runbooks() -> Mapping[str, Runbook]:
    """Return every section by code: rules first, then kinds."""
    found = msgspec.json.decode(_FILE.read_bytes(), type=tuple[Runbook, ...])
    return {book.code: book for book in found}


def runbook(rule: str, kind: str) -> Runbook:
    """Return the section of a rule, or of its kind."""
    return runbooks().get(rule) or runbooks()[f"kind-{kind}"]
