"""Streams of a real server: what is told, to whom, once and in order, and when something breaks."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import time
from contextlib import AsyncExitStack, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest

from analytics import alert_actions
from api import keys, service
from api.live import stream as streams
from api.parameters import now
from api.queries import live as queries
from devices import registry
from runtime.settings import Settings
from storage import observations
from storage.pool import connect
from tests.integration.api.streams import HOUR, Client, area_id, following, serving, write
from tests.processes import running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from psycopg import AsyncConnection

LAEQ = "event=value&indicator=laeq_1h"


@pytest.fixture
async def address(database_url: str, city: AsyncConnection[Any]) -> AsyncIterator[str]:
    """A public API over the small city."""
    async with serving(database_url) as found:
        yield found


async def get(address: str, path: str) -> Any:
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.get(f"{address}{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def told(client: Client, count: int) -> list[Any]:
    """The values of the next events."""
    return [(await client.next("value")).data["value"] for _ in range(count)]


async def test_a_value_is_told_as_the_list_shows_it(address: str, city: AsyncConnection[Any]) -> None:
    async with following(address) as client:
        await write(city, 61.5)
        event = await client.next("value")
    (listed,) = (await get(address, "/v1/indicators/laeq_1h/values?area=193"))["items"]
    assert event.data == listed
    assert int(event.id) > 0


async def test_a_stream_passes_unbuffered_and_is_not_kept(address: str, city: AsyncConnection[Any]) -> None:
    async with following(address, LAEQ, accept_encoding="gzip") as client:
        headers = client.answer.headers
        await write(city, 61.5)
        assert await told(client, 1) == [61.5]
    assert headers["content-type"].startswith("text/event-stream")
    assert headers["cache-control"] == "no-store"
    assert headers["x-accel-buffering"] == "no"
    assert "content-encoding" not in headers
    assert "etag" not in headers
    assert "content-length" not in headers


async def test_who_follows_an_area_hears_of_no_other(address: str, city: AsyncConnection[Any]) -> None:
    async with (
        following(address, f"{LAEQ}&area=194") as one,
        following(address, f"{LAEQ}&within=22") as all_of_them,
        following(address, "event=value&indicator=rain_1h") as other,
    ):
        await write(city, 1, area="193")
        await write(city, 2, area="194")
        await write(city, 3, area="22")
        await write(city, 4, area="194", indicator="rain_1h")
        assert (await one.next()).data["value"] == 2
        assert await told(all_of_them, 3) == [1, 2, 3]
        assert (await other.next()).data["value"] == 4


async def test_an_alert_is_told_with_what_happened_to_it(address: str, city: AsyncConnection[Any]) -> None:
    async with following(address, "event=alert&area=193") as client, following(address, "area=194") as other:
        await alert_actions.acknowledge(city, 1, now(), who="Lan", note="on my way", publish=False)
        event = await client.next()
        await write(city, 7, area="194")
        assert (await other.next()).name == "value"
    shown = await get(address, "/v1/alerts/1")
    change = event.data.pop("change")
    assert change == shown["history"][-1]
    assert (change["before"], change["after"], change["actor"]) == ("active", "acknowledged", "Lan")
    assert event.data == {name: shown[name] for name in event.data}
    assert event.data["state"] == "acknowledged"


async def test_a_gateway_that_goes_or_falls_silent_is_told(address: str, city: AsyncConnection[Any]) -> None:
    async with following(address, "event=gateway&area=193") as client:
        await _set(city, "gw-ha-long-1", "online = false, status_at = clock_timestamp()")
        await city.execute(
            """INSERT INTO gateway_status_history (gateway_id, time, online)
               SELECT id, now(), false FROM gateways WHERE code = 'gw-ha-long-1'"""
        )
        gone = await client.next()
        await _set(city, "gw-ha-long-1", "online = true, status_at = now(), last_seen = now()")
        back = await client.next()
        await _set(city, "gw-ha-long-1", "last_seen = now() - interval '1 day', status_at = NULL")
        silent = await client.next()
        await _set(city, "gw-mong-cai-1", "online = true")
        await _set(city, "gw-ha-long-2", "last_seen = now()")
        assert (await client.next()).data["code"] == "gw-ha-long-2"
    assert [each.data["state"] for each in (gone, back, silent)] == ["offline", "online", "silent"]
    shown = await get(address, "/v1/gateways/gw-ha-long-1")
    assert {name: shown[name] for name in silent.data} == silent.data


async def _set(city: AsyncConnection[Any], code: str, assignment: str) -> None:
    await city.execute(
        f"""UPDATE gateway_status SET {assignment}
            WHERE gateway_id = (SELECT id FROM gateways WHERE code = '{code}')""".encode()
    )


async def _measure(city: AsyncConnection[Any], datastream: int, *readings: tuple[float, float]) -> None:
    """Store (seconds from now, value)."""
    rows = observations.empty(len(readings))
    rows["datastream_id"], rows["quality"] = datastream, 0
    rows["time"] = [int((time.time() + seconds) * 1e6) for seconds, _ in readings]
    rows["value"] = [value for _, value in readings]
    await observations.copy_in(city, np.sort(rows, order="time"))


async def test_observations_of_chosen_datastreams_and_no_others(
    address: str, city: AsyncConnection[Any]
) -> None:
    ids = await registry.datastream_ids(city)
    chosen, other = ids["rain-001", "rainfall"], ids["aq-101", "pm2_5"]
    async with following(address, f"event=observation&datastream={chosen}") as client:
        await _measure(city, other, (0, 5))
        await _measure(city, chosen, (10, 1.5))
        first = await client.next()
        await _measure(city, chosen, (5, 0.5), (11, 2.5))  # one that another process was slower to commit
        late = await client.next()
        newest = await client.next()
    assert [each.data["value"] for each in (first, late, newest)] == [1.5, 0.5, 2.5]
    (shown,) = (await get(address, "/v1/latest?thing=rain-001"))["items"]
    assert newest.data == shown


async def test_observations_that_came_meanwhile_are_told_to_who_comes_back(
    database_url: str, city: AsyncConnection[Any]
) -> None:
    ids = await registry.datastream_ids(city)
    query = f"event=observation&datastream={ids['rain-001', 'rainfall']}"
    async with serving(database_url) as address, following(address, query) as client:
        await _measure(city, ids["rain-001", "rainfall"], (0, 1))
        seen = (await client.next()).id
    await _measure(city, ids["rain-001", "rainfall"], (1, 2), (200, 3))
    async with serving(database_url) as address, following(address, query, last_event_id=seen) as client:
        await _measure(city, ids["rain-001", "rainfall"], (201, 4))
        assert [(await client.next()).data["value"] for _ in range(3)] == [2, 3, 4]


async def test_what_commits_out_of_order_is_told_once_to_everybody(
    address: str, database_url: str, city: AsyncConnection[Any]
) -> None:
    """Numbers that are given out before the commit would lose the transaction that commits last."""
    async with await connect(database_url) as slow, following(address, LAEQ) as client:
        async with slow.transaction():
            await _write_raw(slow, 1)
            await _write_raw(city, 2)
            second = await client.next("value")
            assert second.data["value"] == 2
            async with following(address, LAEQ, last_event_id=second.id) as back:
                assert back.last_id == second.id
                slow_is_open = await get(address, "/v1/indicators/laeq_1h/values?area=193")
                assert [each["value"] for each in slow_is_open["items"]] == [2]
        first = await client.next("value")
        assert first.data["value"] == 1
        async with following(address, LAEQ, last_event_id=second.id) as back:
            assert await told(back, 1) == [1]
    assert int(first.id) > int(second.id)


async def _write_raw(conn: AsyncConnection[Any], value: float) -> None:
    """Store a value of a step of its own without the locks that make writers of one indicator wait."""
    await write(conn, value, time=HOUR - timedelta(hours=value))


async def test_who_comes_back_hears_what_was_missed_once_and_in_order_from_any_process(
    database_url: str, city: AsyncConnection[Any]
) -> None:
    async with serving(database_url) as one, serving(database_url) as two:
        async with following(one, LAEQ) as client, following(two, LAEQ) as other:
            await write(city, 1)
            seen = await client.next("value")
            assert await other.next("value") == seen
        for value in (2, 3, 4):
            await write(city, value)
        async with following(two, LAEQ, last_event_id=seen.id) as client:
            missed = [await client.next() for _ in range(3)]
        async with following(one, f"{LAEQ}&after={seen.id}") as client:
            assert [await client.next() for _ in range(3)] == missed
    assert [each.data["value"] for each in missed] == [2, 3, 4]
    await write(city, 5)
    async with (
        serving(database_url) as three,
        following(three, LAEQ, last_event_id=missed[1].id) as client,
    ):
        assert await told(client, 2) == [4, 5]


async def test_writers_by_the_dozen_and_clients_that_come_and_go(
    address: str, database_url: str, city: AsyncConnection[Any]
) -> None:
    """Everyone who comes back with what it saw last hears each of 200 values once."""
    expected = {float(n) for n in range(200)}

    async def write_some(first: int) -> None:
        async with await connect(database_url) as conn:
            for n in range(first, 200, 8):
                async with conn.transaction():
                    await write(conn, n, area=("193", "194", "22")[n % 3], time=HOUR - timedelta(minutes=n))
                    await asyncio.sleep(n % 5 / 500)

    async def follow(patience: int) -> list[float]:
        heard, seen = [], start
        while len(heard) < len(expected):
            async with following(address, LAEQ, last_event_id=seen) as client:
                for _ in range(min(patience, len(expected) - len(heard))):
                    event = await client.next()
                    assert event.name == "value"
                    heard.append(event.data["value"])
                    seen = event.id
        return heard

    async with following(address, LAEQ) as client:
        start = client.last_id
    *_, steady, hasty = await asyncio.gather(*(write_some(n) for n in range(8)), follow(200), follow(7))
    assert steady == hasty
    assert sorted(steady) == sorted(expected)


@pytest.mark.parametrize("unknown", ["1", "999999999999"])
async def test_who_comes_back_too_late_is_told_to_load_anew(
    address: str, city: AsyncConnection[Any], unknown: str
) -> None:
    await city.execute("SELECT setval(pg_get_serial_sequence('live_events', 'position'), 5000)")
    await write(city, 1)
    async with following(address, LAEQ) as client:
        await write(city, 2)
        await client.next("value")
    async with following(address, LAEQ, last_event_id=unknown) as client:
        reset = await client.next()
        await write(city, 3)
        assert await told(client, 1) == [3]
    assert reset.name == "reset"
    assert reset.id == reset.data["cursor"]


async def test_a_lost_connection_to_the_database_loses_nothing(
    address: str, database_url: str, city: AsyncConnection[Any]
) -> None:
    async with following(address, LAEQ) as client:
        await write(city, 1)
        assert await told(client, 1) == [1]
        for value in (2, 3):
            await city.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                "AND application_name = 'halong api live'"
            )
            await write(city, value)
            assert await told(client, 1) == [value]


async def test_what_was_thrown_away_unheard_is_not_passed_over_in_silence(
    database_url: str, city: AsyncConnection[Any]
) -> None:
    """Without an API for a day the outbox is cut; who then comes back must not believe that nothing was."""
    async with serving(database_url) as address, following(address, LAEQ) as client:
        await write(city, 1)
        seen = (await client.next("value")).id
    await write(city, 2)
    await city.execute("UPDATE live_outbox SET written_at = written_at - interval '25 hours'")
    await write(city, 3)
    async with (
        serving(database_url) as address,
        following(address, LAEQ, last_event_id=seen) as client,
    ):
        assert (await client.next()).name == "reset"


async def test_old_values_are_told_as_a_time_that_was_computed_again(
    address: str, city: AsyncConnection[Any]
) -> None:
    old = HOUR - timedelta(days=40)
    for n in range(3):
        await write(city, n, time=old + timedelta(hours=n))
    async with following(address, LAEQ) as client:
        await queries.number(city, recomputed=True)
        event = await client.next()
    assert event.name == "recomputed"
    assert event.data == {
        "indicator": "laeq_1h",
        "first": old.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "last": (old + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


async def test_without_follow_a_stream_ends_with_what_is_there(
    address: str, city: AsyncConnection[Any]
) -> None:
    async with following(address, f"{LAEQ}&follow=false") as client:
        assert await client.read() is None
        start = client.last_id
    await write(city, 1)
    async with following(address, LAEQ, last_event_id=start) as client:
        await client.next("value")
    async with following(address, f"{LAEQ}&follow=false&after={start}") as client:
        event = await client.read()
        assert event is not None
        assert event.data["value"] == 1
        assert await client.read() is None


async def test_a_stream_that_has_nothing_to_say_says_so_and_how_far_it_is(
    address: str, city: AsyncConnection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "HEARTBEAT_S", 0.3)
    async with following(address, f"{LAEQ}&area=194") as client:
        begin = int(client.last_id)
        await write(city, 1, area="193")
        reading = asyncio.create_task(client.read())
        async with asyncio.timeout(10):
            while int(client.last_id) == begin or client.comments < 3:
                await asyncio.sleep(0.05)
        reading.cancel()


async def test_a_client_that_does_not_read_is_cut_off_and_the_others_are_not_held_up(
    address: str, city: AsyncConnection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "PATIENCE_S", 0.5)
    with _deaf(address) as slow:
        async with following(address, LAEQ) as client:
            await _hear_many(city, client)
            await _metrics_until(address, 'halong_api_live_cut_total{reason="slow"} 1.0')
        received = await asyncio.to_thread(_read_all, slow)
    assert b'event: end\ndata: {"reason": "slow"' in received[-400:]


async def test_a_client_that_never_reads_again_is_gone_in_the_end(
    database_url: str, city: AsyncConnection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "_DEAF_MS", 1000)
    async with serving(database_url) as address:
        with _deaf(address):
            async with following(address, LAEQ) as client:
                await _hear_many(city, client)
                await _metrics_until(address, "halong_api_live_clients 1.0")


@contextmanager
def _deaf(address: str) -> Iterator[socket.socket]:
    """A client that asks for a stream and reads nothing."""
    place = urlsplit(address)
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.settimeout(20)
        slow.connect((place.hostname, place.port))
        slow.sendall(f"GET /v1/live?{LAEQ} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        yield slow


async def _hear_many(city: AsyncConnection[Any], client: Client) -> None:
    """Have more told than the system keeps for a client that does not read."""
    await _metrics_until(str(client.answer.url.copy_with(path="/", query=None))[:-1], "_live_clients 2.0")
    found = await area_id(city, "193")
    for portion in range(10):
        await _write_many(city, found, portion)
        for _ in range(700):
            await client.next("value")


async def _write_many(city: AsyncConnection[Any], area: int, portion: int) -> None:
    await city.execute(
        """WITH written AS (
               INSERT INTO indicator_values (time, indicator, area_id, value, completeness, details, version,
                                             revision)
               SELECT %s + n * interval '1 second', 'laeq_1h', %s, n, 1, '{"padding": "%s"}', 1, 1
               FROM generate_series(%s::int, %s::int) n RETURNING *)
           INSERT INTO live_outbox (kind, indicator, area_id, time, revision)
           SELECT 'value', indicator, area_id, time, revision FROM written""".replace(
            '"%s"', json.dumps("x" * 300)
        ).encode(),
        [HOUR, area, portion * 700, portion * 700 + 699],
    )


async def _metrics_until(address: str, line: str) -> str:
    async with asyncio.timeout(15), httpx.AsyncClient(trust_env=False) as http:
        while line not in (text := (await http.get(f"{address}/metrics")).text):
            await asyncio.sleep(0.1)
    return text


def _read_all(link: socket.socket) -> bytes:
    received = b""
    while part := link.recv(65536):
        received += part
    return received


async def test_no_more_streams_than_allowed(database_url: str, city: AsyncConnection[Any]) -> None:
    async with (
        serving(database_url, api_live_clients=2) as address,
        following(address) as client,
    ):
        async with following(address), following(address) as third:
            assert third.answer.status_code == 503
            assert third.answer.json()["type"] == "urn:halong:problem:too-many-streams"
            assert int(third.answer.headers["retry-after"]) > 0
        await _metrics_until(address, "halong_api_live_clients 1.0")
        async with following(address) as again:
            assert again.answer.status_code == 200
            await write(city, 1)
            assert await told(client, 1) == await told(again, 1)


async def test_a_stream_needs_a_key_and_ends_with_it(database_url: str, city: AsyncConnection[Any]) -> None:
    text, key = await keys.create(city, "a screen in the hall")
    kept, _ = await keys.create(city, "another one")
    async with serving(database_url, api_public=False) as address:
        async with following(address) as client:
            assert client.answer.status_code == 401
        async with (
            following(address, authorization=f"Bearer {text}") as ended,
            following(address, x_api_key=kept) as other,
        ):
            await keys.revoke(city, key.prefix)
            end = await ended.next("end")
            assert end.data["reason"] == "key"
            assert await ended.read() is None
            await write(city, 1)
            assert await told(other, 1) == [1]


@pytest.mark.parametrize(
    ("query", "parameter", "meant"),
    [
        ("event=values", "event", "value"),
        ("event=observation", "datastream", None),
        ("indicator=laeq1h", "indicator", "laeq_1h"),
        ("area=Ha+Long", "area", "193"),
        ("within=19x", "within", None),
        ("datastream=999999", "datastream", None),
        ("datastream=pm2_5", "datastream", None),
        ("datastream=" + ",".join(map(str, range(101))), "datastream", None),
        ("after=yesterday", "after", None),
        ("follow=maybe", "follow", None),
        ("areas=193", "areas", "area"),
    ],
)
async def test_what_cannot_be_followed_is_told(
    client: httpx.AsyncClient, query: str, parameter: str, meant: str | None
) -> None:
    answer = await client.get(f"/v1/live?{query}")
    assert answer.status_code == 422
    (fault,) = answer.json()["errors"]
    assert fault["parameter"] == parameter
    assert meant is None or meant in fault["did_you_mean"]


async def test_a_wrong_last_event_id_is_told(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/live", headers={"Last-Event-ID": "seven"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["in"] == "header"


async def test_a_stop_ends_a_hundred_streams_at_once(database_url: str, city: AsyncConnection[Any]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = Settings.model_validate({"database_url": database_url, "api_port": port, "api_public": True})
    address = f"http://127.0.0.1:{port}"
    with running(settings, "api") as process:
        await _answers(address)
        async with AsyncExitStack() as stack:
            clients = [await stack.enter_async_context(following(address)) for _ in range(100)]
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            ends = [await client.next() for client in clients]
            assert [await client.read() for client in clients] == [None] * 100
            assert await asyncio.to_thread(process.wait, 20) == 0
            assert time.monotonic() - began < 4  # less than what open requests are given
    assert {(each.name, each.data["reason"]) for each in ends} == {("end", "stopping")}


async def _answers(address: str) -> None:
    async with asyncio.timeout(30), httpx.AsyncClient(trust_env=False) as http:
        while True:
            try:
                if (await http.get(f"{address}/health/ready")).status_code == 200:
                    return
            except httpx.TransportError:
                await asyncio.sleep(0.1)
