"""Which format an Accept header asks for (RFC 9110, 12.5.1). Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from api.formats.kinds import KINDS, Format

if TYPE_CHECKING:
    from collections.abc import Sequence

_RANGE: Final = re.compile(r"\s*([\w!#$&^.+*-]+/[\w!#$&^.+*-]+)\s*((?:;[^;]*)*)", re.ASCII)
_WEIGHT: Final = re.compile(r";\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*(?:;|$)", re.ASCII | re.IGNORECASE)


def negotiate(accept: str, offered: Sequence[Format]) -> Format | None:
    """Return the offered format that a client likes best, or None if it takes none of them.

    Of several with the same weight the first offered wins; without a header that can be read anything does.
    """
    ranges = [found for found in map(_parse, accept.split(",")) if found]
    if not ranges:
        return offered[0]
    weights = {each: _weight(KINDS[each].media_type, ranges) for each in offered}
    best = max(offered, key=lambda each: weights[each])
    return best if weights[best] > 0 else None


def _parse(text: str) -> tuple[str, float] | None:
    found = _RANGE.fullmatch(text)
    if found is None:
        return None
    weight = _WEIGHT.search(found[2])
    return found[1].lower(), min(float(weight[1]), 1.0) if weight else 1.0


def _weight(media_type: str, ranges: Sequence[tuple[str, float]]) -> float:
    """Return the weight of the most specific range that a media type lies in."""
    for wanted in (media_type, f"{media_type.partition('/')[0]}/*", "*/*"):
        weights = [weight for name, weight in ranges if name == wanted]
        if weights:
            return max(weights)
    return 0.0
