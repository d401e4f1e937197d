"""What a person does on a page: it is done, and what came of it is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from dashboards.console.elements import Text, text

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from dashboards.console.views.context import Context


class Told:
    """A line that says what came of what was done; hidden until then."""

    def __init__(self) -> None:
        """Build it."""
        self._text: Text = text("p", "", "panel-told")
        self._text.props.update(role="status", **{"aria-live": "polite"})
        self._text.set_visibility(False)

    def show(self, words: str) -> None:
        """Say something."""
        self._text.show(words)
        self._text.set_visibility(True)

    def clear(self) -> None:
        """Say nothing any longer."""
        self._text.set_visibility(False)


async def carry_out(
    context: Context, told: Told, act: Callable[[], Awaitable[str]], *expected: type[Exception]
) -> None:
    """Do something, say what it says or why it could not be done, and have what is shown read again.

    expected: errors whose own words say why.
    """
    words = context.words
    try:
        told.show(await act())
    except PermissionError:
        told.show(words("act_failed", why=words("act_may_not")))
        # Nothing has changed; and where the key opens nothing any longer, the next reading closes the page.
        return
    except expected as error:
        told.show(words("act_failed", why=str(error)))
    except (psycopg.Error, OSError):
        told.show(words("act_failed", why=words("unknown_away")))
    context.feed.hurry()
