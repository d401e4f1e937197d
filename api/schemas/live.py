"""Events of streams that have no other answer's shape."""

import json
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from api.schemas.alerts import Alert, AlertHistoryLine
from api.schemas.common import Model
from api.schemas.series import VALUE

Reason = Literal["slow", "stopping", "key", "token"]


class LiveAlert(Alert):
    """An alert as it is when it is told, and the change that is told."""

    change: AlertHistoryLine


class Recomputed(Model):
    """Older values of an indicator were computed again, too many to be told one by one: load them anew."""

    indicator: str
    first: datetime = Field(description="Start of the first step that may have changed.")
    last: datetime = Field(description="Start of the last one.")


class Subscribed(Model):
    """What a stream was opened for: its first event."""

    cursor: str = Field(description="Id of the newest event; those after it follow.")
    resumed: bool = Field(description="Whether what was missed since Last-Event-ID follows.")
    events: list[str]
    indicators: list[str] | None = Field(description="Null: all.")
    areas: list[str] | None = Field(description="Null: all.")
    datastreams: list[int]


class Reset(Model):
    """What was missed cannot be told any more: load the state anew. The stream goes on from here."""

    cursor: str
    detail: str


class End(Model):
    """Why the server ends a stream; the client may come back with its Last-Event-ID."""

    reason: Reason
    detail: str


def _shown(name: str, data: Any, number: int | None = None) -> str:
    head = "" if number is None else f"id: {number}\n"
    return f"{head}event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


STREAM = (
    "retry: 3000\n\n"
    + _shown(
        "subscribed",
        {
            "cursor": "4711",
            "resumed": False,
            "events": ["value"],
            "indicators": ["vn_aqi_h"],
            "areas": ["193"],
            "datastreams": [],
        },
        4711,
    )
    + _shown("value", VALUE, 4712)
)
