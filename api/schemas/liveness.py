"""Whether things and gateways are there, and how much of a period they were."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from api.schemas.common import Model

State = Literal["online", "silent", "never_heard"]
STATE_TEXT = (
    "`silent`: nothing was measured for two of its shortest sampling intervals, and at least a minute; "
    "`never_heard`: nothing ever was."
)


class Liveness(Model):
    """Whether a thing measures as often as its sampling intervals say."""

    thing: str
    gateway: str
    state: State = Field(description=STATE_TEXT)
    expected_s: int = Field(description="Shortest sampling interval of its enabled datastreams.")
    newest: datetime | None = Field(description="Time of its newest observation.")


class Gone(Model):
    """A time in which something was not there."""

    start: datetime
    end: datetime
    why: Literal["silent", "offline", "unknown"] = Field(
        description="`offline`: as the gateway or its will said; `unknown`: halong was not listening."
    )


class Availability(Model):
    """How much of a period a thing or a gateway was there."""

    gateway: str | None
    thing: str | None
    start: datetime = Field(description="Not before it was registered, unless it was heard before.")
    end: datetime
    availability: float | None = Field(description="Share of what is known, 0 to 1; null: nothing is.")
    gone: list[Gone]


LIVENESS: dict[str, Any] = {
    "thing": "ha-long-air-1",
    "gateway": "ha-long-1",
    "state": "online",
    "expected_s": 300,
    "newest": "2026-11-22T01:15:00Z",
}
AVAILABILITY: dict[str, Any] = {
    "gateway": None,
    "thing": "ha-long-air-1",
    "start": "2026-11-21T00:00:00Z",
    "end": "2026-11-22T00:00:00Z",
    "availability": 0.9375,
    "gone": [{"start": "2026-11-21T04:10:00Z", "end": "2026-11-21T05:40:00Z", "why": "silent"}],
}
