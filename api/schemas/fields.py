"""Fields that several entries of the registry have, as clients give them."""

import unicodedata
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from api.schemas.common import Model
from devices.labels import MOST, TITLE_LENGTH, URL, URL_FORM, URL_LENGTH, is_url
from devices.model import CODE

MOST_ROWS = 2**31 - 1
KNOWN_BY = ConfigDict(extra="forbid", strict=True)


def _text(value: object) -> object:
    """Refuse a number, which pydantic would take for seconds since 1970."""
    if isinstance(value, int | float):
        raise ValueError("a time is text with its offset, not a number")  # noqa: TRY004  (pydantic tells of it)
    return value


#: an instant in a body: RFC 3339 with an offset
Instant = Annotated[AwareDatetime, BeforeValidator(_text)]
OFFSET_TIME = "With its offset, such as 2026-11-01T00:00:00+07:00."

Code = Annotated[str, Field(pattern=f"^{CODE.pattern}$")]
# Composed, and without blanks around it, as the files of a profile have it: the same name is the same text.
Name = Annotated[
    str,
    Field(pattern=r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$", max_length=TITLE_LENGTH),
    AfterValidator(lambda text: unicodedata.normalize("NFC", text.strip())),
]
Latitude = Annotated[float, Field(ge=-90, le=90, description="Degrees, WGS 84.")]
Longitude = Annotated[float, Field(ge=-180, le=180, description="Degrees, WGS 84.")]
Seconds = Annotated[int, Field(ge=1, le=MOST_ROWS)]
DevEui = Annotated[str, Field(pattern="^[0-9a-f]{16}$")]
Areas = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=64)]],
    Field(
        min_length=1,
        max_length=50,
        description="Codes of the areas in which it stands; it counts for their ancestors as well.",
    ),
]
Properties = Annotated[dict[str, Any], Field(description="Whatever else is to be known of it.")]
Tags = Annotated[
    list[Code],
    Field(max_length=MOST, description="What it is found by with `tag=`; codes such as `near-school`."),
    AfterValidator(lambda tags: sorted(set(tags))),
]


def _url(text: str) -> str:
    if not is_url(text):
        raise PydanticCustomError("link_url", URL_FORM)
    return text


class Link(BaseModel):
    """A photo, a note or a document that lies elsewhere."""

    model_config = KNOWN_BY

    kind: Literal["photo", "note", "document"]
    title: Name
    url: Annotated[
        str,
        Field(
            max_length=URL_LENGTH,
            description=f"It is {URL_FORM}.",
            json_schema_extra={"pattern": f"^{URL}$"},
        ),
        AfterValidator(_url),
    ]


Links = Annotated[list[Link], Field(max_length=MOST, description="Photos, notes and documents about it.")]


class Versioned(Model):
    """What has versions."""

    version: int = Field(description="Rises with each change.")
    changed_at: datetime
