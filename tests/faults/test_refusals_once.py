"""A refusal is written once, however often its message or its batch comes again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import psycopg

from ingest.records import REFUSE_ONCE
from tests.faults.conftest import count, register_all, until
from tests.faults.inputs import NOW_MS, refusals, send_all
from tests.faults.test_database_errors import FAIL_FIRST

if TYPE_CHECKING:
    from tests.conftest import Broker
    from tests.faults.ingesting import Ingest

Connection = psycopg.AsyncConnection[Any]


async def test_a_row_is_refused_once_when_its_batch_is_tried_again(
    conn: Connection, broker: Broker, ingest: Ingest, gateway_code: str
) -> None:
    await register_all(conn, gateway_code)
    await conn.execute("ALTER TABLE observations ADD CHECK (value <> 13)")
    # The row is refused in each attempt, and the first three end after it, with what passes.
    await conn.execute((FAIL_FIRST % ("40001,40P01,57014", "gateway_status")).encode())
    readings = [{"time": NOW_MS + i, "pm10": i} for i in range(20)]
    async with ingest:
        await send_all(broker, gateway_code, [json.dumps({"readings": readings}).encode()])
        await until(lambda: stored(conn, 19))
        assert ingest.count("write_retry", "injected") == 3
    assert await refusals(conn, gateway_code) == {"not_storable": (1, 1)}


async def test_a_row_that_is_refused_in_one_attempt_alone_is_stored(
    conn: Connection, broker: Broker, ingest: Ingest, gateway_code: str
) -> None:
    await register_all(conn, gateway_code)
    # Two attempts at the row, quick and careful, fail for good; an error that passes undoes the verdict.
    await conn.execute((FAIL_FIRST % ("23514,23514", "observations")).encode())
    await conn.execute(FAIL_STATUS.encode())
    async with ingest:
        payload = json.dumps({"readings": [{"time": NOW_MS, "pm10": 7}]}).encode()
        await send_all(broker, gateway_code, [payload])
        await until(lambda: stored(conn, 1))
        assert ingest.count("write_retry", "passes") == 1
    assert await refusals(conn, gateway_code) == {}


FAIL_STATUS = """
CREATE SEQUENCE status_attempts;
CREATE FUNCTION fail_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF nextval('status_attempts') = 1 THEN
        RAISE EXCEPTION 'passes' USING ERRCODE = '40001';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER fail_status BEFORE INSERT ON gateway_status FOR EACH ROW EXECUTE FUNCTION fail_status()"""


async def test_an_earlier_refusal_is_found_without_reading_the_others(conn: Connection) -> None:
    """With a million of one gateway, reading them took 0.3 to 0.5 s a message, and the index 1 ms."""
    await conn.execute(
        "INSERT INTO refusals (time, gateway, topic, seq, reason, at, detail, count, stored, payload) "
        "SELECT now() - i * interval '1 minute', 'gw', 't', i, 'schema', '$', 'd', 1, false, i::text::bytea "
        "FROM generate_series(1, 20000) i"
    )
    await conn.execute("ANALYZE refusals")
    row = ("gw", "t", 5000, "schema", "$", "d", 1, False, b"5000", None, None)
    cursor = await conn.execute(b"EXPLAIN (ANALYZE, COSTS OFF) " + REFUSE_ONCE.encode(), row)
    plan = "\n".join(line for (line,) in await cursor.fetchall())
    assert "refusals_payload" in plan
    assert "Seq Scan" not in plan
    cursor = await conn.execute("SELECT count(*) FROM refusals")
    assert await cursor.fetchone() == (20_000,)


async def stored(conn: Connection, rows: int) -> bool:
    return await count(conn) == rows
