"""Crowds: people present in a place of one or more counted gates, and how dense they are."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from analytics.crosswalk import crosswalk
from analytics.indicator import Category, Source, Trust, indicator
from analytics.indicators.people import IN, OUT, QUARTER, balance, is_fine, present, quarters, suppress
from analytics.known import Known
from analytics.results import AreaValue, Reason
from analytics.rounding import half_up
from analytics.series import MINIMUM_SHARE, Window, to_datetime, to_micros
from analytics.steps import Step
from analytics.texts import HALONG, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from analytics.indicator import SiteFunction
    from analytics.inputs import AreaUnit, Period, Site
    from analytics.results import SiteValue
    from analytics.series import Series, Values

#: From the closing before a step's first quarter of an hour, a day of 25 h at most, until its end.
_WINDOWS = {Step.QUARTER_HOUR: timedelta(hours=25), Step.DAY: timedelta(hours=49)}
CATEGORIES = (
    Category("comfortable", "Comfortable", "Thoáng", "#00E400", 0),
    Category("dense", "Dense", "Đông", "#FFFF00", 2),
    Category("dangerous", "Dangerously dense", "Quá đông, nguy hiểm", "#FF0000", 4),
)


def busiest(_area: AreaUnit, sites: Sequence[SiteValue], period: Period) -> AreaValue | None:
    """Return the largest value of a perimeter; one of which a gate has no value has none itself."""
    perimeters: dict[str, list[SiteValue]] = defaultdict(list)
    for site in sites:
        perimeters[str(site.details["perimeter"])].append(site)
    known = {
        name: _perimeter(gates, period)
        for name, gates in perimeters.items()
        if all(gate.value is not None for gate in gates)
    }
    if not known:
        return None
    top = max(known, key=lambda name: known[name][0])
    value, details = known[top]
    missing = {"missing": sorted(set(perimeters) - set(known))} if len(known) < len(perimeters) else {}
    values = {name: half_up(found[0], 4) for name, found in known.items()}
    return AreaValue(value, {"perimeter": top, **details, "values": values, **missing})


def _perimeter(gates: Sequence[SiteValue], period: Period) -> tuple[float, dict[str, Any]]:
    """Return a perimeter's largest value in the step, by m² where its size is known, and what explains it."""
    track = present([np.array(gate.details["balance"]) for gate in gates])
    highest = int(track.argmax())
    people, size = float(track[highest]), gates[0].details.get("area_m2")
    at = to_datetime(period.step.start) + (highest + 1) * QUARTER
    details = {"present": people, "at": at.isoformat(), "gates": len(gates), "suppress": suppress(people)}
    return people / (size or 1), details | ({"area_m2": size} if size else {})


_SOURCE = Source(
    HALONG,
    Text("entered less left since closing", "số vào trừ số ra kể từ lúc đóng cửa"),
    None,
    Trust.OWN,
    Text(
        "Σ in - Σ out since the last closing, the thing's property `closing_hour` (local, 0 by "
        "default): counters drift, so it starts from 0 there. Things with the same property `perimeter` "
        "are the gates of one place and are added; a thing without it is a place of its own. `area_m2` "
        "is the size of the place. 75 % of the counts since closing are needed in both directions, at "
        "intervals of 15 min at most. Classes of density are general knowledge: comfortable below 2 "
        "people per m², dangerous from 4.",
        "Σ vào - Σ ra kể từ lần đóng cửa gần nhất, thuộc tính `closing_hour` của thiết bị (giờ địa "
        "phương, mặc định 0): bộ đếm bị trôi nên bắt đầu lại từ 0 ở giờ đó. Các thiết bị có cùng thuộc "
        "tính `perimeter` là các cổng của một nơi và được cộng lại; thiết bị không có thuộc tính này tự "
        "là một nơi. `area_m2` là diện tích của nơi đó. Phải có 75 % số lần đếm kể từ lúc đóng cửa ở cả "
        "hai chiều, cách nhau nhiều nhất 15 phút. Các mức mật độ là kiến thức chung: thoáng khi dưới 2 "
        "người/m², nguy hiểm từ 4.",
    ),
)


def _declare(
    code: str, name_en: str, name_vi: str, unit: str, step: Step, **more: Any
) -> Callable[[SiteFunction], SiteFunction]:
    return indicator(
        code=code,
        name_en=name_en,
        name_vi=name_vi,
        unit=unit,
        inputs=(IN, OUT),
        step=step,
        window=_WINDOWS[step],
        min_completeness=MINIMUM_SHARE,
        area_rule=Text(
            "the perimeter with the largest value, if all its gates have one; perimeters are not added",
            "khu vực có giá trị lớn nhất, nếu mọi cổng của nó đều có giá trị; không cộng các khu vực",
        ),
        area=busiest,
        version=1,
        source=_SOURCE,
        crosswalk=crosswalk("people"),
        **more,
    )


@_declare(
    "people_present", "People present", "Số người có mặt", "{person}", step=Step.QUARTER_HOUR, decimals=0
)
def people_present(site: Site, period: Period) -> SiteValue:
    """People inside at the end of the quarter of an hour: entered less left since closing.

    At a gate the balance, which people who leave by another gate make negative; in a perimeter 0 at least.

    vi: Số người ở bên trong vào cuối khắc (15 phút): số vào trừ số ra kể từ lúc đóng cửa. Ở một cổng, hiệu số
    có thể âm vì người ta ra bằng cổng khác; ở cả khu vực thì không nhỏ hơn 0.
    """
    return _inside(site, period, sized=False)


@_declare(
    "people_density",
    "Density of people",
    "Mật độ người",
    "{person}/m2",
    step=Step.QUARTER_HOUR,
    decimals=3,
    categories=CATEGORIES,
)
def people_density(site: Site, period: Period) -> SiteValue:
    """People present at the end of the quarter of an hour by the perimeter's size, in people per m².

    vi: Số người có mặt vào cuối khắc (15 phút) chia cho diện tích khu vực, người/m².
    """
    return _inside(site, period, sized=True)


@_declare(
    "people_density_peak_d",
    "Peak density of people of the day",
    "Mật độ người cao nhất trong ngày",
    "{person}/m2",
    step=Step.DAY,
    decimals=3,
    categories=CATEGORIES,
)
def people_density_peak_d(site: Site, period: Period) -> SiteValue:
    """Largest density at the end of a quarter of an hour of the day, in people per m².

    vi: Mật độ lớn nhất vào cuối một khắc (15 phút) trong ngày, người/m².
    """
    return _inside(site, period, sized=True)


def _inside(site: Site, period: Period, *, sized: bool) -> SiteValue:
    counts = [s for name in (IN, OUT) if (s := site.series.get(name)) is not None and is_fine(s)]
    closings = _closings(site, period)
    since = Window(closings[0], period.step.end)
    share = min(series.completeness(since) for series in counts) if len(counts) == 2 else 0.0
    known = Known(site.code, share, sum(series.suspects(since) for series in counts))
    place, size = site.properties.get("perimeter", site.code), site.number("area_m2") if sized else 1.0
    if size is None:
        return known.missing(Reason.NO_AREA_SIZE, perimeter=place)
    if not known.enough:
        return known.missing(perimeter=place)
    track = _track(counts[0], counts[1], closings, period)
    details = {"perimeter": place, "balance": track.tolist()} | ({"area_m2": size} if sized else {})
    return known.value(float(track.max()) / size, **details)


def _track(entered: Series, left: Series, closings: Sequence[int], period: Period) -> Values:
    """Return the balance at the end of each quarter of an hour of the step, from 0 at each closing."""
    ends = [*closings[1:], period.step.end]
    parts = [Window(start, end) for start, end in zip(closings, ends, strict=True)]
    tracks = [balance(quarters(entered, part), quarters(left, part)) for part in parts]
    return np.concatenate(tracks)[-len(period.step.split(QUARTER)) :]


def _closings(site: Site, period: Period) -> list[int]:
    """Return the closings that matter in a step: the last one before its first quarter, and those within."""
    given = site.properties.get("closing_hour")
    hour = given if isinstance(given, int) and 0 <= given <= 23 else 0
    first = (period.start + QUARTER).astimezone(period.zone)
    at = first.replace(hour=hour, minute=0, second=0, microsecond=0)
    at = at if at < first else at - timedelta(days=1)
    found = []
    while to_micros(at) < period.step.end:
        found.append(to_micros(at))
        at += timedelta(days=1)
    return found
