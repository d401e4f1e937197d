"""How a value is cited: what it is and by which rule, where, when, and as known when. Pure."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from analytics.texts import Text

if TYPE_CHECKING:
    from datetime import datetime


def subject(code: str, version: int, name: Text, rule: Text) -> Text:
    """Return what is cited: an indicator's name, code and formula version, and its document and clause."""
    return Text(
        f"{name.en} ({code} version {version}; {rule.en})",
        f"{name.vi} ({code} phiên bản {version}; {rule.vi})",
    )


def citation(what: Text, where: Text, when: str, as_of: datetime, figure: Text | None = None) -> Text:
    """Return a finished citation in both languages.

    Args:
        what: as `subject` gives it.
        where: the areas, by name and code.
        when: the period, by the city's clock.
        as_of: aware; at this instant the values were known as they are cited.
        figure: the value with what belongs to it, where one alone is cited.
    """
    known = as_of.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    en, vi = (f": {figure.en}", f": {figure.vi}") if figure else ("", "")
    return Text(
        f"{what.en}, {where.en}, {when}{en}; halong, as of {known}",
        f"{what.vi}, {where.vi}, {when}{vi}; halong, theo số liệu lúc {known}",
    )
