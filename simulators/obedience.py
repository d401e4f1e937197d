"""What a gateway does with commands: each is carried out once, and answered as often as it comes."""

from __future__ import annotations

import time
from collections import OrderedDict
from datetime import UTC, datetime
from typing import Any

Answer = dict[str, Any]

#: commands whose answers are kept, for those that come twice
_KEPT = 1000


class Obedience:
    """A gateway that knows `ping` and `echo`, and fails at what it does not know."""

    def __init__(self, *, any_command: bool = False) -> None:
        """Describe it; `any_command`: it says of every command that it is done."""
        self._any = any_command
        self._began = time.monotonic()
        self._given: OrderedDict[str, list[Answer]] = OrderedDict()
        #: commands, not how often they came
        self.carried_out = 0

    def answers(self, command: dict[str, Any]) -> list[Answer]:
        """Return what is to be answered, in order: payloads of `up/response`.

        Raises:
            KeyError, TypeError, ValueError: it is no payload of `down/command`.
        """
        number = str(command["id"])
        if number not in self._given:
            self._given[number] = [{"id": number, **each} for each in self._obey(command)]
            if len(self._given) > _KEPT:
                self._given.popitem(last=False)
        return self._given[number]

    def _obey(self, command: dict[str, Any]) -> list[Answer]:
        if datetime.fromisoformat(command["expires"]) < datetime.now(UTC):
            return [{"state": "failed", "detail": "it came after its expiry"}]
        match command["command"]:
            case "ping":
                result: Any = {"uptime_s": round(time.monotonic() - self._began)}
            case "echo":
                result = command["arguments"]
            case other if not self._any:
                return [{"state": "failed", "detail": f"{other} is not known here: ping, echo"}]
            case _:
                result = None
        self.carried_out += 1
        return [{"state": "acknowledged"}, {"state": "done", "result": result}]
