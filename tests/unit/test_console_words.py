from __future__ import annotations

import re
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest

import dashboards.console
from analytics.alerts import Cause, State
from analytics.quality import Flag
from analytics.results import Reason
from api.schemas.commands import State as CommandState
from dashboards.console.agreement import Verdict
from dashboards.console.choice import VIEWS
from dashboards.console.layers import LAYERS
from dashboards.console.scene import STATES
from dashboards.console.words import LANGUAGES, WORDS, Words, language
from devices.alert_rules import Kind, Severity

CONSOLE = Path(dashboards.console.__file__).parent
SOURCES = sorted(CONSOLE.rglob("*.py"))
INGEST = CONSOLE.parents[1] / "ingest"


#: first part of a key -> what follows it
COMPOSED = {
    "view": VIEWS,
    "severity": Severity,
    "alert": [*State, *(kind for kind in Kind if kind is not Kind.MISSING)],
    "alert_cause": Cause,
    "verdict": Verdict,
    "flag": [str(flag.name).lower() for flag in Flag],
    "live": ["reading", "live", "lost", "empty"],
    "past": ["slider", "play", "pause", "live", "not_live", "to_live"],
    "wall": ["age", "age_none", "seconds", "minutes", "hours", "days", "alerts"],
    "layer": LAYERS,
    "silence": ["alert", "rule_area", "area"],
    "command": get_args(CommandState),
    "commands": ["open", "all"],
}


#: words that the browser fills in: first part of a key -> the scripts that do
BROWSERS = {
    "planner_": [*CONSOLE.glob("planner/*.js"), CONSOLE / "planner.js"],
    "points_": [*CONSOLE.glob("map/*.js"), CONSOLE / "map_layers.js"],
}


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("key", WORDS)
def test_each_key_has_words_in_both_languages_with_the_same_places(key: str) -> None:
    texts = WORDS[key]
    assert len(texts) == len(LANGUAGES)
    assert all(text.strip() for text in texts)
    assert len({frozenset(places(text)) for text in texts}) == 1


def test_every_key_that_the_code_names_exists_and_none_is_unused() -> None:
    code = "\n".join(path.read_text("utf-8") for path in SOURCES if path.parent.name != "words")
    named = set(re.findall(r"words\(\s*\"(\w+)\"", code))
    assert named <= set(WORDS)
    composed = {*STATES, "disabled"} | {f"{unit}_ago" for unit in ("seconds", "minutes", "hours", "days")}
    composed |= {f"{kind}_{code}" for kind, codes in COMPOSED.items() for code in codes}
    elsewhere = ("why_", "refused_", *BROWSERS)
    unused = {key for key in WORDS if not key.startswith(elsewhere) and f'"{key}"' not in code}
    assert unused == composed - {key for key in composed if f'"{key}"' in code}
    assert composed <= set(WORDS)


@pytest.mark.parametrize("start", BROWSERS)
def test_every_key_that_a_script_names_exists_and_none_is_unused(start: str) -> None:
    code = "\n".join(path.read_text("utf-8") for path in BROWSERS[start])
    keys = {key.removeprefix(start) for key in WORDS if key.startswith(start)}
    assert set(re.findall(r"\bsay\([\"'](\w+)[\"'](?! \+)", code)) <= keys
    other = {f"with_{name}" for name in ("previous", "year", "none")} | {
        "not_computed",
        "no_rule_for_periods",
    }
    assert {key for key in keys - other if not re.search(rf"[\"'.]{key}\b", code)} == set()


def test_every_reason_for_no_value_has_words() -> None:
    assert {f"why_{reason}" for reason in Reason} == {key for key in WORDS if key.startswith("why_")}


def test_every_reason_for_a_refusal_that_ingest_gives_has_words() -> None:
    code = "\n".join(path.read_text("utf-8") for path in INGEST.rglob("*.py"))
    given = set(re.findall(r"refuse\(\s*(?:found,\s*)?\"(\w+)\"", code))
    assert len(given) > 5
    assert {f"refused_{reason}" for reason in given} <= set(WORDS)


def test_an_unknown_reason_is_shown_as_it_is() -> None:
    assert Words("vi").code("refused", "brand_new") == "brand_new"


def test_the_first_known_wish_is_the_language() -> None:
    assert language(None, "fr", "en") == "en"
    assert language("xx") == "vi"
