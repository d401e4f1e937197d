"""What commands have in common: how they print times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from runtime.commands.instants import local


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=9))], ids=str)
def test_a_time_is_printed_in_the_citys_zone_whatever_its_own(zone: timezone) -> None:
    at = datetime(2026, 11, 20, 18, 30, 9, 999_999, tzinfo=UTC).astimezone(zone)
    assert local(at) == "2026-11-21 01:30:09+07:00"


def test_no_time_is_an_empty_cell() -> None:
    assert local(None) == ""
