"""Desired configurations in the database: their versions, and what gateways say of them."""

# ruff: noqa: S608  (the statements are put together from constants of this file alone, as LiteralString says)

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, LiteralString

from psycopg.rows import class_row

from devices.desired import checked, hash_of, merged
from devices.identities import UnknownGatewayError
from devices.model import HOW_TO_REGISTER

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from psycopg import AsyncConnection

#: How far a gateway `g` with status `s` is with its newest configuration `d`.
STATE: LiteralString = """
    CASE WHEN s.config_version IS NULL THEN 'unreported'
         WHEN d.version IS NULL OR s.config_version > d.version THEN 'drifted'
         WHEN s.config_version < d.version THEN 'pending'
         WHEN s.config_error IS NOT NULL THEN 'refused'
         WHEN s.config_hash IS DISTINCT FROM d.hash THEN 'drifted'
         ELSE 'applied' END"""
#: each gateway `g` that has a configuration or says that it has, with the newest `d` and its status `s`
CONFIGURED: LiteralString = """
    gateways g LEFT JOIN gateway_status s ON s.gateway_id = g.id
    LEFT JOIN LATERAL (
        SELECT * FROM desired_configs WHERE gateway_id = g.id ORDER BY version DESC LIMIT 1
    ) d ON true"""
COLUMNS: LiteralString = f"""
    g.code AS gateway, d.version, d.hash, d.config, d.created_at, d.created_by, d.note, d.published_at,
    {STATE} AS state, s.config_version AS reported_version, s.config_hash AS reported_hash,
    s.config_error AS error, s.config_at AS reported_at"""
_LIST: LiteralString = f"""
SELECT {COLUMNS} FROM {CONFIGURED}
WHERE coalesce(d.version, s.config_version) IS NOT NULL
  AND (%(gateway)s::text IS NULL OR g.code = %(gateway)s) ORDER BY g.code"""
_LOCK = "SELECT id FROM gateways WHERE code = %s FOR NO KEY UPDATE"
_NEWEST = (
    "SELECT config, version, hash FROM desired_configs WHERE gateway_id = %s ORDER BY version DESC LIMIT 1"
)
_STREAMS = """
SELECT t.code, array_agg(p.code) FILTER (WHERE p.code IS NOT NULL)
FROM things t LEFT JOIN datastreams d ON d.thing_id = t.id
LEFT JOIN observed_properties p ON p.id = d.observed_property_id
WHERE t.gateway_id = %s GROUP BY t.code"""
_INSERT = """
INSERT INTO desired_configs (gateway_id, version, config, hash, created_by, note)
VALUES (%s, %s, %s::json, %s, %s, %s)"""
# What is expected of a device follows what it is told: availability and rates count by it.
_FOLLOW = """
UPDATE datastreams d SET sampling_interval_s = %(interval)s FROM things t, observed_properties p
WHERE t.id = d.thing_id AND p.id = d.observed_property_id AND t.gateway_id = %(gateway_id)s
  AND t.code = %(device)s AND p.code = %(property)s AND d.sampling_interval_s <> %(interval)s"""
_UNPUBLISHED: LiteralString = f"""
SELECT g.id AS gateway_id, g.code AS gateway, d.version, d.hash, d.config FROM {CONFIGURED}
WHERE d.version IS NOT NULL AND (%(again)s OR d.published_at IS NULL) ORDER BY g.code"""
_PUBLISHED = """
UPDATE desired_configs SET published_at = now()
WHERE gateway_id = %s AND version = %s AND published_at IS NULL"""


class OtherVersionError(Exception):
    """Somebody else has changed a configuration meanwhile."""


@dataclass(frozen=True, kw_only=True)
class Published:
    """The newest configuration of a gateway, as it stands at the broker."""

    gateway_id: int
    gateway: str
    version: int
    hash: str
    config: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Configured:
    """A gateway's newest desired configuration, and the one that it reports; None: there is none."""

    gateway: str
    version: int | None
    hash: str | None
    config: dict[str, Any] | None
    created_at: datetime | None
    created_by: str | None
    note: str | None
    published_at: datetime | None
    state: str
    reported_version: int | None
    reported_hash: str | None
    error: str | None
    reported_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a change of a configuration made of it; of the same version: nothing is different."""

    before: dict[str, Any]
    after: dict[str, Any]
    version: int
    is_new: bool


async def change(
    conn: AsyncConnection[Any],
    gateway: str,
    patch: Mapping[str, Any],
    *,
    by: str,
    note: str = "",
    dry_run: bool = False,
    expected: int | None = None,
) -> Change:
    """Change a gateway's desired configuration by a merge patch; the registry's intervals follow.

    Devices that the configuration names are looked for in the registry where the patch has `devices`.

    Args:
        conn: a connection.
        gateway: its code.
        patch: RFC 7396.
        by: who changes it, for its own history; the log of changes has whom the transaction acts as.
        note: why.
        dry_run: change nothing, tell what would be.
        expected: the newest version that the caller knows; 0: none; None: whatever it is.

    Raises:
        UnknownGatewayError: no such gateway.
        OtherVersionError: the newest version is not the expected one.
        ConfigError: what comes out is no configuration of this gateway.
    """
    async with conn.transaction(force_rollback=dry_run):
        row = await (await conn.execute(_LOCK, [gateway])).fetchone()
        if row is None:
            raise UnknownGatewayError(f"gateway {gateway!r} is not registered: {HOW_TO_REGISTER}")
        (gateway_id,) = row
        newest = await (await conn.execute(_NEWEST, [gateway_id])).fetchone()
        before, version, digest = newest or ({}, 0, hash_of({}))
        if expected not in (None, version):
            raise OtherVersionError(f"the newest version is {version}, not {expected}: look at it first")
        after = checked(merged(before, dict(patch)), await _nameable(conn, gateway_id, before, patch))
        if hash_of(after) == digest:
            return Change(before=before, after=after, version=version, is_new=False)
        row_of = [gateway_id, version + 1, json.dumps(after), hash_of(after), by, note]
        await conn.execute(_INSERT, row_of)
        await _follow(conn, gateway_id, after)
    return Change(before=before, after=after, version=version + 1, is_new=True)


async def _nameable(
    conn: AsyncConnection[Any], gateway_id: int, before: Mapping[str, Any], patch: Mapping[str, Any]
) -> dict[str, Collection[str]]:
    """Return observed properties by device that a configuration may name after a patch."""
    if "devices" in patch:
        return {code: codes or [] for code, codes in await _all(conn, _STREAMS, gateway_id)}
    # A device that has left the gateway since must not hold up what is no matter of devices.
    return {code: kept.get("intervals", {}) for code, kept in before.get("devices", {}).items()}


async def _follow(conn: AsyncConnection[Any], gateway_id: int, config: Mapping[str, Any]) -> None:
    for device, wanted in config.get("devices", {}).items():
        for code, interval in wanted.get("intervals", {}).items():
            place = {"gateway_id": gateway_id, "device": device, "property": code, "interval": interval}
            await conn.execute(_FOLLOW, place)


async def _all(
    conn: AsyncConnection[Any], statement: LiteralString, *values: object
) -> list[tuple[Any, ...]]:
    return await (await conn.execute(statement, values)).fetchall()


async def configured(conn: AsyncConnection[Any], gateway: str | None = None) -> list[Configured]:
    """Return what gateways are to be configured as and what they report, by code."""
    async with conn.cursor(row_factory=class_row(Configured)) as cursor:
        await cursor.execute(_LIST, {"gateway": gateway})
        return await cursor.fetchall()


async def unpublished(conn: AsyncConnection[Any], *, again: bool = False) -> list[Published]:
    """Return the newest configurations that the broker has not got; `again`: all of them."""
    async with conn.cursor(row_factory=class_row(Published)) as cursor:
        await cursor.execute(_UNPUBLISHED, {"again": again})
        return await cursor.fetchall()


async def published(conn: AsyncConnection[Any], told: Published) -> None:
    """Note that the broker has a configuration."""
    await conn.execute(_PUBLISHED, [told.gateway_id, told.version])
