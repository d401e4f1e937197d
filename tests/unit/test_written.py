"""Figures in running text: numbers, units, shares and reasons in both languages."""

from __future__ import annotations

import pytest

from analytics.written import figure, number, share


@pytest.mark.parametrize(
    ("value", "en", "vi"), [(34.719, "34.719", "34,719"), (12345.5, "12345.5", "12345,5"), (64.0, "64", "64")]
)
def test_a_number_has_the_decimal_mark_of_its_language(value: float, en: str, vi: str) -> None:
    assert (number(value).en, number(value).vi) == (en, vi)


@pytest.mark.parametrize(
    ("part", "en", "vi"),
    [(1.0, "100 %", "100 %"), (0.999999, "99.99 %", "99,99 %"), (0.57, "57 %", "57 %"), (0.0, "0 %", "0 %")],
)
def test_a_share_is_whole_only_where_nothing_is_missing(part: float, en: str, vi: str) -> None:
    assert (share(part).en, share(part).vi) == (en, vi)


def test_a_value_has_its_unit_and_a_missing_one_its_reason_in_words() -> None:
    assert figure(34.719, None, "ug/m3").vi == "34,719 µg/m³"
    assert figure(64.0, None, "1").en == "64"
    assert figure(None, "insufficient_data", "1").en == "no value: insufficient data"
    assert figure(None, "insufficient_data", "1").vi == "không có giá trị: không đủ dữ liệu"
