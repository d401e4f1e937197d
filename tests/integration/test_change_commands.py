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


async def test_lines_of_access_are_forgotten_and_what_numbers_come_from_is_kept(
    halong: Halong, conn: AsyncConnection[Any]
) -> None:
    await register(conn, "gw-1")
    prefix = (await halong("keys", "create", "van", "--role", "installer")).split("_")[1]
    await halong("gateways", "password", "gw-1")
    await conn.execute("UPDATE registry_changes SET time = time - interval '3 years'")
    await halong("keys", "change", prefix, "--area", "193")
    forget = ("registry", "forget", "--older-than")
    kept = {row for row in await counts(conn) if row[0] not in {"api_key", "gateway_password"}}
    assert {"gateway", "thing", "datastream", "observed_property"} <= {kind for kind, _ in kept}
    before = await counts(conn)
    told = await halong(*forget, "730d", "--dry-run")
    assert told.splitlines() == ["  1 of api_key", "  1 of gateway_password", "dry run: nothing was deleted"]
    assert await counts(conn) == before
    assert "2 lines deleted" in await halong(*forget, "730d", "--yes")
    assert await counts(conn) == kept | {("api_key", 1), ("forgotten_changes", 1)}
    (noted,) = (await halong("changes", "--kind", "forgotten_changes", "--json")).splitlines()
    line = json.loads(noted)
    assert (line["actor"], line["before"]) == (
        f"command line, {getpass.getuser()}", {"api_key": 1, "gateway_password": 1},
    )  # fmt: skip
    assert "nothing is older than 730d" in await halong(*forget, "730d", "--yes")
    assert "less than 90 days" in await halong(*forget, "30d", "--yes", fails=True)


async def counts(conn: AsyncConnection[Any]) -> set[tuple[str, int]]:
    rows = await conn.execute("SELECT kind, count(*) FROM registry_changes GROUP BY kind")
    return set(await rows.fetchall())
