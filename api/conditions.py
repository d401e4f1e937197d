"""Conditions of a request: whether a client has the answer already (RFC 9110, 5.6.7 and 13). Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


#: entity tags of a list, each with the mark of a weak one (8.8.3)
_TAGS = re.compile(r'(W/)?("[^"]*")')


def http_date(instant: datetime) -> str:
    """Return an aware instant as HTTP writes it."""
    return format_datetime(instant.astimezone(UTC), usegmt=True)


def parsed_date(text: str | None) -> datetime | None:
    """Return the instant that HTTP wrote; None where there is none, or it cannot be read."""
    try:
        found = parsedate_to_datetime(text) if text else None
    except (ValueError, OverflowError):
        return None
    return found if found is None or found.tzinfo else found.replace(tzinfo=UTC)


def is_unchanged(asked: Mapping[str, str], etag: str | None, modified: datetime | None) -> bool:
    """Tell whether a client has an answer: by If-None-Match, else by If-Modified-Since (13.2.2).

    Args:
        asked: the request's headers, by names in lower case.
        etag: of the answer, strong or weak: it is compared weakly (8.8.3.2).
        modified: when the answer last changed.
    """
    known = asked.get("if-none-match")
    if known is not None:
        tags = {each.strip().removeprefix("W/") for each in known.split(",")}
        return "*" in tags or (etag is not None and etag.removeprefix("W/") in tags)
    since = parsed_date(asked.get("if-modified-since"))
    return since is not None and modified is not None and modified.replace(microsecond=0) <= since


def is_matched(if_match: str, etag: str) -> bool:
    """Tell whether If-Match names what is there: strongly, so that a weak tag never does (13.1.1)."""
    return if_match.strip() == "*" or ("", etag) in _TAGS.findall(if_match)
