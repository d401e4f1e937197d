"""`halong alerts …`: what an operator types, from the first look to the end of a silence."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from analytics import values
from analytics.alert_actions import UnknownError, import_rules
from analytics.alerts import AlertError
from analytics.indicator import INDICATORS
from devices.profiles import load
from tests.integration.city import register

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from tests.integration.terminal import Halong


@pytest.fixture
async def halong(conn: AsyncConnection[Any], halong: Halong) -> Halong:
    """`halong alerts` over a city with an active alert of air_bad."""
    await register(conn, "gw-alerts")
    await values.write_catalogue(conn, INDICATORS.values())
    await import_rules(conn, load("quang_ninh").alert_rules)
    await conn.execute(
        """INSERT INTO alerts (rule_id, area_id, state, since, value, value_end, peak, activated_at)
           SELECT r.id, a.id, 'active', %(at)s, 160, %(at)s, 171, %(at)s
           FROM areas a, alert_rules r WHERE r.code = 'air_bad'""",
        {"at": datetime.now(UTC)},
    )
    return partial(halong, "alerts")


async def test_an_alert_is_found_acknowledged_and_shown(halong: Halong) -> None:
    assert " 160 " in await halong("list")
    said = await halong("acknowledge", "1", "--note", "pump is on its way", "--by", "Lan")
    assert "alert 1 is acknowledged" in said
    shown = await halong("show", "1")
    assert "Chất lượng không khí xấu trở lên" in shown
    for words in ("acknowledged", "operator", "Lan", "pump is on its way"):
        assert words in shown
    assert "acknowledged" in await halong("list", "--days", "1", "--area", "193")


async def test_a_silence_is_made_listed_and_ended(halong: Halong) -> None:
    what = ("--rule", "rain_hour", "--area", "193", "--hours", "6", "--reason", "gauge is being cleaned")
    assert "silence 1 until" in await halong("silence", *what, "--by", "Lan")
    listed = await halong("silences")
    assert all(words in listed for words in ("rain_hour", "193", "Lan", "gauge is being cleaned"))
    assert "silence 1 is over" in await halong("unsilence", "1")
    assert "rain_hour" not in await halong("silences")


async def test_a_rule_is_switched_off_and_on(halong: Halong) -> None:
    assert "changed by" not in await halong("rules")
    await halong("disable", "air_bad", "--by", "Lan")
    assert "off, changed by Lan" in await halong("rules")
    await halong("enable", "air_bad", "--by", "Minh")
    assert "on, changed by Minh" in await halong("rules")


async def test_what_cannot_be_says_what_to_do(halong: Halong) -> None:
    with pytest.raises(UnknownError, match="no alert 99: `halong alerts list"):
        await halong("show", "99")
    with pytest.raises(UnknownError, match="no alert rule 'rain'"):
        await halong("disable", "rain")
    with pytest.raises(AlertError, match="say which"):
        await halong("silence", "--hours", "1", "--reason", "x")
