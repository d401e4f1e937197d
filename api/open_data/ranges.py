"""Conditions and ranges of a request for a file (RFC 9110, sections 13 and 14). Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")


def http_date(instant: datetime) -> str:
    """Return an aware instant as HTTP writes it."""
    return format_datetime(instant.astimezone(UTC), usegmt=True)


def is_unchanged(headers: Mapping[str, str], etag: str, modified: datetime) -> bool:
    """Tell whether the client has it: by If-None-Match, and by If-Modified-Since where that is not sent."""
    known = headers.get("if-none-match")
    if known is not None:
        tags = [each.strip().removeprefix("W/") for each in known.split(",")]
        return "*" in tags or etag in tags
    since = _parsed(headers.get("if-modified-since"))
    return since is not None and modified.replace(microsecond=0) <= since


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
    return _parsed(condition) == modified.replace(microsecond=0)


def _parsed(text: str | None) -> datetime | None:
    try:
        found = parsedate_to_datetime(text) if text else None
    except ValueError:
        return None
    return found if found is None or found.tzinfo else found.replace(tzinfo=UTC)
