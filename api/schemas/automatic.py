"""Automatic acceptance of unknown things."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from api.schemas.common import Model
from api.schemas.fields import KNOWN_BY

_ADay = Annotated[int, Field(ge=0, le=100_000)]


class Limits(BaseModel):
    """What may be accepted of a gateway in 24 hours without anybody."""

    model_config = KNOWN_BY

    things_per_day: Annotated[_ADay, Field(description="Things that may be created.")] = 5
    datastreams_per_day: Annotated[_ADay, Field(description="Datastreams, likewise.")] = 50


class AutomaticAcceptance(Model):
    """A gateway whose unknown things are accepted without anybody, after three messages."""

    gateway: str
    things_per_day: int
    datastreams_per_day: int
    set_by: str
    set_at: datetime


AUTOMATIC: dict[str, Any] = {
    "gateway": "ha-long-1",
    "things_per_day": 5,
    "datastreams_per_day": 50,
    "set_by": "van of Hạ Long",
    "set_at": "2026-11-22T01:00:00Z",
}
