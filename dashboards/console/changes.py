"""What of an element's values has changed since the browser was told them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, dict[str, Any]] | None:
    """Return the values that differ; None where none does.

    Returns:
        {"whole": {name: value}, "rows": {name: {place: row}}}: of a list that has as many rows as before, if
        not all of them have changed, the changed ones alone.
    """
    found: dict[str, dict[str, Any]] = {"whole": {}, "rows": {}}
    for name, value in after.items():
        was = before.get(name)
        if name in before and (was is value or was == value):
            continue
        rows = _changed_rows(was, value)
        if rows is None:
            found["whole"][name] = value
        else:
            found["rows"][name] = rows
    return found if found["whole"] or found["rows"] else None


def _changed_rows(before: Any, after: Any) -> dict[str, Any] | None:
    """Return the rows that differ by their places; None where the whole list has to be told."""
    if not (isinstance(before, list) and isinstance(after, list) and len(before) == len(after)):
        return None
    pairs = zip(before, after, strict=True)
    rows = {str(place): row for place, (was, row) in enumerate(pairs) if was is not row and was != row}
    return rows if len(rows) < len(after) else None
