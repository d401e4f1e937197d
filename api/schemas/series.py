"""Indicators and their values, refusals, status."""

from datetime import date, datetime
from typing import Any, Literal

from pydantic import Field

from api.schemas.common import Model


class Category(Model):
    """A class of an indicator's values."""

    code: str
    name_en: str
    name_vi: str
    colour: str = Field(description="#RRGGBB, as the standard prints it where it does.")
    lower: float | None = Field(
        default=None,
        description="Lowest value of the class, in the indicator's unit; null where a dated limit or "
        "another rule decides.",
    )


class Source(Model):
    """Where a rule comes from, and how far its wording could be checked."""

    document: str
    document_vi: str = ""
    clause: str
    clause_vi: str = ""
    year: int | None
    trust: str = Field(description="How far the wording could be checked.")
    note: str = ""
    note_vi: str = ""


class Equivalent(Model):
    """The indicator of another standard that this one answers, or is an input of."""

    standard: str
    clause: str
    name: str
    trust: str = Field(description="How far clause and name could be checked.")


class Indicator(Model):
    """How a number about the city is computed."""

    code: str
    name_en: str
    name_vi: str
    description: str = ""
    description_vi: str = ""
    unit: str = Field(description="UCUM")
    period: str = Field(
        description="Length of a step, ISO 8601: PT10M, PT15M, PT1H, P1D, P1M or P1Y, cut in local time."
    )
    step_s: int = Field(description="The same in seconds; a month counts as 30 days, a year as 365.")
    window_s: int = Field(description="How far the inputs reach back from the end of a step, in seconds.")
    version: int = Field(description="Version of the formula.")
    inputs: list[str] = Field(description="Observed properties; `*`: counts of all observations.")
    of: list[str] = Field(description="Indicators whose values are the inputs: the days of a month.")
    source: Source | None
    crosswalk: list[Equivalent] = Field(description="Where other standards ask for the same.")
    categories: list[Category]
    declaration: dict[str, Any] = Field(
        description="Description, inputs, source and clause, area rule, limits."
    )


class IndicatorName(Model):
    """An indicator in the head of its values."""

    code: str
    name_en: str
    name_vi: str
    unit: str = Field(description="UCUM")
    period: str = Field(description="Length of a step, ISO 8601.")
    step_s: int
    window_s: int


class IndicatorValue(Model):
    """An indicator of an area for one step."""

    indicator: str
    area: str
    area_name_en: str
    area_name_vi: str
    area_valid_from: date = Field(description="With the code it names the area for good.")
    latitude: float = Field(description="Centre of the area, WGS 84.")
    longitude: float
    time: datetime = Field(description="Start of the step.")
    period_start: datetime = Field(
        description="Start of what was measured for it: end of the step less the window."
    )
    period_end: datetime = Field(description="End of the step; of a month and a year by the calendar.")
    day: date = Field(description="Local date that holds the step's last instant: the day of its 24th hour.")
    label: str = Field(
        description="What reports call the step, in local time: an hour or a shorter step by its **end** on "
        "`day`, 01:00 … 24:00, as Decision 1459/QĐ-TCMT does; a day, month or year by its date: 2026-11-22, "
        "2026-11, 2026. `time` stays the start."
    )
    value: float | None = Field(description="Null where it could not be computed: `reason` says why.")
    unit: str = Field(description="UCUM")
    category: Category | None
    reason: str | None
    completeness: float = Field(description="Share of the expected observations that were there, 0 to 1.")
    details: dict[str, Any]
    version: int = Field(description="Version of the formula.")
    revision: int = Field(description="Rises by one when a recomputation changes the value.")
    computed_at: datetime
    stands_for: list[str] = Field(
        default=[],
        description="Codes of areas that were asked for and have no values of their own: this one, of a unit "
        "that they came from or went into, stands for them.",
    )


class NamedArea(Model):
    """An area in the head of values."""

    code: str
    valid_from: date
    valid_to: date | None
    level: str
    name_en: str
    name_vi: str


class DerivedArea(NamedArea):
    """An area whose values stand for another's."""

    is_main: bool = Field(description="Most of the later unit's land came from the earlier one.")
    land_share: float | None = Field(
        description="Share of the larger unit's land that the smaller has; null where it came from several."
    )


class DerivedFrom(Model):
    """An area without values of its own in a part of the period, and whose values stand for it."""

    area: str
    area_valid_from: date
    indicators: list[str]
    start: datetime | None = Field(serialization_alias="from", description="Null: at any time.")
    end: datetime | None = Field(serialization_alias="to")
    relation: Literal["predecessor", "successor"]
    derived_from: list[DerivedArea]


class IndicatorValues(Model):
    """Values of an indicator, by area and then by time."""

    indicator: IndicatorName
    time_zone: str = Field(description="IANA name of the zone in which days and steps are cut.")
    derived_from: list[DerivedFrom] = Field(default=[], description="Where values are of other areas.")
    start: datetime = Field(serialization_alias="from", description="Start of the period, included.")
    end: datetime = Field(serialization_alias="to", description="End of the period, excluded.")
    as_of: datetime | None = Field(description="Null: as known today.")
    items: list[IndicatorValue]
    next: str | None = Field(default=None, description="Path and query of the next page; null on the last.")


class Refusal(Model):
    """What could not be stored as it was sent: one row a message and reason."""

    id: int
    time: datetime = Field(description="When it came.")
    gateway: str = Field(description="As the topic says; the registry may not know it.")
    topic: str
    seq: int | None
    reason: str
    at: str = Field(description="JSONPath of the first place.")
    detail: str
    count: int = Field(description="Readings that it stands for.")
    stored: bool = Field(description="True: kept, marked as suspect.")
    replayed_at: datetime | None = Field(
        description="When the message went through ingest again, for what it names was accepted; null: open."
    )
    replayed_by: str | None
    payload: str | None
    payload_encoding: Literal["utf-8", "base64"] | None
    payload_size: int = Field(description="Bytes of the whole payload.")
    payload_complete: bool


class Freshness(Model):
    """How fresh the data are."""

    newest_observation: datetime | None = Field(description="By time of measuring.")
    newest_observation_age_s: float | None
    newest_indicator_value: datetime | None = Field(description="Start of its step.")


class Rates(Model):
    """What happened in the last minutes."""

    minutes: int
    observations: int = Field(description="Measured in these minutes and stored.")
    observations_per_s: float
    datastreams_active: int
    refused_messages: int
    refused_readings: int


class Status(Model):
    """How the whole city is doing."""

    time: datetime
    counts: dict[str, int]
    gateways: dict[str, int] = Field(description="Enabled gateways by state.")
    freshness: Freshness
    rates: Rates


PERIOD: dict[str, Any] = {"from": "2026-11-21T01:00:00Z", "to": "2026-11-22T01:00:00Z"}
CATEGORY: dict[str, Any] = {
    "code": "moderate",
    "name_en": "Moderate",
    "name_vi": "Trung bình",
    "colour": "#FFFF00",
    "lower": 51,
}
NAME: dict[str, Any] = {
    "code": "vn_aqi_h",
    "name_en": "Air quality index, hourly (VN_AQI)",
    "name_vi": "Chỉ số chất lượng không khí giờ (VN_AQI)",
    "unit": "1",
    "period": "PT1H",
    "step_s": 3600,
    "window_s": 43200,
}
INDICATOR: dict[str, Any] = NAME | {
    "description": "Largest sub-index of the pollutants.",
    "description_vi": "Chỉ số con lớn nhất của các chất ô nhiễm.",
    "version": 1,
    "inputs": ["pm2_5", "pm10"],
    "of": [],
    "source": {
        "document": "Decision 1459/QĐ-TCMT, Vietnam Environment Administration",
        "document_vi": "Quyết định 1459/QĐ-TCMT, Tổng cục Môi trường",
        "clause": "VN_AQI by the hour",
        "clause_vi": "VN_AQI giờ",
        "year": 2019,
        "trust": "read in the standard or a full transcription of it",
        "note": "Rounding half up gives 59 where the decision's example prints 60.",
        "note_vi": "Làm tròn nửa lên cho 59 trong khi ví dụ của quyết định ghi 60.",
    },
    "crosswalk": [],
    "categories": [CATEGORY],
    "declaration": {"description": "Largest sub-index of the pollutants.", "inputs": ["pm2_5", "pm10"]},
}
VALUE: dict[str, Any] = {
    "indicator": "vn_aqi_h",
    "area": "193",
    "area_name_en": "Ha Long City",
    "area_name_vi": "Thành phố Hạ Long",
    "area_valid_from": "2020-01-01",
    "latitude": 21.0904,
    "longitude": 107.0289,
    "time": "2026-11-22T00:00:00Z",
    "period_start": "2026-11-21T13:00:00Z",
    "period_end": "2026-11-22T01:00:00Z",
    "day": "2026-11-22",
    "label": "08:00",
    "value": 62,
    "unit": "1",
    "category": CATEGORY,
    "reason": None,
    "completeness": 0.98,
    "details": {"dominant": "pm2_5"},
    "version": 1,
    "revision": 1,
    "computed_at": "2026-11-22T01:02:00Z",
    "stands_for": [],
}
HEAD: dict[str, Any] = PERIOD | {"time_zone": "Asia/Ho_Chi_Minh", "as_of": None, "derived_from": []}
VALUES: dict[str, Any] = HEAD | {"indicator": NAME, "items": [VALUE], "next": None}
REFUSAL: dict[str, Any] = {
    "id": 17,
    "time": "2026-11-22T01:00:03Z",
    "gateway": "ha-long-1",
    "topic": "city/v1/ha-long-1/up/observations",
    "seq": 4711,
    "reason": "value_out_of_range",
    "at": "$.readings[0].pm2_5",
    "detail": "pm2_5 = 31200 ug/m3 is above 1000",
    "count": 1,
    "stored": True,
    "replayed_at": None,
    "replayed_by": None,
    "payload": '{"seq": 4711, "readings": [{"device": "ha-long-air-1", "time": 1795309200000, '
    '"pm2_5": 31200}]}',
    "payload_encoding": "utf-8",
    "payload_size": 95,
    "payload_complete": True,
}
STATUS: dict[str, Any] = {
    "time": "2026-11-22T01:00:05Z",
    "counts": {
        "areas": 68,
        "gateways": 26,
        "things": 270,
        "datastreams": 900,
        "indicators": 11,
        "messages": 52000,
    },
    "gateways": {"online": 25, "silent": 1, "offline": 0, "never_heard": 0},
    "freshness": {
        "newest_observation": "2026-11-22T01:00:03Z",
        "newest_observation_age_s": 2.1,
        "newest_indicator_value": "2026-11-22T00:00:00Z",
    },
    "rates": {
        "minutes": 5,
        "observations": 5400,
        "observations_per_s": 18.0,
        "datastreams_active": 890,
        "refused_messages": 1,
        "refused_readings": 1,
    },
}
