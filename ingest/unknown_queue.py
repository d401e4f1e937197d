"""Beside ingest: refused messages -> the queue of unknown things; and what was accepted -> ingest again.

Nothing of it is done while a message is on its way: it reads the refusals that are committed, and puts what
is to be replayed into `deferred_messages`, from where it goes through the steps of a fresh message when there
is time. Each step is a transaction: cut short, it has not happened.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from devices import unknown_limits, unknown_seen
from ingest import refused
from ingest.pipeline import time_limits
from ingest.unknown import joined, left_in, named_in, verdict
from storage.errors import is_transient
from storage.pool import cut_after, first_line

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence
    from datetime import datetime

    from psycopg import AsyncConnection
    from psycopg_pool import AsyncConnectionPool

    from devices.catalog import LiveCatalog
    from devices.unknown_seen import Noted
    from ingest.deferral import Deferral
    from ingest.refused import Refused, Wanted
    from ingest.unknown import Verdict
    from runtime.settings import Settings

    Pool = AsyncConnectionPool[AsyncConnection[Any]]

log = structlog.get_logger(__name__)

#: how often it looks while there is nothing to do
_LOOK_S = 1.0
_RETRY_S = 5.0
#: a database that does not answer in this time is let go
_PATIENCE_S = 60.0
#: of one look: to understand so many takes about 20 ms, in parts between which live messages have their turn
_MESSAGES, _BYTES, _AT_ONCE = 200, 256 << 10, 10
#: refusals of other reasons are passed over at such steps, or each look would pass over all of them
_ADVANCE = timedelta(minutes=1)
#: so much may wait to be stored before more is replayed
_MOST_WAITING_BYTES = 4 << 20


class UnknownQueue:
    """Notes what is unknown, accepts it where that is automatic, and replays what was accepted."""

    def __init__(self, settings: Settings, pool: Pool, catalog: LiveCatalog, deferral: Deferral) -> None:
        """Take the registry as ingest has it, and who stores what is replayed."""
        self._settings, self._pool, self._catalog, self._deferral = settings, pool, catalog, deferral

    async def run(self) -> None:
        """Look until cancelled, whatever becomes of the database."""
        while True:
            began = time.monotonic()
            try:
                has_more = await self._look()
                took = time.monotonic() - began
                await asyncio.sleep(self._deferral.pause(took) if has_more else _LOOK_S)
            except (psycopg.Error, PoolTimeout, OSError) as error:
                log.warning("unknown things wait on", action="unknown_retry", error=first_line(error))
                await asyncio.sleep(_RETRY_S)

    async def _look(self) -> bool:
        """Take one step of each kind; tell whether there is more to do at once."""
        has_more = False
        async with self._pool.connection() as conn:
            with cut_after(_PATIENCE_S, conn):
                until = await refused.horizon(conn)
                with _apart("unknown things are not noted"):
                    has_more = await self._note(conn, until)
                replayed, goes_on = await self._replay_all(conn, until)
        if replayed:
            await self._deferral.look()
        return has_more or goes_on

    async def _note(self, conn: AsyncConnection[Any], until: datetime) -> bool:
        async with conn.transaction():
            after = await refused.progress(conn)
            found = await refused.following(conn, after, until, messages=_MESSAGES, size=_BYTES)
            if not found:
                if until - after.time > _ADVANCE:
                    await refused.advance(conn, refused.Place(until, 0))
                    await unknown_seen.forget_gone(conn)
                return False
            ids = await self._note_all(conn, found)
            await refused.advance(conn, found[-1].place)
        await self._accept(conn, ids)
        return True

    async def _note_all(self, conn: AsyncConnection[Any], found: Sequence[Refused]) -> list[int]:
        """Note what messages name, but for those that the database cannot take: halving tells which."""
        try:
            async with conn.transaction():
                named = [part async for each in _in_turns(found) for part in self._named_in(each)]
                return await unknown_seen.note(conn, joined(named))
        except psycopg.Error as error:
            if is_transient(error):
                raise
            if len(found) == 1:
                words = "what a refused message names cannot be noted"
                log.warning(words, action="unknown_passed_over", id=found[0].id, error=first_line(error))
                return []
        half = len(found) // 2
        return [*await self._note_all(conn, found[:half]), *await self._note_all(conn, found[half:])]

    def _named_in(self, message: Refused) -> list[Noted]:
        settings = self._settings
        return named_in(message, self._catalog.current, settings.topic_root, settings.lorawan_sources)

    def _left_in(self, messages: Sequence[Refused]) -> list[Noted]:
        settings = self._settings
        return left_in(messages, self._catalog.current, settings.topic_root, settings.lorawan_sources)

    async def _accept(self, conn: AsyncConnection[Any], ids: Sequence[int]) -> None:
        for thing in await unknown_limits.accept_automatically(conn, sorted(set(ids))):
            words = "an unknown thing was accepted, as its gateway's limits allow"
            log.info(words, action="unknown_accepted", gateway=thing.gateway, device=thing.device)

    async def _replay_all(self, conn: AsyncConnection[Any], until: datetime) -> tuple[int, bool]:
        replayed, goes_on = 0, False
        for thing in await refused.wanted(conn):
            if self._deferral.waiting_bytes < _MOST_WAITING_BYTES and self._knows(thing):
                with _apart("an accepted thing is not replayed", id=thing.id):
                    count, more = await self._replay(conn, thing, until)
                    replayed, goes_on = replayed + count, goes_on or more
        return replayed, goes_on

    def _knows(self, thing: Wanted) -> bool:
        """Tell whether the registry in memory has what was accepted: its change may still be on its way."""
        known = self._catalog.current.gateways.get(thing.gateway)
        if known is None or not known.devices.get(thing.device):
            return False
        return all((thing.device, each) in known.streams for each in thing.properties)

    async def _replay(self, conn: AsyncConnection[Any], thing: Wanted, until: datetime) -> tuple[int, bool]:
        """Put the next messages that are known by now into ingest; return how many, and whether to go on."""
        after = refused.Place(thing.time, thing.number)
        found = await refused.following(
            conn, after, until, messages=_MESSAGES, size=_BYTES, gateway=thing.gateway
        )
        chosen = [each async for each in _in_turns(found) if self._verdict(each).is_mended]
        behind = None if thing.is_settled else max(after, refused.Place(until, 0))
        async with conn.transaction() as transaction:
            whole = await refused.of_the_same(conn, chosen)
            kept = {each.place async for each in _in_turns(whole) if self._verdict(each).is_as_before}
            count = await refused.replay(conn, [each for each in whole if each.place not in kept], thing.who)
            await unknown_seen.note(conn, self._left_in(whole), replayed=thing.device)
            if not await refused.looked(conn, thing, count, found[-1].place if found else behind):
                raise psycopg.Rollback(transaction)
        return count, bool(found)

    def _verdict(self, message: Refused) -> Verdict:
        settings, limits = self._settings, time_limits(self._settings, message.time)
        return verdict(message, self._catalog.current, settings.topic_root, limits, settings.lorawan_sources)


@contextmanager
def _apart(words: str, **said: Any) -> Iterator[None]:
    """Log an error that stays however often it is tried: it holds up nothing behind the block."""
    try:
        yield
    except psycopg.Error as error:
        if is_transient(error):
            raise
        log.warning(words, action="unknown_failed", error=first_line(error), **said)


async def _in_turns(messages: Sequence[Refused]) -> AsyncIterator[Refused]:
    """Yield messages, and give others a turn after some."""
    for number, message in enumerate(messages):
        if number % _AT_ONCE == _AT_ONCE - 1:
            await asyncio.sleep(0)
        yield message
