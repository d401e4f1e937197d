"""One reader of the database for every page of the same areas that is open in this process.

It reads while somebody looks, hands each snapshot to every page, and keeps the last one while the
database is away. Charts are kept too: two people who look at the same one cost one query.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import psycopg
import structlog

from api.reach import EVERYTHING, Reach, enter
from api.security import reach_of
from dashboards.console.desk import Desk
from dashboards.console.kept import MapReadings
from dashboards.console.snapshot import (
    Registry,
    Series,
    Snapshot,
    read,
    read_flow,
    read_registry,
    read_series,
)
from runtime.until_stopped import is_ending

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from psycopg import AsyncConnection
    from psycopg_pool import AsyncConnectionPool

    from api.known import Registry as Known
    from api.queries import Row
    from api.reach import Caller
    from api.rights import Right

    Pool = AsyncConnectionPool[AsyncConnection[Any]]
    Follower = Callable[[], Awaitable[None]]

log = structlog.get_logger(__name__)

#: pause between two readings
INTERVAL_S: Final = 4.0
#: how long areas, indicators and charts are taken for unchanged
_SLOW_S: Final = 60.0
#: how long what devices send in five minutes is
_FLOW_S: Final = 20.0
_CONNECTION_TIMEOUT_S: Final = 3.0
#: between two pages that are told: as long as the first one took, this at most
_LONGEST_PAUSE_S: Final = 0.05
_MOST_CHARTS: Final = 64


@dataclass(frozen=True)
class _Chart:
    newest: object
    read_at: float
    series: Series


class Feed:
    """The newest snapshot, and who wants to be told of it."""

    def __init__(
        self, pool: Callable[[], Pool], zone: str, reach: Reach = EVERYTHING, *, raw: bool = True
    ) -> None:
        """Take how to get at the pool, the time zone of a database without a city, and what is read.

        `raw`: what devices send, too, and not indicators alone.
        """
        self._pool, self._zone, self._reach, self._raw = pool, zone, reach, raw
        self._followers: list[Follower] = []
        self._wanted, self._read, self._hurried = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._registry: Registry | None = None
        self._registry_read_at = self._flow_read_at = -_SLOW_S
        self._charts: OrderedDict[tuple[str, int], _Chart] = OrderedDict()
        #: what lies on the map besides the areas; None of who may see indicators alone
        self.readings = MapReadings(pool, reach) if raw else None
        self.snapshot: Snapshot | None = None
        #: since when the database does not answer; None while it does
        self.away_since: datetime | None = None

    @property
    def reach(self) -> Reach:
        """What is read."""
        return self._reach

    def follow(self, follower: Follower) -> Callable[[], None]:
        """Await `follower()` after each reading, until the function that is returned is called."""
        self._followers.append(follower)
        self._wanted.set()
        return lambda: self._unfollow(follower)

    def _unfollow(self, follower: Follower) -> None:
        with suppress(ValueError):
            self._followers.remove(follower)
        if not self._followers:
            self._wanted.clear()
            self._read.clear()

    async def first(self, timeout: float) -> None:  # noqa: ASYNC109 - a page waits only so long
        """Wait until something was read or tried to be since somebody looks, or for `timeout` seconds."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._read.wait(), timeout)

    async def run(self) -> None:
        """Read while anybody follows, until cancelled."""
        enter(self._reach)
        while True:
            await self._wanted.wait()
            await self._poll()
            if (
                self._followers
            ):  # the last one may have left meanwhile: the next one waits for a reading of its own
                self._read.set()
            await self._tell()
            if await self._read_slow():
                await self._tell()
            if is_ending():
                return
            # `asyncio.wait_for` of Python 3.11 loses a cancellation that comes with what it waits for.
            with suppress(TimeoutError):
                async with asyncio.timeout(INTERVAL_S):
                    await self._hurried.wait()
            self._hurried.clear()

    def hurry(self) -> None:
        """Read again at once: somebody has changed what is shown."""
        self._hurried.set()

    async def _poll(self) -> None:
        try:
            async with self._pool().connection(timeout=_CONNECTION_TIMEOUT_S) as conn:
                if self._registry is None or not _is_settled(self._registry):
                    await self._read_registry(conn)
                assert self._registry is not None
                self.snapshot = await read(conn, self._registry, self.snapshot, raw=self._raw)
        except (psycopg.Error, OSError) as error:
            self._note_away(error)
        else:
            self._note_back()

    async def _read_slow(self) -> bool:
        """Read what takes long and changes slowly, if it is due, and tell whether it has changed."""
        present, snapshot = asyncio.get_running_loop().time(), self.snapshot
        if self.away_since is not None or snapshot is None:
            return False
        try:
            async with self._pool().connection(timeout=_CONNECTION_TIMEOUT_S) as conn:
                if present > self._registry_read_at + _SLOW_S:
                    await self._read_registry(conn)
                if not self._raw or present < self._flow_read_at + _FLOW_S:
                    return False
                self.snapshot = replace(snapshot, flow=await read_flow(conn))
                self._flow_read_at = present
        except (psycopg.Error, OSError) as error:
            self._note_away(error)
        return self.snapshot is not snapshot

    async def _read_registry(self, conn: AsyncConnection[Any]) -> None:
        present = asyncio.get_running_loop().time()
        self._registry, self._registry_read_at = await read_registry(conn, self._zone), present

    def _note_away(self, error: Exception) -> None:
        if self.away_since is None:
            self.away_since = datetime.now(UTC)
            reason = str(error).partition("\n")[0]
            log.warning("the console cannot read the database", action="console.away", error=reason)

    def _note_back(self) -> None:
        if self.away_since is not None:
            log.info("the console reads the database again", action="console.back")
        self.away_since = None

    async def _tell(self) -> None:
        clock = asyncio.get_running_loop().time
        for follower in tuple(self._followers):
            began = clock()
            try:
                await follower()
            except Exception:
                # One page that cannot be drawn must not leave the others without data.
                log.exception("a page could not be brought up to date", action="console.page_failed")
            # A request takes many turns of the loop: without a pause there would be a page in each of them.
            await asyncio.sleep(min(clock() - began, _LONGEST_PAUSE_S))

    async def series(self, indicator: Row, area: Row) -> Series | None:
        """Return what a chart shows; what was known last while the database is away, None without any."""
        key = str(indicator["code"]), area["id"]
        newest = self._newest(key[0], area)
        present = asyncio.get_running_loop().time()
        kept = self._charts.get(key)
        if kept is not None and kept.newest == newest and present < kept.read_at + _SLOW_S:
            return kept.series
        try:
            async with self._pool().connection(timeout=_CONNECTION_TIMEOUT_S) as conn:
                found = await read_series(conn, indicator, area)
        except (psycopg.Error, OSError) as error:
            self._note_away(error)
            return kept.series if kept is not None else None
        self._keep(key, _Chart(newest, present, found))
        return found

    def _newest(self, indicator: str, area: Row) -> object:
        row = self.snapshot and self.snapshot.value(indicator, area)
        return row and (row["time"], row["revision"], row["computed_at"])

    def _keep(self, key: tuple[str, int], chart: _Chart) -> None:
        self._charts[key] = chart
        self._charts.move_to_end(key)
        if len(self._charts) > _MOST_CHARTS:
            self._charts.popitem(last=False)


class Feeds:
    """A feed for each reach and right that somebody looks with: pages of one district share one."""

    def __init__(self, pool: Callable[[], Pool], known: Callable[[], Known], zone: str) -> None:
        """Take how to get at the pool and at what is known of areas, and the zone of an empty database."""
        self._pool, self._known, self._zone = pool, known, zone
        self._feeds: dict[tuple[Reach, bool], Feed] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def of(self, areas: Iterable[str] | None, *, raw: bool) -> Feed:
        """Return the feed of who is confined to areas; it reads from here on, while anybody follows.

        `raw`: of who sees what devices send, too.

        Raises:
            psycopg.Error: the areas cannot be looked up.
        """
        reach = await reach_of(self._known(), areas)
        key = reach, raw
        if key not in self._feeds:
            self._feeds[key] = Feed(self._pool, self._zone, reach, raw=raw)
            self._tasks.append(asyncio.create_task(self._feeds[key].run(), name="console.feed"))
        return self._feeds[key]

    def desk(
        self,
        feed: Feed,
        viewer: Caller,
        anew: Callable[[], Awaitable[Caller | None]],
        *,
        sees: Callable[[Right], bool],
        publishes: bool,
    ) -> Desk:
        """Return what reads and acts for one who looks at a feed."""
        return Desk(self._pool, viewer, anew, feed.reach, sees=sees, publishes=publishes)

    async def close(self) -> None:
        """End all readers."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _is_settled(registry: Registry) -> bool:
    return bool(registry.areas and registry.indicators)
