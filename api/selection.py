"""The parameters that say which observations, and in what form."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Literal

from fastapi import Depends, Query

from api import downsample, pages
from api.downsample import Method
from api.negotiation import PlacedFormat, Wanted
from api.parameters import Cursor, period
from api.periods import Period
from api.problems import invalid


class Rollup(StrEnum):
    """How observations are summed up."""

    NONE = "none"
    HOUR = "hour"
    DAY = "day"

    value: Literal["none", "hour", "day"]


@dataclass(frozen=True)
class Selection:
    """What a client asked of datastreams."""

    period: Period
    rollup: Rollup
    points: int | None
    method: Method
    limit: int
    cursor: str | None
    wanted: Wanted


async def selection(
    *,
    span: Annotated[Period, Depends(period(timedelta(days=1)))],
    wanted: PlacedFormat,
    rollup: Annotated[
        Rollup, Query(description="`hour`: a row for each UTC hour; `day`: for each local day.")
    ] = Rollup.NONE,
    points: Annotated[
        int | None,
        Query(
            ge=downsample.FEWEST,
            le=downsample.MOST,
            description="At most so many values of each datastream, as a chart of that width can show; of "
            "long periods hourly ones, and `drawn_from` says so.",
        ),
    ] = None,
    method: Annotated[
        Method,
        Query(description="With `points`: `lttb` keeps the shape of the line, `minmax` every extreme."),
    ] = Method.LTTB,
    limit: Annotated[
        int,
        Query(ge=1, le=pages.MAX_LIMIT, description="Rows in a page of JSON; files give the whole period."),
    ] = pages.DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Selection:
    """Read the parameters that both paths share."""
    if points is not None and rollup is not Rollup.NONE:
        raise invalid("points", points, f"rollup={rollup} has its own points", "one of both")
    return Selection(span, rollup, points, method, limit, cursor, wanted)


Selected = Annotated[Selection, Depends(selection)]
