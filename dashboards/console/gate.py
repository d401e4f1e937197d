"""What a browser sees that may not look yet: log-in by the identity provider, if there is one, or a key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from api.rights import Right, Role, roles_with
from dashboards.console.elements import tag, text
from dashboards.console.login import LOG_IN_PATH

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dashboards.console.words import Words

KEY_PATH: Final = "/console/key"
#: why somebody is not logged in, as the address of the page says it -> words
_REASONS: Final = {"role": "log_in_role", "away": "log_in_away", "failed": "log_in_failed"}


#: by which an address asks for the gate where the console is open to anyone
_ASKS: Final = frozenset({"gate", "key", "log_in"})


def is_asked(query: Mapping[str, str]) -> bool:
    """Tell whether an address asks for the gate."""
    return not _ASKS.isdisjoint(query)


def ask(words: Words, query: Mapping[str, str], *, can_log_in: bool, is_public: bool) -> None:
    """Ask who it is, and say what was wrong before; where anyone may look, there is a way back."""
    with tag("main", "gate"), tag("div", "gate-form"):
        if can_log_in:
            text("h1", words("log_in_title_public" if is_public else "log_in_title"))
            if reason := _REASONS.get(query.get("log_in", "")):
                _complain(words(reason, roles=", ".join(roles_with(Right.INDICATORS))))
            with tag("a", "gate-send", href=f"{LOG_IN_PATH}?lang={words.language}"):
                text("span", words("log_in"))
            with tag("details", "gate-other", **({"open": "open"} if "key" in query else {})):
                text("summary", words("key_instead"))
                _ask_for_key(words, query, is_public=is_public)
        else:
            text("h1", words("key_title_public" if is_public else "key_title"))
            _ask_for_key(words, query, is_public=is_public)
        if is_public:
            with tag("a", "gate-back", href=f"/?lang={words.language}"):
                text("span", words("gate_back"))


def _ask_for_key(words: Words, query: Mapping[str, str], *, is_public: bool) -> None:
    with tag("form", "gate-key", method="post", action=KEY_PATH):
        text("p", words("key_words_public" if is_public else "key_words"))
        if "key" in query:
            _complain(_why_not(words, query))
        with tag("label", "gate-label"):
            text("span", words("key"))
            field = {"autocomplete": "off", "spellcheck": "false", "required": "required", "name": "key"}
            tag("input", "gate-input", type="password", **field)
        tag("input", "", type="hidden", name="lang", value=words.language)
        with tag("button", "gate-send", type="submit"):
            text("span", words("key_send"))


def _why_not(words: Words, query: Mapping[str, str]) -> str:
    """Return why a key did not open the console; of the address only what may stand there is shown."""
    if query["key"] == "role" and (role := query.get("role", "")) in set(Role):
        return words("key_role", role=role, roles=", ".join(roles_with(Right.INDICATORS)))
    return words("key_refused")


def _complain(said: str) -> None:
    text("p", said, "gate-refused").props["role"] = "alert"
