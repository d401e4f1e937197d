"""What declarations say to readers, in English and in Vietnamese."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Text:
    """The same in both languages."""

    en: str
    vi: str

    def __add__(self, more: Text) -> Text:
        """Return both texts, one after the other."""
        return Text(f"{self.en} {more.en}", f"{self.vi} {more.vi}")


def both(name: str, text: Text) -> dict[str, str]:
    """Return a text as JSON values: `name`, and `name_vi`."""
    return {name: text.en, f"{name}_vi": text.vi}


_VIETNAMESE = re.compile(r"\n *\n *vi: ")
#: A source that is ourselves.
HALONG = Text("halong", "halong")


def described(docstring: str | None) -> Text:
    """Return the two languages of a site function's docstring: English, then a paragraph after `vi:`.

    Raises:
        ValueError: one of them is missing.
    """
    english, *vietnamese = (" ".join(part.split()) for part in _VIETNAMESE.split(docstring or "", maxsplit=1))
    if not english or not vietnamese:
        raise ValueError(f"it is described as {english!r} only: add a paragraph `vi: …` in Vietnamese")
    return Text(english, vietnamese[0])
