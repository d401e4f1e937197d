from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from dashboards.console.chart import LIGHT, marked
from dashboards.console.past import Past, step_at, steps

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
NOW = datetime(2026, 11, 29, 10, 25, tzinfo=UTC)
HOURLY = {"code": "vn_aqi_h", "step_s": 3600}
DAILY = {"code": "pm2_5_d", "step_s": 86_400}


def test_steps_are_those_that_have_ended_in_seven_days() -> None:
    found = steps(HOURLY, NOW, ZONE)
    assert found[0] == datetime(2026, 11, 22, 10, tzinfo=UTC)
    assert found[-1] == datetime(2026, 11, 29, 9, tzinfo=UTC)
    assert len(found) == 7 * 24


def test_days_are_the_citys() -> None:
    assert steps(DAILY, NOW, ZONE)[-1] == datetime(2026, 11, 27, 17, tzinfo=UTC)


@pytest.mark.parametrize("seconds", [30 * 86_400, 365 * 86_400])
def test_months_and_years_have_no_steps_in_seven_days(seconds: int) -> None:
    assert steps({"step_s": seconds}, NOW, ZONE) == []


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("2026-11-29T09:00:00Z", datetime(2026, 11, 29, 9, tzinfo=UTC)),
        ("2026-11-29T16:59:59+07:00", datetime(2026, 11, 29, 9, tzinfo=UTC)),
        ("2026-11-29T10:10:00Z", None),
        ("2026-11-01T00:00:00Z", None),
        ("2026-11-29T09:00:00", None),
        ("9999-12-31T23:59:59Z", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_an_instant_is_looked_up_in_the_steps_and_needs_a_zone(text: str, start: datetime | None) -> None:
    assert step_at(text, steps(HOURLY, NOW, ZONE), HOURLY, ZONE) == start


def test_values_are_found_by_step_and_area() -> None:
    rows = [
        {"time": NOW, "area_id": 7, "value": 1.0},
        {"time": NOW - timedelta(hours=1), "area_id": 7, "value": 2.0},
    ]
    past = Past.of("vn_aqi_h", NOW, rows)
    assert past.values[NOW][7]["value"] == 1.0
    assert past.values[NOW - timedelta(hours=1)] == {7: rows[1]}


def test_a_chart_has_a_line_where_the_map_is_and_none_while_it_is_live() -> None:
    limit = {"yAxis": 50}
    drawn = {"series": [{"type": "line", "markLine": {"data": [limit]}}]}
    assert marked(drawn, None, ZONE, LIGHT) is drawn
    [line] = marked(drawn, datetime(2026, 11, 29, 2, tzinfo=UTC), ZONE, LIGHT)["series"]
    first, chosen = line["markLine"]["data"]
    assert first == limit
    assert chosen["xAxis"] == datetime(2026, 11, 29, 9, tzinfo=UTC).timestamp() * 1000
