"""All gateways of a city in one process."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

from simulators import gateway as gateways
from simulators import sampling
from simulators.sender import Stats
from simulators.signals import Signals

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from devices.model import Gateway, Profile

_REPORT_EVERY_S = 1.0
#: gateways connect within this many seconds, not all at once
_RAMP_S = 2.0


def simulated_gateways(profile: Profile) -> list[Gateway]:
    """Return the gateways with at least one simulated device."""
    return [each for each in profile.gateways if any(map(sampling.is_simulated, each.things))]


async def run(
    profile: Profile,
    passwords: Mapping[str, str],
    *,
    url: str,
    topic_root: str,
    journal: Path,
    seed: int = 1,
    interval: float | None = None,
    stop: asyncio.Event,
    on_stats: Callable[[Stats], None] | None = None,
) -> None:
    """Run every simulated gateway of a profile until `stop` is set.

    Args:
        profile: a city with devices, see `simulators.city.populate`.
        passwords: gateway code -> its password; a gateway without one is left out.
        url: the broker as gateways reach it.
        topic_root: prefix of all topics.
        journal: folder in which gateways keep what is not committed.
        seed: of the signals; the one of the backfill, or there will be a step.
        interval: an upper bound on the sampling intervals in s, for a lively demo.
        stop: ends it.
        on_stats: called about once a second, and at the end, with the sum over all gateways.

    Raises:
        ValueError: no gateway has a password, or a device has no signal.
    """
    chosen = [each for each in simulated_gateways(profile) if each.code in passwords]
    if not chosen:
        raise ValueError(
            f"no simulated gateway of {profile.code} has a password: import its gateways and make them"
        )
    signals = Signals(profile, seed)
    stats = [Stats() for _ in chosen]

    async def start(each: Gateway, counters: Stats) -> None:
        await asyncio.sleep(random.uniform(0, _RAMP_S))  # noqa: S311  (no secret)
        await gateways.run(
            each,
            signals,
            url=url,
            password=passwords[each.code],
            topic_root=topic_root,
            journal=journal,
            stop=stop,
            interval=interval,
            stats=counters,
        )

    async with asyncio.TaskGroup() as group:
        running = [group.create_task(start(*pair)) for pair in zip(chosen, stats, strict=True)]
        if on_stats is not None:
            await _report(running, stats, on_stats)


async def _report(
    running: list[asyncio.Task[None]], stats: list[Stats], on_stats: Callable[[Stats], None]
) -> None:
    while not all(task.done() for task in running):
        await asyncio.wait(running, timeout=_REPORT_EVERY_S)
        on_stats(sum(stats, Stats()))
