"""What streams of a real server tell, in which shape, and to whom."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from analytics import alert_actions
from api.parameters import now
from api.queries import live as queries
from devices import registry
from tests.integration.api.streams import (
    HOUR,
    LAEQ,
    following,
    get,
    measure,
    told,
    write,
)

if TYPE_CHECKING:
    import httpx
    from psycopg import AsyncConnection


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
        await _set(city, "ha-long-1", "online = false, status_at = clock_timestamp()")
        await city.execute(
            """INSERT INTO gateway_status_history (gateway_id, time, online)
               SELECT id, now(), false FROM gateways WHERE code = 'ha-long-1'"""
        )
        gone = await client.next()
        await _set(city, "ha-long-1", "online = true, status_at = now(), last_seen = now()")
        back = await client.next()
        await _set(city, "ha-long-1", "last_seen = now() - interval '1 day', status_at = NULL")
        silent = await client.next()
        await _set(city, "mong-cai-1", "online = true")
        await _set(city, "ha-long-2", "last_seen = now()")
        assert (await client.next()).data["code"] == "ha-long-2"
    assert [each.data["state"] for each in (gone, back, silent)] == ["offline", "online", "silent"]
    shown = await get(address, "/v1/gateways/ha-long-1")
    assert {name: shown[name] for name in silent.data} == silent.data


async def _set(city: AsyncConnection[Any], code: str, assignment: str) -> None:
    await city.execute(
        f"""UPDATE gateway_status SET {assignment}
            WHERE gateway_id = (SELECT id FROM gateways WHERE code = '{code}')""".encode()
    )


async def test_observations_of_chosen_datastreams_and_no_others(
    address: str, city: AsyncConnection[Any]
) -> None:
    ids = await registry.datastream_ids(city)
    chosen, other = ids["ha-long-rain-1", "rainfall"], ids["mong-cai-air-1", "pm2_5"]
    async with following(address, f"event=observation&datastream={chosen}") as client:
        await measure(city, other, (0, 5))
        await measure(city, chosen, (10, 1.5))
        first = await client.next()
        await measure(city, chosen, (5, 0.5), (11, 2.5))  # one that another process was slower to commit
        late = await client.next()
        newest = await client.next()
    assert [each.data["value"] for each in (first, late, newest)] == [1.5, 0.5, 2.5]
    (shown,) = (await get(address, "/v1/latest?thing=ha-long-rain-1"))["items"]
    assert newest.data == shown


async def test_old_values_are_told_as_a_time_that_was_computed_again(
    address: str, city: AsyncConnection[Any]
) -> None:
    old = HOUR - timedelta(days=40)
    for n in range(3):
        await write(city, n, at=old + timedelta(hours=n))
    async with following(address, LAEQ) as client:
        await queries.number(city, recomputed=True)
        event = await client.next()
    assert event.name == "recomputed"
    assert event.data == {
        "indicator": "laeq_1h",
        "first": old.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "last": (old + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


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
