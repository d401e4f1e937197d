"""The catalogue of indicators is fresh, whole and in both languages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from analytics.domains import domain
from analytics.indicator import INDICATORS, Trust
from analytics.results import Reason
from analytics.steps import Step
from analytics.texts import Text, described
from analytics.written import why
from runtime.cli import app
from runtime.indicator_docs import compact, pages, section, table
from runtime.indicator_words import WORDS, Language, period, trust

MADE = pages()
FOLDER = Path(__file__).resolve().parents[2] / "docs" / "indicators"


def test_the_pages_are_fresh() -> None:
    written = {str(path.relative_to(FOLDER)): path.read_text("utf-8") for path in FOLDER.rglob("*.md")}
    stale = sorted(name for name in written.keys() | MADE.keys() if written.get(name) != MADE.get(name))
    assert stale == [], "run: halong indicators docs --write docs/indicators"


@pytest.mark.parametrize("code", INDICATORS)
def test_every_indicator_is_in_the_index_and_on_its_page_in_both_languages(code: str) -> None:
    indicator = INDICATORS[code]
    assert f"| `{code}` |" in MADE["README.md"]
    for language in Language:
        assert f"## `{code}`: " in MADE[f"{language}/{domain(indicator)}.md"]
    assert indicator.name_vi in MADE[f"vi/{domain(indicator)}.md"]


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("code", INDICATORS)
def test_a_page_says_all_that_is_declared(code: str, language: Language) -> None:
    indicator = INDICATORS[code]
    text, source = section(indicator, language), indicator.source
    texts = [indicator.description, indicator.area_rule, source.document, source.clause, source.note]
    said = [getattr(each, language) for each in texts if each is not None]
    said += [trust(source.trust, language), indicator.step.iso, *(f"`{i}`" for i in indicator.of)]
    said += [part for c in indicator.categories for part in (c.name_en, c.name_vi, c.colour)]
    said += [part for e in indicator.crosswalk for part in (e.standard, e.clause, e.name)]
    said += [f"{limit:g} {indicator.unit}" for _, limit in indicator.limits]
    said += [example.case for example in indicator.examples]
    assert [each for each in said if " ".join(each.split()).replace("|", "\\|") not in text] == []


def test_every_reason_is_said_in_both_languages() -> None:
    for reason in Reason:
        assert why(reason).vi != why(reason).en
    assert why("unheard_of").vi == "unheard_of"


def test_an_indicator_without_vietnamese_is_refused() -> None:
    with pytest.raises(ValueError, match="add a paragraph `vi: …` in Vietnamese"):
        described("Mean of the hour, in mm.")
    both = "Mean of the\n    hour.\n\n    vi: Trung bình\n    giờ."
    assert described(both) == Text("Mean of the hour.", "Trung bình giờ.")


def test_no_worked_example_on_the_pages_differs() -> None:
    assert [name for name, text in MADE.items() if "| NO |" in text or "| KHÔNG |" in text] == []


@pytest.mark.parametrize("key", WORDS)
def test_words_are_there_in_both_languages(key: str) -> None:
    assert all(text.strip() for text in WORDS[key])


def test_every_trust_and_period_has_words() -> None:
    for language in Language:
        assert all(trust(each, language) for each in Trust)
        assert all(period(each, language) for each in Step)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"c": [1, None, 2.5]}, "{c: [1, null, 2.5]}"),
        (0.1 + 0.2, "0.3"),
        ("mưa to", "mưa to"),
        (list(range(30)), "[" + ", ".join(map(str, range(24))) + ", … (30)]"),
    ],
)
def test_values_are_told_on_one_line(value: Any, text: str) -> None:
    assert compact(value) == text


def test_bars_and_line_ends_stay_in_their_cell() -> None:
    assert table(["a"], [["x | y\nz"]]).splitlines()[2] == "| x \\| y z |"


def test_the_command_writes_the_pages_and_removes_those_of_domains_that_are_gone(tmp_path: Path) -> None:
    (tmp_path / "vi").mkdir()
    (tmp_path / "vi" / "gone.md").write_text("")
    done = CliRunner().invoke(app, ["indicators", "docs", "--write", str(tmp_path)])
    assert done.exit_code == 0
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.md")} == set(MADE)


def test_the_command_shows_a_declaration() -> None:
    done = CliRunner().invoke(app, ["indicators", "show", "vn_aqi_h", "--lang", "vi"])
    assert done.exit_code == 0
    assert "Chỉ số chất lượng không khí giờ" in done.stdout


def test_a_wrong_code_is_told_with_the_nearest() -> None:
    done = CliRunner().invoke(app, ["indicators", "show", "vnaqi"], env={"COLUMNS": "200"})
    assert done.exit_code == 2
    assert "did you mean vn_aqi_h" in done.stderr


def test_the_table_of_examples_ends_well() -> None:
    done = CliRunner().invoke(app, ["indicators", "examples"])
    assert done.exit_code == 0, done.stdout
    assert done.stdout.splitlines()[-1].endswith(" 0 examples differ")
