"""What a view has of its page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dashboards.console.choice import Detail

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dashboards.console.choice import Choice
    from dashboards.console.desk import Desk
    from dashboards.console.feed import Feed
    from dashboards.console.words import Words
    from dashboards.console.worklists import Worklists


@dataclass(frozen=True)
class Context:
    """What a view builds with: who looks, what is read, and how another choice is made."""

    words: Words
    feed: Feed
    desk: Desk
    #: of what the viewer reaches
    lists: Worklists
    #: the present choice
    choice: Callable[[], Choice]
    #: have another one shown, as another entry of the browser's history
    choose: Callable[[Choice], Awaitable[None]]

    def open(self, kind: str, code: str, *, drawn: str | None = None) -> Awaitable[None]:
        """Have the panel at the side show something; of a thing, with one of its properties drawn."""
        return self.choose(self.choice().beside(Detail(kind, code, drawn)))
