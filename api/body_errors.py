"""Plain words for what is wrong with the body of a request. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from api import suggest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_OBJECT = 'an object such as {"name": "value"}'
_NO_OBJECT = frozenset({"model_attributes_type", "model_type", "dict_type"})


@dataclass(frozen=True)
class Words:
    """What is wrong, what would be right, and which fields a client may have meant."""

    problem: str
    expected: str
    did_you_mean: tuple[str, ...] = ()


def words(error: Mapping[str, Any], fields: Sequence[str]) -> Words | None:
    """Return plain words for an error of pydantic; None where those of parameters do.

    Args:
        error: as `RequestValidationError.errors` gives it.
        fields: that the body may have, by the names that clients write.
    """
    kind, value = str(error["type"]), error.get("input")
    if is_no_json(error):
        return Words(f"it is no JSON, at character {error['loc'][-1] + 1}", _OBJECT)
    if kind == "extra_forbidden":
        return _extra(error["loc"], fields)
    if kind == "list_type":
        return Words(f"{text(value)!r} is no list", _list(value))
    if kind in _NO_OBJECT:
        return _no_object(value)
    if kind == "string_type":
        return Words(f"{text(value)!r} is no text", f'a text such as "{text(value)}"')
    return None


def _no_object(value: object) -> Words:
    # The framework reads JSON only where the header says so, and hands on bytes otherwise.
    if isinstance(value, bytes):
        return Words("it was not sent as JSON", "the header Content-Type: application/json")
    return Words(f"{text(value)!r} is no object", _OBJECT)


def is_no_json(error: Mapping[str, Any]) -> bool:
    """Tell whether the place of an error is a position in the text, and not a field."""
    return bool(error["type"] == "json_invalid")


def text(value: object) -> str:
    """Return the beginning of what was sent."""
    whole = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    return whole[:200]


def _extra(place: Sequence[int | str], fields: Sequence[str]) -> Words:
    _, *path = place
    if len(path) != 1 or not fields:
        return Words("there is no such field", "one that /openapi.json names")
    meant = suggest.nearest(str(path[0]), dict.fromkeys(fields, ()))
    return Words("there is no such field", f"one of {', '.join(fields)}", tuple(meant))


def _list(value: object) -> str:
    if isinstance(value, str | int | float):
        return f"a list such as {json.dumps([value], ensure_ascii=False)[:200]}"
    return "a list"
