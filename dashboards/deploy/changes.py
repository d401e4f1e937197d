"""What a deployment does with one object, and what differs field by field. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

#: characters of a value that are told
_LONGEST: Final = 60


class Action(StrEnum):
    """What is to be done with one object."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    KEEP = "unchanged"


@dataclass(frozen=True)
class Change:
    """One object, what is to be done with it, and the request that does it."""

    kind: str
    uid: str
    title: str
    action: Action
    body: Mapping[str, Any]
    #: of an update: each field that differs, and who saved it last where Grafana tells
    drift: tuple[str, ...] = ()


def differences(wanted: Any, stored: Any, *, exact: bool = False, path: str = "") -> Iterator[str]:
    """Yield each field of a stored value that is not as wanted, as `panels[3].title: 'x' instead of 'y'`.

    Args:
        wanted: value of JSON.
        stored: the same as Grafana has it.
        exact: whether a field that is not wanted is a difference; Grafana adds defaults of its own.
        path: of the value.
    """
    if isinstance(wanted, dict) and isinstance(stored, dict):
        yield from _fields(wanted, stored, exact=exact, path=path)
    elif isinstance(wanted, list) and isinstance(stored, list):
        yield from _items(wanted, stored, exact=exact, path=path)
    elif wanted != stored:
        yield f"{path}: {_told(stored)} instead of {_told(wanted)}"


def _fields(wanted: Mapping[str, Any], stored: Mapping[str, Any], *, exact: bool, path: str) -> Iterator[str]:
    for key, value in wanted.items():
        here = f"{path}.{key}" if path else key
        if key in stored:
            yield from differences(value, stored[key], exact=exact, path=here)
        elif value is not None:
            yield f"{here}: missing, should be {_told(value)}"
    if exact:
        for key in stored.keys() - wanted.keys():
            yield f"{path}.{key}: added".lstrip(".")


def _items(wanted: Sequence[Any], stored: Sequence[Any], *, exact: bool, path: str) -> Iterator[str]:
    if len(wanted) != len(stored):
        yield f"{path}: {len(stored)} entries instead of {len(wanted)}"
        return
    for number, (value, kept) in enumerate(zip(wanted, stored, strict=True)):
        yield from differences(value, kept, exact=exact, path=f"{path}[{number}]")


def _told(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
