"""How often an edge node may be asked for a rebirth, which costs it all its metrics. Pure."""

from __future__ import annotations

from typing import NamedTuple

#: between two requests to one edge node, s: doubled while the need comes back that soon
FIRST_WAIT_S, MAX_WAIT_S = 10.0, 640.0


class _Asked(NamedTuple):
    at: float
    wait: float


class Rebirths:
    """When each edge node was asked."""

    def __init__(self) -> None:
        self._asked: dict[str, _Asked] = {}

    def may_ask(self, gateway: str, now: float) -> bool:
        """Tell whether an edge node may be asked at `now` (seconds of any clock); if so, it has been."""
        last = self._asked.get(gateway)
        if last and now - last.at < last.wait:
            return False
        # One that needs it again soon after the wait has not been helped by the rebirth.
        is_soon = last is not None and now - last.at < 2 * last.wait
        wait = min(2 * last.wait, MAX_WAIT_S) if last and is_soon else FIRST_WAIT_S
        self._asked[gateway] = _Asked(now, wait)
        return True
