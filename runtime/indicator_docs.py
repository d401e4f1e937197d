"""The catalogue of indicators as Markdown, made from the declarations: a page a domain and language."""

from __future__ import annotations

import json
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from analytics.crosswalk import PROVENANCE
from analytics.domains import DOMAINS_VI, domains, module_name
from analytics.examples import check
from analytics.inputs import ACTIVITY
from runtime.indicator_words import Language, period, said, trust, word

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, timedelta

    from analytics.examples import Checked
    from analytics.indicator import Indicator, Source

#: a list longer than this is cut in a worked example
_SHOWN: Final = 24


def pages() -> dict[str, str]:
    """Return every page of the catalogue by its path: README.md, en/DOMAIN.md and vi/DOMAIN.md."""
    found = {"README.md": _index()}
    for name, indicators in domains().items():
        for language in Language:
            found[f"{language}/{name}.md"] = _page(name, indicators, language)
    return found


def section(indicator: Indicator, language: Language, *, level: int = 2) -> str:
    """Return everything of a declaration as Markdown, below a heading of this level."""
    parts = [
        f"{'#' * level} `{indicator.code}`: {_name(indicator, language)}",
        _head(indicator, language),
        f"**{word('how', language)}.** {said(indicator.description, language)}",
        _note(indicator, language),
        _categories(indicator, language),
        _limits(indicator, language),
        _crosswalk(indicator, language),
        _examples(indicator, language),
    ]
    return "\n\n".join(part for part in parts if part)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; bars and line ends in cells are escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def compact(value: Any) -> str:
    """Return JSON on one line; a long list is cut and says how long it is."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {compact(each)}" for key, each in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        shown = [compact(each) for each in value[:_SHOWN]]
        return f"[{', '.join(shown)}{f', … ({len(value)})' if len(value) > _SHOWN else ''}]"
    if isinstance(value, float):
        return f"{value:.8g}"
    return json.dumps(value, ensure_ascii=False, default=str).strip('"')


def duration(length: timedelta) -> str:
    """Return a length of time such as `12 h` or `28 d`."""
    minutes = int(length.total_seconds() // 60)
    if minutes % 1440 == 0 and minutes > 1440:
        return f"{minutes // 1440} d"
    return f"{minutes // 60} h" if minutes % 60 == 0 else f"{minutes} min"


def _index() -> str:
    heads = [(word("index", language), language) for language in Language]
    parts = [f"# {' · '.join(text for text, _ in heads)}"]
    parts += [word("generated", language) for language in Language]
    parts += [_index_of(name, indicators) for name, indicators in domains().items()]
    parts += ["## ISO 37120, ISO 37122, U4SSC", *_provenance()]
    return "\n\n".join(parts) + "\n"


def _provenance() -> list[str]:
    return ["\n".join(f"- **{standard}**: {words}" for standard, words in PROVENANCE.items())]


def _index_of(name: str, indicators: Sequence[Indicator]) -> str:
    rows = [
        [
            f"`{i.code}`",
            i.name_vi,
            i.name_en,
            f"`{i.unit}`",
            i.step.iso,
            cited(i.source, Language.EN),
            str(i.source.trust),
        ]
        for i in indicators
    ]
    links = f"[Tiếng Việt](vi/{name}.md) · [English](en/{name}.md)"
    head = ["code", "tên", "name", "unit", "period", "source", "how far it could be checked"]
    return f"## {_title(name, Language.VI)} · {_title(name, Language.EN)}\n\n{links}\n\n{table(head, rows)}"


def _page(name: str, indicators: Sequence[Indicator], language: Language) -> str:
    other = Language.EN if language is Language.VI else Language.VI
    links = (
        f"[{word('index', language)}](../README.md) · "
        f"[{word('other_language', language)}](../{other}/{name}.md)"
    )
    sections = [section(indicator, language) for indicator in indicators]
    return "\n\n".join([f"# {_title(name, language)}", links, word("generated", language), *sections]) + "\n"


def _title(name: str, language: Language) -> str:
    """Return a domain's name: in English what the docstring of its module begins with, up to the colon."""
    if language is Language.VI and name in DOMAINS_VI:
        return DOMAINS_VI[name]
    modules = [module_name(indicator) for indicator in domains()[name]]
    named = next((module for module in modules if module.endswith(f".{name}")), modules[0])
    module = import_module(named)
    return (module.__doc__ or name).strip().partition("\n")[0].partition(":")[0].rstrip(".")


def _name(indicator: Indicator, language: Language) -> str:
    return indicator.name_vi if language is Language.VI else indicator.name_en


def _head(indicator: Indicator, language: Language) -> str:
    other = Language.EN if language is Language.VI else Language.VI
    rows = [
        (word(f"name_{other}", language), _name(indicator, other)),
        (word("unit", language), _unit(indicator, language)),
        (word("period", language), f"{period(indicator.step, language)} ({indicator.step.iso})"),
        *_inputs(indicator, language),
        (word("min_completeness", language), _share(indicator.min_completeness, language)),
        (word("area_rule", language), said(indicator.area_rule, language)),
        (word("decimals", language), word("half_up", language, n=indicator.decimals)),
        (word("version", language), str(indicator.version)),
        (word("valid", language), validity(indicator.valid_from, indicator.valid_to, language)),
        (word("source", language), cited(indicator.source, language)),
        (word("trust", language), f"**{trust(indicator.source.trust, language)}**"),
    ]
    return table([word("property", language), word("meaning", language)], rows)


def _unit(indicator: Indicator, language: Language) -> str:
    return f"`{indicator.unit}`" + (f" ({word('unit_none', language)})" if indicator.unit == "1" else "")


def _inputs(indicator: Indicator, language: Language) -> list[tuple[str, str]]:
    if indicator.of:
        return [(word("of", language), ", ".join(f"`{code}`" for code in indicator.of))]
    codes = [word("activity", language) if code == ACTIVITY else f"`{code}`" for code in indicator.inputs]
    reach = word("window_before_end", language, length=duration(indicator.window))
    return [(word("inputs", language), ", ".join(codes)), (word("window", language), reach)]


def _share(share: float, language: Language) -> str:
    return f"{100 * share:.4g} %" if share else word("none", language)


def validity(start: date | None, end: date | None, language: Language) -> str:
    """Return from which day until which a rule is in force."""
    words = [word("since", language, day=start)] if start else []
    words += [word("until", language, day=end)] if end else []
    return ", ".join(words) or word("valid_always", language)


def cited(source: Source, language: Language) -> str:
    """Return document, clause and year of a source."""
    return said(source.cited, language) + (f" ({source.year})" if source.year else "")


def _note(indicator: Indicator, language: Language) -> str:
    note = indicator.source.note
    return f"**{word('note', language).capitalize()}.** {said(note, language)}" if note else ""


def _categories(indicator: Indicator, language: Language) -> str:
    undated = "by_date" if indicator.limits else "by_rule"
    rows = [
        [
            f"`{c.code}`",
            c.name_vi,
            c.name_en,
            f"`{c.colour}`",
            f"{c.lower:g}" if c.lower is not None else word(undated, language),
        ]
        for c in indicator.categories
    ]
    head = [word(key, language) for key in ("category", "name_vi", "name_en", "colour", "from_value")]
    return _titled("categories", head, rows, language)


def _limits(indicator: Indicator, language: Language) -> str:
    rows = [[day.isoformat(), f"{limit:g} {indicator.unit}"] for day, limit in indicator.limits]
    return _titled("limits", [word("first_day", language), word("limit", language)], rows, language)


def _crosswalk(indicator: Indicator, language: Language) -> str:
    rows = [[e.standard, e.clause, e.name, trust(e.trust, language)] for e in indicator.crosswalk]
    head = [word(key, language) for key in ("standard", "clause", "name", "trust")]
    return _titled("crosswalk", head, rows, language)


def _examples(indicator: Indicator, language: Language) -> str:
    rows = [example_row(check(indicator, example), language) for example in indicator.examples]
    head = [word(key, language) for key in ("case", "given", "expected", "ours", "agrees", "source")]
    return _titled("examples", head, rows, language)


def example_row(checked: Checked, language: Language) -> list[str]:
    """Return the cells of a worked example: case, given, expected, ours, agrees, source."""
    example = checked.example
    return [
        example.case,
        f"`{compact(dict(example.inputs))}`",
        "; ".join(f"{f.name} {compact(f.expected)}" for f in checked.figures),
        "; ".join(f"{f.name} {compact(f.ours)}" for f in checked.figures),
        word("yes" if checked.agrees else "no", language),
        example.source,
    ]


def _titled(title: str, head: Sequence[str], rows: Sequence[Sequence[str]], language: Language) -> str:
    return f"**{word(title, language)}**\n\n{table(head, rows)}" if rows else ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
