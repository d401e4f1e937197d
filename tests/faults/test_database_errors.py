"""Errors that pass: the batch is tried again, and stored once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.faults.conftest import until

if TYPE_CHECKING:
    from tests.faults.conftest import Traffic
    from tests.faults.ingesting import Ingest

Connection = psycopg.AsyncConnection[Any]
#: deadlock, serialisation, statement timeout, out of memory, lock timeout, server stops, disk full, I/O
CODES = ["40P01", "40001", "57014", "53200", "55P03", "57P01", "53100", "58030"]
# A sequence is not rolled back: it counts the attempts.
FAIL_FIRST = """
CREATE SEQUENCE attempts;
CREATE FUNCTION fail_first() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE codes text[] := '{%s}'; attempt int := nextval('attempts');
BEGIN
    IF attempt <= cardinality(codes) THEN
        RAISE EXCEPTION 'injected' USING ERRCODE = codes[attempt];
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER fail_first BEFORE INSERT ON %s FOR EACH ROW EXECUTE FUNCTION fail_first()"""


@pytest.mark.parametrize("table", ["observations", "gateway_status"])
async def test_injected_errors(
    conn: Connection, traffic: Traffic, ingest: Ingest, full: bool, table: str
) -> None:
    codes = CODES if full else CODES[:5]
    await conn.execute((FAIL_FIRST % (",".join(codes), table)).encode())
    async with ingest:
        with traffic.flowing():
            await until(lambda: ingest.count("write_retry", "injected") == len(codes))
        await traffic.assert_stored(conn)
    assert ingest.lives == 1


async def test_deadlock_with_another_session(
    conn: Connection, traffic: Traffic, ingest: Ingest, full: bool
) -> None:
    one, two = (ledger.stream for ledger in traffic.ledgers)
    lock = """
        UPDATE gateway_status SET firmware = 'x' WHERE gateway_id =
        (SELECT t.gateway_id FROM datastreams d JOIN things t ON t.id = d.thing_id WHERE d.id = %s)"""
    # Ingest is the one that finds the deadlock, and so its victim.
    await conn.execute("SET deadlock_timeout = '30s'")
    async with ingest:
        with traffic.flowing():
            await until(lambda: both_known(conn))
            while ingest.count("write_retry", "deadlock") < (10 if full else 1):
                async with conn.transaction():
                    await conn.execute(lock, [two])
                    await until(lambda: waits(conn))
                    await conn.execute(lock, [one])
        await traffic.assert_stored(conn)
    assert ingest.lives == 1


async def test_statement_timeout(conn: Connection, traffic: Traffic, ingest: Ingest, full: bool) -> None:
    cursor = await conn.execute("SELECT current_database()")
    (name,) = await cursor.fetchone() or ("",)
    await conn.execute(f"ALTER DATABASE \"{name}\" SET statement_timeout = '400ms'".encode())
    async with ingest:
        with traffic.flowing():
            for expected in range(1, (10 if full else 2) + 1):
                async with conn.transaction():
                    await conn.execute("LOCK TABLE observations IN EXCLUSIVE MODE")
                    await until(lambda n=expected: ingest.count("write_retry", "statement timeout") >= n)
        await traffic.assert_stored(conn)
    assert ingest.lives == 1


async def both_known(conn: Connection) -> bool:
    cursor = await conn.execute("SELECT count(*) FROM gateway_status")
    return await cursor.fetchone() == (2,)


async def waits(conn: Connection) -> bool:
    cursor = await conn.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND application_name = 'halong ingest' AND wait_event_type = 'Lock'"
    )
    return await cursor.fetchone() == (1,)
