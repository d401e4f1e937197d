"""Alerts, their rules and silences."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.common import Model, if_given
from devices.alert_rules import MAX_MINUTES
from devices.model import CODE

State = Literal["pending", "active", "acknowledged", "silenced", "resolved"]
Severity = Literal["info", "warning", "critical"]
Kind = Literal["above", "below", "rise", "missing", "silent"]
Code = Annotated[str, Field(pattern=f"^{CODE.pattern}$")]
Name = Annotated[str, Field(pattern=r"\S", max_length=200)]
Minutes = Annotated[int, Field(ge=0, le=MAX_MINUTES)]


STATE_TEXT = (
    "`pending`: broken, not for long enough; `active`; `acknowledged`: somebody takes care; `silenced`: "
    "nobody is told for a time; `resolved`: over. `open`: active, acknowledged or silenced."
)


class Alert(Model):
    """A rule that was broken in an area. Values are in `unit`; those of `rise` in units an hour."""

    id: int
    state: Literal["inactive", "pending", "active", "acknowledged", "silenced", "resolved"]
    rule: str
    kind: Kind
    severity: Severity
    name_en: str
    name_vi: str
    indicator: str | None = Field(description="Null: the rule is about gateways.")
    unit: str | None = Field(description="UCUM")
    threshold: float | None
    gateway: str | None = Field(description="The gateway that is not heard; null: of another kind.")
    area: str
    area_name_en: str
    area_name_vi: str
    since: datetime = Field(
        description="End of the first step that broke the rule; when the gateway was last heard."
    )
    value: float | None = Field(description="The last one; null: missing.")
    value_end: datetime = Field(description="End of its step.")
    peak: float | None = Field(description="The worst one.")
    activated_at: datetime | None
    announced_at: datetime | None = Field(description="When the first were told; null: nobody was.")
    acknowledged: bool
    closed_at: datetime | None
    retrospective: bool = Field(description="Found in late data after it was over: nobody was told.")


class AlertHistoryLine(Model):
    """What happened to an alert; equal states are a note."""

    time: datetime
    before: str
    after: str
    cause: Literal["value", "gateway", "operator", "silence", "escalation", "rule", "late_revision"]
    actor: str = Field(description="Who; `halong` where nobody did it.")
    note: str
    value: float | None
    value_time: datetime | None = Field(description="Start of the value's step.")
    revision: int | None = Field(description="Revision of the value.")


class AlertNotification(Model):
    """Who was told, and whether it was taken."""

    channel: Literal["mqtt", "webhook", "email"]
    target: str = Field(description="Its name; the area's code for MQTT.")
    created_at: datetime
    sent_at: datetime | None
    gave_up_at: datetime | None
    attempts: int
    last_error: str | None


class AlertDetail(Alert):
    """An alert with its history."""

    history: list[AlertHistoryLine]
    notifications: list[AlertNotification]


class Acknowledgement(BaseModel):
    """What to change of an alert: it can be acknowledged."""

    model_config = ConfigDict(extra="forbid", strict=True)

    state: Literal["acknowledged"]
    note: str = Field(default="", max_length=2000, description="What is being done about it.")


class EscalationStep(BaseModel):
    """Whom to tell, so many minutes after the first ones if nobody has acknowledged."""

    model_config = ConfigDict(extra="forbid", strict=True, from_attributes=True)

    target: Code = Field(description="A name of HALONG_ALERT_TARGETS.")
    after_min: Minutes = 0


class AlertRuleChange(BaseModel):
    """Fields of a rule to change; the others stay."""

    model_config = ConfigDict(extra="forbid", strict=True)

    indicator: Code = if_given("None for the kind `silent`.")
    kind: Kind = if_given()
    threshold: float | None = Field(default=None, description="In the indicator's unit; of `rise`, an hour.")
    clear: float | None = Field(
        default=None, description="The alert ends on the other side of this; null: of the threshold."
    )
    hold_min: Minutes = if_given("Minutes for which it has to be broken; 0 if left out.")
    severity: Severity = if_given()
    name_en: Name = if_given()
    name_vi: Name = if_given()
    areas: list[Code] = if_given("Codes; empty: all that report.")
    levels: list[Literal["province", "district", "commune"]] = if_given("Levels of areas; empty: all.")
    escalation: list[EscalationStep] = if_given()
    enabled: bool = if_given()


class NewAlertRule(AlertRuleChange):
    """A rule to create."""

    code: Code
    kind: Kind
    severity: Severity
    name_en: Name
    name_vi: Name


class AlertRule(Model):
    """A rule over the values of an indicator, or over gateways."""

    code: str
    indicator: str | None = Field(description="Null: the rule is about gateways.")
    kind: Kind
    threshold: float | None
    clear: float | None
    hold_min: int
    severity: Severity
    name_en: str
    name_vi: str
    areas: list[str]
    levels: list[str]
    escalation: list[EscalationStep]
    enabled: bool
    version: int = Field(description="Rises with each change.")
    changed_by: str | None = Field(description="Null: as the city's profile has it.")
    changed_at: datetime


class NewAlertSilence(BaseModel):
    """A silence of a rule, an area, a rule in an area, or one alert."""

    model_config = ConfigDict(extra="forbid", strict=True)

    rule: str | None = None
    area: str | None = Field(default=None, description="This area's code; its parts are not meant.")
    alert: int | None = Field(default=None, ge=1, le=2**63 - 1)
    ends_at: str = Field(
        min_length=1, description="A time with its offset, or a duration from the present such as PT6H."
    )
    reason: str = Field(pattern=r"\S", max_length=2000)


class AlertSilence(Model):
    """A time for which nobody is told."""

    id: int
    rule: str | None
    area: str | None
    alert: int | None
    starts_at: datetime
    ends_at: datetime
    reason: str
    created_by: str
    created_at: datetime
    ended_by: str | None = Field(description="Who ended it before its time.")


ALERT: dict[str, Any] = {
    "id": 1,
    "state": "acknowledged",
    "rule": "air_bad",
    "kind": "above",
    "severity": "warning",
    "name_en": "Air quality bad or worse",
    "name_vi": "Chất lượng không khí xấu trở lên",
    "indicator": "vn_aqi_h",
    "unit": "1",
    "threshold": 151,
    "gateway": None,
    "area": "193",
    "area_name_en": "Ha Long City",
    "area_name_vi": "Thành phố Hạ Long",
    "since": "2026-11-22T01:00:00Z",
    "value": 162,
    "value_end": "2026-11-22T02:00:00Z",
    "peak": 171,
    "activated_at": "2026-11-22T01:01:35Z",
    "announced_at": "2026-11-22T01:01:35Z",
    "acknowledged": True,
    "closed_at": None,
    "retrospective": False,
}
_LINE: dict[str, Any] = {
    "time": "2026-11-22T01:01:35Z",
    "before": "inactive",
    "after": "active",
    "cause": "value",
    "actor": "halong",
    "note": "",
    "value": 158,
    "value_time": "2026-11-22T00:00:00Z",
    "revision": 1,
}
_TOLD: dict[str, Any] = {
    "channel": "webhook",
    "target": "operators",
    "created_at": "2026-11-22T01:01:35Z",
    "sent_at": "2026-11-22T01:01:36Z",
    "gave_up_at": None,
    "attempts": 1,
    "last_error": None,
}
ALERT_DETAIL: dict[str, Any] = ALERT | {"history": [_LINE], "notifications": [_TOLD]}
RULE: dict[str, Any] = {
    "code": "air_bad",
    "indicator": "vn_aqi_h",
    "kind": "above",
    "threshold": 151,
    "clear": 145,
    "hold_min": 0,
    "severity": "warning",
    "name_en": "Air quality bad or worse",
    "name_vi": "Chất lượng không khí xấu trở lên",
    "areas": [],
    "levels": ["district"],
    "escalation": [{"target": "operators", "after_min": 0}],
    "enabled": True,
    "version": 1,
    "changed_by": None,
    "changed_at": "2026-11-20T00:00:00Z",
}
SILENCE: dict[str, Any] = {
    "id": 1,
    "rule": "air_bad",
    "area": "193",
    "alert": None,
    "starts_at": "2026-11-22T01:00:00Z",
    "ends_at": "2026-11-22T07:00:00Z",
    "reason": "burning of straw, known",
    "created_by": "duty desk",
    "created_at": "2026-11-22T01:00:00Z",
    "ended_by": None,
}
