"""Reads what periods come to in areas: the story behind comparison and ranking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analytics.steps import Step
from api import values
from api.answers import request_pool
from api.queries import indicators as queries
from api.stand_ins import Series
from api.summaries import Method, Summary, steps_in, summary

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from fastapi import Request

    from api.known import Known, Unit
    from api.periods import Period
    from api.queries import Row


@dataclass(frozen=True)
class Asking:
    """Whose periods are to be summed up: the indicator's `method`, areas, and as known when."""

    code: str
    method: Method
    units: Sequence[Unit]
    as_of: datetime | None


@dataclass(frozen=True)
class Found:
    """Summaries by area id, and when the newest value in them was computed."""

    summaries: dict[int, Summary]
    computed_at: datetime | None


async def read(request: Request, known: Known, asking: Asking, period: Period) -> Found:
    """Return what a period comes to in each of the areas."""
    ids = [unit.id for unit in asking.units]
    async with request_pool(request).connection() as conn:
        rows = await queries.summaries(conn, asking.code, ids, period, asking.as_of)
        stored: dict[int, Row] = {}
        if asking.method.kind == "stored":
            series = [
                Series(asking.method.indicator, unit, period.start, period.end) for unit in asking.units
            ]
            fields = ("value", "category", "reason", "completeness")
            found = await queries.values(conn, series, fields, as_of=asking.as_of, limit=len(series))
            stored = {asking.units[row["series"]].id: row for row in values.by_name(found)}
    step = Step.lasting(known.indicators[asking.code]["step_s"])
    expected = steps_in(step, period, request.app.state.settings.zone)
    digits = decimals(known, asking.method.indicator)
    times = [row["computed_at"] for row in (*rows.values(), *stored.values())]
    return Found(
        {id_: summary(asking.method, rows.get(id_), stored.get(id_), expected, digits) for id_ in ids},
        max(times, default=None),
    )


def decimals(known: Known, code: str) -> int:
    """Return how many decimals an indicator's values have."""
    return int(known.indicators[code]["declaration"].get("decimals", 6))
