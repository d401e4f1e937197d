"""JSON answers that say how fresh they are, and what has to change before they do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from fastapi import Response

from api.cache import Validator, last_modified
from api.changes import AREAS, DECLARATIONS, values_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from fastapi import Request

    from api.changes import Counts

#: how long an answer may be used without asking again, s; by ETag it costs next to nothing to ask
_CLOSED_S, _KNOWN_THEN_S = 60, 86_400

#: a period that runs or has just ended; one that is over; what was known at an instant that is over
Kind = Literal["running", "closed", "known_then"]


@dataclass(frozen=True)
class Freshness:
    """What an answer is made from, as it was before its query.

    until: when the words of the request begin to mean something else; None: never.
    """

    counts: Counts
    indicators: Iterable[str]
    kind: Kind = "running"
    until: datetime | None = None


def json_answer(
    request: Request,
    body: Mapping[str, Any],
    fresh: Freshness,
    *,
    computed_at: datetime | None,
    link: str | None = None,
) -> Response:
    """Return a body as JSON without another look at each of its rows; `link` is the next page."""
    topics = (AREAS, DECLARATIONS, *values_of(fresh.indicators))
    request.state.validator = Validator(topics, fresh.counts.of(topics), fresh.until)
    registry = (fresh.counts.changed_at.get(topic) for topic in (AREAS, DECLARATIONS))
    changed_at = max((each for each in (computed_at, *registry) if each is not None), default=None)
    headers = {"Cache-Control": _cache_control(request, fresh.kind), **last_modified(changed_at)}
    if link is not None:
        headers["Link"] = f'<{link}>; rel="next"'
    return Response(msgspec.json.encode(body), media_type="application/json", headers=headers)


def _cache_control(request: Request, kind: Kind) -> str:
    keyed = "authorization" in request.headers or "x-api-key" in request.headers
    whose = "public" if request.app.state.settings.api_public and not keyed else "private"
    ages = {"running": "no-cache", "closed": f"max-age={_CLOSED_S}", "known_then": f"max-age={_KNOWN_THEN_S}"}
    return f"{whose}, {ages[kind]}"
