"""The queries of Grafana's alarms at night: nothing while all is well, a row for what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from analytics import values
from analytics.alert_actions import import_rules
from analytics.indicator import INDICATORS
from dashboards.grafana.alarms import ALARMS
from devices.profiles import load
from tests.integration.city import register
from tests.integration.dashboard_city import ingest_metrics, reader_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from psycopg import AsyncConnection


@pytest.fixture
async def city(conn: AsyncConnection[Any]) -> AsyncConnection[Any]:
    """Hạ Long with a gateway that is heard, good air, a river below alert level I, and ingest that stores."""
    await register(conn, "gw-1")
    await import_rules(conn, load("quang_ninh").alert_rules)
    await values.write_catalogue(conn, INDICATORS.values())
    await conn.execute(
        "INSERT INTO gateway_status (gateway_id, online, last_seen) SELECT id, true, now() FROM gateways"
    )
    await ingest_metrics(conn)
    await value(conn, "vn_aqi_h", 60)
    await value(conn, "level_alert", 0)
    return conn


@pytest.fixture
async def reader(city: AsyncConnection[Any]) -> AsyncIterator[AsyncConnection[Any]]:
    async with reader_of(city) as connection:
        yield connection


async def value(conn: AsyncConnection[Any], indicator: str, value: float) -> None:
    await conn.execute(
        "INSERT INTO latest_values "
        "SELECT %s, id, now(), date_trunc('hour', now()), %s, NULL, NULL, 1, '{}', 1, 1, now() FROM areas "
        " ON CONFLICT (indicator, area_id) DO UPDATE SET value = excluded.value",
        [indicator, value],
    )


async def ringing(reader: AsyncConnection[Any]) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of each rule whose last column is above its bound, as Grafana's threshold looks at it."""
    found = {}
    for alarm in ALARMS:
        rows = await (await reader.execute(alarm.sql.encode())).fetchall()
        if above := [row for row in rows if row[-1] is not None and row[-1] > alarm.above]:
            found[alarm.code] = above
    return found


async def alert(conn: AsyncConnection[Any], rule: str, *, gateway: bool = False) -> int:
    cursor = await conn.execute(
        "INSERT INTO alerts (rule_id, area_id, gateway_id, state, since, value_end) "
        "SELECT r.id, a.id, CASE WHEN %s THEN (SELECT min(id) FROM gateways) END, 'active', now(), now() "
        "FROM alert_rules r, areas a WHERE r.code = %s RETURNING id",
        [gateway, rule],
    )
    return (await cursor.fetchone() or (0,))[0]


async def tell(conn: AsyncConnection[Any], alert_id: int, channel: str) -> None:
    await conn.execute(
        "WITH h AS (INSERT INTO alert_history (alert_id, time, before, after, cause, actor) "
        "VALUES (%s, now(), 'pending', 'active', 'value', 'halong') RETURNING *) "
        "INSERT INTO alert_notifications (alert_id, history_id, channel, target, sent_at) "
        "SELECT alert_id, id, %s, 'operators', now() FROM h",
        [alert_id, channel],
    )


async def test_nobody_is_woken_while_all_is_well(reader: AsyncConnection[Any]) -> None:
    assert await ringing(reader) == {}


async def test_each_alarm_rings_for_what_it_is_for(
    city: AsyncConnection[Any], reader: AsyncConnection[Any]
) -> None:
    await city.execute("UPDATE gateway_status SET last_seen = now() - interval '1 hour'")
    await value(city, "vn_aqi_h", 160)
    await value(city, "level_alert", 2)
    await city.execute("UPDATE ingest_metrics SET time = time - interval '11 minutes', refused = 20")
    found = await ringing(reader)
    assert set(found) == {alarm.code for alarm in ALARMS}
    assert found["gateway_silent"] == [("gw-1", pytest.approx(60, abs=1))]
    assert found["river_alert_1"] == [("Hạ Long", "193", 2.0)]
    assert found["air_bad"] == [("Hạ Long", "193", 160.0)]
    assert found["data_late"] == [(pytest.approx(660, abs=30),)]
    assert found["ingest_refusing"] == [(pytest.approx(100 * 80 / 880),)]


async def test_a_database_that_was_never_written_to_is_late(
    city: AsyncConnection[Any], reader: AsyncConnection[Any]
) -> None:
    await city.execute("DELETE FROM ingest_metrics")
    assert await ringing(reader) == {"data_late": [(86400.0,)]}


@pytest.mark.parametrize("how", ["webhook", "email", "acknowledged", "silenced"])
async def test_what_halong_has_told_somebody_rings_once(
    city: AsyncConnection[Any], reader: AsyncConnection[Any], how: str
) -> None:
    """The broker is nobody: an alert that only MQTT was told still rings."""
    await city.execute("UPDATE gateway_status SET last_seen = now() - interval '1 hour'")
    await value(city, "level_alert", 1)
    silent, river = await alert(city, "gateway_silent", gateway=True), await alert(city, "river_alert_1")
    for each in (silent, river):
        await tell(city, each, "mqtt")
    assert set(await ringing(reader)) == {"gateway_silent", "river_alert_1"}
    for each in (silent, river):
        if how in ("webhook", "email"):
            await tell(city, each, how)
        else:
            await city.execute("UPDATE alerts SET state = %s WHERE id = %s", [how, each])
    assert await ringing(reader) == {}


async def test_a_gateway_under_maintenance_does_not_ring(
    city: AsyncConnection[Any], reader: AsyncConnection[Any]
) -> None:
    await city.execute("UPDATE gateway_status SET last_seen = now() - interval '1 hour'")
    await city.execute(
        "INSERT INTO maintenance_windows (area, starts_at, ends_at, reason, created_by) "
        "VALUES ('193', now() - interval '1 hour', now() + interval '1 hour', 'new mast', 'me')"
    )
    assert await ringing(reader) == {}
