"""One follower of the database for every stream of this process.

It listens to one channel, numbers what was written (api.queries.live), reads what is new once, and wakes the
streams, which take from memory what they follow. While the database is away they stay, and miss nothing.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

import psycopg
import structlog

from api import reach
from api.live import shapes
from api.live.event import Kind
from api.live.ring import Ring
from api.queries import alerts, gateways
from api.queries import live as queries
from storage.errors import StorageError, is_transient
from storage.pool import connect, cut_after, first_line

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping
    from zoneinfo import ZoneInfo

    from psycopg import AsyncConnection

    from api.live.event import Event
    from api.live.metrics import LiveMetrics
    from api.live.stream import Stream
    from api.queries import Row

log = structlog.get_logger(__name__)

#: seconds between two looks at gateways and keys, and at observations that somebody follows
_GATEWAYS_S, _OBSERVATIONS_S = 5.0, 1.0
_MINUTE_S: Final = 60.0
_RETRY_S: Final = 1.0
#: after which a database that does not answer is left
_PATIENCE_S: Final = 20.0
_FIRST_S: Final = 5.0


class _Timer:
    """What is to be done every so many seconds; for the first time at once."""

    def __init__(self, every: float) -> None:
        self._every, self.due = every, 0.0

    def rings(self) -> bool:
        """Tell whether the time has come, and wait for the next one."""
        now = time.monotonic()
        if now < self.due:
            return False
        self.due = now + self._every
        return True


class Hub:
    """What is new, and the streams that it is told to."""

    def __init__(self, url: str, zone: ZoneInfo, metrics: LiveMetrics, most: int) -> None:
        """Take the database, the zone in which steps are cut, and how many streams there may be."""
        self._url, self._zone, self._most = url, zone, most
        self.metrics = metrics
        self.streams: set[Stream] = set()
        #: None until the database was read for the first time
        self.ring: Ring | None = None
        self._read_once = asyncio.Event()
        self._catalogue: dict[str, Row] = {}
        self._gateways, self._observations = _Timer(_GATEWAYS_S), _Timer(_OBSERVATIONS_S)
        self._minute = _Timer(_MINUTE_S)
        self._is_watched = False
        self.is_closed = False

    @property
    def is_full(self) -> bool:
        """Tell whether there are as many streams as there may be."""
        return len(self.streams) >= self._most

    def join(self, stream: Stream) -> None:
        """Wake a stream whenever something is new, until it leaves."""
        self.streams.add(stream)
        self.metrics.clients.set(len(self.streams))

    def leave(self, stream: Stream) -> None:
        """Forget a stream."""
        self.streams.discard(stream)
        self.metrics.clients.set(len(self.streams))

    def close(self) -> None:
        """End every stream: the server stops."""
        self.is_closed = True
        for stream in tuple(self.streams):
            stream.end("stopping", "the server stops: connect again")

    @asynccontextmanager
    async def following(self) -> AsyncIterator[Hub]:
        """Follow the database until the block ends; it begins after the first reading, if that is quick."""
        task = asyncio.create_task(self._run(), name="api.live")
        with suppress(TimeoutError):
            await asyncio.wait_for(self._read_once.wait(), _FIRST_S)
        try:
            yield self
        finally:
            self.close()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _run(self) -> None:
        reach.enter(reach.EVERYTHING)  # what each stream is told, its Selection decides
        while True:
            try:
                async with await connect(self._url, name="halong api live") as conn:
                    await self._follow(conn)
            except (StorageError, psycopg.Error, OSError) as error:
                self._note(error)
            except Exception:
                # Streams that stand still without a word would be worse than a line in the log each second.
                log.exception("events cannot be told", action="api.live_failed")
            self.metrics.connected.set(0)
            await asyncio.sleep(_RETRY_S)

    def _note(self, error: Exception) -> None:
        if not (isinstance(error, StorageError) or is_transient(error)):
            log.error("events cannot be told", action="api.live_failed", error=first_line(error))
        else:
            log.warning("the database tells nothing", action="api.live_away", error=first_line(error))

    async def _follow(self, conn: AsyncConnection[Any]) -> None:
        # LISTEN comes first: what is written from here on is told, what was written before is read.
        with cut_after(_PATIENCE_S, conn):
            await conn.execute(f"LISTEN {queries.CHANNEL}")
            await self._begin(conn)
        told = {"outbox"}
        while True:
            with cut_after(_PATIENCE_S, conn):
                is_more = await self._number(conn, told)
                await self._read(conn)
            self.metrics.connected.set(1)
            self._read_once.set()
            told = {"outbox"} if is_more else await self._wait(conn)

    async def _begin(self, conn: AsyncConnection[Any]) -> None:
        """Go on where the last connection ended; begin anew where what came after may be gone."""
        if self.ring is None or not await queries.is_kept(conn, self.ring.last):
            self.ring = Ring(queries.KEPT, await queries.oldest(conn))
            for stream in self.streams:
                stream.lose()
        await self._read(conn)
        for stream in self.streams:
            stream.wake()

    async def _wait(self, conn: AsyncConnection[Any]) -> set[str]:
        """Wait for a notification or for what is due; return what was told."""
        timers = (self._gateways, self._minute, *((self._observations,) if self._is_watched else ()))
        pause = max(0.0, min(timer.due for timer in timers) - time.monotonic())
        return {each.payload async for each in conn.notifies(timeout=pause, stop_after=1)}

    async def _number(self, conn: AsyncConnection[Any], told: set[str]) -> bool:
        """Number what is new, if anything may be; tell whether there may be more."""
        self._is_watched |= "datastreams" in told
        minute, regular = self._minute.rings(), self._gateways.rings()
        observations = self._is_watched and self._observations.rings()
        if minute:
            await self._maintain(conn)
        if regular:
            await self._end_keys(conn)
        look = regular or "gateways" in told
        if not (look or observations or minute or "outbox" in told):
            return False
        made = await queries.number(conn, gateways=look, observations=observations, recomputed=minute)
        return made >= queries.MOST

    async def _maintain(self, conn: AsyncConnection[Any]) -> None:
        self._catalogue = {}
        followed = sorted(frozenset().union(*(each.selection.datastreams for each in self.streams)))
        if followed:
            await queries.watch(conn, followed)
        self._is_watched = await queries.is_watched(conn)

    async def _end_keys(self, conn: AsyncConnection[Any]) -> None:
        keyed = [stream for stream in self.streams if stream.caller.kind == "key"]
        versions = await queries.valid_keys(conn, [each.caller.id for each in keyed]) if keyed else {}
        for stream in keyed:
            if (version := versions.get(stream.caller.id)) is None:
                stream.end("key", f"{stream.caller.who} was revoked or has expired: ask for another")
            elif version != stream.caller.version:
                stream.end("key", f"{stream.caller.who} has another role or other areas: connect again")

    async def _read(self, conn: AsyncConnection[Any]) -> None:
        assert self.ring is not None
        while rows := await queries.events(conn, self.ring.last):
            events = await self._events(conn, rows)
            self.ring.append(events, rows[-1]["position"])
            for stream in self.streams:
                stream.wake()
            if self._read_once.is_set():  # what was there at the start waited for the start
                for row in rows:
                    self.metrics.lag.observe(row["lag"])
            if len(rows) < queries.MOST:
                return

    async def _events(self, conn: AsyncConnection[Any], rows: list[Row]) -> list[Event]:
        """Return events with what they tell of; of what was deleted meanwhile there is none."""
        by_kind = {kind: [row for row in rows if row["kind"] == kind] for kind in Kind}
        made = _told(by_kind[Kind.RECOMPUTED], shapes.recomputed)
        if told := by_kind[Kind.VALUE]:
            made += await self._values(conn, told)
        if told := by_kind[Kind.ALERT]:
            lines = await alerts.by_history(conn, [row["history_id"] for row in told])
            made += _told(told, _of(lines, "history_id", shapes.alert))
        if told := by_kind[Kind.GATEWAY]:
            known = await gateways.by_ids(conn, [row["gateway_id"] for row in told])
            made += _told(told, _of(known, "gateway_id", shapes.gateway))
        if told := by_kind[Kind.OBSERVATION]:
            found = await queries.readings(conn, told)
            made += _told(told, _of(found, "position", shapes.observation))
        return sorted(made, key=lambda event: event.position)

    async def _values(self, conn: AsyncConnection[Any], told: list[Row]) -> list[Event]:
        found = await queries.values(conn, told)
        if not {row["indicator"] for row in found.values()} <= self._catalogue.keys():
            self._catalogue = await queries.catalogue(conn)

        def shape(row: Row, value: Row) -> Event:
            return shapes.value(row, value, self._catalogue[value["indicator"]], self._zone)

        return _told(told, _of(found, "position", shape))


def _of(
    found: Mapping[int, Row], key: str, shape: Callable[[Row, Row], Event]
) -> Callable[[Row], Event | None]:
    """Return how a row becomes an event: by what was found of it, or not where that was deleted."""
    return lambda row: shape(row, found[row[key]]) if row[key] in found else None


def _told(rows: Iterable[Row], shape: Callable[[Row], Event | None]) -> list[Event]:
    """Return the events of rows; one that cannot be told must not stand in the way of those after it."""
    made = []
    for row in rows:
        try:
            event = shape(row)
        except Exception:
            log.exception("an event is left out", action="api.live_left_out", position=row["position"])
        else:
            made += [event] if event else []
    return made
