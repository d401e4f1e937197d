"""Ranges of a request for a file (RFC 9110, 13.1.5 and 14). Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from api.conditions import parsed_date

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")


def wanted_range(
    headers: Mapping[str, str], etag: str, modified: datetime, size: int
) -> tuple[int, int] | None:
    """Return the first byte wanted and the one after the last, or None for the whole file.

    Several ranges, other units and what cannot be read mean the whole file, as RFC 9110 allows; so does an
    If-Range that names another state of it.

    Raises:
        ValueError: the file has no such bytes.
    """
    form = _RANGE.fullmatch(headers.get("range", "").strip())
    if form is None or not any(form.groups()) or not _still(headers.get("if-range"), etag, modified):
        return None
    first, last = form.groups()
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < start:
            return None
    if start >= end:
        raise ValueError(f"the file has {size} bytes, and {headers['range']} is beyond them")
    return start, end


def _still(condition: str | None, etag: str, modified: datetime) -> bool:
    if condition is None or condition.strip() == etag:
        return True
    return parsed_date(condition) == modified.replace(microsecond=0)
