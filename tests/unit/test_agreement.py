"""City or sensor: worked cases."""

from __future__ import annotations

from typing import Any

import pytest

from dashboards.console.agreement import Verdict, agreement


def alert(value: float | None, threshold: float | None = 150.0, kind: str = "above") -> dict[str, Any]:
    return {"value": value, "threshold": threshold, "kind": kind}


def stations(*readings: tuple[float | None, int]) -> list[dict[str, Any]]:
    return [
        {
            "thing": f"s{n}",
            "value": value,
            "reason": None if value is not None else "no_data",
            "suspect": suspect,
        }
        for n, (value, suspect) in enumerate(readings)
    ]


@pytest.mark.parametrize(
    ("of", "readings", "verdict", "breaking"),
    [
        (alert(162), [(162, 0), (155, 0), (90, 0)], Verdict.CITY, 2),
        (alert(162), [(162, 0), (80, 0), (90, 0)], Verdict.ONE, 1),
        (alert(162), [(162, 7), (80, 0), (90, 0)], Verdict.SENSOR, 1),
        (alert(162), [(162, 7), (155, 0), (90, 0)], Verdict.CITY, 2),
        (alert(162), [(162, 0), (None, 0)], Verdict.ALONE, 1),
        (alert(50, 70, "below"), [(40, 0), (60, 0)], Verdict.CITY, 2),
        # a sum of stations, a rise, and a mean that no station's value breaks
        (alert(300, 250), [(100, 0), (200, 0)], Verdict.UNKNOWN, 0),
        (alert(400, 150), [(200, 0), (200, 0)], Verdict.UNKNOWN, 2),
        (alert(20, 5, "rise"), [(20, 0), (30, 0)], Verdict.UNKNOWN, 0),
        (alert(None, None, "missing"), [(None, 0)], Verdict.UNKNOWN, 0),
        (alert(162), [], Verdict.UNKNOWN, 0),
    ],
)
def test_what_stations_say(
    of: dict[str, Any], readings: list[tuple[float | None, int]], verdict: Verdict, breaking: int
) -> None:
    found = agreement(of, stations(*readings))
    assert (found.verdict, found.breaking) == (verdict, breaking)
    assert found.measured == sum(value is not None for value, _ in readings)


def test_those_that_break_the_rule_come_first_and_those_without_a_value_last() -> None:
    found = agreement(alert(162), stations((None, 0), (80, 0), (162, 0)))
    assert [each.code for each in found.stations] == ["s2", "s1", "s0"]
