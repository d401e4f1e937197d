"""Quality control as a stage: flag hours, and make observations ready for indicators."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from analytics import quality, quality_neighbours, quality_store, quality_tests
from analytics.quality_segments import HOUR_US
from analytics.series import Window, to_datetime, to_micros
from storage import observations

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from datetime import datetime

    from numpy.typing import NDArray
    from psycopg import AsyncConnection

    from analytics.network import Network
    from analytics.quality_rules import RuleSet
    from analytics.quality_tests import Stream

    Rows = NDArray[np.void]

#: Observations that are read at once, about.
BLOCK_ROWS = 3_000_000
_LONGEST_BLOCK = 24
#: Humidity is read from this long before the first value.
_HUMIDITY_BEFORE = timedelta(minutes=30)


@dataclass(frozen=True)
class Flagged:
    """Observations that have flags, and the hours of datastreams whose usable values changed."""

    flags: int = 0
    changed: frozenset[tuple[int, datetime]] = frozenset()

    def __add__(self, other: Flagged) -> Flagged:
        """Return both."""
        return Flagged(self.flags + other.flags, self.changed | other.changed)


@dataclass(frozen=True)
class _Task:
    """Datastreams to be judged, those that they are compared with, and by what."""

    judged: tuple[Stream, ...]
    read: tuple[Stream, ...]
    rules: RuleSet


async def flag(
    conn: AsyncConnection[Any],
    network: Network,
    start: datetime,
    end: datetime,
    *,
    until: datetime | None = None,
    late: Collection[tuple[int, datetime]] = (),
) -> Flagged:
    """Flag the whole UTC hours of start <= hour < end for a network's datastreams and their neighbours.

    The same observations give the same flags, whenever this runs. Each block of hours is one transaction.

    Args:
        conn: a connection in autocommit mode.
        network: whose datastreams.
        start: aware; the hour that holds it is flagged whole.
        end: aware; an hour that has begun before it is flagged whole.
        until: for late observations: the end of the last hour that was flagged before. Hours after `end` of
            whose context these are a part are flagged too. What changes is queued in late_hours.
        late: hours of datastreams that need not be queued: they are computed again in any case.

    Raises:
        QualityRulesError: the city's rules can't be read.
    """
    streams, rules = await quality_store.read_streams(conn, end), await quality_store.read_rules(conn)
    task, window = _task(streams, rules, network.datastreams), _whole_hours(start, end)
    found = await _flag_window(conn, task, window, None if until is None else late)
    for later, part in _later(task, window, until):
        found += await _flag_block(conn, part, later, ())
    return found


async def flag_again(conn: AsyncConnection[Any], start: datetime, end: datetime) -> Flagged:
    """Flag whole UTC hours of the whole city, and queue the hours that change in late_hours; as `flag`."""
    streams, rules = await quality_store.read_streams(conn, end), await quality_store.read_rules(conn)
    task = _task(streams, rules, frozenset(s.id for s in streams))
    return await _flag_window(conn, task, _whole_hours(start, end), ())


async def _flag_window(
    conn: AsyncConnection[Any], task: _Task, window: Window, known: Collection[tuple[int, datetime]] | None
) -> Flagged:
    found = Flagged()
    for block in _blocks(task, window):
        found += await _flag_block(conn, task, block, known)
    return found


async def prepare(conn: AsyncConnection[Any], rows: Rows, start: datetime, end: datetime) -> Rows:
    """Return observations as indicators use them: calibrated, dried where a thing asks for it, flags applied.

    Args:
        conn: any connection.
        rows: OBSERVATION rows ordered by (datastream, time), of start <= time < end; they are not changed.
        start: aware.
        end: aware.
    """
    flags = await quality_store.read_flags(conn, _ids(rows), start, end)
    return quality.apply_flags(await correct(conn, rows, start, end), flags)


async def correct(conn: AsyncConnection[Any], rows: Rows, start: datetime, end: datetime) -> Rows:
    """Return observations calibrated, and dried where a thing asks for it; arguments as of `prepare`."""
    ids = _ids(rows)
    rows = quality.calibrate(rows, await quality_store.read_calibrations(conn, ids, start, end))
    for each in await quality_store.read_corrections(conn, ids):
        before = start - _HUMIDITY_BEFORE
        humidity = await observations.read(conn, [each.humidity_id], before, end)
        calibrations = await quality_store.read_calibrations(conn, [each.humidity_id], before, end)
        humidity = quality.calibrate(humidity, calibrations)
        rows = quality.correct_humidity(rows, each.datastream_id, humidity, each.kappa)
    return rows


def _ids(rows: Rows) -> list[int]:
    """Return the ids in rows that are ordered by them."""
    ids = rows["datastream_id"]
    found: list[int] = ids[np.flatnonzero(np.diff(ids, prepend=-1))].tolist()
    return found


def _task(streams: Sequence[Stream], rules: RuleSet, ids: frozenset[int]) -> _Task:
    """Widen the datastreams by those that have one of them for a neighbour, and by all neighbours."""
    around = quality_neighbours.near(streams, rules.by_property)
    judged = ids | {id_ for id_, others in around.items() if not ids.isdisjoint(others)}
    read = judged | {other for id_ in judged for other in around.get(id_, ())}
    known = [s for s in streams if s.observed_property in rules.by_property]
    return _Task(tuple(s for s in known if s.id in judged), tuple(s for s in known if s.id in read), rules)


def _whole_hours(start: datetime, end: datetime) -> Window:
    hour = HOUR_US
    return Window(to_micros(start) // hour * hour, -(-to_micros(end) // hour) * hour)


def _blocks(task: _Task, window: Window) -> Iterator[Window]:
    """Yield spans of whole hours that hold about BLOCK_ROWS observations at most, or one hour."""
    an_hour = sum(3600 / s.interval_s for s in task.read)
    hours = int(min(max(BLOCK_ROWS / max(an_hour, 1), 1), _LONGEST_BLOCK))
    step = hours * HOUR_US
    for start in range(window.start, window.end, step):
        yield Window(start, min(start + step, window.end))


def _later(task: _Task, window: Window, until: datetime | None) -> Iterator[tuple[Window, _Task]]:
    """Yield the hours after a window whose context it is part of, for the datastreams with such a context."""
    hour, rules = HOUR_US, task.rules.by_property
    last = window.end if until is None else min(to_micros(until), window.end + 24 * hour)
    for start in range(window.end, last, hour):
        reach = start - window.end
        judged = tuple(s for s in task.judged if quality_tests.reach(s, rules) > reach)
        if judged:
            yield Window(start, start + hour), _Task(judged, task.read, task.rules)


async def _flag_block(
    conn: AsyncConnection[Any], task: _Task, window: Window, known: Collection[tuple[int, datetime]] | None
) -> Flagged:
    """Flag a block of hours in one transaction, and queue in it the hours that change and are not known."""
    if not task.judged:
        return Flagged()
    ids = [s.id for s in task.judged]
    async with conn.transaction():
        await quality_store.lock(conn)
        found = await _judge(conn, task, window)
        span = (window.start, window.end)
        changed = await quality_store.replace(conn, ids, found, span, task.rules.version)
        if known is not None:
            await quality_store.queue(conn, (each for each in changed if each not in known))
    return Flagged(len(found), changed)


async def _judge(conn: AsyncConnection[Any], task: _Task, window: Window) -> Rows:
    """Return the FLAG rows of the judged datastreams."""
    rules = task.rules.by_property
    rows = await _read(conn, task.read, window.start, window.end)
    # In threads: the loop that this runs in may serve others.
    staying = await asyncio.to_thread(quality_tests.staying, rows, task.judged, rules, window)
    rows = await _with_more(conn, rows, staying, task, window)
    found = await asyncio.to_thread(quality_tests.judge, rows, task.read, rules, window)
    return found[np.isin(found["datastream_id"], [s.id for s in task.judged])]


async def _read(conn: AsyncConnection[Any], streams: Iterable[Stream], start: int, end: int) -> Rows:
    """Return the calibrated observations of streams with their short contexts."""
    together: dict[int, list[int]] = defaultdict(list)
    for s in streams:
        together[s.context_us].append(s.id)
    return _joined([await _corrected(conn, ids, start - context, end) for context, ids in together.items()])


async def _with_more(
    conn: AsyncConnection[Any], rows: Rows, staying: Iterable[Stream], task: _Task, window: Window
) -> Rows:
    """Add what lies further back for streams that stay the same, as far as the flat-line test looks."""
    together: dict[tuple[int, int], list[int]] = defaultdict(list)
    for s in staying:
        together[quality_tests.reach(s, task.rules.by_property), s.context_us].append(s.id)
    earlier = [
        await _corrected(conn, ids, window.start - back, window.start - context)
        for (back, context), ids in together.items()
    ]
    return _joined([*earlier, rows])


def _joined(parts: list[Rows]) -> Rows:
    """Return parts, each ordered by (datastream, time), the earlier ones of a datastream first, as one."""
    if len(parts) == 1:
        return parts[0]
    rows = np.concatenate(parts)
    # Stable, and on a column that is in order part by part: much less than sorting by both.
    return rows[np.argsort(rows["datastream_id"], kind="stable")]


async def _corrected(conn: AsyncConnection[Any], ids: list[int], start: int, end: int) -> Rows:
    span = to_datetime(start), to_datetime(end)
    return await correct(conn, await observations.read(conn, ids, *span), *span)
