"""`halong open-data …`: what is published, and publishing it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from runtime import observe
from runtime.commands.running import run, run_until_stopped
from runtime.listing import Listing
from runtime.settings import settings

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from api.open_data.data_sets import DataSet
    from api.open_data.months import Month
    from api.open_data.plan import Plan
    from api.open_data.publish import Outcome

app = typer.Typer(no_args_is_help=True, help="Open data: monthly files for everybody.")
out = Console(highlight=False, soft_wrap=True)

Target = Annotated[
    str | None,
    typer.Option("--to", help="A folder, or s3://bucket/prefix; default: HALONG_OPEN_DATA_TARGET."),
]


@app.command("publish")
def publish(
    month: Annotated[
        list[str] | None,
        typer.Option(help="Only this month, as 2026-10, though it is not over; may be repeated."),
    ] = None,
    data_set: Annotated[list[str] | None, typer.Option(help="Only this data set; may be repeated.")] = None,
    target: Target = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Write nothing; tell what would be written.")
    ] = False,
) -> None:
    """Write the months that are settled and not published, and those whose values have changed since.

    Run again, it writes nothing. A month that has changed becomes another version; the files and checksums of
    those before it stay.

    Example: `halong open-data publish --month 2026-10 --to s3://open-data/quang-ninh`
    """
    found = run(_publish(month or [], data_set or [], target, dry_run=dry_run))
    written = [each for each in found if each.what == "written" and each.version is not None]
    for each in written:
        out.print(_line(each))
    size = sum(file.bytes for each in written if each.version for file in each.version.files)
    unchanged = sum(each.what == "unchanged" for each in found)
    empty = sum(each.what == "empty" for each in found)
    if not found:
        out.print(
            "Nothing to publish: no month that has values is over and settled "
            f"({settings().open_data_settle_days} days after its end, HALONG_OPEN_DATA_SETTLE_DAYS). "
            "`--month YYYY-MM` publishes one that is not, as provisional."
        )
        return
    out.print(
        f"{len(written)} months of data sets {'would be ' if dry_run else ''}written "
        f"({size / 1e6:.1f} MB), {unchanged} unchanged, {empty} without values"
    )


def _line(each: Outcome) -> str:
    made = each.version
    assert made is not None
    hidden = f", {made.suppressed} suppressed" if made.suppressed else ""
    state = "; provisional: the month is not over and settled" if made.provisional else ""
    name = f"{each.data_set} {each.month} version {made.version}"
    return f"{name}: {made.rows} rows{hidden}; {made.reason.text_en}{state}"


async def _publish(
    months: list[str], codes: list[str], target: str | None, *, dry_run: bool
) -> list[Outcome]:
    from api.open_data.plan import read_plan
    from api.open_data.publish import publish as apply
    from api.open_data.store import Store
    from storage.pool import connect

    store = Store(target or settings().require_open_data_target())
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    async with await connect(settings().require_database_url(), name="halong open data") as conn:
        plan = await read_plan(conn, settings())
        chosen = await _chosen(conn, plan, codes, months)
        with Progress(*columns, console=out, disable=not out.is_terminal) as progress:
            task = progress.add_task("publishing", total=len(chosen))
            return await apply(
                conn,
                store,
                plan,
                chosen,
                dry_run=dry_run,
                on_progress=lambda done, _, what: progress.update(task, completed=done, description=what),
            )


async def _chosen(
    conn: AsyncConnection[Any], plan: Plan, codes: list[str], months: list[str]
) -> list[tuple[DataSet, Month]]:
    from api.open_data.publish import months_to_publish

    given, now = [_month(text, plan) for text in months], datetime.now(UTC)
    data_sets = [_data_set(code, plan) for code in codes] or list(plan.data_sets.values())
    return [
        (data_set, month)
        for data_set in data_sets
        for month in (given or await months_to_publish(conn, plan, data_set, now))
    ]


def _month(text: str, plan: Plan) -> Month:
    from api.open_data.months import Month, MonthError

    try:
        month = Month.parse(text)
    except MonthError as error:
        raise typer.BadParameter(str(error)) from None
    if month.start(plan.zone) > datetime.now(UTC):
        raise typer.BadParameter(f"{month} has not begun")
    return month


def _data_set(code: str, plan: Plan) -> DataSet:
    if code not in plan.data_sets:
        raise typer.BadParameter(f"no data set {code!r}: one of {', '.join(plan.data_sets)}")
    return plan.data_sets[code]


@app.command("list")
def list_(target: Target = None) -> None:
    """List the data sets, and what is published of them.

    Example: `halong open-data list`
    """
    table = Listing("data set", "title", "holds", "months", "newest", prose=("title", "holds"))
    for row in run(_listed(target)):
        table.row(*row)
    table.show(out)


async def _listed(target: str | None) -> list[tuple[str, ...]]:
    from api.open_data.plan import read_plan
    from api.open_data.store import Store
    from storage.pool import connect

    store = Store(target or settings().require_open_data_target())
    async with await connect(settings().require_database_url(), name="halong open data") as conn:
        plan = await read_plan(conn, settings())
    found: list[tuple[str, ...]] = []
    for each in plan.data_sets.values():
        months = (await store.manifest(each.code)).months
        number = len(each.indicators)
        counted = "1 indicator" if number == 1 else f"{number} indicators"
        what = counted if number else "hourly values by device"
        found.append((each.code, each.title.en, what, str(len(months)), max(months, default="–")))
    return found


@app.command("serve")
def serve(
    stand_by: Annotated[
        bool, typer.Option("--stand-by", help="Without a target wait to be stopped, instead of failing.")
    ] = False,
) -> None:
    """Publish months as they settle, until stopped. Needs HALONG_DATABASE_URL and HALONG_OPEN_DATA_TARGET.

    `halong up` runs it where the target is set. Example: `halong open-data serve`
    """
    from api.open_data.schedule import run as serve_
    from api.open_data.schedule import stand_by as wait

    configured = settings()
    observe.set_up(configured, "open-data")
    idle = stand_by and configured.open_data_target is None
    run_until_stopped(wait if idle else lambda stop: serve_(configured, stop))
