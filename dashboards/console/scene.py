"""From a snapshot to what the parts of the page show: plain values, no elements."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

from analytics.domains import DOMAINS_VI, domain
from analytics.indicator import INDICATORS
from analytics.steps import Step
from api.open_data.data_sets import KINDS_VI
from dashboards.console import formats
from dashboards.console.scales import Scale, scale
from dashboards.console.snapshot import RATE_MINUTES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from api.queries import Row
    from dashboards.console.choice import Choice
    from dashboards.console.snapshot import Snapshot
    from dashboards.console.words import Words

T = TypeVar("T")

#: worst first
STATES: Final = ("offline", "silent", "never_heard", "online")
_DISABLED: Final = "disabled"
_SPANS: Final = {Step.DAY: "chart_days", Step.MONTH: "chart_months", Step.YEAR: "chart_years"}
#: a value is old when so many steps have ended since, and then this long
_OLD_STEPS: Final = 2
_OLD_AFTER: Final = timedelta(minutes=15)
#: from here on an age is told in minutes
_LATELY_S: Final = 90


class Scene:
    """A snapshot seen through a choice, in a language."""

    def __init__(self, snapshot: Snapshot, choice: Choice, words: Words) -> None:
        """Take a settled choice of a city with areas and indicators."""
        assert choice.area is not None
        assert choice.indicator is not None
        self.snapshot, self.choice, self.words = snapshot, choice, words
        self.registry = snapshot.registry
        self.indicator: Row = self.registry.indicators[choice.indicator]
        self._step = Step.lasting(self.indicator["step_s"])
        area = self.registry.area(choice.area)
        assert area is not None
        self.area = area
        self.decimals, self.scale = self.once("scale", self._measure)

    def once(self, name: str, make: Callable[[], T], of: object = None) -> T:
        """Return what is made once for all who see the snapshot by an indicator and in a language."""
        return self.snapshot.once((name, self.indicator["code"], self.words.language), make, of)

    def _measure(self) -> tuple[int, Scale]:
        rows = [self.value(area) for area in self.registry.areas.values()]
        values = [row["value"] for row in rows if row is not None and row["value"] is not None]
        largest = max(map(abs, values), default=0.0)
        decimals = formats.decimals(largest, self.indicator["declaration"].get("decimals", 2))
        return decimals, scale(self.indicator, values, self.words)

    def stands_for(self) -> str:
        """Return for which units the chosen area's values stand; nothing where for none."""
        asked = self.registry.stand_ins.get(self.choice.unit or "")
        units = self.words.of(asked) if asked else self._borrowing(self.area)
        return self.words("stands_for", area=self.words.of(self.area), units=units) if units else ""

    def _borrowing(self, area: Row) -> str:
        return ", ".join(map(self.words.of, self.registry.borrowed.get(area["code"], ())))

    def _stands_in(self, area: Row) -> str:
        units = self._borrowing(area)
        return self.words("stands_in", units=units) if units else ""

    def value(self, area: Row) -> Row | None:
        """Return the newest value of the chosen indicator in an area."""
        return self.snapshot.value(self.indicator["code"], area)

    def figure(self, row: Row | None, *, with_unit: bool = False) -> str:
        """Return a value as text; a dash where there is none."""
        if row is None or row["value"] is None:
            return formats.NO_VALUE
        unit = self.indicator["unit"] if with_unit else "1"
        return formats.quantity(row["value"], self.decimals, unit, self.words.language)

    def why(self, row: Row | None) -> str:
        """Return why there is no value; nothing where there is one."""
        if row is None:
            return self.words("no_value")
        return "" if row["value"] is not None else self.words.code("why", row["reason"])

    def category(self, row: Row | None) -> str:
        """Return the name of a value's class; nothing without one."""
        declared = self.indicator["declaration"].get("categories") or ()
        return next(
            (self.words.of(c) for c in declared if row is not None and c["code"] == row["category"]), ""
        )

    def end(self, row: Row) -> datetime:
        """Return the end of a value's step."""
        return self._step.after(row["time"], self.registry.zone)

    def is_old(self, row: Row) -> bool:
        """Tell whether later steps should have a value."""
        slack = _OLD_STEPS * self._step.length + _OLD_AFTER
        return self.snapshot.time - self.end(row) > slack

    def until(self, row: Row | None) -> str:
        """Return the instant that a value stands for, and that it is old if so."""
        if row is None:
            return ""
        key = "outdated" if self.is_old(row) else "until"
        return self.words(key, time=self.instant(self.end(row)))

    def share(self, row: Row | None) -> str:
        """Return the share of the expected observations that were there."""
        return formats.NO_VALUE if row is None else formats.share(row["completeness"], self.words.language)

    def instant(self, moment: datetime) -> str:
        """Return a time of the city."""
        return formats.instant(moment, self.registry.zone, self.words.language)

    def since(self, moment: datetime) -> str:
        """Return a time of the city, without its day where that is today."""
        zone = self.registry.zone
        if moment.astimezone(zone).date() == self.snapshot.time.astimezone(zone).date():
            return f"{moment.astimezone(zone):%H:%M}"
        return self.instant(moment)

    def ago(self, moment: datetime) -> str:
        """Return how long before the snapshot something was."""
        return formats.age((self.snapshot.time - moment).total_seconds(), self.words)

    def domains(self) -> dict[str, list[Row]]:
        """Return the indicators by the name of their domain."""
        return self.once("domains", self._domains)

    def _domains(self) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = {}
        for row in self.registry.indicators.values():
            found.setdefault(self._domain(row["code"]), []).append(row)
        return dict(sorted(found.items()))

    def _domain(self, code: str) -> str:
        if code not in INDICATORS:
            return self.words("domain_other")
        name = domain(INDICATORS[code])
        return DOMAINS_VI.get(name, name) if self.words.language == "vi" else name.capitalize()

    def fields(self) -> list[dict[str, Any]]:
        """Return the fields of the map."""
        return self._choosing("code", self.once("fields", self._fields))

    def _fields(self) -> list[dict[str, Any]]:
        return [self._field(area) for area in self.registry.areas.values()]

    def _choosing(self, key: str, each: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return rows of which the chosen area's says so."""
        return [row | {"chosen": True} if row[key] == self.area["code"] else row for row in each]

    def _field(self, area: Row) -> dict[str, Any]:
        row, outline = self.value(area), self.registry.outlines[area["code"]]
        paint = self.scale.paint(row) if row is not None and row["value"] is not None else None
        return {
            "code": area["code"], "path": outline.path, "x": outline.x, "y": outline.y, "room": outline.room,
            "foot": outline.foot,
            "name": formats.short_name(self.words.of(area)), "text": self.figure(row),
            "fill": paint.fill if paint else None, "ink": paint.ink if paint else None,
            "darkInk": paint.dark_ink if paint else None,
            "title": self.words.of(area), "lines": self.lines(row), "chosen": False,
        }  # fmt: skip

    def lines(self, row: Row | None) -> list[str]:
        """Return what a tooltip says of a value."""
        if row is None:
            return [self.words("no_value")]
        first = self.why(row) or " · ".join(
            filter(None, (self.figure(row, with_unit=True), self.category(row)))
        )
        return [first, self.words("completeness_of", share=self.share(row)), self.until(row)]

    def is_beside(self, kind: str, code: str) -> bool:
        """Tell whether something is what the panel at the side shows."""
        detail = self.choice.detail
        return detail is not None and (detail.kind, detail.code) == (kind, code)

    def kind(self, code: str) -> str:
        """Return the name of a kind of things."""
        plain = code.replace("_", " ")
        return KINDS_VI.get(code, plain) if self.words.language == "vi" else plain

    def names_of(self, codes: Sequence[str]) -> str:
        """Return the names of areas of the map."""
        known = (self.registry.area(code) for code in codes)
        return ", ".join(self.words.of(area) for area in known if area is not None)

    def short_names_of(self, codes: Sequence[str]) -> str:
        """Return the names of areas of the map without the words for their kinds, and without the whole."""
        known = (self.registry.areas[code] for code in codes if code in self.registry.areas)
        return ", ".join(formats.short_name(self.words.of(area)) for area in known)

    def gateways(self) -> list[Row]:
        """Return the gateways, the worst first."""
        order = {each: place for place, each in enumerate((*STATES, _DISABLED))}
        return sorted(self.snapshot.gateways, key=lambda row: (order[state(row)], row["code"]))

    def heard(self, row: Row) -> str:
        """Return how long ago a gateway was heard last; to the minute, so that lists seldom change."""
        if not row["last_seen"]:
            return self.words("heard_never")
        seconds = (self.snapshot.time - row["last_seen"]).total_seconds()
        return self.words("heard_lately") if seconds < _LATELY_S else formats.age(seconds, self.words)

    def area_rows(self) -> list[dict[str, Any]]:
        """Return the list of areas, the whole first."""
        return self._choosing("key", self.once("area_rows", self._area_rows))

    def _area_rows(self) -> list[dict[str, Any]]:
        whole = [self.registry.whole] if self.registry.whole is not None else []
        return [self._area_row(area) for area in [*whole, *self.registry.areas.values()]]

    def _area_row(self, area: Row) -> dict[str, Any]:
        row = self.value(area)
        paint = self.scale.paint(row) if row is not None and row["value"] is not None else None
        return {
            "key": area["code"], "chosen": False, "strong": area is self.registry.whole,
            "cells": [
                {
                    "text": formats.short_name(self.words.of(area)),
                    "note": self._stands_in(area),
                    "swatch": paint.fill if paint else "none",
                },
                {"text": self.figure(row), "note": self.why(row) or self._old(row)},
                {"text": self.share(row), "dim": row is None or row["completeness"] > 0.9},
            ],
        }  # fmt: skip

    def _old(self, row: Row | None) -> str:
        return self.until(row) if row is not None and self.is_old(row) else ""

    def facts(self) -> dict[str, str]:
        """Return how fresh the data are: newest, rate, streams, refused_lately; of indicators computed."""
        if not self.snapshot.raw:
            computed = self.snapshot.computed_at
            return {"computed": self.ago(computed) if computed else self.words("newest_none")}
        flow, language = self.snapshot.flow, self.words.language
        if not flow:
            return {}
        newest = flow["newest_observation"]
        rate = flow["observations"] / (RATE_MINUTES * 60)
        active = formats.number(flow["datastreams_active"], 0, language)
        return {
            "newest": self.ago(newest) if newest else self.words("newest_none"),
            "rate": self.words("rate_unit", n=formats.number(rate, 1, language)),
            "streams": self.words(
                "of", n=active, total=formats.number(self.snapshot.datastreams, 0, language)
            ),
            "refused_lately": formats.number(self.snapshot.refused_readings, 0, language),
        }

    def notes(self) -> list[str]:
        """Return what must be known of the map: that it is a sketch, that its units are of the past."""
        notes = [self.words("schematic")] if self.registry.is_schematic else []
        ended = {row["valid_to"] for row in self.registry.areas.values() if row["valid_to"]}
        today = self.snapshot.time.astimezone(self.registry.zone).date()
        if past := [day for day in ended if day <= today]:
            notes.append(self.words("legacy", date=formats.day(max(past), self.words.language)))
        return notes

    def span(self) -> str:
        """Return which time the indicator's chart shows."""
        step = Step.lasting(self.indicator["step_s"])
        return self.words(_SPANS.get(step, "chart_hours"))

    def source(self) -> str:
        """Return the rule that the indicator follows."""
        source = self.indicator["declaration"].get("source") or {}
        end = "_vi" if self.words.language == "vi" else ""
        text = ", ".join(filter(None, (source.get(f"document{end}"), source.get(f"clause{end}"))))
        return self.words("source", source=text) if text else ""


def state(row: Row) -> str:
    """Return the state of a gateway."""
    return str(row["state"]) if row["enabled"] else _DISABLED
