"""What a batch leaves beside its observations: refusals, and what gateways said of themselves."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

from ingest.sequence import MAX_GAPS, MAX_RANGES, Committed, committed

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from psycopg import AsyncConnection, AsyncCursor

    from ingest.batch import Batch, Entry
    from ingest.resolve import Refusal
    from ingest.status import GatewayStatus

_COPY_REFUSALS = """
COPY refusals (gateway, topic, seq, reason, at, detail, count, stored, payload, content_type)
FROM STDIN (FORMAT binary)"""
_REFUSAL_TYPES = ("text", "text", "int8", "text", "text", "text", "int4", "bool", "bytea", "text")
# A message that may have come before must not be refused twice. One that is replayed may be refused again,
# and keeps the time at which it was heard first.
REFUSE_ONCE = """
WITH v (gateway, topic, seq, reason, at, detail, count, stored, payload, content_type, heard) AS (
    VALUES (%s, %s, %s::bigint, %s, %s, %s, %s::int, %s::boolean, %s::bytea, %s, %s::timestamptz)
), same AS (
    SELECT r.time,
           r.reason = v.reason AND r.replayed_at IS NULL AND r.time > now() - interval '14 days' AS is_open,
           r.time = v.heard AND r.replayed_at IS NOT NULL AS is_replayed
    FROM v JOIN refusals r ON substr(sha256(r.payload), 1, 8) = substr(sha256(v.payload), 1, 8)
        AND r.payload = v.payload AND r.gateway = v.gateway AND r.topic = v.topic
), known AS (
    SELECT time FROM same WHERE is_open ORDER BY time LIMIT 1
), written AS (
    INSERT INTO refusals (time, gateway, topic, seq, reason, at, detail, count, stored, payload, content_type)
    SELECT coalesce((SELECT time FROM same WHERE is_replayed LIMIT 1), now()),
           gateway, topic, seq, reason, at, detail, count, stored, payload, content_type
    FROM v WHERE NOT EXISTS (SELECT FROM known) RETURNING time
)
SELECT time FROM known UNION ALL SELECT time FROM written"""
# A multirange is read out in ascending order.
_LOWEST = "(SELECT coalesce(range_agg(r), '{{}}') FROM (SELECT unnest({}) AS r LIMIT {}) AS lowest)"
_HEARD = f"""
INSERT INTO gateway_status AS s (gateway_id, last_seen, messages, received_seq)
SELECT id, coalesce(%s, now()), messages, seq::int8multirange
FROM unnest(%s::int[], %s::bigint[], %s::text[]) AS heard (id, messages, seq) ORDER BY id
ON CONFLICT (gateway_id) DO UPDATE SET last_seen = greatest(s.last_seen, excluded.last_seen),
    messages = s.messages + excluded.messages,
    received_seq = {_LOWEST.format("s.received_seq + excluded.received_seq", MAX_RANGES)}
RETURNING gateway_id, {_LOWEST.format("s.received_seq", MAX_GAPS + 1)}"""  # noqa: S608  (composed of constants)
# Several states may come in one transaction: each has its own time in the history.
_STATUS = """
WITH changed AS (
    INSERT INTO gateway_status AS s (gateway_id, online, firmware, started, status_at)
    VALUES (%s, %s, %s, %s, clock_timestamp())
    ON CONFLICT (gateway_id) DO UPDATE SET online = excluded.online, status_at = clock_timestamp(),
        firmware = coalesce(excluded.firmware, s.firmware), started = coalesce(excluded.started, s.started)
    WHERE s.online IS DISTINCT FROM excluded.online
       OR s.firmware IS DISTINCT FROM coalesce(excluded.firmware, s.firmware)
       OR s.started IS DISTINCT FROM coalesce(excluded.started, s.started)
    RETURNING gateway_id, status_at, online, firmware
)
INSERT INTO gateway_status_history (gateway_id, time, online, firmware)
SELECT * FROM changed ON CONFLICT DO NOTHING"""

_CONFIG = """
UPDATE gateway_status
SET config_version = %(version)s, config_hash = %(hash)s, config_error = %(error)s, config_at = now()
WHERE gateway_id = %(id)s AND (config_version, config_hash, config_error)
    IS DISTINCT FROM (%(version)s::int, %(hash)s::text, %(error)s::text)"""


async def write_refusals(conn: AsyncConnection[Any], entries: list[Entry], *, again: bool) -> None:
    """Store the refusals of entries and note the times of their rows, by which gateways are told of them.

    `again`: a transaction before this one may have stored them.
    """
    first: list[tuple[Entry, Refusal]] = []
    repeated: list[tuple[Entry, Refusal]] = []
    for entry in entries:
        maybe_before = again or entry.delivery.duplicate or entry.delivery.retained
        of_its_kind = repeated if maybe_before else first
        of_its_kind.extend((entry, refusal) for refusal in entry.resolved.refusals.values())
    if first:
        await _refuse(conn, first)
    if repeated:
        await _refuse_once(conn, repeated)


async def _refuse(conn: AsyncConnection[Any], refused: list[tuple[Entry, Refusal]]) -> None:
    async with conn.cursor() as cursor:
        async with cursor.copy(_COPY_REFUSALS) as copy:
            copy.set_types(_REFUSAL_TYPES)
            for entry, refusal in refused:
                await copy.write_row(_row(entry, refusal))
        await cursor.execute("SELECT now()")  # the default of the column
        time = await _time(cursor)
    for _, refusal in refused:
        refusal.time = time


async def _refuse_once(conn: AsyncConnection[Any], refused: list[tuple[Entry, Refusal]]) -> None:
    async with conn.cursor() as cursor:
        rows = [(*_row(*each), each[0].heard) for each in refused]
        await cursor.executemany(REFUSE_ONCE, rows, returning=True)
        for _, refusal in refused:
            refusal.time = await _time(cursor)
            cursor.nextset()


async def _time(cursor: AsyncCursor[Any]) -> datetime:
    row = await cursor.fetchone()
    assert row
    time: datetime = row[0]
    return time.astimezone(UTC)


def _row(entry: Entry, refusal: Refusal) -> tuple[object, ...]:
    return (
        entry.gateway,
        entry.delivery.topic,
        entry.resolved.seq,
        refusal.reason,
        storable(refusal.at),
        storable(refusal.detail),
        refusal.count,
        refusal.stored,
        entry.delivery.payload,
        entry.delivery.content_type,
    )


def storable(text: str) -> str:
    """Return text as the database can hold it."""
    # PostgreSQL's text holds neither NUL nor lone surrogates, and a payload may contain both.
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


async def write_heard(conn: AsyncConnection[Any], batch: Batch) -> dict[str, Committed]:
    """Note who was heard, with which numbers; return by gateway which are committed with this batch."""
    codes: dict[int, str] = {}
    messages: dict[int, int] = {}
    numbers: dict[int, list[range]] = {}
    for entry in batch.entries:
        id_ = entry.resolved.gateway_id
        if id_ is None or entry.delivery.retained or (entry.status and not entry.status.online):
            continue
        codes[id_] = entry.gateway
        # A deferred message counts when it is stored.
        messages[id_] = messages.get(id_, 0) + (not entry.deferred)
        ranges = numbers.setdefault(id_, [])
        if entry.resolved.seq is not None or entry.resolved.oldest:
            _add_numbers(ranges, entry)
    if not codes:
        return {}
    columns = codes, messages.values(), map(_multirange, numbers.values())
    cursor = await conn.execute(_HEARD, [batch.heard, *map(_array, columns)])
    return {codes[i]: committed(seq) for i, seq in await cursor.fetchall() if numbers[i]}


def _add_numbers(ranges: list[range], entry: Entry) -> None:
    """Add what an entry says to the ranges of its gateway, in which numbers mostly follow one another."""
    seq, oldest = entry.resolved.seq, entry.resolved.oldest
    if oldest:
        ranges.append(range(oldest))  # the gateway has given up, or seen committed, everything below
    if seq is None:
        return
    if ranges and ranges[-1].stop == seq:
        ranges[-1] = range(ranges[-1].start, seq + 1)
    else:
        ranges.append(range(seq, seq + 1))


def _multirange(ranges: list[range]) -> str:
    return f"{{{','.join(f'[{each.start},{each.stop})' for each in ranges)}}}"


def _array(items: Iterable[object]) -> str:
    """Return an array of numbers and ranges as PostgreSQL reads it: psycopg takes ten times as long."""
    quoted = ",".join([f'"{each}"' for each in items])
    return f"{{{quoted}}}"


async def write_statuses(conn: AsyncConnection[Any], entries: list[Entry]) -> None:
    """Store the states that gateways told, each change with its time in the history."""
    last: dict[int, GatewayStatus] = {}
    configs: dict[int, GatewayStatus] = {}
    changes = []
    for entry in entries:
        id_, status = entry.resolved.gateway_id, entry.status
        if id_ is not None and status is not None and last.get(id_) != status:
            last[id_] = status
            if status.config:
                configs[id_] = status
            firmware = None if status.firmware is None else storable(status.firmware)
            changes.append((id_, status.online, firmware, status.started))
    if changes:
        # Rows are locked in the order of ids, as in _HEARD: several processes must not wait for one another.
        changes.sort(key=lambda change: change[0])
        async with conn.cursor() as cursor:
            await cursor.executemany(_STATUS, changes)
            # The last that each gateway told, whatever came after it: a will has none.
            await cursor.executemany(_CONFIG, [_config(each) for each in sorted(configs.items())])


def _config(told: tuple[int, GatewayStatus]) -> dict[str, object]:
    id_, status = told
    assert status.config is not None
    error = status.config.error
    return {
        "id": id_,
        "version": status.config.version,
        "hash": storable(status.config.hash),
        "error": None if error is None else storable(error),
    }
