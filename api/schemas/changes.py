"""Changes of the registry."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from api.schemas.common import Model

Kind = Literal[
    "city", "area", "area_succession", "observed_property", "device_model", "gateway", "thing", "datastream",
    "calibration", "sensor", "maintenance_window", "automatic_acceptance", "api_key", "gateway_password",
    "enrolment_token", "certificate", "mqtt_token", "console_session", "alert_rule", "forgotten_changes",
]  # fmt: skip


class RegistryChange(Model):
    """What one transaction made of one entry."""

    id: int
    time: datetime = Field(description="When its transaction began.")
    actor: str = Field(description="Who: a key, a person, or who typed a command.")
    request_id: str | None = Field(description="Of the request, as the log has it.")
    kind: Kind
    code: str = Field(description="What the entry is called; of a datastream `thing/property`.")
    action: Literal["create", "change", "delete"]
    fields: list[str] = Field(description="Those that differ.")
    before: dict[str, Any] | None = Field(description="Null: it was created. Secrets are digests.")
    after: dict[str, Any] | None = Field(description="Null: it was deleted.")


_STREAM: dict[str, Any] = {"thing": "ha-long-air-1", "observed_property": "pm2_5", "enabled": True}
CHANGE: dict[str, Any] = {
    "id": 4711,
    "time": "2026-11-22T01:00:00Z",
    "actor": "key 1a2b3c4d (installers of Hạ Long)",
    "request_id": "6f1c0a52f4b14b0b9d0c6a6f0f7d3b52",
    "kind": "datastream",
    "code": "ha-long-air-1/pm2_5",
    "action": "change",
    "fields": ["sampling_interval_s"],
    "before": {**_STREAM, "sampling_interval_s": 300},
    "after": {**_STREAM, "sampling_interval_s": 60},
}
