"""What a gateway does with what it is told: commands are answered, a configuration is applied."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from simulators.obedience import Obedience

if TYPE_CHECKING:
    from collections.abc import Iterable

    from devices.model import Gateway, Thing

#: the version that a simulated gateway begins with; it takes an offer on as if it had installed it
FIRMWARE = "halong-simulator"


class Duty:
    """A gateway's commands and configuration."""

    def __init__(self, gateway: Gateway, interval: float | None) -> None:
        """Begin as the registry has it; `interval` as in `simulators.gateway.run`."""
        self._own, self._interval = gateway, interval
        self._started = datetime.now(UTC)
        self._config: dict[str, Any] | None = None
        self._firmware = FIRMWARE
        self.obedience = Obedience()
        #: whose devices measure, and how often at the least
        self.gateway, self.interval = gateway, interval
        #: set when these are others
        self.changed = asyncio.Event()

    def status(self) -> dict[str, Any]:
        """Return the payload of `up/status` while online."""
        started = self._started.isoformat(timespec="seconds")
        told = {"online": True, "firmware": self._firmware, "started": started}
        return told | ({"config": self._config} if self._config else {})

    def answers(self, kind: str, payload: Any) -> Iterable[tuple[str, dict[str, Any]]]:
        """Do what is told below `down`, and return what is to be published: (kind below `up`, payload).

        Raises:
            KeyError, TypeError, ValueError: it has not the form of the contract.
        """
        if kind == "command":
            return [("response", each) for each in self.obedience.answers(payload)]
        if kind == "config" and self._is_other(payload):
            self._apply(payload)
            return [*self._install(payload.get("firmware")), ("status", self.status())]
        return []

    def _is_other(self, config: dict[str, Any]) -> bool:
        return self._config is None or config["version"] != self._config["version"]

    def _install(self, offer: dict[str, Any] | None) -> Iterable[tuple[str, dict[str, Any]]]:
        """Restart with the firmware that is offered; nothing is fetched, and no signature checked."""
        if offer is None or offer["version"] == self._firmware:
            return []
        self._firmware, self._started = str(offer["version"]), datetime.now(UTC)
        return [("status", {"online": False})]

    def _apply(self, config: dict[str, Any]) -> None:
        """Take a configuration on as a whole, or report why not and stay as it is."""
        self._config = {"version": config["version"], "hash": config["hash"]}
        wanted = config.get("devices", {})
        try:
            things = tuple(_configured(each, wanted.get(each.code, {})) for each in self._own.things)
        except ValueError as error:
            self._config["error"] = str(error)
            return
        self.gateway = replace(self._own, things=tuple(filter(None, things)))
        # Who is told an interval keeps it, however lively the demo is to be.
        is_told = any(each.get("intervals") for each in wanted.values())
        self.interval = None if is_told else self._interval
        self.changed.set()


def _configured(thing: Thing, wanted: dict[str, Any]) -> Thing | None:
    """Return a device as it is to measure, None: not at all.

    Raises:
        ValueError: it does not measure what an interval is for.
    """
    intervals = wanted.get("intervals", {})
    if unknown := sorted(intervals.keys() - thing.datastreams.keys()):
        raise ValueError(f"{thing.code} does not measure {unknown[0]}")
    if not wanted.get("enabled", True):
        return None
    return replace(thing, datastreams={**thing.datastreams, **intervals})
