"""Users of a Mosquitto with the dynamic security plugin, changed over MQTT while it runs.

Commands and answers are those of the plugin's documentation (mosquitto.org, "Dynamic Security Plugin"). Where
a user may subscribe is checked at each SUBSCRIBE, wildcards and shared subscriptions too, and a user that is
deleted is disconnected.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import aiomqtt

from runtime.broker_client import client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

_CONTROL: Final = "$CONTROL/dynamic-security/v1"
_TIMEOUT_S: Final = 5.0
#: what a user may do that no rule of its roles allows or denies
DEFAULTS: Final = {
    "publishClientSend": False, "publishClientReceive": True, "subscribe": False, "unsubscribe": True,
}  # fmt: skip
#: what changing users takes
_RIGHTS: Final = ("publishClientSend", "publishClientReceive", "subscribePattern")
#: errors of commands that would change nothing
_SO_ALREADY: Final = {None, "Role already exists", "Role not found", "Client not found"}
Command = dict[str, Any]


class ControlError(OSError):
    """The broker cannot be told, or does not take what it is told."""


class Control:
    """A connection over which users and roles are changed."""

    def __init__(self, connected: aiomqtt.Client) -> None:
        self._client, self._answers = connected, aiter(connected.messages)

    async def users(self) -> list[str]:
        """Return the names of all users."""
        return await self._list("listClients", "clients")

    async def roles(self) -> list[str]:
        """Return the names of all roles."""
        return await self._list("listRoles", "roles")

    async def tell(self, commands: Sequence[Command]) -> None:
        """Have commands done in their order; what is so already is no error.

        Raises:
            ControlError: one of them was refused; the others are done.
        """
        for answer in await self._ask(commands):
            error = answer.get("error")
            if error not in _SO_ALREADY:
                raise ControlError(f"the broker for browsers refuses {answer['command']}: {error}")

    async def _list(self, command: str, kind: str) -> list[str]:
        (answer,) = await self._ask([{"command": command, "count": -1}])
        if "data" not in answer:
            raise ControlError(f"the broker for browsers refuses {command}: {answer.get('error')}")
        found: list[str] = answer["data"][kind]
        return found

    async def _ask(self, commands: Sequence[Command]) -> list[dict[str, Any]]:
        await self._client.publish(_CONTROL, json.dumps({"commands": commands}), qos=1)
        # The plugin answers who asks, and each message with one.
        answer = await asyncio.wait_for(anext(self._answers), _TIMEOUT_S)
        found: list[dict[str, Any]] = json.loads(bytes(answer.payload))["responses"]
        return found


@asynccontextmanager
async def control(url: str) -> AsyncIterator[Control]:
    """Connect as who may change users, for one change or some.

    Raises:
        ControlError: the broker cannot be reached, or does not answer.
    """
    try:
        async with client(url, "", timeout=_TIMEOUT_S) as connected:
            await connected.subscribe(f"{_CONTROL}/response", qos=1)
            yield Control(connected)
    except (aiomqtt.MqttError, TimeoutError) as error:
        raise ControlError(f"the broker for browsers cannot be told: {error or 'no answer'}") from error


def new_user(name: str, password: str, role: str) -> Command:
    """Return the command that makes a user with a role."""
    return {"command": "createClient", "username": name, "password": password, "roles": [{"rolename": role}]}


def new_role(name: str, topics: Iterable[str]) -> Command:
    """Return the command that makes a role whose users may subscribe to topic filters, and no more.

    A filter with wildcards allows those that it covers.
    """
    return {"command": "createRole", "rolename": name, "acls": [_subscribe(topic) for topic in topics]}


def without_user(name: str) -> Command:
    """Return the command that removes a user and ends its connection."""
    return {"command": "deleteClient", "username": name}


def without_role(name: str) -> Command:
    """Return the command that removes a role."""
    return {"command": "deleteRole", "rolename": name}


def users_text(user: str, hashed: str) -> str:
    """Return the plugin's own file of a broker that has one user, who may change users and hear `$SYS`.

    Args:
        user: its name.
        hashed: `devices.credentials.password_hash` of its password.
    """
    _, _, iterations, salt, derived = hashed.split("$")
    control = [_rule(kind, "$CONTROL/dynamic-security/#") for kind in _RIGHTS]
    secret = {"password": derived, "salt": salt, "iterations": int(iterations)}
    return json.dumps(
        {
            "defaultACLAccess": DEFAULTS,
            "clients": [{"username": user, **secret, "roles": [{"rolename": "control"}]}],
            "roles": [{"rolename": "control", "acls": [*control, _rule("subscribePattern", "$SYS/#")]}],
        }
    )


def hash_in(text: str) -> str:
    """Return the password's hash in what `users_text` has made."""
    (user,) = json.loads(text)["clients"]
    return f"$7${user['iterations']}${user['salt']}${user['password']}"


def _subscribe(topic: str) -> dict[str, Any]:
    return _rule("subscribePattern" if "+" in topic or "#" in topic else "subscribeLiteral", topic)


def _rule(kind: str, topic: str) -> dict[str, Any]:
    return {"acltype": kind, "topic": topic, "allow": True}
