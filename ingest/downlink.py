"""`down/command` and `down/config`: what gateways are to do and to be is published to them.

One ingest process does it, in a task and on connections of its own. A command is noted as sent after the
broker has it: who dies in between sends it once more, with the same id, by which a gateway knows it. The
newest configuration of each gateway stands at the broker, retained; all of them are published when this
begins and every hour, in case the broker has lost its store.
"""

from __future__ import annotations

import asyncio
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import aiomqtt
import msgspec
import psycopg
import structlog

from devices import commands, configs, desired, rollouts
from ingest.topics import down
from runtime.broker_client import publisher
from runtime.until_stopped import is_ending
from storage.errors import StorageError
from storage.pool import bounded, connect, first_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg import AsyncConnection

    from devices.commands import Queued
    from devices.configs import Published
    from devices.rollout import Step
    from runtime.broker_client import Publisher
    from runtime.settings import Settings

log = structlog.get_logger(__name__)

#: how often what has expired is looked for; what is new is told at once
_LOOK_S = 2.0
#: a gateway without a session at the broker is tried again after this time
_ABSENT_S = 5.0
_RETRY_S = 2.0
#: configurations that stand at the broker are published again after this time
_AGAIN_S = 3600.0
#: a look that publishes tens of thousands of configurations takes a minute
_PATIENCE_S = 300.0


class Downlink:
    """Sends commands and settles them, from `run()`."""

    def __init__(self, settings: Settings, client_id: str) -> None:
        """Describe who sends: `client_id` is of ingest; this connection's ends in `-down`."""
        self._database, self._broker = settings.require_database_url(), settings.require_mqtt_url()
        self._root, self._client_id = settings.topic_root, f"{client_id}-down"
        #: by gateway: when, by the loop's clock, it is tried again
        self._absent: dict[str, float] = {}
        #: when, by the loop's clock, all configurations are published again
        self._again_at = -math.inf

    async def run(self) -> None:
        """Send what is queued until cancelled; a database or a broker that is away is waited for."""
        while not is_ending():
            try:
                async with await connect(self._database, name="halong ingest downlink") as conn:
                    await commands.listen(conn)
                    while not is_ending():
                        await bounded(conn, self._look(conn), _PATIENCE_S)
            except (StorageError, psycopg.Error, OSError) as error:
                log.warning("no commands without the database", action="down_retry", error=first_line(error))
                await asyncio.sleep(_RETRY_S)

    async def _look(self, conn: AsyncConnection[Any]) -> None:
        """End what is over, send what is queued, and wait for news."""
        await commands.settle(conn)
        self._tell_ended(await rollouts.advance(conn))
        now = asyncio.get_running_loop().time()
        again = now >= self._again_at
        told = await configs.unpublished(conn, again=again)
        due = self._due(await commands.queued(conn))
        if told or due:
            try:
                async with publisher(self._broker, self._client_id) as broker:
                    await self._configure(conn, broker, told)
                    if again:
                        self._again_at = now + _AGAIN_S
                    await self._send(conn, broker, due)
            except aiomqtt.MqttError as error:
                log.warning("commands wait for the broker", action="down_wait", error=str(error))
        async for _ in conn.notifies(timeout=_LOOK_S, stop_after=1):
            pass

    def _tell_ended(self, taken: Mapping[int, Step]) -> None:
        for number, each in taken.items():
            if each.state != "running":
                told = {"rollout": number, "state": each.state, "reason": each.reason}
                log.warning("a roll-out has ended", action="rollout_ended", **told)

    def _due(self, queued: Sequence[Queued]) -> list[Queued]:
        now = asyncio.get_running_loop().time()
        self._absent = {code: until for code, until in self._absent.items() if until > now}
        return [each for each in queued if each.gateway not in self._absent]

    async def _configure(
        self, conn: AsyncConnection[Any], broker: Publisher, told: Sequence[Published]
    ) -> None:
        for each in told:
            body = desired.payload(each.config, each.version, each.hash)
            await broker.deliver(down(self._root, each.gateway, "config"), body, retain=True)
            await configs.published(conn, each)

    async def _send(self, conn: AsyncConnection[Any], broker: Publisher, due: Sequence[Queued]) -> None:
        for each in due:
            left = int((each.expires_at - datetime.now(UTC)).total_seconds())
            if left < 1 or each.gateway in self._absent:
                continue
            topic = down(self._root, each.gateway, "command")
            if await broker.deliver(topic, command_payload(each), expiry_s=left):
                await commands.sent(conn, each.id)
                log.info("sent a command", action="command_sent", gateway=each.gateway, id=str(each.id))
            else:
                self._absent[each.gateway] = asyncio.get_running_loop().time() + _ABSENT_S


def command_payload(command: Queued) -> bytes:
    """Return the payload of `down/command`."""
    told = {
        "id": str(command.id),
        "command": command.command,
        "device": command.device,
        "arguments": command.arguments,
        "expires": command.expires_at.isoformat(timespec="milliseconds"),
    }
    return msgspec.json.encode({key: value for key, value in told.items() if value is not None})
