"""MQTT tokens: users of the broker for browsers, which live for minutes and hear some gateways alone."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from psycopg import AsyncConnection

#: how the user names of tokens begin at the broker for browsers, and no other user's
PREFIX: Final = "browser-"
#: what a gateway's messages to halong are called below its topic, of those that browsers may hear
KINDS: Final = ("observations", "status")
LONGEST: Final = timedelta(hours=1)
#: gateways of one token that has not all of them: the broker is told of each, in one message
MOST_GATEWAYS: Final = 2000

_KEPT: Final = timedelta(days=1)


class TooManyTokensError(ValueError):
    """Who asks has as many valid tokens as it may have."""


@dataclass(frozen=True, kw_only=True)
class Asker:
    """Who asks for a token: `who` is unique; of a key its prefix and version; `reach` as ids of areas."""

    who: str
    key_prefix: str | None
    key_version: int | None
    reach: frozenset[int] | None


@dataclass(frozen=True, kw_only=True)
class MqttToken:
    """A token without its password; `gateways` None: every one."""

    user_name: str
    gateways: tuple[str, ...] | None
    expires_at: datetime


def topics(topic_root: str, gateways: Collection[str] | None) -> list[str]:
    """Return the topic filters of some gateways, None: of every one."""
    return [f"{topic_root}/{code}/up/{kind}" for code in gateways or ("+",) for kind in KINDS]


async def gateways_within(conn: AsyncConnection[Any], reach: frozenset[int] | None) -> list[str]:
    """Return the codes of the gateways that may be heard by who reaches these areas.

    They are enabled and stand in one of them, and no thing of theirs stands elsewhere: a message may be of
    any of them.
    """
    cursor = await conn.execute("SELECT gateways_within(%s) ORDER BY 1", [_array(reach)])
    return [code for (code,) in await cursor.fetchall()]


async def create(
    conn: AsyncConnection[Any],
    asker: Asker,
    gateways: Sequence[str] | None,
    *,
    at: datetime,
    expires_at: datetime,
    most: int,
) -> MqttToken:
    """Keep another token of an asker who has fewer than `most` that are valid at `at`.

    Raises:
        TooManyTokensError: it has as many.
    """
    token = MqttToken(
        user_name=PREFIX + secrets.token_hex(8),
        gateways=None if gateways is None else tuple(gateways),
        expires_at=expires_at,
    )
    async with conn.transaction():
        # Of several at once, each sees those before it.
        await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 35))", [asker.who])
        await conn.execute("DELETE FROM mqtt_tokens WHERE expires_at < %s", [at - _KEPT])
        if await _count(conn, asker.who, at) >= most:
            raise TooManyTokensError(
                f"{asker.who} has {most} MQTT tokens that are valid: end one, or wait until one has expired"
            )
        await _insert(conn, asker, token, at)
    return token


async def end(conn: AsyncConnection[Any], user_name: str, *, owner: str, at: datetime) -> bool:
    """End an owner's token before its time, and return whether it was one that is valid."""
    cursor = await conn.execute(
        """
        UPDATE mqtt_tokens SET ended_at = %(at)s
        WHERE user_name = %(user)s AND owner = %(owner)s AND ended_at IS NULL AND expires_at > %(at)s""",
        {"user": user_name, "owner": owner, "at": at},
    )
    return cursor.rowcount == 1


async def valid(conn: AsyncConnection[Any], at: datetime) -> dict[str, datetime]:
    """Return user name -> end of the tokens that may be used at `at`.

    A token ends early with its key, when what its key may do is changed, or when one of its gateways is one
    that its owner may not hear.
    """
    cursor = await conn.execute(
        """
        WITH due AS (
            SELECT t.user_name, t.reach, t.gateways, least(t.expires_at, k.expires_at) AS ends
            FROM mqtt_tokens t LEFT JOIN api_keys k ON k.prefix = t.key_prefix
            WHERE t.ended_at IS NULL AND t.expires_at > %(at)s
              AND (t.key_prefix IS NULL
                   OR (k.revoked_at IS NULL AND k.version = t.key_version
                       AND (k.expires_at IS NULL OR k.expires_at > %(at)s)))
        ), reached AS (
            SELECT reach, ARRAY(SELECT gateways_within(reach)) AS gateways
            FROM (SELECT DISTINCT reach FROM due WHERE gateways IS NOT NULL) each
        )
        SELECT due.user_name, due.ends
        FROM due LEFT JOIN reached ON reached.reach IS NOT DISTINCT FROM due.reach
        WHERE due.gateways IS NULL
           OR NOT EXISTS (SELECT unnest(due.gateways) EXCEPT SELECT unnest(reached.gateways))""",
        {"at": at},
    )
    return dict(await cursor.fetchall())


async def _count(conn: AsyncConnection[Any], who: str, at: datetime) -> int:
    cursor = await conn.execute(
        "SELECT count(*) FROM mqtt_tokens WHERE owner = %s AND ended_at IS NULL AND expires_at > %s",
        [who, at],
    )
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def _insert(conn: AsyncConnection[Any], asker: Asker, token: MqttToken, at: datetime) -> None:
    await conn.execute(
        """
        INSERT INTO mqtt_tokens (user_name, owner, key_prefix, key_version, reach, gateways, created_at,
                                 expires_at)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s)""",
        [
            token.user_name,
            asker.who,
            asker.key_prefix,
            asker.key_version,
            _array(asker.reach),
            None if token.gateways is None else list(token.gateways),
            at,
            token.expires_at,
        ],
    )


def _array(reach: frozenset[int] | None) -> list[int] | None:
    return None if reach is None else sorted(reach)
