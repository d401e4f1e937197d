"""Commands end to end: asked for, sent by ingest, answered by a gateway; and what goes wrong on the way."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from api.queries import commands as queries
from api.reach import EVERYTHING, within
from devices import commands
from devices.commands import Answer, NewCommand
from devices.identities import UnknownGatewayError
from devices.registry import import_profile
from ingest import downlink
from runtime.local.mosquitto import LocalMosquitto
from simulators import gateway as gateways
from tests.conftest import Broker, changed
from tests.integration.city import small_city
from tests.integration.test_ingest import heard, ingesting, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import aiomqtt
    from psycopg import AsyncConnection

    from api.queries import Row
    from runtime.local.provision import Binaries
    from runtime.settings import Settings

    Connection = AsyncConnection[Any]

pytestmark = pytest.mark.usefixtures("quick_downlink")


@asynccontextmanager
async def gateway(broker: Broker, code: str) -> AsyncIterator[aiomqtt.Client]:
    """A gateway that keeps its session, as the contract wants it."""
    told = {"url": broker.gateway_url, "code": code, "password": f"secret-{code}"}
    async with gateways.Connection(**told, topic_root="city/v1").client() as client:
        await client.subscribe(f"city/v1/{code}/down/#", qos=1)
        yield client


async def say(client: aiomqtt.Client, code: str, **answer: Any) -> None:
    await client.publish(f"city/v1/{code}/up/response", json.dumps(answer), qos=1)


def asking(code: str, *, expires_s: float = 60, timeout_s: float = 60, **more: Any) -> NewCommand:
    limits = {"expires_in": timedelta(seconds=expires_s), "timeout": timedelta(seconds=timeout_s)}
    return NewCommand(gateway=code, command="reboot", by="Minh", **limits, **more)


async def read_command(conn: Connection, number: UUID) -> Row:
    with within(EVERYTHING):
        found = await queries.command(conn, number)
    assert found is not None
    return found


async def reaches(conn: Connection, number: UUID, state: str) -> Row:
    async def has_it() -> bool:
        return bool((await read_command(conn, number))["state"] == state)

    await until(has_it)
    return await read_command(conn, number)


async def lines(conn: Connection, number: UUID) -> list[tuple[str, bool, str]]:
    history = (await read_command(conn, number))["history"]
    return [(each["state"], each["stands"], each["actor"]) for each in history]


async def test_a_command_is_sent_acknowledged_and_done(
    conn: Connection, settings: Settings, broker: Broker, admitted: str
) -> None:
    async with ingesting(settings), gateway(broker, admitted) as client:
        number = await commands.create(
            conn, asking(admitted, device=f"{admitted}-aq", arguments={"delay_s": 5, "why": "Đo lại\0"})
        )
        told = await heard(client, "command")
        expires = datetime.fromisoformat(told.pop("expires"))
        assert timedelta(seconds=50) < expires - datetime.now(UTC) <= timedelta(seconds=60)
        assert told == {
            "id": str(number), "command": "reboot", "device": f"{admitted}-aq",
            "arguments": {"delay_s": 5, "why": "Đo lại\0"},
        }  # fmt: skip
        await reaches(conn, number, "sent")
        await say(client, admitted, id=str(number), state="acknowledged")
        await reaches(conn, number, "acknowledged")
        await say(client, admitted, id=str(number), state="done", detail="restarted", result={"uptime_s": 4})
        found = await reaches(conn, number, "done")
    assert (found["detail"], found["result"]) == ("restarted", {"uptime_s": 4})
    times = [found["created_at"], found["sent_at"], found["acknowledged_at"], found["ended_at"]]
    assert times == sorted(each for each in times if each)
    assert await lines(conn, number) == [
        ("queued", True, "Minh"),
        ("sent", True, "halong"),
        ("acknowledged", True, "gateway"),
        ("done", True, "gateway"),
    ]


async def test_a_gateway_that_is_away_gets_it_when_it_is_back(
    conn: Connection, settings: Settings, broker: Broker, admitted: str
) -> None:
    async with gateway(broker, admitted):
        pass
    async with ingesting(settings):
        number = await commands.create(conn, asking(admitted))
        await reaches(conn, number, "sent")
        async with gateway(broker, admitted) as client:
            assert (await heard(client, "command"))["id"] == str(number)


async def test_what_has_expired_is_not_delivered_late(
    conn: Connection, settings: Settings, broker: Broker, admitted: str
) -> None:
    async with gateway(broker, admitted):
        pass
    async with ingesting(settings):
        number = await commands.create(conn, asking(admitted, expires_s=2))
        await reaches(conn, number, "sent")
        await until_expired(conn, number)
        async with gateway(broker, admitted) as client:
            later = await commands.create(conn, asking(admitted))
            assert (await heard(client, "command"))["id"] == str(later)
    assert (await lines(conn, number))[-1] == ("expired", True, "halong")


async def until_expired(conn: Connection, number: UUID) -> None:
    """Wait until a command has expired, whatever the grace is."""

    async def is_over() -> bool:
        await commands.settle(conn, grace_s=0)
        return bool((await read_command(conn, number))["state"] == "expired")

    await until(is_over)


async def test_without_a_session_at_the_broker_it_waits_here_and_expires(
    conn: Connection, settings: Settings, broker: Broker, admitted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downlink, "_ABSENT_S", 0.1)
    async with ingesting(settings):
        number = await commands.create(conn, asking(admitted, expires_s=3))
        await until_expired(conn, number)
        assert await lines(conn, number) == [("queued", True, "Minh"), ("expired", True, "halong")]
        waiting = await commands.create(conn, asking(admitted))
        await asyncio.sleep(0.5)
        found = await read_command(conn, waiting)
        assert found["state"] == "queued"
        async with gateway(broker, admitted) as client:
            assert (await heard(client, "command"))["id"] == str(waiting)


async def test_what_is_begun_and_not_done_in_time_is_told_so_until_it_is(
    conn: Connection, settings: Settings, broker: Broker, admitted: str
) -> None:
    async with ingesting(settings), gateway(broker, admitted) as client:
        number = await commands.create(conn, asking(admitted, timeout_s=1))
        await heard(client, "command")
        await say(client, admitted, id=str(number), state="acknowledged")
        await reaches(conn, number, "timed_out")
        await say(client, admitted, id=str(number), state="acknowledged", detail="still at it")
        await say(client, admitted, id=str(number), state="done")
        await reaches(conn, number, "done")
    assert (await lines(conn, number))[3:] == [
        ("timed_out", True, "halong"),
        ("acknowledged", False, "gateway"),
        ("done", True, "gateway"),
    ]


async def test_of_two_answers_the_first_stands_and_the_second_is_kept(
    conn: Connection, settings: Settings, broker: Broker, admitted: str
) -> None:
    async with ingesting(settings), gateway(broker, admitted) as client:
        number = await commands.create(conn, asking(admitted))
        await heard(client, "command")
        for state in ("failed", "failed", "done"):
            await say(client, admitted, id=str(number), state=state, detail="door is open")
        marker = await commands.create(conn, asking(admitted))
        await say(client, admitted, id=str(marker), state="done")
        await reaches(conn, marker, "done")
        found = await read_command(conn, number)
    assert (found["state"], found["detail"]) == ("failed", "door is open")
    answered = [each for each in await lines(conn, number) if each[2] == "gateway"]
    assert answered == [("failed", True, "gateway"), ("done", False, "gateway")]


async def test_what_is_cancelled_while_it_waits_is_not_sent(
    conn: Connection, settings: Settings, broker: Broker, admitted: str
) -> None:
    number = await commands.create(conn, asking(admitted))
    await commands.cancel(conn, number, by="Lan")
    async with ingesting(settings), gateway(broker, admitted) as client:
        later = await commands.create(conn, asking(admitted))
        assert (await heard(client, "command"))["id"] == str(later)
    found = await read_command(conn, number)
    assert (found["state"], found["sent_at"]) == ("cancelled", None)
    assert await lines(conn, number) == [("queued", True, "Minh"), ("cancelled", True, "Lan")]


async def test_what_the_broker_has_is_cancelled_until_the_gateway_answers(
    conn: Connection, settings: Settings, broker: Broker, admitted: str
) -> None:
    async with ingesting(settings), gateway(broker, admitted) as client:
        number = await commands.create(conn, asking(admitted))
        await heard(client, "command")
        await reaches(conn, number, "sent")
        await commands.cancel(conn, number, by="Lan")
        assert (await read_command(conn, number))["ended_at"] is not None
        assert await commands.settle(conn, grace_s=-100) == 0
        await say(client, admitted, id=str(number), state="done")
        await reaches(conn, number, "done")
    assert (await lines(conn, number))[2:] == [("cancelled", True, "Lan"), ("done", True, "gateway")]


async def test_what_is_begun_or_over_is_not_cancelled(conn: Connection, admitted: str) -> None:
    gateway_id = await id_of(conn, admitted)
    number = await commands.create(conn, asking(admitted))
    for state in ("acknowledged", "done"):
        await commands.answer(conn, gateway_id, Answer(number, state, "", None))
        with pytest.raises(commands.BegunError, match="begun or over"):
            await commands.cancel(conn, number, by="Lan")
        assert (await read_command(conn, number))["state"] == state
    with pytest.raises(commands.BegunError):
        await commands.cancel(conn, uuid4(), by="Lan")


async def test_one_that_goes_out_while_it_is_cancelled_says_so(conn: Connection, admitted: str) -> None:
    number = await commands.create(conn, asking(admitted))
    await commands.cancel(conn, number, by="Lan")
    await commands.sent(conn, number)
    found = await read_command(conn, number)
    assert found["state"] == "cancelled"
    assert found["sent_at"] is not None
    assert (await lines(conn, number))[-1] == ("sent", False, "halong")


@pytest.mark.attack("a gateway answers for another's command", "refused and kept, the command as before")
async def test_answers_with_a_foreign_id_are_refused_and_kept(
    conn: Connection, settings: Settings, broker: Broker, admitted: str
) -> None:
    other = f"{admitted}-b"
    both = small_city(admitted)
    await import_profile(conn, replace(both, gateways=(*both.gateways, *small_city(other).gateways)))
    broker.add_gateway(other, f"secret-{other}")
    async with ingesting(settings), gateway(broker, admitted), gateway(broker, other) as foreign:
        number = await commands.create(conn, asking(admitted))
        await reaches(conn, number, "sent")
        for each in (number, uuid4()):
            await say(foreign, other, id=str(each), state="done")
            told = await heard(foreign, "rejected")
            assert (told["reason"], told["at"], told["stored"]) == ("unknown_command", "$.id", False)
        found = await read_command(conn, number)
    assert found["state"] == "sent"
    rows = await conn.execute(
        "SELECT gateway, topic, reason, stored FROM refusals WHERE gateway = %s ORDER BY time", [other]
    )
    kept = (other, f"city/v1/{other}/up/response", "unknown_command", False)
    assert await rows.fetchall() == [kept, kept]


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"\xff{", "not_decodable"),
        (b'{"id": "7", "state": "done"}', "schema"),
        (b'{"id": "6f1c0a52-f4b1-4b0b-9d0c-6a6f0f7d3b52", "state": "finished"}', "schema"),
        (
            b'{"id": "6f1c0a52-f4b1-4b0b-9d0c-6a6f0f7d3b52", "state": "done", "result": '
            + b"[" * 40 + b"]" * 40 + b"}",
            "schema",
        ),
    ],
)  # fmt: skip
async def test_what_is_no_answer_is_refused(
    conn: Connection, settings: Settings, broker: Broker, admitted: str, payload: bytes, reason: str
) -> None:
    async with ingesting(settings), gateway(broker, admitted) as client:
        await client.publish(f"city/v1/{admitted}/up/response", payload, qos=1)
        assert (await heard(client, "rejected"))["reason"] == reason


async def test_any_result_is_stored(
    conn: Connection, settings: Settings, broker: Broker, admitted: str
) -> None:
    result = {"nul": "\0", "big": 10**40, "text": "Hạ Long \u202e", "list": [1.5, None, True]}
    async with ingesting(settings), gateway(broker, admitted) as client:
        number = await commands.create(conn, asking(admitted))
        await heard(client, "command")
        await say(client, admitted, id=str(number), state="done", detail="a\0b", result=result)
        found = await reaches(conn, number, "done")
    assert (found["detail"], found["result"]) == ("a\N{REPLACEMENT CHARACTER}b", result)


async def test_a_broker_that_is_away_delays_and_does_not_lose(
    conn: Connection, settings: Settings, binaries: Binaries, scratch: Path, admitted: str
) -> None:
    with LocalMosquitto(binaries, scratch / f"mosquitto-{admitted}") as server:
        own = Broker(server)
        own.add_gateway(admitted, f"secret-{admitted}")
        async with ingesting(changed(settings, mqtt_url=own.platform_url)):
            async with gateway(own, admitted):
                pass
            await asyncio.to_thread(server.stop)
            number = await commands.create(conn, asking(admitted))
            short = await commands.create(conn, asking(admitted, expires_s=1))
            await until_expired(conn, short)
            await asyncio.to_thread(server.start)
            async with gateway(own, admitted) as client:
                assert (await heard(client, "command"))["id"] == str(number)


async def test_an_answer_that_overtakes_the_note_of_its_sending_stands(
    conn: Connection, admitted: str
) -> None:
    number = await commands.create(conn, asking(admitted))
    assert await commands.answer(conn, await id_of(conn, admitted), Answer(number, "done", "", None))
    await commands.sent(conn, number)
    found = await read_command(conn, number)
    assert found["state"] == "done"
    assert (await lines(conn, number))[1:] == [("done", True, "gateway"), ("sent", False, "halong")]


async def id_of(conn: Connection, code: str) -> int:
    rows = await conn.execute("SELECT id FROM gateways WHERE code = %s", [code])
    (found,) = await rows.fetchone() or (0,)
    return int(found)


@pytest.mark.attack("a gateway answers a command without end", "100 lines kept, and what decides its state")
async def test_a_history_is_bounded_and_keeps_what_decides(conn: Connection, admitted: str) -> None:
    number, gateway_id = await commands.create(conn, asking(admitted)), await id_of(conn, admitted)
    said = [Answer(number, "acknowledged", f"{each} %", None) for each in range(commands.MAX_LINES + 10)]
    for each in (*said, Answer(number, "done", "at last", None), Answer(number, "done", "once more", None)):
        assert await commands.answer(conn, gateway_id, each)
    kept = (await read_command(conn, number))["history"]
    assert len(kept) == commands.MAX_LINES + 1
    assert (kept[-1]["state"], kept[-1]["stands"], kept[-1]["detail"]) == ("done", True, "at last")


@pytest.mark.parametrize("change", [{"gateway": "nobody"}, {"device": "nothing"}])
async def test_what_is_not_there_is_told_nothing(
    conn: Connection, admitted: str, change: dict[str, str]
) -> None:
    with pytest.raises(UnknownGatewayError, match="is not registered"):
        await commands.create(conn, replace(asking(admitted), **change))


async def test_arguments_are_bounded(conn: Connection, admitted: str) -> None:
    for arguments in ({"a": "x" * 40_000}, {"a": "\ud800"}):
        with pytest.raises(commands.CommandError):
            await commands.create(conn, asking(admitted, arguments=arguments))
