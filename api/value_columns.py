"""Values of indicators as clients get them: rows that explain themselves, small ones, and tables. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from api import columns
from api.columns import Column
from api.values import moments

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    import msgspec
    from numpy.typing import NDArray

    from api.formats.table import Table
    from api.known import Known, Unit
    from api.queries import Row
    from api.queries.indicators import Stored
    from api.stand_ins import Series

_OF_INDICATOR: Final = {"indicator": "code", "unit": "unit"}
_OF_AREA: Final = {
    "area": "code",
    "area_name_en": "name_en",
    "area_name_vi": "name_vi",
    "area_valid_from": "valid_from",
    "longitude": "longitude",
    "latitude": "latitude",
}
_OF_MOMENT: Final = ("period_start", "period_end", "day", "label")
_OF_CLASS: Final = {"category_name_en": "name_en", "category_name_vi": "name_vi"}
_TEXTS: Final = ("category", "reason")
#: members of a row that explains itself
_ITEM: Final = (
    *("indicator", "area", "time", "value", "category", "reason", "completeness", "details"),
    *("version", "revision", "computed_at", *tuple(_OF_AREA)[1:], "unit", *_OF_MOMENT, "stands_for"),
)


@dataclass(frozen=True)
class Values:
    """Values that were read, and whose they are.

    rows: with the fields of `api.queries.indicators` that are told, shape (n,).
    indicators: their declarations.
    of_indicator, of_area: places in `indicators` and `areas`, shape (n,).
    stands_for: tuples of codes.
    """

    rows: Stored
    indicators: Sequence[Row]
    of_indicator: NDArray[np.intp]
    areas: Sequence[Unit]
    of_area: NDArray[np.intp]
    stands_for: Column
    zone: ZoneInfo

    def items(self) -> msgspec.Raw:
        """Return rows that explain themselves, as JSON."""
        told = {name: self._column(name) for name in _ITEM if name not in {"category", "stands_for"}}
        told |= {"category": self._classes, "stands_for": self.stands_for}
        return columns.json_rows({name: told[name] for name in _ITEM})

    def small(self, names: Sequence[str]) -> msgspec.Raw:
        """Return rows of some columns, as JSON."""
        return columns.json_lists(self._column(name) for name in names)

    def batch(self, table: Table) -> pa.RecordBatch:
        """Return all rows as a batch of a table."""
        schema = table.schema()
        arrays = [self._column(each.name).array(each.type) for each in table.columns]
        return pa.RecordBatch.from_arrays(arrays, schema=schema)

    def _column(self, name: str) -> Column:
        if name in _OF_INDICATOR:
            return Column([each[_OF_INDICATOR[name]] for each in self.indicators], self.of_indicator)
        if name in _OF_AREA:
            return Column([getattr(each, _OF_AREA[name]) for each in self.areas], self.of_area)
        if name in _OF_MOMENT:
            return self._moments.each(itemgetter(_OF_MOMENT.index(name)))
        if name in _OF_CLASS:
            return self._classes.each(lambda found: found and found[_OF_CLASS[name]])
        if name == "stands_for":
            return self.stands_for.each(lambda codes: " ".join(codes) or None)
        return self._times if name == "time" else self._stored(name)

    def _stored(self, name: str) -> Column:
        stored = self.rows[name]
        if name in _TEXTS:
            return columns.of_objects(stored.tolist())
        if name == "details":
            return columns.of_json(stored.tolist())
        if name == "computed_at":
            return columns.of_instants(stored)
        return columns.of_floats(stored) if name == "value" else columns.of_numbers(stored)

    @cached_property
    def _times(self) -> Column:
        return columns.of_instants(self.rows["time"])

    @cached_property
    def _declared(self) -> Column:
        return Column(self.indicators, self.of_indicator)

    @cached_property
    def _moments(self) -> Column:
        """Where the inputs of each step begin, its end, its local day and its label."""
        return columns.of_pairs(self._declared, self._times).each(lambda pair: self._moment(*pair))

    def _moment(self, declared: Row, start: datetime) -> tuple[Any, ...]:
        return moments(declared["step_s"], declared["window_s"], start, self.zone)

    @cached_property
    def _classes(self) -> Column:
        """The class of each value, None where there is none."""
        return columns.of_pairs(self._declared, self._stored("category")).each(lambda pair: _class(*pair))


def of_series(known: Known, series: Sequence[Series], rows: Stored, zone: ZoneInfo) -> Values:
    """Return values that were read of some series."""
    indicators = columns.of_objects([each.indicator for each in series])
    of = rows["series"].astype(np.intp)
    return Values(
        rows,
        [known.indicators[code] for code in indicators.things],
        indicators.places[of],
        [each.unit for each in series],
        of,
        Column([each.stands_for for each in series], of),
        zone,
    )


def of_newest(
    known: Known, rows: Stored, stands_for: Mapping[tuple[str, int], tuple[str, ...]], zone: ZoneInfo
) -> Values:
    """Return newest values; `stands_for` has the codes of areas, by indicator and area's id."""
    indicators, areas = columns.of_objects(rows["indicator"].tolist()), columns.of_numbers(rows["area_id"])
    keys = zip(rows["indicator"].tolist(), rows["area_id"].tolist(), strict=True) if stands_for else ()
    whose = [stands_for.get(key, ()) for key in keys] or [()] * len(rows)
    return Values(
        rows,
        [known.indicators[code] for code in indicators.things],
        indicators.places,
        [known.everywhere[id_] for id_ in areas.things],
        areas.places,
        columns.of_objects(whose),
        zone,
    )


def _class(declared: Row, code: str | None) -> Row | None:
    return next((each for each in declared["categories"] if each["code"] == code), None)
