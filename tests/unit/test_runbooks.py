"""Runbooks of alerts: every rule and kind has one, and the document says the same."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dashboards.console.notes import said
from dashboards.console.runbooks import runbook, runbooks
from dashboards.console.words import Words
from devices import profiles
from devices.alert_rules import Kind

if TYPE_CHECKING:
    from dashboards.console.runbooks import Runbook

OPERATORS = (Path(__file__).resolve().parents[2] / "docs" / "operators.md").read_text("utf-8")


def written(book: Runbook) -> str:
    """The section of the document."""
    checks, acts = (
        "\n".join(f"{n}. {each.en}" for n, each in enumerate(found, 1)) for found in (book.checks, book.acts)
    )
    return f"### {book.code}\n\n{book.meaning.en}\n\nCheck:\n\n{checks}\n\nDo:\n\n{acts}\n"


@pytest.mark.parametrize("code", runbooks())
def test_the_document_has_the_section(code: str) -> None:
    assert written(runbooks()[code]) in OPERATORS


@pytest.mark.parametrize("rule", profiles.load("quang_ninh").alert_rules, ids=lambda rule: rule.code)
def test_every_rule_of_the_profile_has_a_section_of_its_own(rule: object) -> None:
    code = getattr(rule, "code", "")
    assert runbook(code, getattr(rule, "kind", "")).code == code


@pytest.mark.parametrize("kind", Kind)
def test_a_rule_of_somebody_has_that_of_its_kind(kind: Kind) -> None:
    assert runbook("one_of_mine", kind).code == f"kind-{kind}"


@pytest.mark.parametrize("code", runbooks())
def test_both_languages_say_something_else_everywhere(code: str) -> None:
    book = runbooks()[code]
    for each in (book.meaning, *book.checks, *book.acts):
        assert each.en.strip()
        assert each.vi.strip()
        assert each.en != each.vi
        assert re.findall(r"`[^`]+`", each.en) == re.findall(r"`[^`]+`", each.vi)


def test_sections_of_rules_are_named_as_the_profile_names_them() -> None:
    for rule in profiles.load("quang_ninh").alert_rules:
        if (book := runbooks().get(rule.code)) is not None:
            assert (book.name.vi, book.name.en) == (rule.name_vi, rule.name_en)


def test_what_halong_notes_is_said_in_the_pages_language() -> None:
    words = Words("vi")
    note = "operators, after 0 min: not told, HALONG_ALERT_TARGETS has no operators"
    assert said(words, note).startswith("operators, sau 0 phút: không báo được")
    assert said(words, "operators, after 15 min") == "operators, sau 15 phút"
    assert said(words, "the pump, after all, is on") == "the pump, after all, is on"
