"""Parts that several answers share."""

from datetime import datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from devices.model import Quality

Item = TypeVar("Item")


def _quality(value: object) -> object:
    return Quality(value).name.lower() if isinstance(value, int) else value


QualityName = Annotated[
    Literal["good", "suspect"],
    BeforeValidator(_quality),
    Field(description="`suspect`: outside the observed property's physical limits, kept all the same."),
]


def _leave_out(schema: dict[str, Any]) -> None:
    del schema["default"]


def if_given(description: str | None = None) -> Any:
    """A field that may be left out, but not be null; `exclude_unset` keeps the default out."""
    return Field(default=None, description=description, json_schema_extra=_leave_out)


class Model(BaseModel):
    """Base of all answers."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Page(Model, Generic[Item]):
    """Rows of a list."""

    items: list[Item]
    next: str | None = Field(
        default=None,
        description="Path and query of the next page; null on the last page. Also in the header Link.",
    )


class ObservationValue(Model):
    """One value at one instant, in the unit of its observed property."""

    time: datetime = Field(description="When it was measured (phenomenonTime), UTC.")
    value: float
    quality: QualityName


class ProblemFault(Model):
    """What is wrong with one parameter."""

    parameter: str
    in_: Annotated[str, Field(alias="in")]
    value: str | None
    problem: str
    expected: str = Field(description="What would be right.")
    did_you_mean: list[str]


class ProblemDetails(Model):
    """Problem details (RFC 9457): the form of every error."""

    type: str = Field(description="`urn:halong:problem:` and the kind of the problem; stable.")
    title: str
    status: int
    detail: str = Field(description="What is wrong, where, and what to do.")
    instance: str
    request_id: str | None
    errors: list[ProblemFault] = Field(default=[], description="With status 422: each parameter.")
    did_you_mean: list[str] = []
    roles: list[str] = Field(default=[], description="With status 403: roles that may do it.")


def page_of(item: dict[str, Any], following: str | None = None) -> dict[str, Any]:
    """Return the example of a page from the example of its row."""
    return {"items": [item], "next": following}
