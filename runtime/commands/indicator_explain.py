"""`halong indicators explain`: why a stored value is what it is."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from api.times import EXPECTED, EXPECTED_STEP, TimeError, parse_step, parse_time
from runtime.commands.indicator_pages import Lang, declared
from runtime.commands.running import in_database
from runtime.indicator_words import Language
from runtime.settings import settings

if TYPE_CHECKING:
    from analytics.explanation import Explanation

#: wide enough for the tables where the output is no terminal
_WIDTH = 140


def explain(
    code: Annotated[str, typer.Argument(help="Code of the indicator.")],
    area: Annotated[str, typer.Argument(help="Code of the area.")],
    time: Annotated[
        str,
        typer.Argument(help="In the step: RFC 3339 time, local date, month (2026-11), year; or `latest`."),
    ] = "latest",
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="Explain the revision that was known at this instant.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document, for programs.")] = False,
    language: Lang = Language.EN,
) -> None:
    """Explain a value: its revisions, the observations, the numbers in between, the rule and its clause.

    The value is computed from the observations again and compared with the stored one.

    Exit code: 0 they are equal, 1 they differ or nothing is stored.

    Example: `halong indicators explain vn_aqi_h 193 2026-11-20T08:00+07:00`
    """
    from analytics.explain import explain as explain_value

    instant = None if time == "latest" else _instant("TIME", time, EXPECTED_STEP, parse_step)
    known = None if as_of is None else _instant("--as-of", as_of, EXPECTED, partial(parse_time, end=True))
    indicator = declared(code)
    found = in_database(lambda conn: explain_value(conn, indicator, area, instant, known))
    if as_json:
        typer.echo(json.dumps(found.to_json(), ensure_ascii=False, indent=2, default=_text))
    else:
        _print(found, language)
    if found.differences:
        raise typer.Exit(1)


def _print(found: Explanation, language: Language) -> None:
    from runtime.explanation_page import ExplanationPage

    out = Console(highlight=False)
    if not out.is_terminal and "COLUMNS" not in os.environ:
        out = Console(highlight=False, width=_WIDTH)
    for part in ExplanationPage(found, language).parts():
        out.print(part)


def _instant(name: str, text: str, expected: str, parse: Callable[..., datetime]) -> datetime:
    try:
        return parse(text, zone=settings().zone, now=datetime.now(UTC))
    except TimeError as error:
        raise typer.BadParameter(f"{name}: {error}; give {expected}") from None


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
