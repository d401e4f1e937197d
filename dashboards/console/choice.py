"""What a person looks at, as the address of the page says it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from api.rights import Right

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dashboards.console.snapshot import Snapshot

#: the one for a screen that nobody touches: the bar has no way to it, and it shows no bar
WALL: Final = "wall"
#: the views of the page; the first is shown where none is asked for
VIEWS: Final = ("map", "work", "planner", WALL)
#: the right that each takes
NEEDED: Final[Mapping[str, Right]] = {
    "map": Right.INDICATORS, "work": Right.RAW, "planner": Right.INDICATORS, WALL: Right.INDICATORS,
}  # fmt: skip
#: what the address says for one view alone, by view; the view itself judges it
OWN: Final[Mapping[str, tuple[str, ...]]] = {
    "map": ("at", "layers", "zoom"),
    "work": ("commands",),
    "planner": ("indicators", "areas", "period", "from", "to", "with", "as_of"),
    WALL: ("boards", "indicators", "every"),
}
#: what the panel at the side may be of
DETAILS: Final = ("alert", "gateway", "thing", "refusal")
#: the indicator that is shown first
_PREFERRED: Final = "vn_aqi_h"


@dataclass(frozen=True)
class Detail:
    """What the panel at the side is of: its kind and code; of a thing, which property is drawn."""

    kind: str
    code: str
    drawn: str | None = None


@dataclass(frozen=True)
class Choice:
    """A view, an area's code, an indicator's code, and what stands at the side.

    own: what the address says for views of their own, by key.
    unit: code of the unit that was asked for, if the area stands for it. unknown: what was asked for and does
    not exist, each as (key of the words that say so, code).
    """

    area: str | None = None
    indicator: str | None = None
    unit: str | None = None
    view: str = VIEWS[0]
    detail: Detail | None = None
    own: Mapping[str, str] = field(default_factory=dict)
    unknown: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Choice:
        """Return what an address asks for, unsettled."""
        detail = next(
            (Detail(kind, query[kind], query.get("drawn")) for kind in DETAILS if query.get(kind)), None
        )
        view = query.get("view") or VIEWS[0]
        own = {key: query[key] for key in OWN.get(view, ()) if key in query}
        return cls(query.get("area"), query.get("indicator"), view=view, detail=detail, own=own)

    def settle(self, snapshot: Snapshot) -> Choice:
        """Return the choice with what stands for a unit, and the first that exists for what does not."""
        registry, unknown = snapshot.registry, []
        stand_in = registry.stand_ins.get(self.area or "")
        area = str(stand_in["area"]) if stand_in else self.area
        if area is None or registry.area(area) is None:
            unknown += [("no_such_area", area)] if area else []
            area = next(iter(registry.areas), None)
        indicator, known = self.indicator, registry.indicators
        if indicator not in known:
            unknown += [("no_such_indicator", indicator)] if indicator else []
            indicator = _PREFERRED if _PREFERRED in known else next(iter(known), None)
        if self.view not in VIEWS:
            unknown.append(("no_such_view", self.view))
        view = self.view if self.view in VIEWS else VIEWS[0]
        unit = self.area if stand_in else None
        return replace(self, area=area, indicator=indicator, unit=unit, view=view, unknown=tuple(unknown))

    def at(self, code: str) -> Choice:
        """Return the choice of another area."""
        return replace(self, area=code, unit=None, unknown=())

    def beside(self, detail: Detail) -> Choice:
        """Return the choice with something in the panel at the side."""
        return replace(self, detail=detail, unknown=())

    def address(self, language: str) -> str:
        """Return the query that asks for this choice."""
        detail = {self.detail.kind: self.detail.code, "drawn": self.detail.drawn} if self.detail else {}
        chosen = {
            "view": None if self.view == VIEWS[0] else self.view,
            "area": self.unit or self.area,
            "indicator": self.indicator,
            **detail,
            "lang": language,
        }
        own = {key: self.own[key] for key in OWN.get(self.view, ()) if key in self.own}
        return "?" + urlencode({key: value for key, value in chosen.items() if value} | own)
