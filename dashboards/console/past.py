"""The city as it was at a step of the last seven days, by one indicator. Pure."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from analytics.steps import Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from api.queries import Row
    from dashboards.console.snapshot import Snapshot

SPAN: Final = timedelta(days=7)


@dataclass(frozen=True)
class Past:
    """The values of an indicator, by the start of their step and the area's id."""

    indicator: str
    read_at: datetime
    values: Mapping[datetime, Mapping[int, Row]]

    @classmethod
    def of(cls, indicator: str, read_at: datetime, rows: Iterable[Row]) -> Past:
        """Return the past that rows with time and area_id tell of."""
        values: dict[datetime, dict[int, Row]] = {}
        for row in rows:
            values.setdefault(row["time"], {})[row["area_id"]] = row
        return cls(indicator, read_at, values)


def steps(indicator: Row, present: datetime, zone: ZoneInfo) -> list[datetime]:
    """Return the starts of the steps that ended in the last seven days; none of months and years."""
    length = Step.lasting(indicator["step_s"])
    if length.length > timedelta(days=1):
        return []
    found, start = [], length.floor(present - SPAN, zone)
    while (end := length.after(start, zone)) <= present:
        found.append(start)
        start = end
    return found


def step_at(text: str, known: Sequence[datetime], indicator: Row, zone: ZoneInfo) -> datetime | None:
    """Return the step that an ISO 8601 instant lies in; None where it is none, or lies in no known step."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None or not known or moment < known[0]:
        return None
    start = known[bisect_right(known, moment) - 1]
    return start if moment < Step.lasting(indicator["step_s"]).after(start, zone) else None


def as_it_was(snapshot: Snapshot, past: Past, start: datetime) -> Snapshot:
    """Return a snapshot of the end of a step: values of the past's indicator, and no gateways."""
    length = Step.lasting(snapshot.registry.indicators[past.indicator]["step_s"])
    values = {(past.indicator, area): row for area, row in past.values.get(start, {}).items()}
    end = length.after(start, snapshot.registry.zone)
    return replace(snapshot, time=end, values=values, gateways=())
