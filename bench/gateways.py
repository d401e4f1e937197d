"""What 10,000 gateways cost: import, passwords, the broker's start and reload, the catalog, many at once.

`make bench-gateways`. All on loopback, with passwords as halong makes them. Files with SIGHUP stand beside
Mosquitto's dynamic security plugin, which takes the same identities and is changed over MQTT. The last line
printed is one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

import aiomqtt
import psutil

from bench.change_log import DEVICES, city_of, log_cost
from bench.city import services
from bench.dynamic_security import DynamicSecurity
from bench.figure import Figure, show
from bench.storm import storm
from devices import catalog
from devices.authority import certificate_pem, new_authority, new_key
from devices.authority_files import AuthorityFolder
from devices.broker_identities import broker_identities
from devices.credentials import new_password, password_hash
from devices.identities import admit, set_password
from devices.registry import import_profile
from runtime.broker_files import BrokerFiles
from runtime.local.mosquitto import LocalMosquitto
from runtime.local.provision import provision
from runtime.places import default_cache
from runtime.settings import Settings
from storage.migrate import migrate
from storage.pool import connect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from bench.city import Bench

#: who publishes while the broker reads its identities again
NEIGHBOUR = "g0"
_IDLE_S = 1.0


async def measure(bench: Bench, gateways: int, clients: int, only: str | None) -> dict[str, Figure]:
    """Measure everything once, or only what the log of changes costs."""
    if only == "log":
        return await log_cost(bench, gateways)
    url = bench.postgres.ensure_database("gateways")
    await migrate(url)
    found = await _registry(url, gateways)
    passwords, more = await _identities(url, bench, gateways)
    return found | more | await _brokers(bench, passwords, clients) | await log_cost(bench, gateways)


async def _registry(url: str, gateways: int) -> dict[str, Figure]:
    city = city_of(gateways, DEVICES)
    imported = Figure(what=f"s to import {gateways:,} gateways with {DEVICES} datastreams; limit: again")
    read = Figure(what="s to read the catalog; limit: for how long it kept the event loop at a time")
    memory = Figure(what="MB of the catalog; limit: of the process without it")
    async with await connect(url) as conn:
        first = await _seconds(import_profile(conn, city))
        imported.add(first, await _seconds(import_profile(conn, city)))
    # In a process of its own, whose memory is that of the catalog alone.
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        seconds, pause, more, before = pool.submit(_read_catalog, url).result()
    read.add(seconds, pause)
    memory.add(more, before)
    return {"import": imported, "catalog": read, "catalog_memory": memory}


def _read_catalog(url: str) -> tuple[float, float, float, float]:
    return asyncio.run(_catalog_read(url))


async def _catalog_read(url: str) -> tuple[float, float, float, float]:
    """Return s of reading the catalog, s of the longest pause of the event loop, MB of it, MB before."""
    async with await connect(url) as conn:
        before = _megabytes()
        async with _longest_pause() as pauses:
            began = time.perf_counter()
            kept = await catalog.load(conn)
            seconds = time.perf_counter() - began
        gc.collect()
        more = _megabytes() - before
    del kept
    return seconds, max(pauses), more, before


async def _identities(url: str, bench: Bench, gateways: int) -> tuple[Mapping[str, str], dict[str, Figure]]:
    given = Figure(what="s to give every gateway a password; limit: one of them another")
    written = Figure(what="s to read and write the broker's files; limit: after one password has changed")
    place = bench.broker.folder.parent
    addresses = {"database_url": url, "mqtt_url": bench.broker.platform_url}
    files = BrokerFiles(Settings.model_validate(addresses | {"ca_dir": place / "none"}), place / "files")
    async with await connect(url) as conn:
        began = time.perf_counter()
        passwords = {f"g{number}": new_password() for number in range(gateways)}
        await admit(conn, passwords)
        seconds = time.perf_counter() - began
        took = [await _write(files, conn)]
        given.add(seconds, await _seconds(set_password(conn, f"g{gateways - 1}")))
        written.add(took[0], await _write(files, conn))
        assert len((await broker_identities(conn, datetime.now(UTC))).passwords) == gateways
    return passwords, {"passwords": given, "files": written}


async def _write(files: BrokerFiles, conn: Any) -> float:
    began = time.perf_counter()
    files.write(await files.read(conn))
    return time.perf_counter() - began


async def _brokers(bench: Bench, passwords: Mapping[str, str], clients: int) -> dict[str, Figure]:
    hashes = {code: password_hash(password) for code, password in passwords.items()}
    folder, binaries = bench.broker.folder.parent, provision(default_cache())
    start = Figure(
        what="s until Mosquitto takes connections, with password and ACL file; limit: dynamic security"
    )
    change = Figure(what="s until another gateway may log in; limit: dynamic security")
    stall = Figure(what="ms of a neighbour's slowest PUBACK meanwhile; limit: dynamic security")
    idle = Figure(what="ms of the same while nothing changes; limit: dynamic security")
    files = LocalMosquitto(binaries, folder / "many", passwords=hashes, tls=_tls(folder))
    dynamic = DynamicSecurity(binaries, folder / "dynamic", hashes)
    start.add(_timed(files.start), _timed(dynamic.start))
    try:
        storms = await _storms(files, passwords, clients)
        ours = await _change(files.gateway_port, passwords, lambda: _reload(files, hashes))
        theirs = await _change(dynamic.port, passwords, dynamic.add)
    finally:
        files.stop()
        dynamic.stop()
    change.add(ours[0], theirs[0])
    stall.add(ours[1], theirs[1])
    idle.add(ours[2], theirs[2])
    return {
        "broker_start": start,
        "broker_change": change,
        "change_stall": stall,
        "idle_stall": idle,
    } | storms


async def _storms(broker: LocalMosquitto, passwords: Mapping[str, str], clients: int) -> dict[str, Figure]:
    chosen = dict(list(passwords.items())[:clients])
    plain = Figure(what=f"s until {len(chosen):,} gateways that come at once are in; limit: half of them")
    tls = Figure(what="s of the same over TLS; limit: without")
    assert broker.tls_ports
    half = await storm(broker.gateway_port, dict(list(chosen.items())[: clients // 2]))
    whole = await storm(broker.gateway_port, chosen)
    plain.add(whole, half)
    tls.add(await storm(broker.tls_ports.password, chosen, ca_file=broker.folder.parent / "ca.pem"), whole)
    return {"storm": plain, "storm_tls": tls}


async def _change(port: int, passwords: Mapping[str, str], add: Any) -> tuple[float, float, float]:
    """Return s until `newcomer` may log in, and ms of a neighbour's slowest PUBACK then, and before."""
    async with _client(port, NEIGHBOUR, passwords[NEIGHBOUR]) as neighbour:
        idle = await _slowest(neighbour, asyncio.sleep(_IDLE_S))
        began = time.perf_counter()
        stall = await _slowest(neighbour, _until_in(port, add))
        return time.perf_counter() - began, stall, idle


async def _slowest(client: aiomqtt.Client, work: Any) -> float:
    """Publish one message after another while `work` is done; return the longest wait for a PUBACK, ms."""
    task, longest = asyncio.ensure_future(work), 0.0
    while not task.done():
        began = time.perf_counter()
        await client.publish(f"city/v1/{NEIGHBOUR}/up/status", b"{}", qos=1)
        longest = max(longest, time.perf_counter() - began)
        await asyncio.sleep(0.001)
    await task
    return longest * 1000


async def _until_in(port: int, add: Any) -> None:
    await add()
    while True:
        try:
            async with _client(port, "newcomer", "newcomer sesame"):
                return
        except aiomqtt.MqttError:
            await asyncio.sleep(0.02)


async def _reload(broker: LocalMosquitto, hashes: Mapping[str, str]) -> None:
    await asyncio.to_thread(broker.reload, {**hashes, "newcomer": password_hash("newcomer sesame")})


def _tls(folder: Any) -> dict[str, str]:
    at, key, kept = datetime.now(UTC), new_key(), AuthorityFolder(folder / "ca")
    authority = new_authority("bench", at)
    kept.create(authority, "a long passphrase")
    kept.keep_server(authority.server(["127.0.0.1"], key.public_key(), at), key)
    (folder / "ca.pem").write_text(kept.root_pem())
    return kept.for_broker(certificate_pem(authority.crl([], at)))


def _client(port: int, user: str, password: str) -> aiomqtt.Client:
    protocol = aiomqtt.ProtocolVersion.V5
    return aiomqtt.Client("127.0.0.1", port, username=user, password=password, protocol=protocol)


@asynccontextmanager
async def _longest_pause() -> AsyncIterator[list[float]]:
    """Note how long the event loop left a task waiting that wants to run every 5 ms, s."""
    pauses = [0.0]

    async def tick() -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.005)
            pauses.append(time.perf_counter() - began - 0.005)

    task = asyncio.create_task(tick())
    await asyncio.sleep(0.05)
    yield pauses
    await asyncio.sleep(0.05)
    task.cancel()


async def _seconds(work: Any) -> float:
    began = time.perf_counter()
    await work
    return time.perf_counter() - began


def _timed(work: Any) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _megabytes() -> float:
    return float(psutil.Process().memory_info().rss) / 1e6


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gateways", type=int, default=10_000)
    parser.add_argument("--storm", type=int, default=2_000, help="gateways that connect at once")
    parser.add_argument("--only", choices=["log"], help="only the cost of the log of changes")
    arguments = parser.parse_args()
    began = psutil.getloadavg()
    with services() as bench:
        show(asyncio.run(measure(bench, arguments.gateways, arguments.storm, arguments.only)), began)


if __name__ == "__main__":
    main()
