"""Maintenance windows."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from api.schemas.common import Model, if_given
from api.schemas.fields import KNOWN_BY, Code

_INSTANT = "RFC 3339 time, local date, or `now`"


class NewMaintenanceWindow(BaseModel):
    """Work to plan on one of `thing`, `gateway` and `area`."""

    model_config = KNOWN_BY

    thing: Code = if_given("On this thing.")
    gateway: Code = if_given("On this gateway and its things.")
    area: Annotated[str, Field(min_length=1, max_length=64)] = if_given("On all that stands in this area.")
    starts_at: str = Field(default="now", max_length=60, description=f"{_INSTANT}; left out: now.")
    ends_at: Annotated[
        str, Field(max_length=60, description=f"{_INSTANT}, or for how long: `PT4H`; a year at most.")
    ]
    reason: Annotated[str, Field(pattern=r"\S", max_length=2000, description="What is done.")]


class MaintenanceWindow(Model):
    """Planned work, during which no alert begins because a gateway is silent."""

    id: int
    thing: str | None
    gateway: str | None = Field(description="With its things.")
    area: str | None = Field(description="All that stands in it, in every generation of units.")
    starts_at: datetime
    ends_at: datetime = Field(description="Not included; as it begins: it was called off.")
    reason: str
    created_by: str
    created_at: datetime
    ended_by: str | None = Field(description="Who ended it before its time.")
    left_out: bool = Field(description="Availability leaves it out: it was planned before it began.")


WINDOW: dict[str, Any] = {
    "id": 1,
    "thing": None,
    "gateway": "ha-long-1",
    "area": None,
    "starts_at": "2026-12-01T01:00:00Z",
    "ends_at": "2026-12-01T05:00:00Z",
    "reason": "new mast",
    "created_by": "van of Hạ Long",
    "created_at": "2026-11-22T01:00:00Z",
    "ended_by": None,
    "left_out": True,
}
