"""What the steps of a period come to."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from analytics.direction import Worse, worse
from analytics.indicator import INDICATORS
from analytics.steps import Step
from api.known import Known
from api.periods import parse_period
from api.summaries import Method, Summary, differences, method, ranks, steps_in, summary
from tests.unit.test_api_periods import NOW

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
KNOWN = Known(
    {
        code: {
            "step_s": int(each.step.length.total_seconds()),
            "unit": each.unit,
            "categories": each.categories,
        }
        for code, each in INDICATORS.items()
    },
    {},
    (),
)


def how(code: str, *periods: str) -> Method:
    return method(KNOWN, code, tuple(parse_period(each, zone=ZONE, now=NOW) for each in periods), ZONE)


@pytest.mark.parametrize(
    ("code", "periods", "kind", "indicator"),
    [
        ("pm2_5_d", ("2026-10", "2026-09"), "stored", "pm2_5_month"),
        ("pm2_5_d", ("2026", "2025"), "stored", "pm2_5_year"),
        ("pm2_5_d", ("2026-11-20", "2026-11-19"), "stored", "pm2_5_d"),
        ("pm2_5_d", ("2026-W47", "2026-W46"), "combined", "pm2_5_d"),
        ("pm2_5_d", ("2026-10", "2026-W46"), "combined", "pm2_5_d"),
        ("pm2_5_month", ("2026-10", "2026-09"), "stored", "pm2_5_month"),
        ("rain_d", ("2026-W47",), "combined", "rain_d"),
        ("laeq_24h", ("2026-W47",), "combined", "laeq_24h"),
        ("vn_aqi_h", ("2026-11-20",), "stored", "vn_aqi_d"),
        ("vn_aqi_h", ("2026-10",), "classes", "vn_aqi_h"),
        ("vn_aqi_d", ("2026-10",), "classes", "vn_aqi_d"),
        ("light_energy_d", ("2026-W47",), "none", "light_energy_d"),
        ("traffic_speed", ("2026-W47",), "none", "traffic_speed"),
        ("light_energy_d", ("2026-10",), "stored", "light_energy_month"),
        ("footfall_1h", ("2026-11-20",), "stored", "footfall_d"),
    ],
)
def test_the_way_to_a_period_s_value(code: str, periods: tuple[str, ...], kind: str, indicator: str) -> None:
    found = how(code, *periods)
    assert (found.kind, found.indicator) == (kind, indicator)
    assert found.note


def test_an_index_is_never_averaged_and_the_note_says_so() -> None:
    assert "never averaged" in how("vn_aqi_d", "2026-10").note
    assert "months or years" in how("light_energy_d", "2026-W47").note


def test_a_concentration_without_a_rule_is_not_called_an_index() -> None:
    found = how("pm2_5_24h", "2026-W47")
    assert found.kind == "classes"
    assert found.note == (
        "it has no rule for periods: steps are counted by class instead; use an indicator of longer steps: "
        "pm2_5_d (P1D), pm2_5_month (P1M), pm2_5_year (P1Y)"
    )


@pytest.mark.parametrize(
    ("code", "instead"),
    [
        ("traffic_speed", ("traffic_speed_d", "traffic_speed_month", "traffic_speed_year")),
        ("laeq_1h", ("laeq_24h",)),
        ("vn_aqi_h", ("vn_aqi_d",)),
        ("rain_1h", ("rain_d", "rain_month", "rain_year")),
        ("light_energy_d", ("light_energy_month", "light_energy_year")),
        ("wind_direction_mean", ()),
    ],
)
def test_without_a_value_longer_indicators_are_named(code: str, instead: tuple[str, ...]) -> None:
    found = how(code, "2026-W47")
    assert found.instead == instead
    assert all(each in found.note for each in instead)


def test_classes_are_promised_only_where_there_are_any() -> None:
    assert "class" not in how("traffic_speed", "2026-W47").note


@pytest.mark.parametrize(
    ("step", "text", "count"),
    [
        (Step.HOUR, "2026-11-20", 24),
        (Step.HOUR, "2026-11-20T08:30:00+07:00/PT2H", 2),
        (Step.TEN_MINUTES, "2026-11-20", 144),
        (Step.DAY, "2026-11", 30),
        (Step.DAY, "2026-11-20T08:00:00+07:00/P2D", 2),
        (Step.DAY, "1970/2199", 84_006),
        (Step.MONTH, "2026", 12),
        (Step.MONTH, "2026-01-15/2026-04-15", 3),
        (Step.YEAR, "2020-06/2026-06", 6),
        (Step.YEAR, "2026-11", 0),
    ],
)
def test_steps_of_a_period(step: Step, text: str, count: int) -> None:
    assert steps_in(step, parse_period(text, zone=ZONE, now=NOW), ZONE) == count


ROW = {
    "n": 24, "mean": 20.04, "total": 481.0, "minimum": 1.0, "maximum": 40.0, "energy_mean": 33.3,
    "completeness": 22.5, "classes": {"good": 20, "poor": 4},
}  # fmt: skip


@pytest.mark.parametrize(("code", "value"), [("pm2_5_d", 20.0), ("rain_d", 481.0), ("laeq_24h", 33.3)])
def test_steps_are_combined_by_the_rule(code: str, value: float) -> None:
    found = summary(how(code, "2026-11-01/P30D", "2026-W47"), ROW, None, 30, 1)
    assert (found.value, found.steps, found.steps_expected, found.completeness) == (value, 24, 30, 0.75)


def test_too_few_steps_make_no_value() -> None:
    found = summary(how("pm2_5_d", "2026-W47"), ROW, None, 40, 1)
    assert (found.value, found.reason) == (None, "insufficient_data")
    assert summary(how("pm2_5_d", "2026-W47"), None, None, 7, 1).reason == "not_computed"


def test_classes_are_counted_where_there_is_no_value() -> None:
    found = summary(how("vn_aqi_d", "2026-10"), ROW, None, 31, 0)
    assert (found.value, found.reason, found.classes) == (
        None,
        "no_rule_for_periods",
        {"good": 20, "poor": 4},
    )


def a(value: float | None, **classes: int) -> Summary:
    return Summary(value, None, None, 1.0, 1, 1, classes=classes)


def test_differences() -> None:
    assert differences(a(30.0, good=3), a(20.0, good=1, poor=2), "ug/m3", 1) == {
        "difference": 10.0,
        "relative_difference": 0.5,
        "classes": {"good": 2, "poor": -2},
    }
    assert differences(a(1.0), a(-2.0), "m", 1)["relative_difference"] == 1.5
    assert differences(a(1.0), a(0.0), "m", 1)["relative_difference"] is None
    assert differences(a(61.0), a(60.0), "dB", 1)["relative_difference"] is None
    assert differences(a(None), a(60.0), "1", 1)["difference"] is None


def test_equal_values_share_a_rank() -> None:
    assert ranks([90.0, 70.0, 70.0, 10.0]) == [1, 2, 2, 4]


@pytest.mark.parametrize(
    ("code", "end"),
    [
        ("vn_aqi_h", Worse.HIGH),
        ("vn_wqi_d", Worse.LOW),
        ("qcvn05_pm2_5_24h_d", Worse.LOW),
        ("pm2_5_d", Worse.HIGH),
        ("iot_availability_month", Worse.LOW),
        ("rain_1h", None),
        ("wind_speed_mean", None),
        ("traffic_flow_d", None),
    ],
)
def test_which_end_is_worse(code: str, end: Worse | None) -> None:
    assert code in INDICATORS
    assert worse(code) is end
