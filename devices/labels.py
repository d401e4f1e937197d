"""Tags and links of gateways, things and datastreams: how they are found, and what else there is of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

import msgspec

from devices.model import is_code

if TYPE_CHECKING:
    from collections.abc import Sequence

#: tags, and links, of one entry
MOST = 50
TITLE_LENGTH, URL_LENGTH = 200, 2000
TAG_FORM = "tags of 1 to 64 of a-z 0-9 _ . - that begin with a letter or digit"
URL_FORM = "an address that begins with https:// and has no user name, password or blanks"
# The scheme is written small, a host stands there, and no user before it.
URL = r"https://[^\s/?#@\\\x00-\x1f\x7f]+(?:[/?#][^\s\x00-\x1f\x7f]*)?"
_URL = re.compile(URL)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class LabelError(ValueError):
    """A tag or a link cannot be; the message says why and what would be right."""


class Link(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A photo, a note or a document that lies elsewhere."""

    kind: Literal["photo", "note", "document"]
    title: str
    url: str


def is_url(text: str) -> bool:
    """Tell whether a link may lead there."""
    return len(text) <= URL_LENGTH and _URL.fullmatch(text) is not None


def tags_in_order(tags: Sequence[str]) -> tuple[str, ...]:
    """Return tags as they are stored: each once, in order.

    Raises:
        LabelError: one is none, or there are too many.
    """
    if wrong := [tag for tag in tags if not is_code(tag)]:
        raise LabelError(f"{wrong[0][:100]!r} is no tag; give {TAG_FORM}")
    if len(tags) > MOST:
        raise LabelError(f"it has {len(tags)} tags; give at most {MOST}")
    return tuple(sorted(set(tags)))


def require_links(links: Sequence[Link]) -> None:
    """Check links.

    Raises:
        LabelError: one cannot be, or there are too many.
    """
    if len(links) > MOST:
        raise LabelError(f"it has {len(links)} links; give at most {MOST}")
    for link in links:
        if not link.title.strip() or len(link.title) > TITLE_LENGTH or _CONTROL.search(link.title):
            raise LabelError(
                f"{link.title[:100]!r} is no title; give one line of 1 to {TITLE_LENGTH} characters"
            )
        if not is_url(link.url):
            raise LabelError(f"{link.url[:100]!r} cannot be linked to; give {URL_FORM}")
