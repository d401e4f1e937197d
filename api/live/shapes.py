"""Rows to events: the data of each has the shape that a request for the same would be answered with. Pure."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from analytics.steps import Step
from api.live.event import Event, Kind, frame
from api.schemas import live as schemas
from api.schemas.registry import Gateway, Latest
from api.schemas.series import IndicatorValue

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from api.queries import Row
    from api.schemas.common import Model


def value(told: Row, row: Row, indicator: Row, zone: ZoneInfo) -> Event:
    """Return the event of a value; `indicator` is its row of the catalogue."""
    step, start = Step.lasting(indicator["step_s"]), row["time"]
    classes = {each["code"]: each for each in indicator["declaration"].get("categories", ())}
    shown = row | {
        "unit": indicator["unit"],
        "period_start": step.inputs_from(start, timedelta(seconds=indicator["window_s"])),
        "period_end": step.after(start, zone),
        "day": step.day(start, zone),
        "label": step.label(start, zone),
        "category": classes.get(row["category"]),
        "stands_for": [],
    }
    return _event(told, IndicatorValue.model_validate(shown), [row["area"]], row["indicator"])


def recomputed(told: Row) -> Event:
    """Return the event of older values of an indicator that were computed again, in whatever areas."""
    shown = {"indicator": told["indicator"], "first": told["time"], "last": told["until"]}
    return _event(told, schemas.Recomputed.model_validate(shown), None, told["indicator"])


def alert(told: Row, row: Row) -> Event:
    """Return the event of an alert's change."""
    return _event(told, schemas.LiveAlert.model_validate(row), [row["area"]], row["indicator"])


def gateway(told: Row, row: Row) -> Event:
    """Return the event of a gateway's state."""
    return _event(told, Gateway.model_validate(row | {"state": told["state"]}), row["areas"])


def observation(told: Row, row: Row) -> Event:
    """Return the event of an observation."""
    return _event(told, Latest.model_validate(row), row["areas"], datastream=row["datastream_id"])


def _event(
    told: Row,
    data: Model,
    areas: Sequence[str] | None,
    indicator: str | None = None,
    datastream: int | None = None,
) -> Event:
    kind = Kind(told["kind"])
    return Event(
        position=told["position"],
        kind=kind,
        frame=frame(kind, data.model_dump_json(by_alias=True), told["position"]),
        areas=None if areas is None else _shared(tuple(areas)),
        indicator=indicator,
        datastream=datastream,
    )


@lru_cache(maxsize=10_000)
def _shared(areas: tuple[str, ...]) -> frozenset[str]:
    """Return one and the same set for the same areas: thousands of events have few of them."""
    return frozenset(areas)
