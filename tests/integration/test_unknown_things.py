"""Unknown things from the first refused message to the last that is replayed, over a real broker."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from devices import unknown_seen
from devices import unknown_store as store
from devices.unknown import UnknownThingError, Wishes, interval_of
from devices.unknown_limits import accept_automatically, set_automatic
from tests.faults.inputs import DAY_MS, late_hours
from tests.integration.city import register
from tests.integration.test_ingest import NOW_MS, gateway_client, ingesting, send, stored, until

if TYPE_CHECKING:
    import aiomqtt
    from psycopg import AsyncConnection

    from devices.unknown import Proposal, UnknownThing
    from runtime.settings import Settings
    from tests.conftest import Broker

    Connection = AsyncConnection[Any]

MINUTE_MS = 60_000
#: a round of measuring a minute, of which the first are of yesterday
ROUNDS = [NOW_MS - DAY_MS + number * MINUTE_MS for number in range(14)]
#: of a clock that is reset between readings
CENTURIES = [datetime(year, 1, 1, tzinfo=UTC) for year in (1000, 5000, 9000)]


async def queue(conn: Connection) -> list[tuple[UnknownThing, Proposal]]:
    cursor = await conn.execute("SELECT id FROM unknown_things ORDER BY id")
    return await store.read(conn, [id_ for (id_,) in await cursor.fetchall()])


async def until_seen(conn: Connection, device: str, messages: int) -> tuple[UnknownThing, Proposal]:
    async def seen() -> bool:
        return any(u.device == device and u.messages == messages for u, _ in await queue(conn))

    await until(seen)
    return next(each for each in await queue(conn) if each[0].device == device)


async def until_stored(conn: Connection, rows: int) -> None:
    async def all_stored() -> bool:
        return len(await stored(conn)) >= rows

    await until(all_stored)


async def until_waiting(conn: Connection, device: str) -> None:
    async def waits() -> bool:
        return any(u.device == device and u.state == "waiting" for u, _ in await queue(conn))

    await until(waits)


async def refused(conn: Connection) -> list[tuple[Any, ...]]:
    cursor = await conn.execute(
        "SELECT reason, count, replayed_at IS NOT NULL, replayed_by FROM refusals ORDER BY time, id"
    )
    return await cursor.fetchall()


async def stream_ids(conn: Connection, device: str) -> dict[str, int]:
    cursor = await conn.execute(
        "SELECT p.code, d.id FROM datastreams d JOIN things t ON t.id = d.thing_id "
        "JOIN observed_properties p ON p.id = d.observed_property_id WHERE t.code = %s",
        [device],
    )
    return dict(await cursor.fetchall())


async def send_rounds(client: aiomqtt.Client, gateway: str, device: str) -> None:
    for number, time_ms in enumerate(ROUNDS):
        reading = {"device": device, "time": time_ms, "pm2_5": 30.5 + number, "pm10": 48}
        await send(client, gateway, reading, seq=number + 1)


async def test_fourteen_are_refused_accepted_and_stored_once_and_the_next_directly(
    conn: Connection, settings: Settings, broker: Broker, gateway_code: str
) -> None:
    await register(conn, gateway_code)
    device = f"{gateway_code}-new"
    async with ingesting(settings), gateway_client(broker, gateway_code) as client:
        await send_rounds(client, gateway_code, device)
        unknown, proposal = await until_seen(conn, device, 14)
        assert await stored(conn) == []
        assert proposal.describe() == "air_station with pm10 (ug/m3) every 60 s, pm2_5 (ug/m3) every 60 s"
        assert (unknown.state, unknown.gateway) == ("waiting", gateway_code)
        assert [(p.minimum, p.maximum, p.readings) for p in unknown.properties] == [
            (48, 48, 14),
            (30.5, 43.5, 14),
        ]
        await store.accept(conn, unknown.id, "Lan")
        await until_stored(conn, 28)
        now_ms = int(time.time() * 1000)  # or it would be late as well
        await send(client, gateway_code, {"device": device, "time": now_ms, "pm2_5": 7}, seq=15)
        await until_stored(conn, 29)
        again = await stored(conn)
        await store.accept(conn, unknown.id, "Minh")
        (accepted, _) = (await queue(conn))[0]

        async def settled() -> bool:
            return not (await queue(conn))[0][0].is_replaying

        await until(settled)
    ids = await stream_ids(conn, device)
    rounds = [(ids["pm2_5"], t, 30.5 + n, 0) for n, t in enumerate(ROUNDS)]
    rounds += [(ids["pm10"], t, 48.0, 0) for t in ROUNDS]
    assert await stored(conn) == again == sorted([*rounds, (ids["pm2_5"], now_ms, 7.0, 0)])
    assert accepted.replayed == 14
    assert await refused(conn) == [("unknown_device", 2, True, "Lan")] * 14
    hours = {t // 3_600_000 * 3_600_000 for t in ROUNDS}
    assert await late_hours(conn) == sorted((i, hour) for i in ids.values() for hour in hours)
    cursor = await conn.execute(
        "SELECT a.code FROM thing_areas l JOIN areas a ON a.id = area_id JOIN things t ON t.id = thing_id "
        "WHERE t.code = %s",
        [device],
    )
    assert await cursor.fetchall() == [("193",)]


async def test_what_stays_unknown_of_a_replayed_message_is_refused_again_and_waits(
    conn: Connection, settings: Settings, broker: Broker, gateway_code: str
) -> None:
    await register(conn, gateway_code)
    one, two = f"{gateway_code}-one", f"{gateway_code}-two"
    async with ingesting(settings), gateway_client(broker, gateway_code) as client:
        readings = [{"device": each, "time": NOW_MS, "pm2_5": 3, "temp": 20} for each in (one, two)]
        await send(client, gateway_code, *readings, {"time": NOW_MS, "pm10": None}, seq=1)
        (first, proposal), (second, _) = await until_seen(conn, one, 1), await until_seen(conn, two, 1)
        assert proposal.left == {
            "temp": "no observed property has this code: create one, or mend the firmware"
        }
        await store.accept(conn, first.id, "Lan")
        await until_stored(conn, 1)
        await until_waiting(conn, one)
        assert (await until_seen(conn, one, 1))[1].problem == f"temp: {proposal.left['temp']}"
        await until_seen(conn, two, 1)
        await store.accept(conn, second.id, "Minh")
        await until_stored(conn, 2)
        await until_waiting(conn, two)
    assert sorted(await refused(conn), key=str) == [
        ("unknown_device", 2, True, "Minh"),
        ("unknown_device", 4, True, "Lan"),
        ("unknown_property", 1, True, "Minh"),
        ("unknown_property", 2, False, None),
        ("value_not_finite", 1, False, None),
    ]


async def test_an_unknown_property_of_a_known_device_in_another_unit(
    conn: Connection, settings: Settings, broker: Broker, gateway_code: str
) -> None:
    await register(conn, gateway_code)
    await conn.execute("DELETE FROM datastreams WHERE observed_property_id = (SELECT id FROM "
                       "observed_properties WHERE code = 'pm10')")  # fmt: skip
    pack = (
        b'[{"bn": "%(d)s/", "bt": 1795000000, "n": "pm10", "u": "kg/m3", "v": 4.8e-8},'
        b' {"n": "pm2_5", "v": 3}]' % {b"d": f"{gateway_code}-aq".encode()}
    )
    async with ingesting(settings), gateway_client(broker, gateway_code) as client:
        await client.publish(f"city/v1/{gateway_code}/up/observations", pack, qos=1)
        unknown, proposal = await until_seen(conn, f"{gateway_code}-aq", 1)
        assert unknown.properties[0].unit == "kg/m3"
        assert proposal.describe() == "air_station, which is registered, with pm10 (ug/m3) every 300 s"
        await store.accept(conn, unknown.id, "Lan", Wishes(intervals={"pm10": 120}))
        await until_stored(conn, 2)
    assert [value for _, _, value, _ in await stored(conn)] == [3.0, pytest.approx(48.0)]
    cursor = await conn.execute(
        "SELECT sampling_interval_s FROM datastreams WHERE sampling_interval_s <> 300"
    )
    assert await cursor.fetchall() == [(120,)]


async def test_within_its_gateways_limits_a_thing_is_accepted_without_anybody(
    conn: Connection, settings: Settings, broker: Broker, gateway_code: str
) -> None:
    await register(conn, gateway_code)
    await set_automatic(conn, gateway_code, (1, 2), "Lan")
    one, two = f"{gateway_code}-one", f"{gateway_code}-two"
    async with ingesting(settings), gateway_client(broker, gateway_code) as client:
        await send_rounds(client, gateway_code, one)
        await until_stored(conn, 28)
        await send_rounds(client, gateway_code, two)
        unknown, _ = await until_seen(conn, two, 14)
    assert unknown.state == "waiting"
    assert len(await stored(conn)) == 28
    assert [(u.decided_by, u.state) for u, _ in await queue(conn)] == [
        ("automatic", "accepted"), (None, "waiting"),
    ]  # fmt: skip


@pytest.mark.attack("a unit with a NUL, to stop what is replayed", "noted with U+FFFD, all others replayed")
async def test_a_unit_may_be_any_text(
    conn: Connection, settings: Settings, broker: Broker, gateway_code: str
) -> None:
    await register(conn, gateway_code)
    pack = rb"""[{"n": "nobody/pm2_5", "u": "a\u0000\ud800%s", "v": 1, "t": 1795000000}]""" % (b"b" * 99)
    device = f"{gateway_code}-new"
    async with ingesting(settings), gateway_client(broker, gateway_code) as client:
        await client.publish(f"city/v1/{gateway_code}/up/observations", pack, qos=1)
        unknown, proposal = await until_seen(conn, "nobody", 1)
        assert unknown.properties[0].unit == f"a\ufffd?{'b' * 61}"
        assert "which does not become ug/m3" in proposal.left["pm2_5"]
        await send_rounds(client, gateway_code, device)
        accepted, _ = await until_seen(conn, device, 14)
        await store.accept(conn, accepted.id, "Lan")
        await until_stored(conn, 28)


async def test_what_the_database_cannot_take_is_passed_over_and_holds_up_nothing(
    conn: Connection, settings: Settings, broker: Broker, gateway_code: str
) -> None:
    await register(conn, gateway_code)
    await conn.execute("ALTER TABLE unknown_things ADD CHECK (device <> 'impossible')")
    device = f"{gateway_code}-new"
    async with ingesting(settings), gateway_client(broker, gateway_code) as client:
        await send(client, gateway_code, {"device": device, "time": NOW_MS, "pm2_5": 1}, seq=1)
        await send(client, gateway_code, {"device": "impossible", "time": NOW_MS, "pm2_5": 1}, seq=2)
        await send(client, gateway_code, {"device": device, "time": NOW_MS + 1, "pm2_5": 1}, seq=3)
        unknown, _ = await until_seen(conn, device, 2)
        await store.accept(conn, unknown.id, "Lan")
        await until_stored(conn, 2)
    assert [u.device for u, _ in await queue(conn)] == [device]


async def test_a_queue_that_cannot_be_noted_holds_up_no_replay(
    conn: Connection, settings: Settings, broker: Broker, gateway_code: str
) -> None:
    await register(conn, gateway_code)
    device = f"{gateway_code}-new"
    async with ingesting(settings), gateway_client(broker, gateway_code) as client:
        await send(client, gateway_code, {"device": device, "time": NOW_MS, "pm2_5": 1}, seq=1)
        unknown, _ = await until_seen(conn, device, 1)
        await conn.execute("ALTER TABLE unknown_progress RENAME TO mislaid")
        await store.accept(conn, unknown.id, "Lan")
        await until_stored(conn, 1)


def test_an_interval_is_a_day_at_most() -> None:
    assert interval_of(CENTURIES, 300) == 86_400


async def test_times_centuries_apart_are_no_obstacle(conn: Connection) -> None:
    await register(conn, "gw-a")
    id_ = await noted(conn, "gw-a", "gw-a-x", times=CENTURIES)
    assert (await store.accept(conn, id_, "Lan"))[0].state == "accepted"


async def test_what_cannot_be_accepted_without_anybody_leaves_the_others_their_turn(conn: Connection) -> None:
    await register(conn, "gw-a")
    await set_automatic(conn, "gw-a", (5, 5), "Lan")
    for _ in range(3):
        ids = [await noted(conn, "gw-a", device) for device in ("gw-a-x", "gw-a-y")]
    await conn.execute("""
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE 'too large' USING ERRCODE = 'numeric_value_out_of_range'; END $$;
        CREATE TRIGGER refuse BEFORE INSERT ON things FOR EACH ROW
        WHEN (NEW.code = 'gw-a-x') EXECUTE FUNCTION refuse()""")
    assert [u.device for u in await accept_automatically(conn, ids)] == ["gw-a-y"]
    assert [u.state for u, _ in await queue(conn)] == ["waiting", "accepted"]


async def noted(conn: Connection, gateway: str, device: str, **seen: Any) -> int:
    """An unknown thing that has sent pm2_5 once."""
    value = unknown_seen.Seen(
        seen.pop("property", "pm2_5"),
        seen.pop("unit", None),
        1,
        3.0,
        3.0,
        seen.pop("times", [datetime(2026, 11, 20, tzinfo=UTC)]),
    )
    at = datetime.now(UTC)
    made = unknown_seen.Noted(
        gateway=gateway, device=device, source=seen.pop("source", "native"),
        dev_eui=seen.pop("dev_eui", None), first=at, last=at, messages=1, properties=(value,),
    )  # fmt: skip
    (id_,) = await unknown_seen.note(conn, [made])
    return id_


@pytest.mark.parametrize(
    ("device", "seen", "words"),
    [
        ("AQ 1", {}, "its name is no code"),
        ("gw-b-aq", {}, "gw-b has a thing of this code"),
        ("gw-a-x", {"property": "temp"}, "temp: no observed property has this code"),
        ("gw-a-x", {"unit": "Cel"}, "it is sent in 'Cel', which does not become ug/m3"),
        ("gw-a-x", {"source": "lorawan"}, "say its device model"),
        ("gw-a-x", {"source": "sparkplug"}, "Sparkplug tells its metrics at birth"),
    ],
)
async def test_what_cannot_be_accepted_says_why(
    conn: Connection, device: str, seen: dict[str, Any], words: str
) -> None:
    await register(conn, "gw-b")
    await register(conn, "gw-a")
    id_ = await noted(conn, "gw-a", device, **seen)
    with pytest.raises(UnknownThingError, match=words):
        await store.accept(conn, id_, "Lan")
    assert [(u.state, u.decided_by) for u, _ in await queue(conn)] == [("waiting", None)]


async def test_what_is_ignored_stays_so_and_may_be_accepted_later(conn: Connection) -> None:
    await register(conn, "gw-a")
    id_ = await noted(conn, "gw-a", "gw-a-x")
    assert (await store.ignore(conn, id_, "Lan", "a test bench")).note == "a test bench"
    await noted(conn, "gw-a", "gw-a-x")
    ((again, _),) = await queue(conn)
    assert (again.state, again.messages) == ("ignored", 2)
    assert (await store.accept(conn, id_, "Minh"))[0].state == "accepted"
    with pytest.raises(UnknownThingError, match="gw-a-x is accepted: disable it"):
        await store.ignore(conn, id_, "Lan", "")


async def test_what_nobody_decided_on_leaves_the_queue_when_it_is_not_sent_any_more(conn: Connection) -> None:
    await register(conn, "gw-a")
    for device in ("gone", "here", "ignored"):
        await noted(conn, "gw-a", device)
    await store.ignore(conn, 3, "Lan", "")
    await conn.execute("UPDATE unknown_things SET last_seen = now() - interval '31 days' WHERE id IN (1, 3)")
    await unknown_seen.forget_gone(conn)
    assert [u.device for u, _ in await queue(conn)] == ["here", "ignored"]


@pytest.mark.attack("a gateway that makes up names of devices", "1,000 in the queue, none in the registry")
async def test_a_gateway_that_makes_up_names_fills_its_own_part_of_the_queue_alone(
    conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await register(conn, "gw-a")
    await register(conn, "gw-b")
    monkeypatch.setattr(unknown_seen, "MOST_THINGS", 2)
    for device in ("x", "y"):
        await noted(conn, "gw-a", device)
    with pytest.raises(ValueError, match="not enough values"):
        await noted(conn, "gw-a", "z")
    await noted(conn, "gw-a", "x")
    await noted(conn, "gw-b", "z")
    assert [(u.device, u.messages) for u, _ in await queue(conn)] == [("x", 2), ("y", 1), ("z", 1)]
