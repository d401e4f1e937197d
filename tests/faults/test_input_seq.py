"""Numbers out of order, repeated, with gaps, from 1 once more: what docs/firmware.md promises holds."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

from ingest.sequence import MAX_GAPS, MAX_RANGES
from tests.faults.conftest import register_all
from tests.faults.inputs import NOW_MS, assert_stored, send_all, until_heard
from tests.integration.test_ingest import gateway_client, heard, send

if TYPE_CHECKING:
    import aiomqtt
    from psycopg import AsyncConnection

    from tests.conftest import Broker
    from tests.faults.ingesting import Ingest


async def test_numbers_in_any_order_and_again(
    conn: AsyncConnection[Any], broker: Broker, ingest: Ingest, gateway_code: str
) -> None:
    await register_all(conn, gateway_code)
    told = [
        (3, {}, {"seq": 0, "missing": [[1, 2]]}),
        (1, {}, {"seq": 1, "missing": [[2, 2]]}),
        (3, {}, {"seq": 1, "missing": [[2, 2]]}),
        (2, {}, {"seq": 3}),
        (2, {}, {"seq": 3}),
        (9, {}, {"seq": 3, "missing": [[4, 8]]}),
        (10, {"oldest": 8}, {"seq": 7, "missing": [[8, 8]]}),
        (8, {"oldest": 1}, {"seq": 10}),  # `oldest` never takes back
        (0, {}, {"seq": 10}),
    ]
    async with ingest, gateway_client(broker, gateway_code) as client:
        for seq, head, committed in told:
            await send(client, gateway_code, seq=seq, **head)
            assert await heard(client, "committed") == committed, seq


async def test_a_broken_message_counts_by_a_number_that_can_be_read_and_no_other(
    conn: AsyncConnection[Any], broker: Broker, ingest: Ingest, gateway_code: str
) -> None:
    await register_all(conn, gateway_code)
    whole = numbered(2)
    sent = {
        b'{"seq": 1, "readings": [': 1,
        whole: 2,
        gzip.compress(b'{"seq": 3, "readings": [nothing]}'): 3,
        b'{"seq": 4': None,  # it may have been 40
        b'{"readings": [}, "seq": 4}': None,
        b'{"seq": 4, "readings": [{"t{"seq": 2, "readings": []}': None,
        b'[{"seq": 4, "n": "pm10"': None,
    }
    async with ingest:
        await send_all(broker, gateway_code, sent)
        await until_heard(conn, gateway_code, len(sent))
        async with gateway_client(broker, gateway_code) as client:
            await send(client, gateway_code, seq=5)
            assert await heard(client, "committed") == {"seq": 3, "missing": [[4, 4]]}
    cursor = await conn.execute("SELECT payload, seq FROM refusals")
    assert {**dict(await cursor.fetchall()), whole: 2} == sent


async def test_lost_counter_is_a_hazard_that_a_number_above_all_others_ends(
    conn: AsyncConnection[Any], broker: Broker, ingest: Ingest, gateway_code: str
) -> None:
    ids = await register_all(conn, gateway_code)
    above = NOW_MS // 1000
    async with ingest, gateway_client(broker, gateway_code) as client:
        for seq in (1, 2, 3):
            await send(client, gateway_code, {"time": NOW_MS - seq, "pm10": seq}, seq=seq)
        await until_told(client, {"seq": 3})
        # Begun again: stored all the same, but the answer covers numbers that were never sent again.
        await send(client, gateway_code, {"time": NOW_MS - 10, "pm10": 10}, seq=1)
        assert await heard(client, "committed") == {"seq": 3}
        await send(client, gateway_code, {"time": NOW_MS - 11, "pm10": 11}, seq=above, oldest=above)
        assert await heard(client, "committed") == {"seq": above}
        await send(client, gateway_code, seq=above + 2, oldest=above)
        assert await heard(client, "committed") == {"seq": above, "missing": [[above + 1, above + 1]]}
    stream = ids[gateway_code, "pm10"]
    await assert_stored(
        conn, {(stream, (NOW_MS - number) * 1000): float(number) for number in (1, 2, 3, 10, 11)}
    )


async def test_gaps_without_end_take_no_room_and_end_when_all_is_sent_again(
    conn: AsyncConnection[Any], broker: Broker, ingest: Ingest, gateway_code: str
) -> None:
    await register_all(conn, gateway_code)
    last = 6 * MAX_RANGES - 1
    odd, every = range(1, last + 1, 2), range(2, last + 1)
    async with ingest:
        await send_all(broker, gateway_code, [numbered(seq) for seq in odd])
        await until_heard(conn, gateway_code, len(odd))
        assert await ranges(conn) == (MAX_RANGES, 2 * MAX_RANGES)
        async with gateway_client(broker, gateway_code) as client:
            await send(client, gateway_code, seq=last)
            told = await heard(client, "committed")
        assert told == {"seq": 1, "missing": [[n, n] for n in range(2, 2 * MAX_GAPS + 2, 2)]}
        # On connect a gateway sends all that it keeps, the lowest number first.
        await send_all(broker, gateway_code, [numbered(seq) for seq in every])
        await until_heard(conn, gateway_code, len(odd) + 1 + len(every))
    assert await ranges(conn) == (1, last + 1)


def numbered(seq: int) -> bytes:
    return json.dumps({"seq": seq, "readings": []}).encode()


async def ranges(conn: AsyncConnection[Any]) -> tuple[int, int]:
    """How many ranges are kept, and where the highest ends."""
    cursor = await conn.execute(
        "SELECT (SELECT count(*) FROM unnest(received_seq)), upper(received_seq) FROM gateway_status"
    )
    row = await cursor.fetchone()
    assert row
    return row[0], row[1]


async def until_told(client: aiomqtt.Client, committed: dict[str, Any]) -> None:
    while await heard(client, "committed") != committed:
        pass
