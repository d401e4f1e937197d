"""Where things stand and stood."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.common import Model

_Code = Annotated[str, Field(min_length=1, max_length=64)]
_Words = Annotated[str, Field(pattern=r"\S", max_length=500)]


class Installation(Model):
    """A place where a device stood for a time."""

    valid_from: datetime | None = Field(description="Null: since it was registered, and before.")
    valid_to: datetime | None = Field(
        description="First instant at which it stood elsewhere; null: it stands there."
    )
    latitude: float = Field(description="Degrees, WGS 84.")
    longitude: float = Field(description="Degrees, WGS 84.")
    areas: list[str] = Field(description="Codes of every area that it counted for there, ancestors included.")
    place: str | None = Field(description="In words.")
    recorded_by: str | None = Field(description="Who recorded the move; null: registered there.")
    reason: str | None


class Installations(Model):
    """The places of a device, the first one first."""

    items: list[Installation]


class FormerPlace(Model):
    """Where a gateway stood before it was moved."""

    valid_from: datetime | None = Field(description="Null: since it was registered, and before.")
    valid_to: datetime = Field(description="First instant at which it stood elsewhere.")
    latitude: float
    longitude: float
    areas: list[str]
    moved_by: str
    reason: str | None


class NewPlace(BaseModel):
    """Where a gateway stands since an instant."""

    model_config = ConfigDict(extra="forbid", strict=True)

    latitude: float = Field(ge=-90, le=90, description="Degrees, WGS 84.")
    longitude: float = Field(ge=-180, le=180, description="Degrees, WGS 84.")
    at: str = Field(
        max_length=64, description="Since when: an instant that is past, a local date (its start) or `now`."
    )
    areas: list[_Code] = Field(
        default=[],
        max_length=50,
        description="Codes of its areas, for units whose surveyed outline is not known.",
    )
    reason: _Words | None = None


class NewInstallation(NewPlace):
    """Where a device stands since an instant."""

    place: _Words | None = Field(default=None, description="In words, such as roof of the school.")


INSTALLATION: dict[str, Any] = {
    "valid_from": "2026-11-20T02:00:00Z",
    "valid_to": None,
    "latitude": 21.03,
    "longitude": 107.34,
    "areas": ["06781", "195", "22"],
    "place": "roof of the school",
    "recorded_by": "field crew",
    "reason": "road works",
}
