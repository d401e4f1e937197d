"""Why a value is what it is: its revisions, and the same value computed from observations again. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from analytics.citation import citation, subject
from analytics.rounding import half_up
from analytics.texts import Text, both
from analytics.written import figure, share

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from analytics.indicator import Indicator
    from analytics.inputs import Period
    from analytics.results import Value
    from analytics.steps import Step

#: fields of a value by which the stored one and the recomputed one are compared
_COMPARED = ("value", "category", "reason", "completeness", "details")


@dataclass(frozen=True)
class Place:
    """An area by its code, its names and its first day."""

    code: str
    name_en: str
    name_vi: str
    valid_from: date

    @property
    def text(self) -> Text:
        """The area as it is cited."""
        return Text(
            f"{self.name_en} ({self.code}, in force from {self.valid_from})",
            f"{self.name_vi} ({self.code}, có hiệu lực từ {self.valid_from})",
        )


@dataclass(frozen=True)
class Revision:
    """A stored value of the step; `superseded_at` is None for the one in force."""

    revision: int
    value: float | None
    category: str | None
    reason: str | None
    completeness: float
    details: Mapping[str, Any]
    version: int
    computed_at: datetime
    superseded_at: datetime | None

    def is_known(self, at: datetime) -> bool:
        """Tell whether this was the answer at an instant."""
        return self.computed_at <= at and (self.superseded_at is None or self.superseded_at > at)


@dataclass(frozen=True)
class Input:
    """What a station measured within the window that the indicator reads; counts of observations.

    For an indicator made of others, `code` is theirs and a value a step is counted.
    """

    code: str
    start: datetime
    end: datetime
    interval_s: int
    expected: float
    good: int
    suspect: int
    #: hours of the window with at least one good value
    hours: int
    first: datetime | None
    last: datetime | None
    #: observations of the window that quality control has flagged, by rule
    flags: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Station:
    """A station's own value, with the numbers between its observations and the value."""

    code: str
    value: float | None
    completeness: float
    reason: str | None
    weight: float | None
    suspect: int
    details: Mapping[str, Any]
    inputs: tuple[Input, ...]


@dataclass(frozen=True)
class Part:
    """A step that a longer one is made of: a day of a month, at a station.

    `value` entered the longer step, `recomputed` is computed from the observations for the explanation.
    """

    station: str
    indicator: str
    start: datetime
    label: str
    value: float | None
    recomputed: float | None
    reason: str | None
    completeness: float

    @property
    def agrees(self) -> bool:
        """Tell whether the two are equal."""
        return self.value == self.recomputed

    def to_json(self) -> dict[str, Any]:
        """Return the part with `agrees`."""
        fields = asdict(self)
        return {"station": fields.pop("station"), "time": fields.pop("start"), "agrees": self.agrees} | fields


@dataclass(frozen=True)
class Explanation:
    """An indicator's value in an area and step: what is stored, and how it comes about."""

    indicator: Indicator
    area: Place
    period: Period
    #: the revision known at this instant is explained; None: the one in force
    as_of: datetime | None
    revisions: tuple[Revision, ...]
    recomputed: Value
    stations: tuple[Station, ...]
    parts: tuple[Part, ...] = ()

    @property
    def stored(self) -> Revision | None:
        """The revision that is explained; None where there was none."""
        if self.as_of is None:
            return next((r for r in self.revisions if r.superseded_at is None), None)
        return next((r for r in self.revisions if r.is_known(self.as_of)), None)

    @property
    def step(self) -> Step:
        """The indicator's step."""
        return self.indicator.step

    @property
    def measured_from(self) -> datetime:
        """From when on what was measured is looked at: of a 24 h mean, 24 h before the end of the step."""
        return self.step.inputs_from(self.period.start, self.indicator.window)

    @property
    def span(self) -> str:
        """The step by the city's clock: 2026-11-22 12:00–13:00 (+07:00), 2026-11-22 (+07:00)."""
        return self.step.span(self.period.start, self.period.zone)

    @property
    def differences(self) -> list[str]:
        """The fields in which the recomputed value is not the stored one."""
        stored = self.stored
        if stored is None:
            return []
        names = [n for n in _COMPARED if _plain(getattr(stored, n)) != _plain(getattr(self.recomputed, n))]
        return names + (["version"] if stored.version != self.indicator.version else [])

    @property
    def why_different(self) -> str:
        """What may have made the recomputed value another than the stored one; empty where it is the same."""
        stored = self.stored
        if stored is None or not self.differences:
            return ""
        if stored.version != self.indicator.version:
            return f"the formula was version {stored.version}, it is {self.indicator.version}"
        if stored.superseded_at is not None:
            return "a later revision superseded it"
        return (
            "observations, devices or areas have changed since it was computed, and it is not computed again"
        )

    @property
    def missing(self) -> dict[str, str]:
        """Stations without a value, with their reasons."""
        return {s.code: str(s.reason) for s in self.stations if s.value is None}

    @property
    def limits(self) -> list[tuple[date, float]]:
        """The limit in force on the step's day with its first day; empty where the indicator has none."""
        return [each for each in self.indicator.limits if each[0] <= self.period.day][-1:]

    @property
    def cite_as(self) -> Text | None:
        """How the stored value is cited; None where there was none."""
        stored, of = self.stored, self.indicator
        if stored is None:
            return None
        value, complete = figure(stored.value, stored.reason, of.unit), share(stored.completeness)
        told = Text(
            f"{value.en}, completeness {complete.en}, revision {stored.revision}",
            f"{value.vi}, mức đủ dữ liệu {complete.vi}, bản {stored.revision}",
        )
        what = subject(of.code, stored.version, Text(of.name_en, of.name_vi), of.source.cited)
        return citation(what, self.area.text, self.span, self.as_of or stored.computed_at, told)

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON values, with datetimes as they are."""
        zone, start = self.period.zone, self.period.start
        return {
            "indicator": self.indicator.code,
            "name_en": self.indicator.name_en,
            "name_vi": self.indicator.name_vi,
            "unit": self.indicator.unit,
            **both("description", self.indicator.description),
            "area": self.area.code,
            "area_name_en": self.area.name_en,
            "area_name_vi": self.area.name_vi,
            "time": start,
            "period": self.step.iso,
            "period_end": self.step.after(start, zone),
            "day": self.step.day(start, zone),
            "label": self.step.label(start, zone),
            "as_of": self.as_of,
            "stored": self.stored and asdict(self.stored),
            "revisions": [asdict(revision) for revision in self.revisions],
            "recomputed": asdict(self.recomputed),
            "equal": None if self.stored is None else not self.differences,
            "differences": self.differences,
            "why_different": self.why_different,
            "stations": [asdict(station) for station in self.stations],
            "missing": self.missing,
            "parts": [part.to_json() for part in self.parts],
            "rule": self._rule(),
            "cite_as": self.cite_as and self.cite_as.en,
            "cite_as_vi": self.cite_as and self.cite_as.vi,
        }

    def _rule(self) -> dict[str, Any]:
        declared, limits = self.indicator, self.limits
        return declared.source.json() | {
            **both("trust", declared.source.trust.text),
            "version": declared.version,
            "valid_from": declared.valid_from,
            "valid_to": declared.valid_to,
            **both("area_rule", declared.area_rule),
            "min_completeness": half_up(declared.min_completeness, 6),
            "limit": limits[0][1] if limits else None,
            "limit_since": limits[0][0] if limits else None,
        }


def _plain(value: Any) -> Any:
    """Return a value as it is after having been stored as JSON: keys in any order, tuples as lists."""
    if isinstance(value, dict) or hasattr(value, "items"):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return str(value) if isinstance(value, str) else value
