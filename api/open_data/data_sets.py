"""Data sets as data: one for each domain of indicators and for each kind of device that is public. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from typing import TYPE_CHECKING, Final

import msgspec

from analytics.area_rules import total
from analytics.domains import domains, observed_properties
from analytics.indicators.people import visits
from analytics.steps import Step
from analytics.texts import Text
from devices.open_data import COUNTS_OF_PEOPLE, LICENCES, Agent, OpenData, Words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from analytics.indicator import Indicator

#: Where people are counted, other steps are left out: shorter ones hold few people and are too many to be
#: checked for what they give away together, and a year is the sum of its months.
_STEPS_OF_PEOPLE: Final = (Step.HOUR, Step.DAY, Step.MONTH)
#: what a domain is about, where nobody has said it
_THEME: Final = "GOVE"
_MEASUREMENTS: Final = "measurements-"
#: kinds of devices in Vietnamese; others go by their code
KINDS_VI: Final = msgspec.json.decode(
    (files("api.open_data") / "device_kinds.json").read_bytes(), type=dict[str, str]
)


@dataclass(frozen=True)
class PublicProperty:
    """An observed property whose hourly values are published; `aggregation` is mean, sum, max or min."""

    code: str
    name_en: str
    name_vi: str
    unit: str
    aggregation: str
    device_kind: str


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """What is published together: indicators by area, or hourly values of observed properties by device."""

    code: str
    title: Text
    description: Text
    #: code of the EU's authority table `data-theme`
    theme: str
    keywords_en: tuple[str, ...]
    keywords_vi: tuple[str, ...]
    indicators: tuple[Indicator, ...] = ()
    properties: tuple[PublicProperty, ...] = ()

    @property
    def counts_people(self) -> bool:
        """Whether small values are suppressed."""
        return any(counts_people(each) for each in self.indicators)

    @property
    def shortest(self) -> timedelta:
        """The shortest step of what is in it."""
        return min((each.step.length for each in self.indicators), default=timedelta(hours=1))

    @property
    def sources(self) -> tuple[Text, ...]:
        """The documents and clauses that the numbers are computed by, each once."""
        return tuple(dict.fromkeys(each.source.cited for each in self.indicators))


def data_sets(plan: OpenData, public: Sequence[PublicProperty] = ()) -> dict[str, DataSet]:
    """Return the data sets of a city by code.

    Args:
        plan: what the city's profile says.
        public: the observed properties that it names.
    """
    indicators = {
        name: tuple(each for each in found if is_published(each))
        for name, found in domains().items()
        if name not in plan.closed
    }
    found = [_of_domain(name, chosen, plan) for name, chosen in indicators.items() if chosen]
    kinds = dict.fromkeys(each.device_kind for each in public)
    found += [_of_kind(kind, [p for p in public if p.device_kind == kind], plan) for kind in kinds]
    return {each.code: each for each in sorted(found, key=lambda each: each.code)}


def is_published(indicator: Indicator) -> bool:
    """Tell whether an indicator has a place in a data set: where people are counted, not every step has."""
    return not counts_people(indicator) or indicator.step in _STEPS_OF_PEOPLE


def counts_people(indicator: Indicator) -> bool:
    """Tell whether an indicator comes from counts of people, so that small values are suppressed."""
    return not COUNTS_OF_PEOPLE.isdisjoint(observed_properties(indicator))


def is_additive(indicator: Indicator) -> bool:
    """Tell whether the values of parts add up to that of the whole area."""
    return indicator.area in (visits, total)


def open_indicators(found: Mapping[str, DataSet]) -> frozenset[str]:
    """Return the codes whose single values anyone may read.

    Counts of people are read from the published files alone, where small ones are suppressed.
    """
    all_of_them = (each for data_set in found.values() for each in data_set.indicators)
    return frozenset(each.code for each in all_of_them if not counts_people(each))


def licence_url(plan: OpenData) -> str:
    """Return the address of the licence's text."""
    return LICENCES[plan.licence]


def publisher(plan: OpenData, city: Text) -> Agent:
    """Return who publishes: the city itself, where nobody else is named."""
    given = plan.publisher
    return Agent(given.name_en or city.en, given.name_vi or city.vi, given.url, given.email)


def _of_domain(name: str, indicators: tuple[Indicator, ...], plan: OpenData) -> DataSet:
    plain = name.replace("_", " ").capitalize()
    usual = Words(f"{plain} indicators", f"Chỉ số: {plain}", *_listed(indicators), _THEME, (name,), (name,))
    return _data_set(name, _merged(usual, _WORDS.get(name), plan.data_sets.get(name)), indicators=indicators)


def _listed(indicators: Iterable[Indicator]) -> tuple[str, str]:
    each = tuple(indicators)
    return f"{'; '.join(i.name_en for i in each)}.", f"{'; '.join(i.name_vi for i in each)}."


def _of_kind(kind: str, properties: list[PublicProperty], plan: OpenData) -> DataSet:
    code, plain = f"{_MEASUREMENTS}{kind.replace('_', '-')}", kind.replace("_", " ")
    called = KINDS_VI.get(kind, plain)
    en, vi = (", ".join(getattr(p, name) for p in properties) for name in ("name_en", "name_vi"))
    usual = Words(
        f"Hourly measurements, {plain}",
        f"Số liệu đo từng giờ, {called}",
        f"Hourly values by device: {en}.",
        f"Giá trị từng giờ theo thiết bị: {vi}.",
        "ENVI",
        ("measurements", plain),
        ("số liệu đo", called),
    )
    words = _merged(usual, plan.data_sets.get(code))
    return _data_set(code, words, properties=tuple(properties))


def _merged(*given: Words | None) -> dict[str, str | tuple[str, ...]]:
    found: dict[str, str | tuple[str, ...]] = {}
    for words in given:
        found |= {k: v for k, v in msgspec.structs.asdict(words).items() if v is not None} if words else {}
    return found


def _data_set(
    code: str,
    words: Mapping[str, str | tuple[str, ...]],
    *,
    indicators: tuple[Indicator, ...] = (),
    properties: tuple[PublicProperty, ...] = (),
) -> DataSet:
    return DataSet(
        code=code,
        title=Text(str(words["title_en"]), str(words["title_vi"])),
        description=Text(str(words["description_en"]), str(words["description_vi"])),
        theme=str(words["theme"]),
        keywords_en=tuple(words["keywords_en"]),
        keywords_vi=tuple(words["keywords_vi"]),
        indicators=indicators,
        properties=properties,
    )


_WORDS: Final = msgspec.json.decode(
    (files("api.open_data") / "domains.json").read_bytes(), type=dict[str, Words]
)
