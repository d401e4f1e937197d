"""Parts that the schemas of several payloads share. Pure."""

from __future__ import annotations

from typing import Any, Final

from devices.model import CODE
from ingest.formats.head import MAX_SEQ
from ingest.formats.times import MAX_MS

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

CODE_PATTERN = f"^{CODE.pattern}$"
# date-time of RFC 3339, 5.6: an offset is required, years begin at 1
_DATE = "(?!0000)[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?"
_OFFSET = "([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
RFC3339 = f"^{_DATE}[Tt ]{_CLOCK}{_OFFSET}$"

SEQ: Final[dict[str, Any]] = {"type": "integer", "minimum": 0, "maximum": MAX_SEQ}
TIME: Final[dict[str, Any]] = {
    "description": "RFC 3339 with Z or an offset, or whole milliseconds since 1970 UTC.",
    "anyOf": [
        {"type": "string", "pattern": RFC3339},
        {"type": "integer", "minimum": -MAX_MS, "maximum": MAX_MS},
    ],
}


def named(name: str, title: str, description: str, **rest: Any) -> dict[str, Any]:
    head = {"$schema": DIALECT, "$id": f"urn:halong:v1:{name}", "title": title, "description": description}
    return head | {"type": "object"} | rest
