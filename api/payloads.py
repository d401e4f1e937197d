"""Payloads of messages as they are shown: text where they are text. Pure."""

from __future__ import annotations

import base64
from typing import Final, Literal

Encoding = Literal["utf-8", "base64"]

#: of a character in UTF-8, at most
_MOST_BYTES: Final = 4


def shown(raw: bytes, *, complete: bool = True) -> tuple[str, Encoding]:
    """Return a payload as UTF-8 text, else in base64, and which of them.

    complete: False where it is only a beginning, which may end amid a character.
    """
    for cut in range(1 if complete else _MOST_BYTES):
        try:
            return raw[: len(raw) - cut].decode(), "utf-8"
        except UnicodeDecodeError:
            continue
    return base64.b64encode(raw).decode(), "base64"
