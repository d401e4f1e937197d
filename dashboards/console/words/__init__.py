"""Every word of the console, in Vietnamese and English."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from dashboards.console.words.alerts import ALERTS
from dashboards.console.words.city import CITY
from dashboards.console.words.codes import CODES
from dashboards.console.words.frame import FRAME
from dashboards.console.words.gate import GATE
from dashboards.console.words.layers import LAYERS
from dashboards.console.words.lists import LISTS
from dashboards.console.words.past import PAST
from dashboards.console.words.planner import PLANNER
from dashboards.console.words.side import SIDE
from dashboards.console.words.wall import WALL
from dashboards.console.words.work import WORK

if TYPE_CHECKING:
    from analytics.texts import Text

Language = Literal["vi", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("vi", "en")
#: in which a browser keeps the one that was chosen
LANGUAGE_COOKIE: Final = "halong_lang"

#: key -> (Vietnamese, English)
WORDS: Final[dict[str, tuple[str, str]]] = (
    FRAME | CITY | ALERTS | SIDE | WORK | GATE | CODES | PAST | PLANNER | WALL | LAYERS | LISTS
)


class Words:
    """The words of one language."""

    def __init__(self, language: Language) -> None:
        """Take the language, `vi` or `en`."""
        self.language = language
        self._place = LANGUAGES.index(language)

    def __call__(self, key: str, **values: object) -> str:
        """Return the words of a key with its places filled in.

        Raises:
            KeyError: there is no such key, or a place is not given.
        """
        return WORDS[key][self._place].format(**values)

    def begun_with(self, start: str, *, keep: bool = False) -> dict[str, str]:
        """Return the words of keys that begin so, with their places open, for the browser to fill in.

        keep: under the whole key, not what follows `start`.
        """
        return {
            key if keep else key.removeprefix(start): texts[self._place]
            for key, texts in WORDS.items()
            if key.startswith(start)
        }

    def said(self, text: Text) -> str:
        """Return a text in the language."""
        return text.vi if self.language == "vi" else text.en

    def code(self, kind: Literal["why", "refused"], code: str) -> str:
        """Return the words of a reason's code, or the code where it is not known."""
        key = f"{kind}_{code}"
        return self(key) if key in WORDS else code

    def of(self, row: dict[str, object]) -> str:
        """Return a row's name: its `name_vi` or `name_en`."""
        return str(row[f"name_{self.language}"])


def language(*wished: str | None) -> Language:
    """Return the first of the wishes that is a language of the console, else Vietnamese."""
    for wish in wished:
        for known in LANGUAGES:
            if wish == known:
                return known
    return LANGUAGES[0]
