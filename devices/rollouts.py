"""Firmware and its roll-outs in the database. How far they are is read by api.queries.firmware."""

# ruff: noqa: S608  (the statements are put together from constants alone, as LiteralString says)

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, LiteralString

import structlog
from psycopg.rows import class_row

from devices import configs
from devices.desired import ConfigError
from devices.firmware import Release
from devices.liveness import STATE
from devices.rollout import Rollout, Target, staged, step
from storage.actor import act_as

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from psycopg import AsyncConnection

    from devices.rollout import Step

log = structlog.get_logger(__name__)

_ADD = """
INSERT INTO firmware (version, url, size, sha256, signature, public_key, created_by)
VALUES (%(version)s, %(url)s, %(size)s, %(sha256)s, %(signature)s, %(public_key)s, %(by)s)
ON CONFLICT DO NOTHING"""
_RELEASE = "SELECT version, url, size, sha256, signature, public_key FROM firmware"
_ELIGIBLE = """
SELECT g.code FROM gateways g LEFT JOIN gateway_status s ON s.gateway_id = g.id
WHERE g.enabled AND s.firmware IS DISTINCT FROM %(version)s
  AND (%(area)s::text IS NULL OR g.id IN (
      SELECT ga.gateway_id FROM gateway_areas ga JOIN areas a ON a.id = ga.area_id WHERE a.code = %(area)s))
  AND g.id NOT IN (SELECT o.gateway_id FROM rollout_gateways o JOIN rollouts r ON r.id = o.rollout_id
                   WHERE r.state = 'running')
ORDER BY g.code"""
# Who plans next must see the gateways of who planned before.
_ONE_BEGINS = "SELECT pg_advisory_xact_lock(hashtext('halong rollouts'))"
_CREATE = """
INSERT INTO rollouts (version, stages, settle_s, max_failed, created_by)
VALUES (%(version)s, %(stages)s, %(settle_s)s, %(max_failed)s, %(by)s) RETURNING id"""
_TARGET = """
INSERT INTO rollout_gateways (rollout_id, gateway_id, stage, before)
SELECT %(id)s, g.id, %(stage)s, s.firmware
FROM gateways g LEFT JOIN gateway_status s ON s.gateway_id = g.id WHERE g.code = %(gateway)s"""
_RUNNING = """
SELECT id, version, stages, stage, settle_s * interval '1 second' AS settle, max_failed FROM rollouts
WHERE state = 'running' ORDER BY id FOR UPDATE SKIP LOCKED"""
_TARGETS: LiteralString = f"""
SELECT g.code AS gateway, o.stage, o.state, o.offered_at, o.ended_at,
       {STATE} = 'online' AS is_there,
       coalesce(o.offered_at IS NOT NULL AND s.firmware = r.version, false) AS reports,
       CASE WHEN s.config_version >= d.version THEN s.config_error END AS error
FROM rollout_gateways o JOIN rollouts r ON r.id = o.rollout_id JOIN gateways g ON g.id = o.gateway_id
LEFT JOIN gateway_status s ON s.gateway_id = g.id
LEFT JOIN LATERAL (
    SELECT version FROM desired_configs WHERE gateway_id = g.id ORDER BY version DESC LIMIT 1
) d ON true
WHERE o.rollout_id = %s ORDER BY g.code"""
_MARK = """
UPDATE rollout_gateways o SET state = %(state)s, reason = %(reason)s,
    offered_at = CASE WHEN %(state)s = 'offered' THEN now() ELSE o.offered_at END,
    ended_at = CASE WHEN %(state)s <> 'offered' THEN now() END
FROM gateways g WHERE g.id = o.gateway_id AND o.rollout_id = %(id)s AND g.code = %(gateway)s"""
_TURN = """
UPDATE rollouts SET stage = %(stage)s, state = %(state)s, reason = %(reason)s,
    ended_at = CASE WHEN %(state)s <> 'running' THEN now() END
WHERE id = %(id)s AND (stage, state, reason) IS DISTINCT FROM (%(stage)s, %(state)s, %(reason)s)"""
_OPEN = """
SELECT g.code FROM rollout_gateways o JOIN gateways g ON g.id = o.gateway_id
JOIN rollouts r ON r.id = o.rollout_id LEFT JOIN gateway_status s ON s.gateway_id = g.id
WHERE r.id = %s AND o.state IN ('offered', 'failed') AND s.firmware IS DISTINCT FROM r.version"""
_STOP = """
UPDATE rollouts SET state = 'stopped', reason = %(reason)s, ended_at = now()
WHERE id = %(id)s AND state = 'running'"""


class RolloutError(ValueError):
    """A roll-out cannot begin, or end."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is rolled out: in which stages (%), how long each gateway has (s), at what risk (%)."""

    version: str
    stages: Sequence[int]
    settle_s: int
    max_failed: int
    by: str
    area: str | None = None


async def add(conn: AsyncConnection[Any], release: Release, by: str) -> None:
    """Keep firmware that may be offered.

    Raises:
        RolloutError: there is one of this version: what was signed is not changed.
    """
    if not (await conn.execute(_ADD, asdict(release) | {"by": by})).rowcount:
        raise RolloutError(f"there is firmware {release.version!r}: another file needs another version")


async def release(conn: AsyncConnection[Any], version: str) -> Release | None:
    """Return firmware that may be offered."""
    async with conn.cursor(row_factory=class_row(Release)) as cursor:
        await cursor.execute(f"{_RELEASE} WHERE version = %s", [version])
        return await cursor.fetchone()


async def planned(conn: AsyncConnection[Any], plan: Plan) -> dict[str, int]:
    """Return the stage of each gateway that a roll-out would reach.

    Raises:
        RolloutError: there is no such firmware, or no gateway for it.
    """
    if await release(conn, plan.version) is None:
        raise RolloutError(f"there is no firmware {plan.version!r}: add it with `halong firmware add`")
    cursor = await conn.execute(_ELIGIBLE, {"version": plan.version, "area": plan.area})
    codes = [code for (code,) in await cursor.fetchall()]
    if not codes:
        raise RolloutError("no gateway is left: all have it, or are part of a roll-out that runs")
    return staged(codes, plan.stages, plan.version)


async def begin(conn: AsyncConnection[Any], plan: Plan) -> int:
    """Begin a roll-out and return its number; ingest offers the firmware from here on.

    Raises:
        RolloutError: as `planned`.
    """
    async with conn.transaction():
        await conn.execute(_ONE_BEGINS)
        stages = await planned(conn, plan)
        values = asdict(plan) | {"stages": list(plan.stages)}
        ((number,),) = await (await conn.execute(_CREATE, values)).fetchall()
        for gateway, stage in stages.items():
            await conn.execute(_TARGET, {"id": number, "gateway": gateway, "stage": stage})
    return int(number)


async def advance(conn: AsyncConnection[Any]) -> dict[int, Step]:
    """Do the next step of every roll-out that runs, and return by number what was done."""
    done: dict[int, Step] = {}
    async with conn.transaction():
        await act_as(conn, "halong")
        async with conn.cursor(row_factory=class_row(Rollout)) as cursor:
            await cursor.execute(_RUNNING)
            running = await cursor.fetchall()
        for each in running:
            async with conn.cursor(row_factory=class_row(Target)) as cursor:
                await cursor.execute(_TARGETS, [each.id])
                taken = step(each, await cursor.fetchall(), datetime.now(UTC))
            await _take(conn, each, taken)
            done[each.id] = taken
    return done


async def _take(conn: AsyncConnection[Any], rollout: Rollout, taken: Step) -> None:
    found = await release(conn, rollout.version)
    assert found is not None
    wrong = await _offer(conn, rollout.id, taken.offer, found.offer())
    await _withdraw(conn, rollout.id, taken.withdraw)
    marks = [
        *((code, "offered", "") for code in taken.offer if code not in wrong),
        *((code, "failed", why) for code, why in wrong.items()),
        *((code, "updated", "") for code in taken.updated),
        *((code, "failed", why) for code, why in taken.failed.items()),
    ]
    for code, state, reason in marks:
        await conn.execute(_MARK, {"id": rollout.id, "gateway": code, "state": state, "reason": reason})
    turn = {"id": rollout.id, "stage": taken.stage, "state": taken.state, "reason": taken.reason}
    await conn.execute(_TURN, turn)


async def _offer(
    conn: AsyncConnection[Any], number: int, gateways: Iterable[str], offer: Mapping[str, object] | None
) -> dict[str, str]:
    """Put an offer into configurations, or take it out; return why that could not be, by gateway."""
    wrong: dict[str, str] = {}
    for code in gateways:
        try:
            patch = {"firmware": offer}
            await configs.change(conn, code, patch, by="halong", note=f"roll-out {number}")
        except ConfigError as error:
            wrong[code] = f"its configuration cannot be changed: {error}"
    return wrong


async def _withdraw(conn: AsyncConnection[Any], number: int, gateways: Sequence[str]) -> int:
    """Take offers back, tell of those that stay, and return how many were taken back."""
    wrong = await _offer(conn, number, gateways, None)
    for code, why in wrong.items():
        told = {"rollout": number, "gateway": code, "error": why}
        log.error("firmware stays offered", action="offer_stays", **told)
    return len(gateways) - len(wrong)


async def stop(conn: AsyncConnection[Any], number: int, by: str) -> int:
    """Stop a roll-out, take offers back that were not followed, and return how many.

    Raises:
        RolloutError: it does not run.
    """
    async with conn.transaction():
        if not (await conn.execute(_STOP, {"id": number, "reason": f"stopped by {by}"})).rowcount:
            raise RolloutError(f"no roll-out {number} runs: see `halong firmware rollouts`")
        codes = [code for (code,) in await (await conn.execute(_OPEN, [number])).fetchall()]
        return await _withdraw(conn, number, codes)


def sizes(stages: Mapping[str, int], number: int) -> list[int]:
    """Return how many gateways each of `number` stages has."""
    counted = Counter(stages.values())
    return [counted[each] for each in range(1, number + 1)]
