"""`halong changes`, and whose name stands beside what commands change."""

from __future__ import annotations

import getpass
import json
from typing import TYPE_CHECKING, Any

from tests.integration.city import register

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from tests.integration.terminal import Halong


async def test_a_command_changes_in_the_name_of_who_typed_it(
    halong: Halong, conn: AsyncConnection[Any]
) -> None:
    await register(conn, "gw-1")
    prefix = (await halong("keys", "create", "van", "--role", "installer")).split("_")[1]
    await halong("keys", "change", prefix, "--area", "193")
    await halong("gateways", "password", "gw-1")
    created, changed, password = (await halong("changes", "--actor", "command line")).splitlines()
    assert f"command line, {getpass.getuser()}  create api_key {prefix}" in created
    assert changed.endswith(f'change api_key {prefix}: areas null -> ["193"]')
    assert password.endswith("create gateway_password gw-1 1")
    (line,) = (await halong("changes", "--kind", "api_key", "--limit", "1", "--json")).splitlines()
    assert json.loads(line)["after"]["areas"] == ["193"]
    assert "create thing gw-1-aq" in await halong("changes", "--code", "gw-1-aq")
    assert "nothing was changed" in await halong("changes", "--code", "gw-2")
