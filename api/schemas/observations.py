"""Observations over time."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal, NamedTuple

import msgspec
from pydantic import Field

from api.schemas.common import Model, ObservationValue
from api.schemas.registry import DATASTREAM, OBSERVATION, Datastream

#: what the head of an answer shows of a datastream
STREAM: Final = tuple(Datastream.model_fields)


class Key(NamedTuple):
    """The key of a page's last row; the time in microseconds since 1970 UTC, before 2200."""

    datastream: Annotated[int, msgspec.Meta(ge=1, lt=2**31)]
    time: Annotated[int, msgspec.Meta(ge=0, lt=7_258_118_400_000_000)]


class _Series(Model):
    datastream: Datastream | None = Field(description="Null where there are several.")
    datastreams: list[Datastream]
    start: datetime = Field(alias="from", description="Start of the period, included.")
    end: datetime = Field(alias="to", description="End of the period, excluded.")
    next: str | None = Field(description="Path and query of the next page; null on the last.")


class FlaggedValue(ObservationValue):
    """One value at one instant, with what quality control found."""

    flags: list[Literal["range", "rate", "flat", "spike", "neighbours"]] = Field(
        description="Tests of quality control that the value failed; empty too before its hour is judged."
    )
    datastream: int = Field(description="Number of the datastream.")


class Sums(Model):
    """One UTC hour or local day of a datastream, in the unit of its observed property."""

    time: datetime = Field(description="Start of the hour or day, UTC.")
    n: int = Field(description="Observations in it.")
    n_suspect: int
    mean: float
    minimum: float
    maximum: float
    total: float
    first: float
    last: float
    completeness: float = Field(
        description="`n` as a share of what the datastream's sampling interval lets expect, 1 at most."
    )
    datastream: int = Field(description="Number of the datastream.")


class Point(Model):
    """A point of a chart."""

    time: datetime
    value: float
    datastream: int = Field(description="Number of the datastream.")


class RawSeries(_Series):
    """Observations as they were measured."""

    rollup: Literal["none"]
    items: list[FlaggedValue]


class SummedSeries(_Series):
    """Observations by hour or day."""

    rollup: Literal["hour", "day"]
    items: list[Sums]


class SampledSeries(_Series):
    """As many values as a chart can show."""

    rollup: Literal["none"]
    points: int = Field(description="How many were asked for.")
    method: Literal["lttb", "minmax"]
    drawn_from: Literal["observations", "hourly extremes", "hourly means"]
    items: list[Point]


_HEAD: dict[str, Any] = {
    "datastream": DATASTREAM,
    "datastreams": [DATASTREAM],
    "from": "2026-11-21T01:00:00Z",
    "to": "2026-11-22T01:00:00Z",
    "next": None,
}
RAW: dict[str, Any] = _HEAD | {
    "rollup": "none",
    "items": [OBSERVATION | {"flags": ["spike"], "datastream": 1}],
}
_SUMS: dict[str, Any] = {
    "time": "2026-11-22T00:00:00Z",
    "n": 12,
    "n_suspect": 0,
    "mean": 30.1,
    "minimum": 27.9,
    "maximum": 33.4,
    "total": 361.2,
    "first": 28.4,
    "last": 31.2,
    "completeness": 1,
    "datastream": 1,
}
BY_HOUR: dict[str, Any] = _HEAD | {"rollup": "hour", "items": [_SUMS]}
#: the same as a row of a table
RAW_ROW: dict[str, Any] = OBSERVATION | {
    "flags": "spike",
    "thing": "ha-long-air-1",
    "property": "pm2_5",
    "unit": "ug/m3",
    "datastream": 1,
    "longitude": 107.046,
    "latitude": 20.961,
}
