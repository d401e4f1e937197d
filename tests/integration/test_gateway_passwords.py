"""`halong gateways passwords`: what a demo's gateways, simulated or not, log in with."""

from __future__ import annotations

import json
import stat
import sys
from asyncio import create_subprocess_exec
from asyncio.subprocess import PIPE
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from devices.broker_identities import broker_identities
from devices.credentials import password_matches
from devices.identities import UnknownGatewayError, admit, kept_passwords
from devices.registry import import_profile
from tests.integration.city import small_city

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import psycopg


async def password_hashes(conn: psycopg.AsyncConnection[Any]) -> Mapping[str, str]:
    return (await broker_identities(conn, datetime.now(UTC))).passwords


async def halong(url: str, *arguments: str) -> str:
    process = await create_subprocess_exec(
        sys.executable,
        "-m",
        "runtime.cli",
        *arguments,
        env={"HALONG_DATABASE_URL": url},
        stdout=PIPE,
        stderr=PIPE,
    )
    out, error = await process.communicate()
    assert process.returncode == 0, error.decode()
    return out.decode()


async def test_every_gateway_of_the_profile_gets_one_and_keeps_it(
    conn: psycopg.AsyncConnection[Any], database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "gateways.json"
    await halong(database_url, "devices", "import", "quang_ninh", "--simulated")
    command = ("gateways", "passwords", "quang_ninh", "--simulated", "--out", str(file))
    told = await halong(database_url, *command)
    passwords, hashes = json.loads(file.read_text()), await password_hashes(conn)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(set(passwords.values())) == len(passwords) == len(hashes)
    assert f"{len(passwords)} gateways" in told
    assert not any(password in told for password in passwords.values())
    assert all(password_matches(passwords[code], hashed) for code, hashed in hashes.items())

    await halong(database_url, *command)
    assert json.loads(file.read_text()) == passwords
    assert await password_hashes(conn) == hashes, "nothing changes for the broker to read again"


async def test_what_the_file_has_stays_and_rules(conn: psycopg.AsyncConnection[Any], tmp_path: Path) -> None:
    await import_profile(conn, small_city("gw-1"))
    file = tmp_path / "gateways.json"
    file.write_text('{"gw-1": "of the file", "of-another-profile": "kept"}')
    file.chmod(0o644)
    passwords = kept_passwords(file, ["gw-1"])
    assert passwords == {"gw-1": "of the file"}
    await admit(conn, passwords)
    assert password_matches("of the file", (await password_hashes(conn))["gw-1"])
    assert json.loads(file.read_text()) == {"gw-1": "of the file", "of-another-profile": "kept"}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_a_gateway_of_the_platforms_name_has_no_password_at_the_broker(
    conn: psycopg.AsyncConnection[Any],
) -> None:
    await import_profile(conn, small_city("gw-a"))
    await admit(conn, {"gw-a": "a password of its own"})
    for platform, users in (("halong", {"gw-a"}), ("gw-a", set())):
        found = await broker_identities(conn, datetime.now(UTC), platform)
        assert found.passwords.keys() == users


async def test_a_gateway_that_is_not_registered_is_named_and_stops_no_other(
    conn: psycopg.AsyncConnection[Any],
) -> None:
    await import_profile(conn, small_city("gw-1"))
    with pytest.raises(UnknownGatewayError, match="1 of 2 gateways are not registered, such as 'gw-2'"):
        await admit(conn, {"gw-1": "sesame", "gw-2": "sesame"})
    assert password_matches("sesame", (await password_hashes(conn))["gw-1"])
