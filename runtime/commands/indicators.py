"""`halong indicators …`: list and compute."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from runtime.commands import indicator_explain, indicator_pages
from runtime.commands.instants import instant, local
from runtime.commands.running import in_database
from runtime.indicator_words import Language
from runtime.listing import Listing

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from analytics.indicator import Indicator

app = typer.Typer(no_args_is_help=True, help="City indicators.")
app.command("show")(indicator_pages.show)
app.command("explain")(indicator_explain.explain)
app.command("examples")(indicator_pages.examples)
app.command("docs")(indicator_pages.docs)
out = Console(highlight=False, soft_wrap=True)


@app.command("list")
def list_(language: indicator_pages.Lang = Language.EN) -> None:
    """List the indicators with unit, step and source.

    Example: `halong indicators list --lang vi`
    """
    from analytics.indicator import INDICATORS
    from runtime.indicator_docs import cited

    table = Listing("code", "name", "unit", "every", "source", prose=("name", "source"))
    for indicator in INDICATORS.values():
        name = indicator.name_vi if language is Language.VI else indicator.name_en
        source = cited(indicator.source, language)
        table.row(indicator.code, name, indicator.unit, indicator.step.iso, source)
    table.show(out)


@app.command("run")
def run_(
    codes: Annotated[list[str], typer.Argument(help="Indicator codes, or `all`.")],
    start: Annotated[str, typer.Option("--from", help="RFC 3339 time or local date.")],
    end: Annotated[
        str, typer.Option("--to", help="RFC 3339 time or local date, not included; or `now`.")
    ] = "now",
    area: Annotated[list[str] | None, typer.Option(help="Area codes; default: all that report.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin anew, though a run was interrupted.")] = False,
) -> None:
    """Compute indicators over a period; a value that changes becomes a revision.

    What they are made of is computed with them. A run that was interrupted goes on where it stopped when the
    same indicators, areas and start are given again.

    Example: `halong indicators run vn_aqi_h --from 2026-11-20 --to 2026-11-22`
    """
    chosen = [_indicator(code) for code in (_all() if codes == ["all"] else codes)]
    # A step that has not ended has no value yet.
    first, last = instant(start, "--from"), min(instant(end, "--to"), datetime.now(UTC))
    if first >= last:
        raise typer.BadParameter(f"--from {start} is not before --to {end} and before the present")
    in_database(lambda conn: _run(conn, chosen, first, last, area, fresh=fresh))


async def _run(
    conn: AsyncConnection[Any],
    chosen: list[Indicator],
    start: datetime,
    end: datetime,
    areas: list[str] | None,
    *,
    fresh: bool,
) -> None:
    from analytics import history, values
    from analytics.indicator import with_sources

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    indicators = with_sources(chosen)
    await values.write_catalogue(conn, indicators)
    found = history.History(tuple(indicators), start, end, None if areas is None else tuple(areas))
    if (since := await history.resumed(conn, found, fresh=fresh)) > start:
        out.print(f"goes on at {local(since)}, where it was interrupted; --fresh begins anew")
    with Progress(*columns, console=out, disable=not out.is_terminal) as progress:
        total = (end - start).total_seconds()
        task = progress.add_task("computing", total=total, completed=int((since - start).total_seconds()))
        counts = await history.compute_history(
            conn,
            found,
            since,
            lambda done: progress.update(task, completed=(done - start).total_seconds()),
        )
    if not counts.computed:
        out.print("nothing to compute: no whole step lies in the period, or no rule was in force in it")
        return
    out.print(
        f"{counts.computed} values computed, {counts.written} written, of which {counts.revised} "
        "supersede an earlier revision"
    )


def _all() -> list[str]:
    from analytics.indicator import INDICATORS

    return list(INDICATORS)


def _indicator(code: str) -> Indicator:
    from analytics.indicator import INDICATORS

    if code not in INDICATORS:
        raise typer.BadParameter(f"no indicator {code!r}: one of {', '.join(INDICATORS)}")
    return INDICATORS[code]
