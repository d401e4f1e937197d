"""What MQTT tokens cost at a broker of their own, beside users in the files of the gateways' broker.

`make bench-tokens`. 10,000 gateways in areas of 185; a token may subscribe to those of one area. The last
line printed is one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import aiomqtt
import psutil

from bench.figure import Figure, show, steps
from devices.credentials import new_password, password_hash
from devices.mqtt_tokens import MqttToken, topics
from devices.token_users import admit, dismiss
from runtime.local.browser_broker import BrowserBroker
from runtime.local.mosquitto import LocalMosquitto
from runtime.local.provision import provision
from runtime.places import default_cache

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator

#: gateways of one area: 10,000 in 54
AREA = 185
#: who publishes, and whose messages a browser hears, meanwhile
NEIGHBOUR = "g0"
#: tokens that are timed, of each kind
_TIMED = 10
_TOPIC = f"city/v1/{NEIGHBOUR}/up/status"


async def measure(folder: Path, gateways: int, tokens: int) -> dict[str, Figure]:
    """Measure with `tokens` that are valid already."""
    codes = [f"g{number}" for number in range(gateways)]
    secret = new_password()
    hashes = dict.fromkeys(codes, password_hash(secret))
    binaries = provision(default_cache())
    with (
        LocalMosquitto(binaries, folder / "gateways", passwords=hashes, bridge_password=secret) as broker,
        BrowserBroker(
            binaries,
            folder / "browsers",
            gateways=("127.0.0.1", broker.gateway_port),
            bridge_password=secret,
        ) as browsers,
    ):
        areas = itertools.cycle([codes[start : start + AREA] for start in range(0, gateways, AREA)])
        began, first = time.perf_counter(), None
        for each in steps(range(tokens), "tokens"):
            made = await _admitted(browsers, next(areas), f"browser-{each}", secret)
            first = first or made
        filled = time.perf_counter() - began
        assert first
        async with _browser(browsers, first, secret) as listener, _client(broker, secret) as neighbour:
            await listener.subscribe(_TOPIC)
            return await _figures(
                _Bench(broker, browsers, hashes, secret, listener, neighbour, areas), filled, tokens
            )


@dataclass(frozen=True)
class _Bench:
    broker: LocalMosquitto
    browsers: BrowserBroker
    hashes: dict[str, str]
    secret: str
    listener: aiomqtt.Client
    neighbour: aiomqtt.Client
    areas: Iterator[list[str]]

    async def by_control(self, name: str) -> None:
        """Make a token, use it, and end it."""
        token = await _admitted(self.browsers, next(self.areas), name, self.secret)
        async with _browser(self.browsers, token, self.secret):
            pass
        await dismiss(self.browsers.control_url, [name])

    async def by_files(self, name: str) -> None:
        """Do the same with the files of the gateways' broker, as gateways' identities change."""
        await asyncio.to_thread(self.broker.reload, {**self.hashes, name: self.hashes[NEIGHBOUR]})
        while True:
            try:
                async with _client(self.broker, self.secret, name):
                    break
            except aiomqtt.MqttError:
                await asyncio.sleep(0.005)
        await asyncio.to_thread(self.broker.reload, self.hashes)

    async def stalls(self, work: Awaitable[None]) -> tuple[float, float]:
        """Publish and listen while `work` is done; return ms of the slowest PUBACK, and way to a browser."""
        task, acknowledged, heard = asyncio.ensure_future(work), 0.0, 0.0
        messages = aiter(self.listener.messages)
        while not task.done():
            began = time.perf_counter()
            await self.neighbour.publish(_TOPIC, b"{}", qos=1)
            acknowledged = max(acknowledged, time.perf_counter() - began)
            await anext(messages)
            heard = max(heard, time.perf_counter() - began)
            await asyncio.sleep(0.001)
        await task
        return acknowledged * 1000, heard * 1000


async def _figures(bench: _Bench, filled: float, tokens: int) -> dict[str, Figure]:
    made = Figure(
        what=f"ms of a token, made, used and ended, beside {tokens:,}; limit: by the gateways' broker's files"
    )
    gateway = Figure(what="ms of a gateway's slowest PUBACK meanwhile; limit: the same")
    browser = Figure(
        what="ms until another browser has a gateway's message meanwhile; limit: while nothing is done"
    )
    filling = Figure(what="ms of each of those made before; limit: MB of the broker for browsers with them")
    filling.add(filled / tokens * 1000, psutil.Process(bench.browsers.pid).memory_info().rss / 1e6)
    for number in range(_TIMED):
        took = {}
        for kind in (bench.by_control, bench.by_files):
            began = time.perf_counter()
            stalls = await bench.stalls(kind(f"browser-timed-{number}"))
            took[kind.__name__] = ((time.perf_counter() - began) * 1000, *stalls)
        _, idle = await bench.stalls(asyncio.sleep(0.5))
        ours, theirs = took["by_control"], took["by_files"]
        made.add(ours[0], theirs[0])
        gateway.add(ours[1], theirs[1])
        browser.add(ours[2], idle)
    return {"filling": filling, "token": made, "gateway_stall": gateway, "browser_stall": browser}


async def _admitted(browsers: BrowserBroker, area: list[str], name: str, secret: str) -> MqttToken:
    at = datetime.now(UTC)
    token = MqttToken(user_name=name, gateways=tuple(area), expires_at=at + timedelta(minutes=10))
    await admit(browsers.control_url, token, secret, topics("city/v1", area), at)
    return token


def _browser(browsers: BrowserBroker, token: MqttToken, secret: str) -> aiomqtt.Client:
    return aiomqtt.Client(
        "127.0.0.1",
        browsers.port,
        username=token.user_name,
        password=secret,
        transport="websockets",
        protocol=aiomqtt.ProtocolVersion.V5,
    )


def _client(broker: LocalMosquitto, secret: str, name: str = NEIGHBOUR) -> aiomqtt.Client:
    protocol = aiomqtt.ProtocolVersion.V5
    return aiomqtt.Client("127.0.0.1", broker.gateway_port, username=name, password=secret, protocol=protocol)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gateways", type=int, default=10_000)
    parser.add_argument("--tokens", type=int, default=500, help="tokens that are valid meanwhile")
    arguments = parser.parse_args()
    began = psutil.getloadavg()
    with tempfile.TemporaryDirectory(prefix="halong-tokens-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        show(asyncio.run(measure(folder, arguments.gateways, arguments.tokens)), began)


if __name__ == "__main__":
    main()
