"""Firmware of gateways, and its roll-outs."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.common import Model


class Firmware(Model):
    """A version, how many gateways report it, and what is offered of it where it can be."""

    version: str = Field(description="Empty: they do not say.")
    gateways: int = Field(description="Enabled ones that report it.")
    can_be_offered: bool
    url: str | None
    size: int | None = Field(description="Bytes.")
    sha256: str | None
    signature: str | None = Field(description="Ed25519 over the manifest, base64.")
    public_key: str | None = Field(description="Of who signed it, base64.")
    created_at: datetime | None
    created_by: str | None


class NewRollout(BaseModel):
    """Firmware that is to be offered, to whom and in which stages."""

    model_config = ConfigDict(extra="forbid", strict=True)

    version: str = Field(max_length=64)
    stages: list[int] = Field(
        default=[5, 25, 100], min_length=1, max_length=20, description="Shares, %, that rise to 100."
    )
    area: str | None = Field(default=None, description="Only gateways of this area.")
    settle_s: int = Field(
        default=1800, ge=1, le=2_000_000, description="To come back within, and then to be there for."
    )
    max_failed: int = Field(default=5, ge=0, le=100, description="%; more that fail halt it.")
    dry_run: bool = Field(
        default=False, description="Begin nothing, and tell how many would be in each stage."
    )


class RolloutPlan(Model):
    """What a roll-out reaches. Null: it was not begun."""

    id: int | None
    gateways: list[int] = Field(description="How many, by stage.")


class Rollout(Model):
    """A roll-out, and how many gateways in reach are how far."""

    id: int
    version: str
    stages: list[int]
    stage: int = Field(description="The one that it is in, from 1.")
    settle_s: int
    max_failed: int
    state: Literal["running", "halted", "stopped", "done"] = Field(
        description="`halted`: too many gateways failed, and offers that were not followed are taken back."
    )
    reason: str
    created_at: datetime
    created_by: str
    ended_at: datetime | None
    waiting: int
    offered: int
    updated: int
    failed: int


class RolloutGateway(Model):
    """A gateway of a roll-out."""

    gateway: str
    stage: int
    state: Literal["waiting", "offered", "updated", "failed"]
    before: str | None = Field(description="The firmware that it had.")
    present: str | None
    offered_at: datetime | None
    ended_at: datetime | None
    reason: str


class RolloutDetail(Rollout):
    """A roll-out with its gateways, by stage."""

    gateways: list[RolloutGateway]


FIRMWARE: dict[str, Any] = {
    "version": "1.5.0",
    "gateways": 12,
    "can_be_offered": True,
    "url": "https://fw.example/1.5.0.bin",
    "size": 734_003,
    "sha256": "5c9d6f0b2a63f8d44c9b0f4c1ad1a8d5f1f6d6c3f1f1c9dd3f0a1b2c3d4e5f60",
    "signature": "d5Xh…",
    "public_key": "0wNt…",
    "created_at": "2026-11-20T02:00:00Z",
    "created_by": "Minh",
}
ROLLOUT: dict[str, Any] = {
    "id": 1,
    "version": "1.5.0",
    "stages": [5, 25, 100],
    "stage": 2,
    "settle_s": 1800,
    "max_failed": 5,
    "state": "running",
    "reason": "",
    "created_at": "2026-11-22T01:00:00Z",
    "created_by": "Minh",
    "ended_at": None,
    "waiting": 150,
    "offered": 38,
    "updated": 12,
    "failed": 0,
}
ROLLOUT_DETAIL: dict[str, Any] = ROLLOUT | {
    "gateways": [
        {
            "gateway": "ha-long-1",
            "stage": 1,
            "state": "updated",
            "before": "1.4.2",
            "present": "1.5.0",
            "offered_at": "2026-11-22T01:00:02Z",
            "ended_at": "2026-11-22T01:03:10Z",
            "reason": "",
        }
    ]
}
PLAN: dict[str, Any] = {"id": 1, "gateways": [10, 40, 150]}
