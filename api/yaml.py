"""JSON values as YAML 1.2 in block style. Pure."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_PLAIN_KEY = re.compile(r"[A-Za-z_$][\w$-]*", re.ASCII)
#: words that YAML 1.1, which many programs still read, takes for true, false and null
_NOT_TEXT = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


def dump(value: Any) -> str:
    """Return a JSON value as YAML text; keys keep their order, and text is quoted as in JSON."""
    return "".join(f"{line}\n" for line in _lines(value))


def _lines(value: Any) -> Iterator[str]:
    if isinstance(value, dict) and value:
        for key, below in value.items():
            yield from _entry(f"{_key(key)}:", below)
    elif isinstance(value, list) and value:
        for below in value:
            first, *rest = _lines(below)
            yield f"- {first}"
            yield from (f"  {line}" for line in rest)
    else:
        yield json.dumps(value, ensure_ascii=False, allow_nan=False)


def _entry(head: str, below: Any) -> Iterator[str]:
    if below and isinstance(below, (dict, list)):
        yield head
        yield from (f"  {line}" for line in _lines(below))
    else:
        yield f"{head} {next(_lines(below))}"


def _key(key: str) -> str:
    is_plain = _PLAIN_KEY.fullmatch(key) and key.lower() not in _NOT_TEXT
    return key if is_plain else json.dumps(key, ensure_ascii=False)
