"""`halong demo` and `halong clean-demo`."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from runtime.commands.running import run_until_stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from runtime.demo import City, Folders
    from runtime.supervise import Supervisor

    Service = Callable[[asyncio.Event], Coroutine[object, object, None]]

out = Console(highlight=False, soft_wrap=True)


def demo(
    seconds: Annotated[
        float | None,
        typer.Option("--for", min=1, help="End by itself after so many seconds of live traffic."),
    ] = None,
) -> None:
    """Run a whole city on this machine until Ctrl-C: database, broker, services, simulated gateways, console.

    Brings TimescaleDB and Mosquitto along where they are missing; HALONG_DATABASE_URL and HALONG_MQTT_URL
    name existing ones instead. The data stay for the next start. Example: `halong demo --for 60`
    """
    from runtime import observe
    from runtime.demo import (
        folders,
        follow,
        local_services,
        prepare,
        services,
    )
    from runtime.demo_card import forget_card, write_card
    from runtime.settings import settings
    from runtime.status import show_status
    from runtime.supervise import Supervisor

    forget_card(os.environ)
    observe.set_up(settings().model_copy(update={"log_level": "warning"}), "demo")
    places = folders()
    with _only_one(places), local_services(settings(), places, out) as city:
        prepare(city, out)
        write_card(city, places)
        supervisor = Supervisor(services(city, places), logs=places.logs)
        out.print(f"the API is starting, its address follows; logs: {places.logs}", markup=False)
        healthy: list[bool] = []

        async def live(stop: asyncio.Event) -> None:
            ready = partial(_welcome, city, places)
            healthy.append(await show_status(city.settings, supervisor, stop, seconds, out, on_ready=ready))

        try:
            run_until_stopped(lambda stop: _run_all(supervisor, live, partial(follow, city), stop))
        finally:
            places.env_file.unlink(missing_ok=True)
    out.print("stopped; `make demo` goes on with the same data, `make clean-demo` removes it")
    if not all(healthy):
        raise typer.Exit(1)


async def _run_all(supervisor: Supervisor, live: Service, identities: Service, stop: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(supervisor.run(stop))
        group.create_task(live(stop))
        group.create_task(identities(stop))


def _welcome(city: City, places: Folders) -> None:
    chosen = city.settings
    address = f"http://{chosen.api_host}:{chosen.api_port}"
    out.print(f"ready: console and API at {address}  (documentation at /docs, open data at /open/)")
    gateway = chosen.gateway_mqtt_url
    if gateway:
        out.print(
            f"MQTT for gateways: {gateway.host}:{gateway.port}; to publish by hand, in another terminal:"
        )
        out.print(
            f"  . {places.card / 'demo.env'}   and follow the five-minute tour in README.md", markup=False
        )
    if city.brokers and city.brokers.gateways.tls_ports:
        ports = city.brokers.gateways.tls_ports
        told = f"{ports.password} with a password, {ports.certificate} with a certificate"
        out.print(f"MQTT over TLS: localhost:{told}  (docs/firmware.md)")
    if chosen.browser_mqtt_url:
        out.print(f"MQTT for browsers: {chosen.browser_mqtt_url}  (docs/browsers.md)", markup=False)


@contextmanager
def _only_one(places: Folders) -> Iterator[None]:
    places.state.mkdir(parents=True, exist_ok=True)
    # The servers run as another user where root starts them.
    places.state.chmod(0o755)
    places.card.mkdir(exist_ok=True)
    with (places.state / "lock").open("w") as data, (places.card / "lock").open("w") as card:
        try:
            for lock in (data, card):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoRunningError(
                f"the demo already runs here (data: {places.state}): stop it first with Ctrl-C"
            ) from None
        yield


class DemoRunningError(RuntimeError):
    """The demo of this checkout is running already."""


def clean_demo(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed.")] = False,
) -> None:
    """Remove the demo's data of this checkout, after asking; downloaded programs stay.

    Example: `halong clean-demo --dry-run`
    """
    from runtime.demo import folders

    places = folders()
    found = [place for place in (places.state, places.card) if place.exists()]
    if not found:
        out.print("there is nothing to remove")
        return
    for place in found:
        size = sum(f.stat().st_size for f in place.rglob("*") if f.is_file() and not f.is_symlink())
        out.print(f"{place}: {size / 1e6:.0f} MB", markup=False)
    if dry_run:
        out.print("dry run: nothing was removed")
        return
    if not yes:
        typer.confirm("Remove the demo's database, broker state and logs?", abort=True)
    with _only_one(places):
        for place in (places.state, places.card):
            shutil.rmtree(place)
    out.print("removed")
