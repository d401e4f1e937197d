"""Unknown things: what gateways name and the registry has not."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.common import Model
from devices.model import CODE
from devices.unknown import LONGEST_INTERVAL_S, Proposal, UnknownThing, Wishes

State = Literal["waiting", "accepted", "ignored"]
STATE_TEXT = (
    "`waiting` for somebody; `accepted`: registered, its refused messages are stored; `ignored`: refused on."
)
Code = Annotated[str, Field(pattern=f"^{CODE.pattern}$")]
Seconds = Annotated[int, Field(ge=1, le=LONGEST_INTERVAL_S)]


class UnknownProperty(Model):
    """What was seen of one property; values in `unit` as sent."""

    code: str
    unit: str | None = Field(description="As sent; null: that of the observed property.")
    readings: int
    minimum: float
    maximum: float
    accepted: bool
    problem: str | None = Field(description="Why it can be no datastream; null: it can.")


class ProposedDatastream(Model):
    """A datastream that it would have."""

    observed_property: str
    unit: str = Field(description="UCUM")
    sampling_interval_s: int = Field(description="As the times of its readings tell it.")


class ProposedThing(Model):
    """What it would be."""

    name: str
    kind: str
    latitude: float = Field(description="Its gateway's, if nothing else is said.")
    longitude: float
    model: str | None
    registered: bool = Field(description="The registry has it already: only datastreams would be new.")
    datastreams: list[ProposedDatastream]


class UnknownThingDetail(Model):
    """A device of a gateway that is unknown, or has properties that are."""

    id: int
    gateway: str
    device: str = Field(description="As it was sent.")
    source: Literal["native", "lorawan", "sparkplug"]
    state: State = Field(description=STATE_TEXT)
    first_seen: datetime
    last_seen: datetime
    messages: int = Field(description="Refused ones that name it.")
    would_be: ProposedThing
    problem: str | None = Field(description="Why it cannot be accepted, and what to do; null: it can.")
    properties: list[UnknownProperty]
    decided_at: datetime | None
    decided_by: str | None = Field(description="The key's name; `automatic`: within its gateway's limits.")
    note: str
    replayed: int = Field(description="Refused messages that went through ingest again.")
    replaying: bool = Field(description="More may follow.")


class Acceptance(BaseModel):
    """What to register otherwise than it is guessed; all may be left out."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str | None = Field(default=None, pattern=r"\S", max_length=200)
    kind: Code | None = Field(default=None, description="Such as `air_station`.")
    latitude: float | None = Field(default=None, ge=-90, le=90)
    longitude: float | None = Field(default=None, ge=-180, le=180)
    model: Code | None = Field(default=None, description="Device model, which LoRaWAN devices need.")
    intervals: dict[Code, Seconds] = Field(default={}, description="Sampling intervals, s, by property.")
    only: list[Code] | None = Field(default=None, description="Properties; null: all that can be.")

    def wishes(self) -> Wishes:
        """Return it as the registry takes it."""
        only = None if self.only is None else frozenset(self.only)
        return Wishes(**self.model_dump(exclude={"only"}), only=only)


class Ignoring(BaseModel):
    """Why it is ignored."""

    model_config = ConfigDict(extra="forbid", strict=True)

    reason: str = Field(default="", max_length=2000)


def shown(unknown: UnknownThing, proposal: Proposal) -> dict[str, Any]:
    """Return an unknown thing as it is answered."""
    names = (
        "id", "gateway", "device", "source", "state", "first_seen", "last_seen", "messages", "decided_at",
        "decided_by", "note", "replayed",
    )  # fmt: skip
    return {name: getattr(unknown, name) for name in names} | {
        "replaying": unknown.is_replaying,
        "problem": proposal.problem,
        "properties": [_property(each, proposal) for each in unknown.properties],
        "would_be": _would_be(proposal),
    }


def _property(seen: Any, proposal: Proposal) -> dict[str, Any]:
    names = ("code", "unit", "readings", "minimum", "maximum")
    told = {"accepted": seen.is_accepted, "problem": proposal.left.get(seen.code)}
    return {name: getattr(seen, name) for name in names} | told


def _would_be(proposal: Proposal) -> dict[str, Any]:
    names = ("name", "kind", "latitude", "longitude", "model")
    streams = [
        {"observed_property": code, "unit": proposal.units[code], "sampling_interval_s": seconds}
        for code, seconds in proposal.intervals.items()
    ]
    told = {"registered": proposal.is_registered, "datastreams": streams}
    return {name: getattr(proposal, name) for name in names} | told


UNKNOWN: dict[str, Any] = {
    "id": 1,
    "gateway": "ha-long-1",
    "device": "aq-999",
    "source": "native",
    "state": "waiting",
    "first_seen": "2026-11-22T01:12:03Z",
    "last_seen": "2026-11-22T01:25:03Z",
    "messages": 14,
    "would_be": {
        "name": "aq-999",
        "kind": "air_station",
        "latitude": 20.961,
        "longitude": 107.046,
        "model": None,
        "registered": False,
        "datastreams": [{"observed_property": "pm2_5", "unit": "ug/m3", "sampling_interval_s": 60}],
    },
    "problem": None,
    "properties": [
        {
            "code": "pm2_5",
            "unit": None,
            "readings": 14,
            "minimum": 30.5,
            "maximum": 43.5,
            "accepted": False,
            "problem": None,
        }
    ],
    "decided_at": None,
    "decided_by": None,
    "note": "",
    "replayed": 0,
    "replaying": False,
}
ACCEPTED: dict[str, Any] = UNKNOWN | {
    "state": "accepted",
    "would_be": UNKNOWN["would_be"] | {"registered": True, "datastreams": []},
    "properties": [UNKNOWN["properties"][0] | {"accepted": True}],
    "decided_at": "2026-11-22T01:26:00Z",
    "decided_by": "installers of Hạ Long",
    "replaying": True,
}
IGNORED: dict[str, Any] = UNKNOWN | {
    "state": "ignored",
    "decided_at": "2026-11-22T01:26:00Z",
    "decided_by": "installers of Hạ Long",
    "note": "a test bench",
}
