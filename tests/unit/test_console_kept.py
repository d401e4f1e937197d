"""Readings that pages of the console share, and when they are taken anew."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from api.reach import EVERYTHING
from dashboards.console.kept import Kept

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Pool:
    """Lends a connection that nothing is asked of."""

    @asynccontextmanager
    async def connection(self, timeout: float) -> AsyncIterator[None]:
        assert timeout > 0
        yield


async def test_what_was_being_read_when_it_was_forgotten_is_not_shown_afterwards() -> None:
    alerts, is_read, may_end = ["open"], asyncio.Event(), asyncio.Event()

    async def read(_conn: Any, _last: str | None) -> str:
        found = alerts[-1]
        is_read.set()
        await may_end.wait()
        return found

    kept = Kept[str](Pool, EVERYTHING, 60, read)  # type: ignore[arg-type, return-value]
    before = asyncio.create_task(kept.get())
    await is_read.wait()
    alerts.append("acknowledged")
    kept.forget()
    after = asyncio.create_task(kept.get())
    await asyncio.sleep(0)
    may_end.set()
    await before
    assert await after == "acknowledged"
    assert await kept.get() == "acknowledged"
