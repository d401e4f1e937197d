"""Keyset pagination: a page ends with a cursor that holds the key of its last row, never an offset. Pure."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode

import msgspec

from api.problems import invalid

if TYPE_CHECKING:
    from starlette.datastructures import URL, QueryParams

DEFAULT_LIMIT = 100
MAX_LIMIT = 10_000

Key = TypeVar("Key")


def encode_cursor(key: Any) -> str:
    """Return the key of a page's last row as opaque text for a URL."""
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def decode_cursor(text: str | None, form: type[Key]) -> Key | None:
    """Return the key in a cursor, a value or a tuple as `form` says; None where there is no cursor.

    Raises:
        Problem: it was not made by this resource.
    """
    if text is None:
        return None
    try:
        raw = base64.urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4))
        return msgspec.json.decode(raw, type=form)
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        raise invalid(
            "cursor", text, "it is no cursor of this resource", "the cursor of the page before"
        ) from None


def cut(rows: list[dict[str, Any]], limit: int, *key: str) -> tuple[list[dict[str, Any]], str | None]:
    """Return the rows of one page out of up to `limit` + 1 rows, and the cursor of the next page if any."""
    if len(rows) <= limit:
        return rows, None
    page = rows[:limit]
    last = [page[-1][name] for name in key]
    return page, encode_cursor(last if len(last) > 1 else last[0])


def next_address(url: URL, query: QueryParams, cursor: str | None) -> str | None:
    """Return the path and query of the next page."""
    if cursor is None:
        return None
    pairs = [(name, value) for name, value in query.multi_items() if name != "cursor"]
    return f"{url.path}?{urlencode([*pairs, ('cursor', cursor)])}"
