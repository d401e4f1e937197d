"""The parameter `tag`: only what has these tags."""

from typing import Annotated

from fastapi import Depends, Query

from api.problems import invalid
from devices.labels import MOST, TAG_FORM
from devices.model import is_code


async def tagged(
    tags: Annotated[
        list[str] | None,
        Query(
            alias="tag",
            max_length=MOST,
            description="Only what has this tag; repeated: all of these.",
        ),
    ] = None,
) -> list[str] | None:
    """Read `tag`.

    Raises:
        Problem: 422; nothing could have such a tag.
    """
    for tag in tags or ():
        if not is_code(tag):
            raise invalid("tag", tag, f"{tag[:100]!r} is no tag", TAG_FORM)
    return tags or None


Tagged = Annotated[list[str] | None, Depends(tagged)]
