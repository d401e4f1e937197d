from __future__ import annotations

import asyncio

import pytest

from ingest import turns
from ingest.turns import OutOfTurn, Turns


async def test_batches_come_one_behind_the_other() -> None:
    order, came = Turns(), list[int]()

    async def write(number: int, turn: turns.Turn) -> None:
        await turn.come()
        came.append(number)
        turn.pass_on()

    places = [order.next() for _ in range(5)]
    await asyncio.gather(*(write(n, places[n]) for n in (3, 1, 4, 0, 2)))
    assert came == [0, 1, 2, 3, 4]


async def test_who_waits_long_lets_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "PATIENCE_S", 0.01)
    order = Turns()
    first, second = order.next(), order.next()
    await first.come_soon()
    with pytest.raises(OutOfTurn):
        await second.come_soon()
    first.pass_on()
    await second.come_soon()
