"""Words of the water and weather dashboard."""

from __future__ import annotations

from typing import Final

#: word -> (vi, en)
WORDS: Final[dict[str, tuple[str, str]]] = {
    "water_board": ("Nước và thời tiết", "Water and weather"),
    "water_board_about": (
        "Mưa, sông so với mức báo động, biển, gió và chất lượng nước.",
        "Rain, rivers against alert levels, the sea, wind and water quality.",
    ),
    "row_rain": ("Mưa", "Rain"),
    "row_rivers": ("Sông và mức báo động", "Rivers and alert levels"),
    "row_sea": ("Biển", "Sea"),
    "row_weather": ("Thời tiết", "Weather"),
    "row_water_quality": ("Chất lượng nước sông", "Quality of river water"),
    "levels": ("Trạm mực nước: số đọc mới nhất và mức báo động", "Gauges: newest reading and alert levels"),
    "levels_about": (
        "Mức báo động khai báo cho từng trạm. Trạm triều không có: không nguồn nào nêu mức của chúng.",
        "Alert levels as configured for each gauge. Tide gauges have none: no source states any.",
    ),
    "no_levels": ("Không có mức báo động", "No alert levels"),
    "station": ("Trạm", "Station"),
    "height": ("Mực nước", "Height"),
    "reached": ("Trạng thái", "State"),
    "level_1": ("Báo động I", "Alert level I"),
    "level_2": ("Báo động II", "Alert level II"),
    "level_3": ("Báo động III", "Alert level III"),
    "datum": ("Mốc cao độ", "Datum"),
    "above_first_level": ("Mực nước sông trên báo động I", "River level above alert level I"),
    "above_first_level_about": (
        "Dưới đường nét đứt: dưới báo động I của chính trạm đó.",
        "Below the dashed line: below the alert level I of that gauge.",
    ),
    "sea_level": ("Mực nước biển", "Sea level"),
    "sea_level_about": (
        "Trên mực triều thiên văn thấp nhất. Trạm triều không có mức báo động.",
        "Above the lowest astronomical tide. Tide gauges have no alert levels.",
    ),
    "air_temperature": ("Nhiệt độ không khí", "Air temperature"),
    "relative_humidity": ("Độ ẩm tương đối", "Relative humidity"),
    "air_pressure": ("Khí áp tại trạm", "Station air pressure"),
}
