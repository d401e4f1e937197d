"""What the demo prints while it runs: read from its own API, as everyone else reads it."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.error
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rich.live import Live
from rich.table import Table

from analytics.indicator import INDICATORS

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from runtime.settings import Settings
    from runtime.supervise import Supervisor

_EVERY_S = 2.0
_PLAIN_EVERY_S = 15.0
_DISTRICT = "district"
#: a page that holds them all
_ALL = "shape=compact&fields=indicator,area,value&limit=10000"


@dataclass
class Seen:
    """The newest answers of the API."""

    status: dict[str, Any] | None = None
    #: indicator code -> number of districts that have a value
    indicators: dict[str, int] = field(default_factory=dict)
    districts: int = 0
    is_ready: bool = False
    trouble: str = "starting"


async def show_status(
    settings: Settings,
    supervisor: Supervisor,
    stop: asyncio.Event,
    seconds: float | None,
    out: Console,
    *,
    on_ready: Callable[[], None],
) -> bool:
    """Print the city's state until `stop`, or for so many seconds after the API answers, then set it.

    `on_ready` is called once, when the API answers.

    Returns:
        Whether all services ran and data were arriving when it ended.
    """
    seen, began, printed = Seen(), None, 0.0
    with Live(console=out, auto_refresh=False, transient=True) as live:
        while not stop.is_set():
            await _look(settings, seen)
            if began is None and seen.is_ready:
                began = time.monotonic()
                on_ready()
            if out.is_terminal:
                live.update(table(seen, supervisor), refresh=True)
            elif time.monotonic() - printed >= _PLAIN_EVERY_S and seen.status:
                printed = time.monotonic()
                out.print(line(seen), markup=False)
            if seconds is not None and began is not None and time.monotonic() - began >= seconds:
                break
            await _sleep(stop, _EVERY_S)
    await _look(settings, seen)
    healthy = is_healthy(seen, supervisor)
    out.print(table(seen, supervisor))
    if not healthy:
        out.print("not healthy: see the logs named above", style="red")
    stop.set()
    return healthy


def is_healthy(seen: Seen, supervisor: Supervisor) -> bool:
    """Tell whether every service runs without having failed, and observations arrive."""
    if not seen.status or any(supervisor.failures.values()):
        return False
    return len(supervisor.running) == len(supervisor.failures) and seen.status["rates"]["observations"] > 0


def line(seen: Seen) -> str:
    """Return the state in one line, for where no terminal is."""
    if not seen.status:
        return f"API: {seen.trouble}"
    rates, gateways = seen.status["rates"], seen.status["gateways"]
    return (
        f"{rates['observations_per_s']:.1f} observations/s, {rates['refused_messages']} refusals, "
        f"{gateways.get('online', 0)} gateways online, {computed(seen)}"
    )


def computed(seen: Seen) -> str:
    """Tell of how many indicators there are values: the others' first steps have not ended yet."""
    some = sum(count > 0 for count in seen.indicators.values())
    everywhere = sum(count >= seen.districts > 0 for count in seen.indicators.values())
    return f"{some} of {len(seen.indicators)} indicators, {everywhere} in all {seen.districts} districts"


def table(seen: Seen, supervisor: Supervisor) -> Table:
    """Return the state as a table."""
    title = "halong: Quảng Ninh live" if seen.status else "halong: Quảng Ninh is starting"
    shown = Table(title=title, show_header=False, title_justify="left")
    services = [f"{name}{' (restarted)' if n else ''}" for name, n in supervisor.failures.items()]
    shown.add_row("services", ", ".join(services))
    if not seen.status:
        shown.add_row("API", seen.trouble)
        return shown
    rates, fresh = seen.status["rates"], seen.status["freshness"]
    shown.add_row(
        "gateways",
        ", ".join(f"{n} {state.replace('_', ' ')}" for state, n in seen.status["gateways"].items()),
    )
    shown.add_row(
        "last minute",
        f"{rates['observations']} observations ({rates['observations_per_s']:.1f}/s) from "
        f"{rates['datastreams_active']} datastreams; {rates['refused_messages']} refusals",
    )
    shown.add_row("newest observation", f"{fresh['newest_observation_age_s']} s old")
    shown.add_row("indicators with a value", computed(seen))
    return shown


async def _look(settings: Settings, seen: Seen) -> None:
    address = f"http://{settings.api_host}:{settings.api_port}"
    base = f"{address}/v1"
    try:
        seen.is_ready = seen.is_ready or bool(await asyncio.to_thread(_get, f"{address}/health/ready"))
        seen.status = await asyncio.to_thread(_get, f"{base}/status?minutes=1")
        newest = await asyncio.to_thread(_get, f"{base}/indicators/values/latest?level={_DISTRICT}&{_ALL}")
        seen.districts = seen.districts or await asyncio.to_thread(_districts, base)
    except (OSError, ValueError, urllib.error.URLError) as error:
        seen.trouble = trouble(error, was_ready=seen.is_ready)
        return
    counts = Counter(indicator for indicator, _, value in newest["rows"] if value is not None)
    seen.indicators = {code: counts[code] for code in INDICATORS}


def trouble(error: Exception, *, was_ready: bool) -> str:
    """Return in words why the API told nothing."""
    if isinstance(error, urllib.error.HTTPError):
        return f"answers with status {error.code}"
    return "no answer" if was_ready else "starting"


def _districts(base: str) -> int:
    return len(_get(f"{base}/areas?level={_DISTRICT}&reporting=true&limit=10000")["items"])


def _get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310  (our own API)
        return json.load(answer)


async def _sleep(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
