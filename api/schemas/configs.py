"""Desired configurations of gateways."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.common import Model

State = Literal["applied", "pending", "refused", "drifted", "unreported"]
STATE_TEXT = (
    "`applied`: the gateway has it; `pending`: it reports an older version; `refused`: it could not apply "
    "it; `drifted`: it reports what it was not told; `unreported`: it says nothing of a configuration."
)


class ConfigChange(BaseModel):
    """What is to change of a gateway's configuration."""

    model_config = ConfigDict(extra="forbid", strict=True)

    devices: dict[str, dict[str, Any] | None] = Field(
        default={},
        description="By code: `enabled`, and `intervals` in s by observed property, which the registry's "
        "sampling intervals follow. A merge patch (RFC 7396): null removes.",
    )
    settings: dict[str, Any] = Field(default={}, description="What they mean, the firmware says; likewise.")
    note: str = Field(default="", max_length=2000, description="Why.")
    version: int | None = Field(
        default=None, description="Refused with 409 unless this is the newest version; 0: there is none."
    )
    dry_run: bool = Field(default=False, description="Change nothing, and tell what would be.")


class ConfigResult(Model):
    """What a change makes of a configuration."""

    version: int
    changed: bool = Field(description="False: it says so already.")
    before: dict[str, Any]
    after: dict[str, Any]


class GatewayConfig(Model):
    """What a gateway is to be configured as, and what it reports. Null: there is none."""

    gateway: str
    state: State = Field(description=STATE_TEXT)
    version: int | None
    hash: str | None
    config: dict[str, Any] | None
    created_at: datetime | None
    created_by: str | None
    note: str | None
    published_at: datetime | None = Field(description="When the broker first had it.")
    reported_version: int | None
    reported_hash: str | None
    reported_at: datetime | None
    error: str | None = Field(description="Why the gateway could not apply it.")


class ConfigVersion(Model):
    """One version of a configuration."""

    version: int
    hash: str
    config: dict[str, Any]
    created_at: datetime
    created_by: str
    note: str
    published_at: datetime | None


class GatewayConfigDetail(GatewayConfig):
    """A configuration with its versions, the newest first."""

    versions: list[ConfigVersion]


_CONFIG: dict[str, Any] = {"devices": {"ha-long-air-1": {"intervals": {"pm2_5": 60}}}}
_HASH = "1d5f6c0b2a63f8d44c9b0f4c1ad1a8d5f1f6d6c3f1f1c9dd3f0a1b2c3d4e5f60"
_VERSION: dict[str, Any] = {
    "version": 7,
    "hash": _HASH,
    "config": _CONFIG,
    "created_at": "2026-11-22T01:15:00Z",
    "created_by": "Minh",
    "note": "dust from the quarry",
    "published_at": "2026-11-22T01:15:00.050Z",
}
CONFIG: dict[str, Any] = _VERSION | {
    "gateway": "ha-long-1",
    "state": "applied",
    "reported_version": 7,
    "reported_hash": _HASH,
    "reported_at": "2026-11-22T01:15:00.400Z",
    "error": None,
}
CONFIG_DETAIL: dict[str, Any] = CONFIG | {"versions": [_VERSION]}
RESULT: dict[str, Any] = {"version": 7, "changed": True, "before": {}, "after": _CONFIG}
