"""Simulated gateways against a real broker; the other end is a stand-in that answers down/committed."""

from __future__ import annotations

import asyncio
import json
import secrets
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import aiomqtt
import pytest

from devices import profiles
from devices.credentials import password_hash
from runtime.local.mosquitto import LocalMosquitto
from simulators import gateway, service
from simulators.city import populate
from simulators.sender import Stats
from simulators.signals import Signals

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from devices.model import Gateway, Profile
    from runtime.local.provision import Binaries
    from tests.conftest import Broker

ROOT = "city/v1"


@pytest.fixture(scope="module")
def city() -> Profile:
    return populate(profiles.load("quang_ninh"))


@dataclass
class Platform:
    """What a platform does for one gateway: collects numbers and tells how far they go without a hole."""

    client: aiomqtt.Client
    code: str
    answers: bool = True
    #: numbers that it overlooks the first time
    overlooks: set[int] = field(default_factory=set)
    messages: dict[int, dict[str, Any]] = field(default_factory=dict)
    statuses: list[dict[str, Any]] = field(default_factory=list)

    async def listen(self) -> None:
        async for message in self.client.messages:
            payload = json.loads(bytes(message.payload))
            if message.topic.value.endswith("/status"):
                self.statuses.append(payload)
            else:
                await self.take(payload)

    async def take(self, payload: dict[str, Any]) -> None:
        if payload["seq"] in self.overlooks:
            self.overlooks.discard(payload["seq"])
        else:
            self.messages[payload["seq"]] = payload
        if self.answers:
            await self.tell("committed", self.committed(payload["oldest"]))

    def committed(self, oldest: int) -> dict[str, Any]:
        highest = max(self.messages, default=0)
        holes = [seq for seq in range(oldest, highest) if seq not in self.messages]
        if not holes:
            return {"seq": highest}
        return {"seq": holes[0] - 1, "missing": [[seq, seq] for seq in holes]}

    async def tell(self, what: str, payload: dict[str, Any]) -> None:
        await self.client.publish(f"{ROOT}/{self.code}/down/{what}", json.dumps(payload), qos=1)


@asynccontextmanager
async def platform(url: str, code: str, **options: Any) -> AsyncIterator[Platform]:
    parts = urlsplit(url)
    client = aiomqtt.Client(
        parts.hostname or "",
        parts.port or 1883,
        username=parts.username,
        password=unquote(parts.password or ""),
        protocol=aiomqtt.ProtocolVersion.V5,
    )
    async with client:
        await client.subscribe(f"{ROOT}/{code}/up/#", qos=1)
        peer = Platform(client, code, **options)
        listening = asyncio.create_task(peer.listen())
        try:
            yield peer
        finally:
            # asyncio.wait_for of Python 3.11 swallows a cancellation that comes together with its result
            while not listening.done():
                listening.cancel()
                await asyncio.wait({listening}, timeout=0.1)


@asynccontextmanager
async def running(
    city: Profile, chosen: Gateway, url: str, password: str, folder: Path, **options: Any
) -> AsyncIterator[Stats]:
    stats, stop = Stats(), asyncio.Event()
    options = {"interval": 0.5, "resend_after": 1.0, **options}
    task = asyncio.create_task(
        gateway.run(
            chosen,
            Signals(city),
            url=url,
            password=password,
            topic_root=ROOT,
            journal=folder,
            stop=stop,
            stats=stats,
            **options,
        )
    )
    try:
        yield stats
    finally:
        stop.set()
        await asyncio.wait_for(task, 60)


async def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


@pytest.fixture
def chosen(city: Profile, gateway_code: str) -> Gateway:
    """A gateway of Hạ Long under a code of the test's own, because the broker remembers sessions."""
    return replace(next(each for each in city.gateways if each.code == "ha-long-1"), code=gateway_code)


@pytest.fixture
def private_broker(binaries: Binaries, scratch: Path, chosen: Gateway) -> Iterator[LocalMosquitto]:
    """A broker of the test's own, which may be stopped; the gateway's password is `secret`."""
    folder = scratch / f"mosquitto-{secrets.token_hex(3)}"
    with LocalMosquitto(binaries, folder, passwords={chosen.code: password_hash("secret")}) as server:
        yield server


async def test_every_message_is_kept_until_it_is_committed(
    city: Profile, chosen: Gateway, broker: Broker, tmp_path: Path
) -> None:
    password = broker.add_gateway(chosen.code)
    async with platform(broker.platform_url, chosen.code, answers=False) as peer:
        async with running(city, chosen, broker.gateway_url, password, tmp_path) as stats:
            await until(lambda: len(peer.messages) >= 30)
            assert stats.committed == 0
            assert stats.pending >= 30
            peer.answers = True
            await until(lambda: stats.committed >= 30)
        assert stats.pending == 0
        assert sorted(peer.messages) == list(range(1, max(peer.messages) + 1))
        await until(lambda: peer.statuses[-1] == {"online": False})
    assert peer.statuses[0]["online"] is True


async def test_a_reading_has_its_devices_code_its_time_and_its_values(
    city: Profile, chosen: Gateway, broker: Broker, tmp_path: Path
) -> None:
    password = broker.add_gateway(chosen.code)
    async with (
        platform(broker.platform_url, chosen.code) as peer,
        running(city, chosen, broker.gateway_url, password, tmp_path),
    ):
        await until(lambda: len(peer.messages) >= 2 * len(chosen.things))
    things = {thing.code: thing for thing in chosen.things}
    for message in peer.messages.values():
        (reading,) = message["readings"]
        thing = things[reading.pop("device")]
        assert reading.pop("time").endswith("Z")
        assert reading
        assert reading.keys() <= thing.datastreams.keys()


async def test_overlooked_numbers_are_sent_again(
    city: Profile, chosen: Gateway, broker: Broker, tmp_path: Path
) -> None:
    password = broker.add_gateway(chosen.code)
    async with platform(broker.platform_url, chosen.code, overlooks={3, 4, 9}) as peer:
        async with running(city, chosen, broker.gateway_url, password, tmp_path) as stats:
            await until(lambda: stats.committed >= 20)
        assert sorted(peer.messages) == list(range(1, max(peer.messages) + 1))
        assert stats.pending == 0


async def test_a_broker_restart_loses_nothing(
    city: Profile,
    chosen: Gateway,
    private_broker: LocalMosquitto,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gateway, "_RECONNECT_S", (0.5, 2.0))
    seen: set[int] = set()
    async with AsyncExitStack() as ends:
        simulated = running(city, chosen, private_broker.gateway_url, "secret", tmp_path)
        stats = await ends.enter_async_context(simulated)
        async with platform(private_broker.platform_url, chosen.code, answers=False) as peer:
            await until(lambda: len(peer.messages) >= 10)
            seen |= peer.messages.keys()
        await asyncio.to_thread(private_broker.stop)
        kept = stats.pending
        await until(lambda: stats.pending >= kept + 20)
        await asyncio.to_thread(private_broker.start)
        async with platform(private_broker.platform_url, chosen.code) as peer:
            await until(lambda: stats.committed >= kept + 20)
            await ends.aclose()  # the gateway ends when all is committed
            seen |= peer.messages.keys()
    assert set(range(1, kept + 21)) <= seen
    assert stats.pending == 0
    assert stats.reconnects >= 1


async def test_numbers_and_messages_survive_a_restart_of_the_gateway(
    city: Profile, chosen: Gateway, broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "_DRAIN_S", 0.1)
    password = broker.add_gateway(chosen.code)
    async with running(city, chosen, broker.gateway_url, password, tmp_path) as first:
        await until(lambda: first.pending >= 15)
    async with (
        platform(broker.platform_url, chosen.code) as peer,
        running(city, chosen, broker.gateway_url, password, tmp_path) as second,
    ):
        await until(lambda: second.committed >= first.pending + 5)
    assert sorted(peer.messages) == list(range(1, max(peer.messages) + 1))


async def test_a_full_memory_drops_the_oldest_and_says_so(
    city: Profile, chosen: Gateway, broker: Broker, tmp_path: Path
) -> None:
    password = broker.add_gateway(chosen.code)
    async with running(city, chosen, broker.gateway_url, password, tmp_path, limit=10) as stats:
        await until(lambda: stats.dropped >= 5)
        assert stats.pending == 10
        async with platform(broker.platform_url, chosen.code) as peer:
            await until(lambda: stats.committed >= 20)
    assert min(peer.messages) > 5
    assert all(message["oldest"] > 5 for message in peer.messages.values())


async def test_refusals_are_counted_with_what_they_stand_for(
    city: Profile, chosen: Gateway, broker: Broker, tmp_path: Path
) -> None:
    password = broker.add_gateway(chosen.code)
    async with (
        platform(broker.platform_url, chosen.code) as peer,
        running(city, chosen, broker.gateway_url, password, tmp_path) as stats,
    ):
        await until(lambda: stats.committed >= 1)
        await peer.tell("rejected", {"seq": 1, "reason": "schema", "at": "$", "detail": "x", "count": 7})
        await until(lambda: stats.rejected == 7)


async def test_the_service_runs_all_gateways_that_have_a_password(
    city: Profile, chosen: Gateway, broker: Broker, tmp_path: Path
) -> None:
    city = replace(city, gateways=(chosen, *city.gateways))
    passwords = {code: broker.add_gateway(code) for code in (chosen.code, "co-to-1", "tour")}
    reports: list[Stats] = []
    stop = asyncio.Event()
    async with platform(broker.platform_url, "+", answers=False) as peer:
        task = asyncio.create_task(
            service.run(
                city,
                passwords,
                url=broker.gateway_url,
                topic_root=ROOT,
                journal=tmp_path,
                interval=1.0,
                stop=stop,
                on_stats=reports.append,
            )
        )
        await until(lambda: any(each.connected == 2 and each.acked > 20 for each in reports))
        stop.set()
        await asyncio.wait_for(task, 60)
    assert len(peer.messages) > 0
    assert {path.stem for path in tmp_path.iterdir()} == {chosen.code, "co-to-1"}
    assert reports[-1].connected == 0
