"""Exports: files of many rows, made while nobody waits."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.formats.kinds import Format
from api.formats.table import Decimal, Headers
from api.schemas.common import Model

State = Literal["waiting", "running", "done", "failed", "cancelled", "expired"]
What = Literal["observations", "indicator_values"]
#: what is wanted -> fields that say nothing of it
OF_OTHERS: Mapping[What, frozenset[str]] = {
    "observations": frozenset({"indicator", "within", "at", "level", "as_of"}),
    "indicator_values": frozenset({"datastream", "thing", "property", "rollup"}),
}
Codes = Annotated[list[str] | None, Field(default=None, max_length=1000)]


class NewExport(BaseModel):
    """What a file is to hold: the parameters of the operation that gives the same, of which some are lists.

    `observations`: of `GET /v1/observations`; `indicator_values`: of `GET /v1/indicators/values`.
    """

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    what: What = "observations"
    format: Format
    datastream: list[Annotated[int, Field(ge=1, lt=2**31)]] | None = Field(default=None, max_length=1000)
    thing: Codes
    property: Codes
    rollup: Literal["none", "hour", "day"] = "none"
    indicator: Codes
    area: Codes = Field(
        default=None, description="Of these areas: observations of their parts too, values of these alone."
    )
    within: str | None = Field(
        default=None, description="Values of this area and everything below it, instead of `area`."
    )
    at: str | None = Field(default=None, description="Values of areas in force on this date.")
    level: Literal["province", "district", "commune"] | None = None
    as_of: str | None = Field(
        default=None, description="Values as they were known at this instant; default: when it is asked for."
    )
    start: str | None = Field(
        default=None, alias="from", description="As `from` of the query: a time, a date, or a duration."
    )
    end: str | None = Field(default=None, alias="to", description="As `to` of the query; default: now.")
    period: str | None = Field(default=None, description="Instead of `from` and `to`: an ISO 8601 period.")
    headers: Headers = Headers.NAMES
    bom: bool = False
    decimal: Decimal = Decimal.POINT

    def misplaced(self) -> list[str]:
        """Fields that were given, and say nothing of what is wanted."""
        given = self.model_fields_set & OF_OTHERS[self.what]
        return sorted(name for name in given if getattr(self, name) is not None)

    def fixed(self, **texts: str | None) -> Self:
        """Return the same with `from` and `to` as instants in place of `period`, and other texts replaced."""
        return self.model_copy(update={**texts, "period": None})

    def parameters(self) -> dict[str, Any]:
        """Return what was asked for by the names of the fields; what has no meaning here is left out."""
        left_out = set(OF_OTHERS[self.what])
        return self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude=left_out)


class Export(Model):
    """A file that is being made, or is there for a time."""

    id: UUID
    what: str
    format: Format
    parameters: dict[str, Any] = Field(description="What was asked for, the period as instants.")
    state: State
    rows: int = Field(description="Rows written so far.")
    bytes: int = Field(description="Bytes written so far.")
    share: float | None = Field(
        description="Rows written as a share of those that sampling intervals let expect; 1 when it is done."
    )
    error: str | None = Field(description="Why it failed, and what to do.")
    created_at: datetime
    finished_at: datetime | None
    expires_at: datetime | None = Field(description="When the file is removed.")
    sha256: str | None = Field(description="Of the file, hexadecimal.")
    file: str | None = Field(description="Path of the file, once it is there.")


NEW: dict[str, Any] = {
    "what": "observations",
    "format": "parquet",
    "area": ["193"],
    "property": ["pm2_5"],
    "from": "2026-01-01",
    "to": "2026-06-30",
}
NEW_VALUES: dict[str, Any] = {
    "what": "indicator_values",
    "format": "xlsx",
    "indicator": ["vn_aqi_d", "pm2_5_d"],
    "within": "22",
    "level": "district",
    "period": "2026",
    "headers": "vi",
}
EXPORT: dict[str, Any] = {
    "id": "0b9d2f7e-6a0c-4b5e-9a67-2f1f0f3a9c11",
    "what": "observations",
    "format": "parquet",
    "parameters": NEW | {"from": "2025-12-31T17:00:00+00:00", "to": "2026-06-30T17:00:00+00:00"},
    "state": "done",
    "rows": 105120,
    "bytes": 734003,
    "share": 1,
    "error": None,
    "created_at": "2026-11-22T01:00:00Z",
    "finished_at": "2026-11-22T01:00:02Z",
    "expires_at": "2026-11-29T01:00:02Z",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "file": "/v1/exports/0b9d2f7e-6a0c-4b5e-9a67-2f1f0f3a9c11/file",
}
