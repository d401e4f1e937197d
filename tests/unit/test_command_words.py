"""What commands print: times, and why one that was sent came to nothing."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, timezone

import pytest

from runtime.commands.commands import words
from runtime.commands.instants import local
from runtime.device_simulate import clock


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=9))], ids=str)
def test_a_time_is_printed_in_the_citys_zone_whatever_its_own(zone: timezone) -> None:
    at = datetime(2026, 11, 20, 18, 30, 9, 999_999, tzinfo=UTC).astimezone(zone)
    assert local(at) == "2026-11-21 01:30:09+07:00"


def test_no_time_is_an_empty_cell() -> None:
    assert local(None) == ""


@pytest.mark.parametrize(
    ("sent_at", "hint"), [(None, "does ingest run"), (datetime.now(UTC), "firmware answer")]
)
def test_an_expired_command_points_to_where_it_stopped(sent_at: datetime | None, hint: str) -> None:
    told = words({"command": "ping", "gateway": "gw-1", "state": "expired", "detail": "", "timeout_s": 60,
                  "sent_at": sent_at})  # fmt: skip
    assert told.startswith("ping of gw-1 expired: it was ")
    assert hint in told


def test_a_line_of_the_simulated_gateway_has_its_offset() -> None:
    assert time.fromisoformat(clock()).tzinfo is not None
