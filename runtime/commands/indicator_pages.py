"""`halong indicators show`, `examples` and `docs`: what is declared, to read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markdown import Markdown
from rich.text import Text

from runtime.indicator_words import Language, word
from runtime.listing import Listing

if TYPE_CHECKING:
    from analytics.examples import Checked
    from analytics.indicator import Indicator

out = Console(highlight=False, soft_wrap=True)

Lang = Annotated[Language, typer.Option("--lang", help="Language.")]


def show(
    code: Annotated[str, typer.Argument(help="Code of the indicator.")], language: Lang = Language.EN
) -> None:
    """Show everything that is declared of an indicator: rule, source, limits, categories, examples.

    Example: `halong indicators show vn_aqi_h --lang vi`
    """
    from runtime.indicator_docs import section

    out.print(Markdown(section(declared(code), language)), soft_wrap=False)


def examples(
    codes: Annotated[list[str] | None, typer.Argument(help="Indicator codes; default: all.")] = None,
    language: Lang = Language.EN,
) -> None:
    """Compute the worked examples: what the source expects, and what halong's functions say.

    Exit code: 0 all agree, 1 one differs.

    Example: `halong indicators examples vn_aqi_h`
    """
    from analytics.examples import check_all
    from analytics.indicator import INDICATORS

    chosen = [declared(code) for code in codes] if codes else list(INDICATORS.values())
    found = check_all(chosen)
    _table(found, language).show(out)
    wrong = sum(not checked.agrees for checked in found)
    out.print(f"{len(found)} examples, {sum(len(c.figures) for c in found)} figures, {wrong} examples differ")
    if wrong:
        raise typer.Exit(1)


def docs(
    write: Annotated[Path, typer.Option("--write", help="Folder to write the pages to.")],
) -> None:
    """Write the catalogue of indicators in both languages; pages of domains that are gone are removed.

    Example: `halong indicators docs --write docs/indicators`
    """
    from runtime.indicator_docs import pages

    found = pages()
    for name, text in found.items():
        path = write / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    stale = [p for each in Language for p in (write / each).glob("*.md") if f"{each}/{p.name}" not in found]
    for path in stale:
        path.unlink()
    out.print(f"{len(found)} pages written to {write}, {len(stale)} removed")


def declared(code: str) -> Indicator:
    """Return the indicator of that code.

    Raises:
        typer.BadParameter: there is none; the message names those that look like it.
    """
    from analytics.indicator import INDICATORS
    from api.suggest import nearest

    if code in INDICATORS:
        return INDICATORS[code]
    near = nearest(code, {i.code: (i.name_en, i.name_vi) for i in INDICATORS.values()})
    meant = f"did you mean {' or '.join(near)}?" if near else "`halong indicators list` names them"
    raise typer.BadParameter(f"no indicator {code!r}: {meant}")


def _table(found: list[Checked], language: Language) -> Listing:
    from runtime.indicator_docs import compact

    heads = [word(key, language) for key in ("indicator", "case", "name", "expected", "ours", "agrees")]
    table = Listing(*heads, prose=heads[1:])
    for checked in found:
        first: tuple[str, str] = (checked.indicator.code, checked.example.case)
        for figure in checked.figures:
            agrees = Text(word("yes", language)) if figure.agrees else Text(word("no", language), "red")
            table.row(*first, figure.name, compact(figure.expected), compact(figure.ours), agrees)
            first = ("", "")
    return table
