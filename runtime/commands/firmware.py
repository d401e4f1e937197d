"""`halong firmware …`: sign it, see who has it, roll it out."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import wrap_file
from rich.text import Text

from runtime.commands.instants import local
from runtime.commands.running import By, in_database, own_name
from runtime.device_report import plain
from runtime.listing import Listing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from psycopg import AsyncConnection

    from api.queries import Row
    from devices.rollouts import Plan

app = typer.Typer(no_args_is_help=True, help="Firmware of gateways.")
out = Console(highlight=False, soft_wrap=True)
_PART = 1 << 20
_NEVER = datetime.min.replace(tzinfo=UTC)
_STYLES = {"done": "green", "halted": "red", "failed": "red", "updated": "green"}
_Key = Annotated[Path, typer.Option(help="The private key, PEM.")]


class KeyFileError(Exception):
    """A file has no private key that can sign."""


@app.command("key")
def key(file: Annotated[Path, typer.Option("--out", help="PEM file to write, mode 0600.")]) -> None:
    """Make a key that signs firmware, and print its public part, which goes into the gateways.

    Keep the file off the server: who has it can have gateways install anything.
    Example: `halong firmware key --out firmware.key`
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from runtime.whole_files import replace

    if file.exists():
        raise typer.BadParameter(f"{file} is there: gateways trust that key; choose another name")
    made = Ed25519PrivateKey.generate()
    replace(file, _pem(made))
    typer.echo(_public_pem(made), nl=False)


def _pem(key: Ed25519PrivateKey) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _public_pem(key: Ed25519PrivateKey) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _read_key(file: Path) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        found = load_pem_private_key(file.read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        raise KeyFileError(f"no private key can be read from {file}: {error}") from error
    if not isinstance(found, Ed25519PrivateKey):
        raise KeyFileError(f"the key in {file} is not of Ed25519: `halong firmware key` makes one")
    return found


@app.command("add")
def add(
    version: Annotated[str, typer.Argument(help="As gateways report it in their status.")],
    file: Annotated[
        Path, typer.Argument(help="The firmware, as it lies at --url.", exists=True, dir_okay=False)
    ],
    url: Annotated[str, typer.Option(help="Where gateways fetch it.")],
    key: _Key,
    by: By = "",
) -> None:
    """Sign firmware and keep what is to be offered: address, size, SHA-256, signature. The file is not kept.

    Example: `halong firmware add 1.5.0 gateway.bin --url https://fw.example/1.5.0.bin --key firmware.key`
    """
    from devices.firmware import digest, signed
    from devices.rollouts import add as keep

    signer = _read_key(key)
    size, sha256 = digest(_parts(file))
    release = signed(signer, version, url, size, sha256)
    in_database(lambda conn: keep(conn, release, by or own_name()))
    out.print(f"firmware {version}: {size:,} bytes, SHA-256 {sha256}")


def _parts(file: Path) -> Iterator[bytes]:
    console = Console(stderr=True)
    with (
        file.open("rb") as raw,
        wrap_file(raw, file.stat().st_size, description="reading", console=console, transient=True) as source,
    ):
        while part := source.read(_PART):
            yield part


@app.command("list")
def list_() -> None:
    """List versions: how many gateways report each, and which can be offered.

    Example: `halong firmware list`
    """
    from api.queries.firmware import inventory

    table = Listing("version", "gateways", "added", "by", "address", prose=("by",))
    found = in_database(inventory)
    for each in sorted(found, key=lambda row: row["created_at"] or _NEVER, reverse=True):
        added = local(each["created_at"])
        cells = (str(each["gateways"]), added, each["created_by"] or "", each["url"] or "")
        table.row(Text(plain(each["version"]) or "(not told)"), *map(Text, cells))
    table.show(out)


@app.command("roll-out")
def roll_out(
    version: Annotated[str, typer.Argument(help="A version of `halong firmware list`.")],
    stages: Annotated[
        str, typer.Option(help="Shares of the gateways, %, one stage after the other.")
    ] = "5,25,100",
    area: Annotated[str | None, typer.Option(help="Only gateways of this area.")] = None,
    settle: Annotated[
        int, typer.Option(min=1, help="Minutes that a gateway has to come back, and then has to be there.")
    ] = 30,
    max_failed: Annotated[
        int, typer.Option(min=0, max=100, help="Of those that were offered it, %: more that fail halt it.")
    ] = 5,
    by: By = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell who would be offered it when.")
    ] = False,
) -> None:
    """Offer firmware to gateways stage by stage; it halts by itself when too many do not come back.

    Ingest offers it in `down/config` to gateways that are online. The next stage begins when all of the one
    before have it and have been there since for the time of --settle. Where it halts, offers that were not
    followed are taken back.

    Example: `halong firmware roll-out 1.5.0 --stages 5,25,100 --area 193 --dry-run`
    """
    from devices.rollout import parse_stages
    from devices.rollouts import Plan, begin, planned, sizes

    plan = Plan(
        version=version,
        stages=parse_stages(stages),
        settle_s=settle * 60,
        max_failed=max_failed,
        by=by or own_name(),
        area=area,
    )
    found = in_database(lambda conn: planned(conn, plan))
    if dry_run:
        _print_plan(plan, found)
        return
    number = in_database(lambda conn: begin(conn, plan))
    told = ", ".join(map(str, sizes(found, len(plan.stages))))
    out.print(f"roll-out {number} of {version} to {len(found)} gateways, in stages of {told}")


def _print_plan(plan: Plan, found: dict[str, int]) -> None:
    for number, share in enumerate(plan.stages, 1):
        codes = sorted(code for code, stage in found.items() if stage == number)
        shown = ", ".join(codes[:10]) + (f" and {len(codes) - 10} more" if len(codes) > 10 else "")
        out.print(f"stage {number} (up to {share} %): {len(codes)} gateways{': ' if shown else ''}{shown}")


@app.command("rollouts")
def rollouts_(
    number: Annotated[int | None, typer.Argument(help="One of them, with its gateways.")] = None,
) -> None:
    """List roll-outs and how far they are; of one, every gateway.

    Example: `halong firmware rollouts 3`
    """
    found = in_database(lambda conn: _rollouts(conn, number))
    if number is not None and not found:
        raise typer.BadParameter(f"there is no roll-out {number}")
    counts = ("waiting", "offered", "updated", "failed")
    table = Listing("id", "version", "state", "stage", *counts, "began", "by", "why", prose=("by", "why"))
    for each in found:
        state = Text(each["state"], _STYLES.get(each["state"], ""))
        stage = f"{each['stage']} of {len(each['stages'])}"
        numbers = (str(each[name]) for name in counts)
        began = local(each["created_at"])
        row = (str(each["id"]), each["version"], state, stage, *numbers, began, Text(each["created_by"]))
        table.row(*row, Text(each["reason"]))
    table.show(out)
    if number is not None:
        _print_gateways(found[0]["gateways"])


async def _rollouts(conn: AsyncConnection[Any], number: int | None) -> list[Row]:
    """Return every roll-out, or one with its gateways."""
    from api.queries.firmware import rollout, rollouts

    if number is None:
        return await rollouts(conn)
    found = await rollout(conn, number)
    return [] if found is None else [found]


def _print_gateways(rows: list[Row]) -> None:
    table = Listing(
        "gateway", "stage", "state", "before", "present", "offered", "ended", "why", prose=("why",)
    )
    for each in rows:
        state = Text(each["state"], _STYLES.get(each["state"], ""))
        versions = (Text(plain(each[name] or "–")) for name in ("before", "present"))
        times = local(each["offered_at"]), local(each["ended_at"])
        table.row(each["gateway"], str(each["stage"]), state, *versions, *times, Text(plain(each["reason"])))
    table.show(out)


@app.command("stop")
def stop(
    number: Annotated[int, typer.Argument(help="The roll-out's number.")],
    by: By = "",
) -> None:
    """Stop a roll-out: nobody further is offered it, and offers that were not followed are taken back.

    Example: `halong firmware stop 3`
    """
    from devices.rollouts import stop as end

    taken = in_database(lambda conn: end(conn, number, by or own_name()))
    out.print(f"roll-out {number} is stopped, {taken} offers are taken back")
