"""Rows for all of the console's work lists: commands in every state, gateways in trouble, flagged values."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg

from tests.browser.emptying import empty

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Database = psycopg.Connection[Any]

FLAPPING, SILENT, OFFLINE = "ha-long-1", "cam-pha-1", "mong-cai-1"
FIRMWARE = "2026.11.29-rc1+build.4711-quang-ninh"
LONG_NAME = "Trạm quan trắc không khí tự động liên tục đường Nguyễn Văn Cừ, phường Hồng Hải, số 1"
LONG_ANSWER = "van số 3 bị kẹt, đã thử mở ba lần, cần kỹ thuật viên đến kiểm tra tại chỗ và thay gioăng"

_STATUS = """
INSERT INTO gateway_status (gateway_id, online, firmware, status_at, last_seen)
SELECT id, %s, %s, now() - %s::interval, now() - %s::interval FROM gateways WHERE code = %s
ON CONFLICT (gateway_id) DO UPDATE SET (online, firmware, status_at, last_seen)
    = (excluded.online, excluded.firmware, excluded.status_at, excluded.last_seen)"""
_CHANGES = """
INSERT INTO gateway_status_history (gateway_id, time, online)
SELECT id, now() - n * interval '1 hour', n / 2 * 2 = n
FROM gateways, generate_series(1, 9) n WHERE code = %s"""
_WORK = """
INSERT INTO maintenance_windows (gateway_id, starts_at, ends_at, reason, created_by)
SELECT id, now() - interval '1 hour', now() + interval '1 hour', 'mast', 'Lan'
FROM gateways WHERE code = %s"""
_FLAGS = """
INSERT INTO observation_flags (time, datastream_id, flags, excluded, rule_version)
SELECT now() - n * interval '7 minutes' - %s * interval '1 second', d.id, %s, true, 'a test'
FROM datastreams d JOIN things t ON t.id = d.thing_id
JOIN observed_properties p ON p.id = d.observed_property_id CROSS JOIN generate_series(1, %s) n
WHERE t.code = %s AND p.code = %s"""
_COMMAND = """
INSERT INTO commands (gateway_id, command, arguments, created_at, created_by, expires_at, timeout_s, state,
                      sent_at, ended_at, detail, result)
SELECT id, %(command)s, %(arguments)s, now() - %(age)s * interval '1 minute', 'Nguyễn Thị Phương Lan',
       now() + interval '1 hour', 60, %(state)s, CASE WHEN %(state)s <> 'queued' THEN now() END,
       CASE WHEN %(state)s NOT IN ('queued', 'sent', 'acknowledged') THEN now() END, %(detail)s, %(result)s
FROM gateways WHERE code = %(gateway)s"""
_COMMANDS: Sequence[tuple[str, str, str, str | None]] = (
    ("queued", '{"delay_s": 5}', "", None),
    ("sent", '{"valve": 3, "position": "half-open", "why": "đo lại mực nước hồ Yên Lập"}', "", None),
    ("acknowledged", "{}", "", None),
    ("done", "{}", "restarted", '{"uptime_s": 4}'),
    ("failed", '{"valve": 3}', LONG_ANSWER, None),
    ("expired", "{}", "", None),
    ("timed_out", "{}", "", None),
    ("cancelled", "{}", "", None),
)


@contextmanager
def filled(url: str) -> Iterator[None]:
    """Have all lists filled while the block lasts."""
    with psycopg.connect(url, autocommit=True) as database:
        _fill(database)
        yield
        empty(url, "commands, gateway_status, gateway_status_history, maintenance_windows")
        database.execute("DELETE FROM observation_flags WHERE rule_version = 'a test'")


def _fill(database: Database) -> None:
    for code, online, told, seen in (
        (FLAPPING, True, "5 minutes", "10 seconds"),
        (SILENT, True, "3 days", "3 hours"),
        (OFFLINE, False, "2 hours", "3 hours"),
    ):
        database.execute(_STATUS, [online, FIRMWARE, told, seen, code])
    database.execute(_CHANGES, [FLAPPING])
    database.execute(_WORK, [SILENT])
    database.execute("UPDATE things SET name = %s WHERE code = 'ha-long-air-1'", [LONG_NAME])
    for flags, times, thing, property_ in (
        (8, 30, "ha-long-air-1", "pm2_5"),
        (1 | 8, 4, "ha-long-air-1", "pm2_5"),
        (4, 12, "mong-cai-air-1", "no2"),
    ):
        database.execute(_FLAGS, [flags, flags, times, thing, property_])
    for age, (state, arguments, detail, result) in enumerate(_COMMANDS):
        command = {"command": "set-valve-position" if age == 1 else "reboot", "age": age * 7}
        told = {"state": state, "arguments": arguments, "detail": detail, "result": result}
        database.execute(_COMMAND, command | told | {"gateway": OFFLINE if age == 2 else FLAPPING})
