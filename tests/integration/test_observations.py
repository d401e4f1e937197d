from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from storage.columns import encode
from storage.observations import (
    OBSERVATION,
    copy_in,
    merge_in,
    queue_late,
    read,
    to_datetime,
    to_microseconds,
)

Connection = psycopg.AsyncConnection[Any]
START = datetime(2026, 11, 22, 8, tzinfo=UTC)
DISTANT_PAST = datetime(1, 1, 1, tzinfo=UTC)


#: a row of the binary COPY form: the number of fields, then each field behind its length
ROW = struct.Struct("! h i i i q i d i h")
HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
EPOCH_2000_US = 946_684_800_000_000


def decode(stream: bytes) -> np.ndarray:
    """What PostgreSQL reads from a COPY stream of observations, written without the code that is tested."""
    assert stream.startswith(HEADER)
    assert stream.endswith(b"\xff\xff")
    found = [*ROW.iter_unpack(stream[len(HEADER) : -2])]
    assert {(row[0], *row[1::2]) for row in found} <= {(4, 4, 8, 8, 2)}
    return np.array([(d, time + EPOCH_2000_US, v, q) for _, _, d, _, time, _, v, _, q in found], OBSERVATION)


def rows(*observations: tuple[int, datetime, float, int]) -> np.ndarray:
    return np.array([(d, to_microseconds(t), v, q) for d, t, v, q in observations], OBSERVATION)


@given(
    st.lists(
        st.tuples(
            st.integers(1, 2**31 - 1),
            st.integers(-(2**52), 2**53),
            st.floats(allow_nan=False),
            st.integers(0, 2**15 - 1),
        )
    )
)
def test_wire_form_round_trips(values: list[tuple[int, int, float, int]]) -> None:
    given_rows = np.array(values, OBSERVATION)
    assert_array_equal(decode(encode(given_rows)), given_rows)


@given(st.datetimes(timezones=st.just(UTC)))
def test_time_round_trips_exactly(time: datetime) -> None:
    assert to_datetime(to_microseconds(time)) == time


async def test_copied_rows_are_read_back_in_order(conn: Connection) -> None:
    given_rows = rows((2, START, 1.5, 0), (1, START + timedelta(microseconds=1), -0.1, 1), (1, START, 3.0, 0))
    await copy_in(conn, given_rows)
    found = await read(conn, [1, 2], START, START + timedelta(hours=1))
    assert_array_equal(found, given_rows[[2, 1, 0]])
    assert len(await read(conn, [1], START, START)) == 0


async def test_copy_of_a_stored_key_stores_nothing(conn: Connection) -> None:
    await copy_in(conn, rows((1, START, 1.0, 0)))
    with pytest.raises(psycopg.errors.UniqueViolation):
        await copy_in(conn, rows((1, START, 2.0, 0), (1, START + timedelta(seconds=1), 2.0, 0)))
    assert (await read(conn, [1], START, START + timedelta(days=1)))["value"].tolist() == [1.0]


async def test_merge_keeps_the_first_value_of_a_key(conn: Connection) -> None:
    await copy_in(conn, rows((1, START, 1.0, 0)))
    async with conn.transaction():
        later = START + timedelta(seconds=5)
        stored = await merge_in(
            conn, rows((1, START, 9.0, 0), (1, later, 2.0, 0), (1, later, 3.0, 0)), DISTANT_PAST
        )
    assert stored == 1
    assert (await read(conn, [1], START, START + timedelta(days=1)))["value"].tolist() == [1.0, 2.0]


async def test_late_rows_queue_their_hours_once_and_duplicates_queue_none(conn: Connection) -> None:
    late_before = START + timedelta(hours=2)
    given_rows = rows(*((7, START + timedelta(minutes=25 * i), 0.0, 0) for i in range(8)))
    async with conn.transaction():
        await merge_in(conn, given_rows, late_before)
    expected = [(7, START), (7, START + timedelta(hours=1))]
    assert await late_hours(conn) == expected
    await conn.execute("DELETE FROM late_hours")
    async with conn.transaction():
        await merge_in(conn, given_rows, late_before)
    assert await late_hours(conn) == []
    await queue_late(conn, given_rows, late_before)
    assert await late_hours(conn) == expected


async def late_hours(conn: Connection) -> list[tuple[int, datetime]]:
    cursor = await conn.execute("SELECT datastream_id, hour FROM late_hours ORDER BY 1, 2")
    return await cursor.fetchall()
