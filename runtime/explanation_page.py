"""An explanation on the terminal, for planners: the value first, then how it comes about, then the rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from analytics.rounding import half_up
from analytics.steps import Step
from analytics.written import figure, share
from runtime.indicator_docs import cited, compact, validity
from runtime.indicator_words import Language, said, trust, word
from runtime.number_names import NUMBERS_VI

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from rich.console import RenderableType

    from analytics.explanation import Explanation, Input, Station

#: what an area's details repeat of its stations
_REPEATED: Final = frozenset(("values", "stations", "missing"))
#: with more parts than this, those that agree are left out
_PARTS_SHOWN: Final = 40


class ExplanationPage:
    """The parts of the page of one explanation, in a language; times are local."""

    def __init__(self, explanation: Explanation, language: Language) -> None:
        """Take what is shown and the language of the labels."""
        self._of, self._language = explanation, language

    def parts(self) -> Iterator[RenderableType]:
        """Yield what is to be printed, one after another."""
        yield from self._head()
        yield self._revisions()
        yield self._stations()
        yield self._inputs()
        if self._of.parts:
            yield self._parts()
        yield self._rule()

    def _word(self, key: str, **places: object) -> str:
        return word(key, self._language, **places)

    def _table(self, title: str, *heads: str) -> Table:
        words = [self._word(head) for head in heads]
        shown = self._word(title)
        shown = f"{shown[:1].upper()}{shown[1:]}"
        return Table(*words, title=shown, title_justify="left", title_style="bold", box=SIMPLE_HEAD)

    def _head(self) -> Iterator[Text]:
        e, vi = self._of, self._language is Language.VI
        name, place = (e.indicator.name_vi, e.area.name_vi) if vi else (e.indicator.name_en, e.area.name_en)
        yield Text(f"{name} · {e.indicator.code}", style="bold")
        measured = self._word("measured_from", time=self._time(e.measured_from))
        since = "" if e.measured_from == e.period.start or e.indicator.of else f" · {measured}"
        yield Text(f"{place} ({e.area.code}) · {e.span}{self._label()}{since}")
        yield Text("")
        yield self._stored()
        yield self._recomputed()
        yield Text("")

    def _label(self) -> str:
        """Return what the API and reports call an hour, which the span does not say; nothing of a day."""
        step, period = self._of.step, self._of.period
        shorter = step.length < Step.DAY.length
        return f" · {self._word('label')} {step.label(period.start, period.zone)}" if shorter else ""

    def _stored(self) -> Text:
        stored = self._of.stored
        if stored is None:
            assert self._of.as_of is not None  # a value is stored, or there would be no explanation
            return Text(self._word("not_known", time=self._time(self._of.as_of)), style="bold")
        value = self._figure(stored.value, stored.reason)
        said = [f"{value} {self._category(stored.category)}".strip()]
        said.append(f"{self._word('completeness')} {self._share(stored.completeness)}")
        said.append(f"{self._word('revision')} {stored.revision}/{len(self._of.revisions)}")
        if self._of.as_of is not None:
            said.append(self._word("in_force_as_of", time=self._time(self._of.as_of), n=stored.revision))
        return Text(" · ".join(said), style="bold")

    def _recomputed(self) -> Text:
        again = self._of.recomputed
        value, stored = self._figure(again.value, again.reason), self._of.stored
        start = f"{self._word('recomputed')}: "
        if stored is None:
            return Text(start + value)
        if not self._of.differences:
            return Text(start + self._word("equal", value=value), style="green")
        told = self._word("differs", value=value, stored=self._figure(stored.value, stored.reason))
        names = ", ".join(self._of.differences)
        return Text(f"{start}{told} ({names}): {self._of.why_different}", style="red")

    def _revisions(self) -> Table:
        table = self._table(
            "revisions",
            "revision",
            "value",
            "category",
            "completeness",
            "computed_at",
            "superseded_at",
            "version",
        )
        for r in self._of.revisions:
            ended = self._word("current") if r.superseded_at is None else self._time(r.superseded_at)
            cells = (
                self._figure(r.value, r.reason),
                self._category(r.category),
                self._share(r.completeness),
            )
            table.add_row(str(r.revision), *cells, self._time(r.computed_at), ended, str(r.version))
        return table

    def _stations(self) -> Table:
        table = self._table("stations", "station", "value", "completeness", "suspect", "numbers")
        for s in self._of.stations:
            table.add_row(*self._station(s), end_section=s is self._of.stations[-1])
        again = self._of.recomputed
        own = {k: v for k, v in again.details.items() if k not in _REPEATED and not self._is_a_station(k, v)}
        value = self._figure(again.value, again.reason)
        complete = self._share(again.completeness)
        table.add_row(self._word("area"), value, complete, str(own.pop("suspect", "")), self._numbers(own))
        return table

    def _is_a_station(self, name: str, number: object) -> bool:
        """Tell whether a number of the area is that of the station which the area rule chose."""
        chosen = self._of.recomputed.details.get("station")
        return any(s.code == chosen and s.details.get(name) == number for s in self._of.stations)

    def _station(self, s: Station) -> tuple[str, ...]:
        numbers = self._numbers({**s.details, **({} if s.weight is None else {"weight": s.weight})})
        value = None if s.value is None else half_up(s.value, self._of.indicator.decimals + 3)
        return s.code, self._figure(value, s.reason), self._share(s.completeness), str(s.suspect), numbers

    def _numbers(self, details: Mapping[str, Any]) -> str:
        """Return one line a number, named by its path; a list stays on one line."""
        names = NUMBERS_VI if self._language is Language.VI else {}
        return "\n".join(f"{name} {compact(each)}" for name, each in _paths(details, "", names))

    def _inputs(self) -> Table:
        table = self._table(
            "inputs",
            "station",
            "input",
            "hours",
            "good",
            "expected_values",
            "suspect",
            "flagged",
            "first",
            "last",
        )
        for station in self._of.stations:
            for each in station.inputs:
                table.add_row(station.code, *self._input(each))
        return table

    def _input(self, each: Input) -> tuple[str, ...]:
        first, last = ("–" if t is None else self._time(t) for t in (each.first, each.last))
        flags = ", ".join(f"{name} {count}" for name, count in each.flags.items())
        counts = (str(each.hours), str(each.good), f"{each.expected:g}", str(each.suspect))
        return each.code, *counts, flags, first, last

    def _parts(self) -> Table:
        table = self._table("parts", "station", "indicator", "period", "value", "recomputed", "agrees")
        many = len(self._of.parts) > _PARTS_SHOWN
        for p in self._of.parts:
            if not (many and p.agrees):
                agrees = self._word("yes" if p.agrees else "no")
                shown = (self._figure(p.value, p.reason), self._figure(p.recomputed, p.reason))
                table.add_row(p.station, p.indicator, p.label, *shown, agrees)
        agreeing = sum(part.agrees for part in self._of.parts)
        table.caption = self._word("parts_agree", n=agreeing, total=len(self._of.parts))
        return table

    def _rule(self) -> Table:
        declared, table = self._of.indicator, self._table("rule", "property", "meaning")
        source = declared.source
        table.add_row(self._word("source"), cited(source, self._language))
        table.add_row(self._word("trust"), trust(source.trust, self._language))
        table.add_row(self._word("version"), str(declared.version))
        table.add_row(self._word("valid"), validity(declared.valid_from, declared.valid_to, self._language))
        for since, limit in self._of.limits:
            day = self._word("limits_in_force", day=self._of.period.day)
            table.add_row(day, f"{self._figure(limit, None)} ({self._word('since', day=since)})")
        table.add_row(self._word("area_rule"), said(declared.area_rule, self._language))
        table.add_row(self._word("how"), said(declared.description, self._language))
        if source.note:
            table.add_row(self._word("note"), said(source.note, self._language))
        if self._of.cite_as:
            table.add_row(self._word("cite_as"), said(self._of.cite_as, self._language))
        return table

    def _figure(self, value: float | None, reason: str | None) -> str:
        return said(figure(value, reason, self._of.indicator.unit), self._language)

    def _share(self, part: float) -> str:
        return said(share(part), self._language)

    def _category(self, code: str | None) -> str:
        names = {
            c.code: c.name_vi if self._language is Language.VI else c.name_en
            for c in self._of.indicator.categories
        }
        return names.get(code or "", code or "")

    def _time(self, instant: datetime) -> str:
        """Return a local time; seconds where there are any."""
        local = instant.astimezone(self._of.period.zone)
        return (
            f"{local:%Y-%m-%d %H:%M:%S}" if local.second or local.microsecond else f"{local:%Y-%m-%d %H:%M}"
        )


def _paths(details: Mapping[str, Any], place: str, names: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    for key, value in details.items():
        own = names.get(key, str(key))
        name = f"{place}.{own}" if place else own
        if isinstance(value, Mapping):
            yield from _paths(value, name, names)
        else:
            yield name, value
