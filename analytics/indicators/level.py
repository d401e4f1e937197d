"""River levels against a station's alert levels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, TypeGuard

from analytics.area_rules import worst
from analytics.crosswalk import crosswalk
from analytics.indicator import Category, Example, Source, Trust, indicator
from analytics.results import Reason, SiteValue
from analytics.rounding import half_up
from analytics.series import HOUR, MINIMUM_SHARE, Window, is_enough
from analytics.steps import Step
from analytics.texts import Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from analytics.inputs import Period, Site
    from analytics.series import Series

_STEP = Step.TEN_MINUTES.length
#: A level that was reached holds until the river is this far below it, m …
FALL = 0.10
#: … or has been below it for this many steps: 30 min.
HOLD = 3
_HOUR_AGO = HOUR // _STEP
#: The longest sampling interval whose hour-ago value is within the window.
_SLOWEST = HOUR
# Heights are told to the millimetre; what is below that is the noise of double arithmetic.
_NOISE = 1e-9


@dataclass(frozen=True)
class AlertLevels:
    """A station's one to three levels in m above its datum, ascending."""

    levels: tuple[float, ...]
    datum: str

    @classmethod
    def of(cls, properties: Mapping[str, Any], day: date) -> AlertLevels | None:
        """Read the property `alert_levels` as it is in force on a day; None where there are none.

        It is an object with `levels`, `datum` and, if it has not always been in force, `valid_from`; or a
        list of such objects, of which the one that came into force last counts.
        """
        told = properties.get("alert_levels")
        entries = [e for e in (told if isinstance(told, list) else [told]) if isinstance(e, dict)]
        in_force = [(_since(e), e) for e in entries if (_since(e) or date.max) <= day]
        if not in_force:
            return None
        entry = max(in_force, key=lambda found: found[0] or date.min)[1]
        levels = entry.get("levels")
        return cls(tuple(map(float, levels)), str(entry.get("datum", ""))) if _is_levels(levels) else None


def _since(entry: Mapping[str, Any]) -> date | None:
    """Return from when an entry is in force; None where its date can't be read, which is never."""
    try:
        return date.fromisoformat(entry.get("valid_from", date.min.isoformat()))
    except (TypeError, ValueError):
        return None


def _is_levels(levels: object) -> TypeGuard[list[float]]:
    if not isinstance(levels, list) or not 1 <= len(levels) <= 3:
        return False
    numbers = [n for n in levels if isinstance(n, (int, float)) and not isinstance(n, bool)]
    return len(numbers) == len(levels) and all(map(math.isfinite, numbers)) and sorted(set(numbers)) == levels


def alert_state(levels: Sequence[float], heights: Sequence[float | None]) -> int:
    """Return how many levels are reached: 0 to len(levels).

    Going up counts at once. Going down counts when the river is FALL below the level, or has been below it
    for HOLD steps: so the state depends on no more than the last HOLD steps, and needs no memory.

    Args:
        levels: m, ascending.
        heights: of consecutive steps, m, the oldest first; None for a step without a value, the last has one.
    """
    return sum(_is_reached(level, heights) for level in levels)


def _is_reached(level: float, heights: Sequence[float | None]) -> bool:
    is_reached, steps_below = False, HOLD
    for height in heights:
        steps_below += 1
        if height is None:
            continue
        if height >= level - _NOISE:
            is_reached, steps_below = True, 0
        elif steps_below >= HOLD or height <= level - FALL + _NOISE:
            is_reached = False
    return is_reached


def situation(levels: Sequence[float], height: float, state: int, hour_ago: float | None) -> dict[str, Any]:
    """Return what explains a state: distances in m, the share of the way, the rise and the time it leaves.

    Args:
        levels: m, ascending.
        height: m above the same datum.
        state: how many levels are reached.
        hour_ago: the height an hour before, if it is known.
    """
    found: dict[str, Any] = {"state": state}
    if state:
        found["above_m"] = half_up(height - levels[state - 1], 3)
    rise = None if hour_ago is None else half_up(height - hour_ago, 3)
    if rise is not None:
        found["rise_m_per_h"] = rise
    if state < len(levels):
        left = levels[state] - height
        found["to_next_m"] = half_up(left, 3)
        if state:
            way = (height - levels[state - 1]) / (levels[state] - levels[state - 1])
            found["share_to_next"] = half_up(max(0.0, way), 4)
        if rise is not None and rise > 0:
            found["hours_to_next"] = half_up(left / rise, 4)
    return found


def height_at(series: Series, end: Window) -> tuple[float | None, float]:
    """Return the mean height of a step, and the share of its values that is there.

    A station that measures less often than a step has the height of its last interval.
    """
    window = end.last(max(_STEP, timedelta(seconds=series.interval_s)))
    values, share = series.good(window), series.completeness(window)
    if not len(values) or not is_enough(share, MINIMUM_SHARE):
        return None, share
    return half_up(float(values.mean()), 3), share


def back(window: Window, steps: int) -> Window:
    """Return the step that lies so many steps before."""
    shift = steps * window.length
    return Window(window.start - shift, window.end - shift)


def _example(h: float, levels: Sequence[float], h_1h_ago: float) -> dict[str, Any]:
    return situation(levels, h, alert_state(levels, [h]), h_1h_ago)


@indicator(
    code="level_alert",
    name_en="River level against the alert levels",
    name_vi="Mực nước so với báo động I-III",
    unit="1",
    inputs=("river_level",),
    step=Step.TEN_MINUTES,
    # An hour ago, and before that the longest sampling interval.
    window=HOUR + _SLOWEST,
    min_completeness=MINIMUM_SHARE,
    area_rule=Text("the station with the highest state", "trạm có trạng thái cao nhất"),
    area=worst,
    decimals=0,
    version=1,
    source=Source(
        Text(
            "Decision 05/2020/QĐ-TTg on flood alert levels",
            "Quyết định 05/2020/QĐ-TTg về mực nước tương ứng với các cấp báo động lũ",
        ),
        Text("alert levels I to III of a station", "mức báo động I đến III của trạm"),
        2020,
        Trust.SECONDARY,
        Text(
            "The decision's own table was not read: each station's levels and their datum are "
            "configuration, its property `alert_levels`, dated where they changed. Ten-minute means, "
            "and the way down (0.10 m below the level, or 30 min below it), are halong's rule.",
            "Chưa đọc được bảng của chính quyết định: các mức của từng trạm và hệ cao độ là cấu hình, "
            "thuộc tính `alert_levels` của trạm, ghi ngày khi thay đổi. Trung bình mười phút và cách hạ "
            "mức (thấp hơn mức 0,10 m, hoặc ở dưới mức 30 phút) là quy ước của halong.",
        ),
    ),
    categories=(
        Category("below_i", "Below alert level I", "Dưới báo động I", "#2E86DE", 0),
        Category("alert_i", "Alert level I", "Báo động I", "#FFFF00", 1),
        Category("alert_ii", "Alert level II", "Báo động II", "#FF7E00", 2),
        Category("alert_iii", "Alert level III", "Báo động III", "#FF0000", 3),
    ),
    crosswalk=crosswalk("level"),
    examples=(
        Example(
            case="river, levels of Cẩm Lệ",
            ours=_example,
            inputs={"h": 1.84, "levels": [1.0, 1.7, 2.5], "h_1h_ago": 1.66},
            expected={
                "state": 2,
                "above_m": 0.14,
                "share_to_next": 0.175,
                "rise_m_per_h": 0.18,
                "hours_to_next": 3.6667,
            },
            source="computed by hand; the levels as press reports give them",
        ),
    ),
)
def level_alert(site: Site, period: Period) -> SiteValue:
    """Number of alert levels that the river has reached at a station, 0 to 3.

    A level is reached as soon as the mean of ten minutes is not below it, and left when the river is 0.10 m
    below it or has been below it for 30 min: the same observations always give the same state. Details: the
    height and its datum, the distance to the level reached and to the next one, the share of the way between
    them, the rise in the hour, and the hours to the next level at that rate. No value without alert levels.

    vi: Số mức báo động mà mực nước sông tại trạm đã đạt tới, từ 0 đến 3. Một mức được coi là đạt ngay khi
    trung bình mười phút không thấp hơn mức đó, và được coi là hết khi mực nước thấp hơn mức đó 0,10 m hoặc đã
    ở dưới mức đó 30 phút: cùng số liệu luôn cho cùng trạng thái. Phần chi tiết: mực nước và hệ cao độ, khoảng
    cách tới mức đã đạt và tới mức kế tiếp, tỷ lệ quãng đường giữa hai mức, cường suất lên trong một giờ và số
    giờ tới mức kế tiếp theo cường suất ấy. Không có giá trị nếu trạm chưa khai báo mức báo động.
    """
    series, known = site.series["river_level"], AlertLevels.of(site.properties, period.day)
    suspect = series.suspects(period.step)
    heights = [height_at(series, back(period.step, n))[0] for n in reversed(range(HOLD))]
    height, share = height_at(series, period.step)
    if height is None:
        return SiteValue(site.code, None, share, Reason.INSUFFICIENT_DATA, suspect=suspect)
    if known is None:
        return SiteValue(site.code, None, share, Reason.NO_ALERT_LEVELS, suspect=suspect)
    state = alert_state(known.levels, heights)
    hour_ago, _ = height_at(series, back(period.step, _HOUR_AGO))
    details = {"height_m": height, "datum": known.datum, "levels_m": list(known.levels)}
    details |= situation(known.levels, height, state, hour_ago)
    return SiteValue(site.code, float(state), share, suspect=suspect, details=details)
