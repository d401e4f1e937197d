"""Open data: how many of the inventoried data sets are published, and how many are open in the strict form.

A data set is a thing of the registry: the inventory is the profile's. Whoever looks after the data sets (a
script at the portal, a person) publishes how old each one's newest content is.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from analytics.crosswalk import crosswalk
from analytics.indicator import Example, Source, Trust, indicator
from analytics.results import AreaValue, SiteValue
from analytics.rounding import half_up
from analytics.steps import Step
from analytics.texts import HALONG, Text
from devices.open_data import LICENCES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from analytics.inputs import AreaUnit, Period, Site

#: An age that was told is believed for this long.
WINDOW = timedelta(days=2)


def is_published(properties: Mapping[str, Any], day: date) -> bool:
    """Tell whether a data set's property `published`, a date, has come."""
    try:
        return date.fromisoformat(properties.get("published", "")) <= day
    except (TypeError, ValueError):
        return False


def lacking(properties: Mapping[str, Any], age_d: float | None) -> list[str]:
    """Return what a published data set lacks to be open in the strict form, in words.

    Args:
        properties: of the data set: `licence` (SPDX), `machine_readable`, `updated_every_d` (days).
        age_d: of its newest content in days; None if nobody told it.
    """
    every = properties.get("updated_every_d")
    has_schedule = isinstance(every, (int, float)) and not isinstance(every, bool) and every > 0
    found = {
        "open licence": properties.get("licence") in LICENCES,
        "machine-readable form": properties.get("machine_readable") is True,
        "schedule": has_schedule,
        "update on schedule": has_schedule and age_d is not None and age_d <= float(every or 0),
    }
    return [what for what, is_there in found.items() if not is_there]


def shares(inventory: int, published: int, strict: int) -> dict[str, float]:
    """Return the shares of an inventory (> 0) that are published, and open in the strict form, in %."""
    return {"share_pct": 100 * published / inventory, "strict_share_pct": 100 * strict / inventory}


def share_published(_area: AreaUnit, sites: Sequence[SiteValue], _period: Period) -> AreaValue | None:
    """Return published over inventoried data sets, in %; the strict share and what lacks in the details."""
    if not sites:
        return None
    published = [s for s in sites if s.value]
    strict = [s for s in published if not s.details["lacking"]]
    found = shares(len(sites), len(published), len(strict))
    details: dict[str, Any] = {
        "inventory": len(sites),
        "published": len(published),
        "strict": len(strict),
        "strict_share_pct": half_up(found["strict_share_pct"], 3),
        "not_published": [s.site for s in sites if not s.value],
        "lacking": {s.site: s.details["lacking"] for s in published if s.details["lacking"]},
    }
    return AreaValue(found["share_pct"], details)


def _example(inventory: int, published: int, published_current_open_machine: int) -> dict[str, float]:
    return shares(inventory, published, published_current_open_machine)


@indicator(
    code="open_data_share",
    name_en="Open-data share",
    name_vi="Tỷ lệ dữ liệu mở",
    unit="%",
    inputs=("dataset_age",),
    step=Step.DAY,
    window=WINDOW,
    min_completeness=0.0,
    area_rule=Text("published over inventoried data sets", "số bộ dữ liệu đã công bố trên số bộ đã kiểm kê"),
    area=share_published,
    decimals=3,
    version=1,
    source=Source(
        HALONG,
        Text("published over inventoried data sets", "số bộ dữ liệu đã công bố trên số bộ đã kiểm kê"),
        None,
        Trust.OWN,
        Text(
            "The inventory is configuration: things with the observed property `dataset_age` and the "
            "properties `published`, `licence`, `machine_readable`, `updated_every_d`. Strict: "
            "published under an open licence, machine-readable and updated on its schedule. Vietnam's "
            "frame is Decree 47/2020/NĐ-CP, which was not read.",
            "Danh mục kiểm kê là cấu hình: các thiết bị có đại lượng `dataset_age` và các thuộc tính "
            "`published`, `licence`, `machine_readable`, `updated_every_d`. Nghĩa chặt: công bố theo "
            "giấy phép mở, máy đọc được và cập nhật đúng lịch. Khung pháp lý của Việt Nam là Nghị định "
            "47/2020/NĐ-CP, chưa được đọc.",
        ),
    ),
    crosswalk=crosswalk("open"),
    examples=(
        Example(
            case="inventory of 25 data sets",
            ours=_example,
            inputs={"inventory": 25, "published": 18, "published_current_open_machine": 15},
            expected={"share_pct": 72.0, "strict_share_pct": 60.0},
            source="computed by hand",
        ),
    ),
)
def open_data_share(site: Site, period: Period) -> SiteValue:
    """Data sets published over data sets inventoried on the date, in %.

    The details tell the share in the strict form (open licence, machine-readable, updated on schedule), which
    sets are not published, and what the others lack. The age of a set's content must have been told within
    two days, or its update counts as not on schedule.

    vi: Số bộ dữ liệu đã công bố trên số bộ dữ liệu đã kiểm kê tại ngày này, %. Phần chi tiết cho biết tỷ lệ
    theo nghĩa chặt (giấy phép mở, máy đọc được, cập nhật đúng lịch), những bộ chưa công bố và các bộ còn lại
    thiếu gì. Tuổi nội dung của một bộ phải được báo trong hai ngày gần nhất, nếu không thì coi là cập nhật
    không đúng lịch.
    """
    series = site.series["dataset_age"]
    ages = series.good(period.last(WINDOW))
    age = float(ages[-1]) if len(ages) else None
    details = {
        "lacking": lacking(site.properties, age),
        **({} if age is None else {"age_d": half_up(age, 2)}),
    }
    published = is_published(site.properties, period.day)
    suspect = series.suspects(period.step)
    return SiteValue(site.code, float(published), 1.0, suspect=suspect, details=details)
