"""The explanation of a value: its revisions, and how it comes about from observations."""

from datetime import date, datetime
from typing import Any

from pydantic import Field

from api.schemas.common import Model
from api.schemas.series import Source


class Revision(Model):
    """A stored value of the step."""

    revision: int
    value: float | None
    category: str | None = Field(description="Code of the class.")
    reason: str | None
    completeness: float
    details: dict[str, Any]
    version: int = Field(description="Version of the formula by which it was computed.")
    computed_at: datetime
    superseded_at: datetime | None = Field(description="Null: in force.")


class Recomputed(Model):
    """The value computed from the observations for this answer, by the formula of today."""

    value: float | None
    category: str | None
    reason: str | None
    completeness: float
    details: dict[str, Any]


class Input(Model):
    """What a station measured in the time that the indicator reads."""

    code: str = Field(description="Observed property; for a month or year, the indicator of its days.")
    start: datetime = Field(description="From when values are read.")
    end: datetime
    interval_s: int = Field(description="Expected distance of two values.")
    expected: float = Field(description="Values that the interval promises.")
    good: int = Field(description="Values used.")
    suspect: int = Field(description="Values left out.")
    hours: int = Field(description="Hours with at least one good value.")
    first: datetime | None
    last: datetime | None
    flags: dict[str, int] = Field(description="Values flagged by quality control, by rule.")


class Station(Model):
    """A station's own value, with the numbers between its observations and the value."""

    code: str
    value: float | None
    completeness: float
    reason: str | None
    weight: float | None
    suspect: int
    details: dict[str, Any] = Field(description="Intermediate numbers, such as NowCast and its w.")
    inputs: list[Input]


class Part(Model):
    """A step that a longer one is made of: a day of a month, at a station."""

    station: str
    indicator: str
    time: datetime
    label: str
    value: float | None = Field(description="The value that entered.")
    recomputed: float | None = Field(description="The same computed from the observations for this answer.")
    reason: str | None
    completeness: float
    agrees: bool


class Rule(Source):
    """The rule set with what it says of the step's day."""

    trust_vi: str
    version: int
    valid_from: date | None
    valid_to: date | None
    area_rule: str
    area_rule_vi: str
    min_completeness: float
    limit: float | None = Field(description="Limit in force on the step's day, in the indicator's unit.")
    limit_since: date | None


class Explanation(Model):
    """Why a value is what it is."""

    indicator: str
    name_en: str
    name_vi: str
    unit: str = Field(description="UCUM")
    description: str
    description_vi: str
    area: str
    area_name_en: str
    area_name_vi: str
    time: datetime = Field(description="Start of the step.")
    period: str = Field(description="Length of the step, ISO 8601.")
    period_end: datetime
    day: date
    label: str = Field(description="As of a value.")
    as_of: datetime | None
    stored: Revision | None = Field(description="The revision in force, or at `as_of`; null: none was known.")
    revisions: list[Revision]
    recomputed: Recomputed
    equal: bool | None = Field(description="Whether the recomputed value equals the stored one.")
    differences: list[str] = Field(description="Fields in which they differ.")
    why_different: str
    stations: list[Station]
    missing: dict[str, str] = Field(description="Stations without a value, with their reasons.")
    parts: list[Part]
    rule: Rule
    cite_as: str | None = Field(description="A finished citation; null where no value was stored.")
    cite_as_vi: str | None


_REVISION: dict[str, Any] = {
    "revision": 1,
    "value": 41,
    "category": "good",
    "reason": None,
    "completeness": 0.98,
    "details": {"station": "ha-long-air-1", "dominant": "pm2_5"},
    "version": 1,
    "computed_at": "2026-11-22T01:02:00Z",
    "superseded_at": None,
}
_DETAILS: dict[str, Any] = {
    "nowcast": {"pm2_5": {"value": 20.266, "w": 0.6134, "hours": 12}},
    "dominant": "pm2_5",
    "sub_indices": {"pm2_5": 41},
}
EXAMPLE: dict[str, Any] = {
    "indicator": "vn_aqi_h",
    "name_en": "Hourly air quality index (VN_AQI)",
    "name_vi": "Chỉ số chất lượng không khí giờ (VN_AQI giờ)",
    "unit": "1",
    "description": "Largest of the sub-indices that are there; one of PM2.5 and PM10 must be.",
    "description_vi": "Giá trị lớn nhất trong các chỉ số con tính được; phải có ít nhất PM2.5 hoặc PM10.",
    "area": "193",
    "area_name_en": "Ha Long City",
    "area_name_vi": "Thành phố Hạ Long",
    "time": "2026-11-22T00:00:00Z",
    "period": "PT1H",
    "period_end": "2026-11-22T01:00:00Z",
    "day": "2026-11-22",
    "label": "08:00",
    "as_of": None,
    "stored": _REVISION,
    "revisions": [_REVISION],
    "recomputed": {
        name: _REVISION[name] for name in ("value", "category", "reason", "completeness", "details")
    },
    "equal": True,
    "differences": [],
    "why_different": "",
    "stations": [
        {
            "code": "ha-long-air-1",
            "value": 41,
            "completeness": 0.98,
            "reason": None,
            "weight": None,
            "suspect": 1,
            "details": _DETAILS,
            "inputs": [
                {
                    "code": "pm2_5",
                    "start": "2026-11-21T13:00:00Z",
                    "end": "2026-11-22T01:00:00Z",
                    "interval_s": 300,
                    "expected": 144,
                    "good": 143,
                    "suspect": 1,
                    "hours": 12,
                    "first": "2026-11-21T13:00:00Z",
                    "last": "2026-11-22T00:55:00Z",
                    "flags": {"spike": 1},
                }
            ],
        }
    ],
    "missing": {},
    "parts": [],
    "rule": {
        "document": "Decision 1459/QĐ-TCMT, Vietnam Environment Administration",
        "document_vi": "Quyết định 1459/QĐ-TCMT, Tổng cục Môi trường",
        "clause": "VN_AQI by the hour",
        "clause_vi": "VN_AQI giờ",
        "year": 2019,
        "trust": "read in the standard or a full transcription of it",
        "trust_vi": "đọc trong chính văn bản quy định hoặc bản chép đầy đủ",
        "note": "",
        "note_vi": "",
        "version": 1,
        "valid_from": "2019-11-12",
        "valid_to": None,
        "area_rule": "the worst valid station; the decision itself defines the index of a station only",
        "area_rule_vi": "trạm hợp lệ xấu nhất; quyết định chỉ định nghĩa chỉ số của trạm",
        "min_completeness": 0.75,
        "limit": None,
        "limit_since": None,
    },
    "cite_as": (
        "Hourly air quality index (VN_AQI) (vn_aqi_h version 1; Decision 1459/QĐ-TCMT, Vietnam Environment "
        "Administration, VN_AQI by the hour), Ha Long City (193, in force from 2020-01-01), 2026-11-22 "
        "07:00–08:00 (+07:00): 41, completeness 98 %, revision 1; halong, as of 2026-11-22T01:02:00Z"
    ),
    "cite_as_vi": (
        "Chỉ số chất lượng không khí giờ (VN_AQI giờ) (vn_aqi_h phiên bản 1; Quyết định 1459/QĐ-TCMT, Tổng "
        "cục Môi trường, VN_AQI giờ), Thành phố Hạ Long (193, có hiệu lực từ 2020-01-01), 2026-11-22 "
        "07:00–08:00 (+07:00): 41, mức đủ dữ liệu 98 %, bản 1; halong, theo số liệu lúc 2026-11-22T01:02:00Z"
    ),
}
