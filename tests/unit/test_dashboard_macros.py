"""What Grafana makes of a query, by its documentation (PostgreSQL data source, variable syntax; 11.6)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dashboards.macros import ALL, Context, MacroError, Variable, expand, interval, seconds

START = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
END = datetime(2026, 11, 22, 2, 30, 0, 250_000, tzinfo=UTC)
CONTEXT = Context(
    START,
    END,
    timedelta(minutes=5),
    {
        "area": Variable(("a", "o'b"), multi=True, options=("a", "o'b", "c")),
        "all": Variable(ALL, multi=True, options=("x", "y")),
        "one": Variable("it's"),
        "only": Variable("z", multi=True),
        "number": Variable(7),
    },
)


@pytest.mark.parametrize(
    ("sql", "expanded"),
    [
        ("$__timeFilter(time)", "time BETWEEN '2026-11-22T01:00:00Z' AND '2026-11-22T02:30:00.25Z'"),
        ("$__timeFrom()", "'2026-11-22T01:00:00Z'"),
        ("$__timeTo()::timestamptz", "'2026-11-22T02:30:00.25Z'::timestamptz"),
        ("$__time(t)", 't AS "time"'),
        ("$__timeEpoch(t)", 'extract(epoch from t) as "time"'),
        ("max($__timeGroup(t, '5m'))", "max(time_bucket('300.000s',t))"),
        ("$__timeGroup(t,'1h'), 1", "time_bucket('3600.000s',t) AS \"time\", 1"),
        ("$__timeGroupAlias(t, $__interval, 0)", "time_bucket('300.000s',t) AS \"time\""),
        ("$__unixEpochFilter(t)", "t >= 1795309200 AND t <= 1795314600"),
        ("$__unixEpochNanoFilter(t)", "t >= 1795309200000000000 AND t <= 1795314600250000000"),
        ("$__unixEpochNanoFrom() $__unixEpochNanoTo()", "1795309200000000000 1795314600250000000"),
        ("$__unixEpochFrom() $__unixEpochTo()", "1795309200 1795314600"),
        ("$__unixEpochGroup(t, '1m')", "floor((t)/60)*60"),
        ("$__unixEpochGroupAlias(t, '1d', NULL)", 'floor((t)/86400)*86400 AS "time"'),
        ("'$__interval' $__interval_ms", "'5m' 300000"),
        ("${__from} $__to ${__to:date}", "1795309200000 1795314600250 1795314600250"),
        ("IN ($area)", "IN ('a','o''b')"),
        ("IN ([[area]])", "IN ('a','o''b')"),
        ("IN (${area:sqlstring})", "IN ('a','o''b')"),
        ("${area:csv} ${area:raw} ${area:pipe}", "a,o'b a,o'b a|o'b"),
        ("${area:singlequote}", "'a','o\\'b'"),
        ("${area:doublequote}", '"a","o\'b"'),
        ("${area:json}", '["a", "o\'b"]'),
        ("IN ($all)", "IN ('x','y')"),
        ("'$one' ${one:sqlstring}", "'it''s' 'it''s'"),
        ("$only", "'z'"),
        ("$number", "7"),
        ("a.b || '$'", "a.b || '$'"),
    ],
)
def test_expansion(sql: str, expanded: str) -> None:
    assert expand(sql, CONTEXT) == expanded


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("$nobody", r"\$nobody is no variable"),
        ("${area:glob}", "format glob"),
        ("$__timeFiltre(t)", "is no macro"),
        ("$__timeFilter()", "lacks arguments"),
        ("$__timeGroup(t)", "lacks arguments"),
        ("$__timeGroup(t, 'soon')", "no interval"),
        ("$__timeFilter t", "is left in the query"),
        ("${__from:date:iso}", "left in the query"),
        ("${__to:iso}", "format that is not known"),
    ],
)
def test_what_grafana_would_refuse(sql: str, says: str) -> None:
    with pytest.raises(MacroError, match=says):
        expand(sql, CONTEXT)


@pytest.mark.parametrize(
    ("text", "value"), [("500ms", 0.5), ("90s", 90), ("'5m'", 300), ("1.5h", 5400), ("1w", 604800)]
)
def test_seconds(text: str, value: float) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize(
    ("interval", "text"),
    [
        (timedelta(milliseconds=250), "250ms"),
        (timedelta(seconds=90), "90s"),
        (timedelta(hours=36), "36h"),
        (timedelta(days=2), "2d"),
    ],
)
def test_interval(interval: timedelta, text: str) -> None:
    assert expand("$__interval", Context(START, END, interval)) == text


@pytest.mark.parametrize(
    ("length", "points", "expected"),
    [
        (timedelta(hours=3), 1920, timedelta(seconds=10)),
        (timedelta(hours=24), 960, timedelta(minutes=2)),
        (timedelta(days=7), 960, timedelta(minutes=10)),
        (timedelta(days=30), 1920, timedelta(minutes=20)),
        (timedelta(days=30), 640, timedelta(hours=1)),
        (timedelta(days=365), 960, timedelta(hours=12)),
        (timedelta(days=36_500), 10, timedelta(days=365)),
    ],
)
def test_an_interval_is_rounded_as_grafana_does_it(
    length: timedelta, points: int, expected: timedelta
) -> None:
    """By the table of `rangeUtil.roundInterval`."""
    assert interval(length, points) == expected
    assert interval(length, points, timedelta(days=400)) == timedelta(days=400)
