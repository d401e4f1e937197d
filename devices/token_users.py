"""MQTT tokens at the broker for browsers: let in when they are made, cut off when they end."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import structlog

from devices import mqtt_tokens
from devices.mqtt_tokens import LONGEST, PREFIX
from runtime.dynamic_security import ControlError, control, new_role, new_user, without_role, without_user
from runtime.until_stopped import is_ending
from storage.channel import Channel

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

    from psycopg import AsyncConnection

    from devices.mqtt_tokens import MqttToken
    from runtime.dynamic_security import Command

log = structlog.get_logger(__name__)

#: how the names of tokens' roles begin
_ROLE: Final = "topics-"
_TICK_S: Final = 1.0
#: changes of the database come in bursts, s
_SETTLE_S: Final = 0.2
#: gateways are moved, and brokers start again, without a word of it, s
_LONGEST_S: Final = 30.0
_RETRY_S: Final = 1.0


async def admit(url: str, token: MqttToken, password: str, topics: Sequence[str], at: datetime) -> None:
    """Let a token in at the broker, from here on.

    Raises:
        ControlError: the broker cannot be told.
    """
    role = role_name(topics, at)
    async with control(url) as broker:
        await broker.tell([new_role(role, topics), new_user(token.user_name, password, role)])


async def dismiss(url: str, user_names: Iterable[str]) -> None:
    """Cut tokens off; one that is not there is none.

    Raises:
        ControlError: the broker cannot be told.
    """
    async with control(url) as broker:
        await broker.tell([without_user(each) for each in user_names])


def role_name(topics: Iterable[str], at: datetime) -> str:
    """Return the name of the role of some topic filters, which tokens of the same hour share.

    It says from when on no token with it is valid: nobody can be given a role while it is removed.
    """
    digest = hashlib.sha256("\n".join(topics).encode()).hexdigest()[:24]
    return f"{_ROLE}{digest}-{_hour(at) + 2}"


def overdue(users: Iterable[str], roles: Iterable[str], valid: Container[str], at: datetime) -> list[Command]:
    """Return the commands that remove what is at the broker and has ended at `at`. Pure."""
    ended = [user for user in users if user.startswith(PREFIX) and user not in valid]
    old = [role for role in roles if role.startswith(_ROLE) and int(role.rpartition("-")[2]) <= _hour(at)]
    return [*map(without_user, ended), *map(without_role, old)]


def _hour(at: datetime) -> int:
    return int(at.timestamp() // LONGEST.total_seconds())


async def keep_tokens(database_url: str, broker_url: str) -> None:
    """Cut tokens off when they end, until cancelled."""
    await _Keeper(database_url, broker_url).run()


class _Keeper:
    """Knows the ends by the database, and goes by the clock even while the database is away."""

    def __init__(self, database_url: str, broker_url: str) -> None:
        self._broker_url = broker_url
        self._channel = Channel(database_url, "halong_mqtt_tokens", "mqtt_tokens", self._look, _SETTLE_S)
        #: user name -> end, as the database had them last
        self._ends: dict[str, datetime] = {}

    async def run(self) -> None:
        """Keep the broker free of tokens that have ended."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._channel.follow(), name="mqtt tokens")
            group.create_task(self._watch_clock(), name="mqtt tokens by the clock")

    async def _look(self, conn: AsyncConnection[Any]) -> float:
        """Remove what the database does not have, and return after how many seconds to look again."""
        try:
            async with control(self._broker_url) as broker:
                # Those of the broker first: a token is in the database before it is there.
                users, roles, at = await broker.users(), await broker.roles(), datetime.now(UTC)
                self._ends = await mqtt_tokens.valid(conn, at)
                if commands := overdue(users, roles, self._ends, at):
                    await broker.tell(commands)
        except ControlError as error:
            _tell_away(error)
            return _RETRY_S
        return _LONGEST_S

    async def _watch_clock(self) -> None:
        while not is_ending():
            await asyncio.sleep(_TICK_S)
            at = datetime.now(UTC)
            ended = [user for user, end in self._ends.items() if end <= at]
            if ended:
                await self._end(ended)

    async def _end(self, user_names: Sequence[str]) -> None:
        try:
            await dismiss(self._broker_url, user_names)
        except ControlError as error:
            _tell_away(error)
            return
        for user in user_names:
            self._ends.pop(user, None)


def _tell_away(error: ControlError) -> None:
    log.warning("tokens cannot be ended, trying again", action="browser_broker_away", error=str(error))
