"""Batches that are written at the same time commit in the order in which they were closed.

So the next batch's rows are on their way while the one before waits for its commit; and what depends on the
order, such as the states of a gateway, is written when all before it is committed.
"""

from __future__ import annotations

import asyncio

#: What a batch has written may be locked, such as the chunk of a day that begins, and the one before may wait
#: for just that, which PostgreSQL cannot see: so no batch holds its locks for longer than this, s.
PATIENCE_S = 1.0


class OutOfTurn(Exception):  # noqa: N818  (it asks for another attempt, nothing is wrong)
    """The batch before takes long: this one must let go of what it has locked."""


class Turn:
    """One batch's place in the order."""

    def __init__(self, before: asyncio.Event | None = None) -> None:
        self._before = before
        self.committed = asyncio.Event()

    async def come(self) -> None:
        """Wait until the batch before is committed."""
        if self._before:
            await self._before.wait()

    async def come_soon(self) -> None:
        """Wait for that in an open transaction.

        Raises:
            OutOfTurn: it takes longer than PATIENCE_S.
        """
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self.come()
        except TimeoutError:
            raise OutOfTurn from None

    def pass_on(self) -> None:
        """Say that this batch is committed."""
        self.committed.set()


class Turns:
    """Gives out places, one behind the other."""

    def __init__(self) -> None:
        self._last: asyncio.Event | None = None

    def next(self) -> Turn:
        """Return the place behind all that were given out."""
        turn = Turn(self._last)
        self._last = turn.committed
        return turn
