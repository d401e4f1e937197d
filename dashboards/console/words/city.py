"""Words of the map and the indicators."""

from __future__ import annotations

from typing import Final

#: key -> (Vietnamese, English)
CITY: Final[dict[str, tuple[str, str]]] = {
    "indicator": ("Chỉ số", "Indicator"),
    "areas": ("Địa bàn", "Areas"),
    "area": ("Địa bàn", "Area"),
    "value": ("Giá trị", "Value"),
    "completeness": ("Đủ dữ liệu", "Complete"),
    "completeness_of": ("Đủ {share} dữ liệu", "{share} of the data"),
    "map": ("Bản đồ", "Map"),
    "map_label": ("Bản đồ địa bàn theo {indicator}", "Map of the areas by {indicator}"),
    "schematic": ("Sơ đồ, không phải địa giới", "Schematic cells, not boundaries"),
    "legacy": (
        "Địa bàn trước khi sắp xếp ngày {date}",
        "Areas as before the reorganisation of {date}",
    ),
    "legend": ("Chú giải", "Legend"),
    "no_unit": ("không đơn vị", "no unit"),
    "range": ("{low} đến {high}", "{low} to {high}"),
    "no_value": ("Không có giá trị", "No value"),
    "until": ("đến {time}", "until {time}"),
    "outdated": ("cũ: đến {time}", "old: until {time}"),
    "chart_hours": ("48 giờ qua", "last 48 hours"),
    "chart_days": ("60 ngày qua", "last 60 days"),
    "chart_months": ("24 tháng qua", "last 24 months"),
    "chart_years": ("các năm đã có", "years known"),
    "chart_label": ("Biểu đồ {indicator}, {area}, {span}", "Chart of {indicator}, {area}, {span}"),
    "chart_summary": (
        "Thấp nhất {low}, cao nhất {high}; {missing} trên {steps} bước không có giá trị.",
        "Lowest {low}, highest {high}; {missing} of {steps} steps have no value.",
    ),
    "chart_empty": ("{span}: không có giá trị nào", "{span}: no value"),
    "chart_away": (
        "{span}: chưa đọc được, cơ sở dữ liệu không trả lời",
        "{span}: could not be read, the database does not answer",
    ),
    "limit": ("Giới hạn {value}", "Limit {value}"),
    "source": ("Nguồn: {source}", "Source: {source}"),
    "stands_for": ("Giá trị của {area}, dùng thay cho {units}", "Values of {area}, which stand for {units}"),
    "stands_in": ("thay cho {units}", "stands for {units}"),
    "domain_other": ("Khác", "Other"),
}  # fmt: skip
