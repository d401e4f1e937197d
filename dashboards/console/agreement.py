"""Whether it is the city or a sensor: how many stations of an area say what its alert says. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from api.queries import Row


class Verdict(StrEnum):
    """What the stations together say."""

    #: two or more break the rule, and are not suspect
    CITY = "city"
    #: one does, and others do not
    ONE = "one"
    #: those that do are suspect
    SENSOR = "sensor"
    #: there is no other station to compare with
    ALONE = "alone"
    #: their values are no measure of the area's: a sum, a rise, or none does
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Station:
    """One station in the step of an alert's last value."""

    code: str
    value: float | None
    reason: str | None
    #: observations that quality control flagged
    suspect: int
    breaks: bool


@dataclass(frozen=True)
class Agreement:
    """The stations of an alert, those that break its rule first."""

    stations: tuple[Station, ...] = ()
    verdict: Verdict = Verdict.UNKNOWN

    @property
    def breaking(self) -> int:
        """How many break the rule."""
        return sum(each.breaks for each in self.stations)

    @property
    def measured(self) -> int:
        """How many have a value."""
        return sum(each.value is not None for each in self.stations)


def agreement(alert: Row, rows: Sequence[Row]) -> Agreement:
    """Return what stations say of an alert: `rows` has thing, value, reason and suspect of each."""
    stations = [
        Station(row["thing"], row["value"], row["reason"], row["suspect"] or 0, _breaks(alert, row["value"]))
        for row in rows
    ]
    stations.sort(key=lambda each: (not each.breaks, each.value is None, each.code))
    return Agreement(tuple(stations), _verdict(alert, stations))


def _breaks(alert: Row, value: float | None) -> bool:
    if value is None or alert["threshold"] is None:
        return False
    if alert["kind"] == "above":
        return bool(value >= alert["threshold"])
    return alert["kind"] == "below" and bool(value <= alert["threshold"])


def _verdict(alert: Row, stations: Sequence[Station]) -> Verdict:
    values = [each.value for each in stations if each.value is not None]
    breaking = [each for each in stations if each.breaks]
    # A sum over stations lies outside of what each of them has.
    if not breaking or alert["value"] is None or not min(values) <= alert["value"] <= max(values):
        return Verdict.UNKNOWN
    if all(each.suspect for each in breaking):
        return Verdict.SENSOR
    if len(values) == 1:
        return Verdict.ALONE
    return Verdict.CITY if len(breaking) > 1 else Verdict.ONE
