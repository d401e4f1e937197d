"""What gateways name and the registry has not: what it would be, guessed from what was refused. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Final, Literal

from devices.model import is_code
from devices.units import conversion

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

State = Literal["waiting", "accepted", "ignored"]
Source = Literal["native", "lorawan", "sparkplug"]
#: who accepts what `automatic_acceptance` allows
AUTOMATIC: Final = "automatic"
#: messages after which a thing may be accepted without anybody: from one, no interval can be told
ENOUGH_MESSAGES: Final = 3
#: sampling intervals that devices are set to, s; one guessed any shorter would have it silent at once
_USUAL_S: Final = (
    10, 15, 20, 30, 60, 120, 180, 300, 600, 900, 1200, 1800, 3600, 7200, 10_800, 21_600, 43_200,
    86_400,
)  # fmt: skip
#: the longest sampling interval that is guessed or may be asked for, s
LONGEST_INTERVAL_S: Final = _USUAL_S[-1]
_SAY_MODEL: Final = "say its device model"
#: a clock and a network shift a reading by so much of an interval
_JITTER: Final = 0.2


class UnknownThingError(ValueError):
    """It cannot be accepted or ignored as asked; the message says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class SeenProperty:
    """What was seen of one property: values in `unit` as sent (None: the observed property's own)."""

    code: str
    unit: str | None
    readings: int
    minimum: float
    maximum: float
    #: of its newest readings, ascending
    times: Sequence[datetime]
    is_accepted: bool = False


@dataclass(frozen=True, kw_only=True)
class UnknownThing:
    """A device of a gateway that is unknown, or has properties that are."""

    id: int
    gateway: str
    device: str
    source: Source
    dev_eui: str | None
    first_seen: datetime
    last_seen: datetime
    messages: int
    state: State
    decided_at: datetime | None
    decided_by: str | None
    note: str
    #: messages that went into ingest again, and whether more may follow
    replayed: int
    is_replaying: bool
    properties: tuple[SeenProperty, ...]


@dataclass(frozen=True, kw_only=True)
class KnownProperty:
    """An observed property: UCUM unit, usual sampling interval in seconds, kind of thing that measures it."""

    unit: str
    sampling_interval_s: int
    device_kind: str


@dataclass(frozen=True, kw_only=True)
class KnownThing:
    """A thing that has the code already, with the observed properties of its datastreams."""

    gateway: str
    kind: str
    enabled: bool
    datastreams: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What the registry has that an unknown thing is seen against; latitude and longitude of its gateway."""

    latitude: float
    longitude: float
    properties: Mapping[str, KnownProperty]
    thing: KnownThing | None
    #: codes of device models, each with the observed properties of its fields
    models: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What somebody wants otherwise than it is guessed; None: as guessed.

    `intervals` are seconds by observed property; `only` are the properties to accept, None: all that can be.
    """

    name: str | None = None
    kind: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    model: str | None = None
    intervals: Mapping[str, int] = field(default_factory=dict)
    only: frozenset[str] | None = None


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """What a thing would be: its datastreams' intervals in seconds and units by observed property.

    `problem` says why it cannot be accepted, and what to do; `left` the same of single properties.
    """

    code: str
    name: str
    kind: str
    latitude: float
    longitude: float
    model: str | None
    is_registered: bool
    intervals: Mapping[str, int]
    units: Mapping[str, str]
    left: Mapping[str, str]
    problem: str | None

    def describe(self) -> str:
        """Return it in words, as `air_station with pm2_5 (ug/m3) every 60 s`."""
        if self.problem:
            return self.problem
        named = (f"{code} ({self.units[code]}) every {s} s" for code, s in self.intervals.items())
        what = f"{self.kind}, which is registered," if self.is_registered else self.kind
        return f"{what} with {', '.join(named) or 'nothing more'}"

    @property
    def verb(self) -> Literal["accept", "ignore"]:
        """What can be done: also a device of which only the model is missing can be accepted."""
        can_be = self.problem is None or self.problem.startswith(_SAY_MODEL)
        return "accept" if can_be else "ignore"


def propose(seen: UnknownThing, around: Surroundings, wishes: Wishes | None = None) -> Proposal:
    """Return what an unknown thing would be, as guessed and wished."""
    wishes, thing = wishes or Wishes(), around.thing
    left = {p.code: why for p in seen.properties if (why := _why_not(p, around.properties))}
    intervals = _intervals(seen, around, wishes, left)
    units = {code: around.properties[code].unit for code in intervals}
    kinds = Counter(around.properties[code].device_kind for code in intervals)
    guessed = next((kind for kind, _ in kinds.most_common(1)), "")
    return Proposal(
        code=seen.device,
        name=wishes.name or seen.device,
        kind=thing.kind if thing else wishes.kind or guessed,
        latitude=around.latitude if wishes.latitude is None else wishes.latitude,
        longitude=around.longitude if wishes.longitude is None else wishes.longitude,
        model=wishes.model,
        is_registered=thing is not None,
        intervals=intervals,
        units=units,
        left=left,
        problem=_problem(seen, around, wishes, left, intervals),
    )


def _intervals(
    seen: UnknownThing, around: Surroundings, wishes: Wishes, left: Mapping[str, str]
) -> dict[str, int]:
    has = around.thing.datastreams if around.thing else frozenset()
    times = {p.code: p.times for p in seen.properties}
    of_model = around.models.get(wishes.model or "", ())
    known = dict.fromkeys([*times, *(code for code in of_model if code in around.properties)])
    return {
        code: wishes.intervals.get(code)
        or interval_of(times.get(code, ()), around.properties[code].sampling_interval_s)
        for code in known
        if code not in left and code not in has and (wishes.only is None or code in wishes.only)
    }


def interval_of(times: Sequence[datetime], otherwise: int) -> int:
    """Return the sampling interval that times of readings tell, in seconds, or another one if they do not.

    The median of what lies between two of them, or the usual interval next to it; from 10 s to a day.
    """
    ordered = sorted(set(times))
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(ordered)]
    if not gaps:
        return otherwise
    told = median(gaps)
    nearest = min(_USUAL_S, key=lambda usual: abs(usual - told))
    if abs(nearest - told) <= _JITTER * told:
        return nearest
    return min(max(_USUAL_S[0], round(told)), LONGEST_INTERVAL_S)


def _why_not(seen: SeenProperty, properties: Mapping[str, KnownProperty]) -> str | None:
    """Return why a property can be no datastream."""
    known = properties.get(seen.code)
    if known is None:
        return "no observed property has this code: create one, or mend the firmware"
    if seen.unit is not None and conversion(seen.unit, known.unit) is None:
        return f"it is sent in {seen.unit!r}, which does not become {known.unit}: mend the firmware"
    return None


def _problem(
    seen: UnknownThing,
    around: Surroundings,
    wishes: Wishes,
    left: Mapping[str, str],
    intervals: Mapping[str, int],
) -> str | None:
    thing = around.thing
    if not is_code(seen.device):
        return "its name is no code ([a-z0-9][a-z0-9_.-]{0,63}): rename it in the firmware"
    if seen.source == "sparkplug":
        return "Sparkplug tells its metrics at birth: `halong devices import` registers it, a rebirth follows"
    if thing is not None and thing.gateway != seen.gateway:
        return f"{thing.gateway} has a thing of this code: rename one, or move it by `halong devices import`"
    if thing is not None and not thing.enabled:
        return "it is registered and disabled: enable it"
    return _wishes_problem(seen, around, wishes, intervals) or _nothing(seen, around, left, intervals)


def _wishes_problem(
    seen: UnknownThing, around: Surroundings, wishes: Wishes, intervals: Mapping[str, int]
) -> str | None:
    if wishes.model is not None and wishes.model not in around.models:
        return f"there is no device model {wishes.model!r}: one of {', '.join(sorted(around.models))}"
    if seen.source == "lorawan" and around.thing is None and wishes.model is None:
        return f"{_SAY_MODEL}: one of {', '.join(sorted(around.models)) or 'none is imported'}"
    asked = {*wishes.intervals, *(wishes.only or ())}
    if strange := sorted(asked - intervals.keys()):
        return f"{', '.join(strange)}: it has sent no such property that can be accepted"
    return None


def _nothing(
    seen: UnknownThing, around: Surroundings, left: Mapping[str, str], intervals: Mapping[str, int]
) -> str | None:
    """Return why nothing could be accepted; what is registered by now may be, for its replay."""
    waiting = [each.code for each in seen.properties if not each.is_accepted]
    if (
        seen.state == "accepted"
        or intervals
        or (around.thing is not None and (not waiting or not left.keys() >= {*waiting}))
    ):
        return None
    return "; ".join(f"{code}: {why}" for code, why in left.items()) or "it has sent nothing that is known"
