"""`halong refusals …`: what could not be stored as it was sent, and why."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from runtime.commands.instants import duration, local
from runtime.commands.running import in_database
from runtime.device_report import plain
from runtime.listing import Listing

if TYPE_CHECKING:
    from api.queries import Row

app = typer.Typer(
    no_args_is_help=True, help="What was refused, why and where: the newest, or one with its payload."
)
out = Console(highlight=False, soft_wrap=True)


@app.command("list")
def list_(
    gateway: Annotated[str | None, typer.Option(help="Only of this one, as its topic says.")] = None,
    reason: Annotated[str | None, typer.Option(help="Only this reason, such as unknown_device.")] = None,
    since: Annotated[str, typer.Option(help="How far back: 30m, 12h, 7d.")] = "24h",
    open_: Annotated[bool, typer.Option("--open", help="Without those that were replayed.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most: the newest ones.")] = 50,
) -> None:
    """List what was refused, the newest first; a row is a message and a reason.

    Example: `halong refusals list --gateway ha-long-1 --since 7d`
    """
    from api.queries import gateways

    end = datetime.now(UTC)
    asked = partial(
        gateways.refusals,
        start=end - duration(since),
        end=end,
        gateway=gateway,
        reason=reason,
        open_alone=open_,
        payload_bytes=0,
        after=None,
        limit=limit,
    )
    rows = in_database(asked)
    if not rows:
        out.print(f"nothing was refused in the last {since}, as it was asked for")
        return
    table = Listing("number", "time", "gateway", "reason", "readings", "detail", prose=("time", "detail"))
    for row in rows:
        detail = f"{row['at']}: {row['detail']}{_became(row)}"
        cells = str(row["id"]), local(row["time"]), row["gateway"], row["reason"], str(row["count"]), detail
        table.row(*map(plain, cells))
    table.show(out)
    if len(rows) == limit:
        out.print(f"these are the newest {limit}: --limit shows more")


@app.command("show")
def show(
    number: Annotated[int, typer.Argument(min=1, max=2**63 - 1, help="As `halong refusals list` shows it.")],
    raw: Annotated[bool, typer.Option("--raw", help="Only the payload, byte for byte.")] = False,
) -> None:
    """Show one refusal with its whole message; what is no text is shown in base64.

    Example: `halong refusals show 17 --raw | halong device check`
    """
    from api.queries import gateways

    row = in_database(lambda conn: gateways.refusal(conn, number))
    if row is None:
        raise RefusalError(f"there is no refusal {number}: `halong refusals list` shows them")
    if raw:
        typer.echo(row["payload"], nl=False)
        return
    for name, value in _told(row).items():
        out.print(f"{name + ':':<14}{plain(value)}", markup=False)
    out.print(f"payload, {len(row['payload'])} bytes{_encoded(row['payload'])}", markup=False)


def _told(row: Row) -> dict[str, str]:
    kind = row["content_type"]
    return {
        "refused": local(row["time"]) + _became(row),
        "gateway": row["gateway"],
        "topic": row["topic"] + (f", content type {kind}" if kind else ""),
        "seq": "none" if row["seq"] is None else str(row["seq"]),
        "reason": row["reason"],
        "first place": row["at"],
        "detail": row["detail"],
        "readings": str(row["count"]),
    }


def _became(row: Row) -> str:
    if row["stored"]:
        return " (stored as suspect)"
    return f" (replayed {local(row['replayed_at'])} by {row['replayed_by']})" if row["replayed_at"] else ""


def _encoded(payload: bytes) -> str:
    from api import payloads

    text, encoding = payloads.shown(payload)
    if encoding == "base64":
        return f" in base64:\n{text}"
    return "\n".join([":", *map(plain, text.splitlines())])


class RefusalError(LookupError):
    """There is no such refusal."""
