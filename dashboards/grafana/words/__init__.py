"""What the dashboards say, in both languages: a module for each dashboard; `common` has what several say."""

from __future__ import annotations

from typing import Final, Literal

from dashboards.grafana.words import (
    air,
    city,
    common,
    devices,
    district,
    ingest,
    noise,
    planners,
    quality,
    services,
    short,
    traffic,
    water,
)

Language = Literal["vi", "en"]

MODULES: Final = (
    common,
    short,
    city,
    district,
    air,
    water,
    noise,
    traffic,
    services,
    planners,
    devices,
    quality,
    ingest,
)
#: word -> (vi, en)
WORDS: Final[dict[str, tuple[str, str]]] = {
    key: words for module in MODULES for key, words in module.WORDS.items()
}


def word(key: str, language: Language) -> str:
    """Return a word in a language.

    Raises:
        KeyError: no such word.
    """
    vi, en = WORDS[key]
    return vi if language == "vi" else en


def about(key: str, language: Language) -> str | None:
    """Return the explanation of a panel, None if it has none."""
    return word(f"{key}_about", language) if f"{key}_about" in WORDS else None
