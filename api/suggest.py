"""What a client may have meant: the names nearest to a text. Pure."""

from __future__ import annotations

import difflib
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_LIKENESS = 0.6


def nearest(text: str, names: Mapping[str, Sequence[str]], count: int = 3) -> list[str]:
    """Return up to `count` codes whose code or names look like `text`, the likest first.

    Args:
        text: what the client wrote.
        names: code -> other names of the same thing (for example in English and Vietnamese).
        count: how many at most.
    """
    spellings = {plain(name): code for code, others in names.items() for name in (*others, code)}
    found = difflib.get_close_matches(plain(text), spellings, count * 2, _LIKENESS)
    return list(dict.fromkeys(spellings[spelling] for spelling in found))[:count]


def told(codes: Iterable[str], names: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return codes as people read them: with the first name that says more than the code does."""

    def one(code: str) -> str:
        name = next((each for each in names.get(code, ()) if plain(each) not in {"", plain(code)}), None)
        return f"{code} ({name})" if name else code

    return tuple(map(one, codes))


def holds(part: str, *names: str) -> bool:
    """Tell whether one of some names has a plain text in it."""
    return any(part in plain(name) for name in names)


def plain(text: str) -> str:
    """Return a text without accents, case and separators: "Hạ Long" and "ha-long" become one."""
    letters = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "d"))
    return "".join(letter for letter in letters.casefold() if letter.isalnum())[:100]
