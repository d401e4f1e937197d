"""`halong gateways …`: which there are, and their identities on MQTT."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from runtime.commands.instants import duration, instant, local
from runtime.commands.labels import Tagged  # noqa: TC001  (typer reads it)
from runtime.commands.moves import Areas, At, Reason, To, passage, position
from runtime.commands.running import By, DryRun, in_database, own_name
from runtime.listing import Listing
from runtime.settings import settings

app = typer.Typer(
    no_args_is_help=True,
    help="Gateways one by one: registered, changed, and their identities. The broker knows of each change of "
    "a password within seconds where `halong up` or `halong broker follow` runs.",
)
out = Console(highlight=False, soft_wrap=True)

_Code = Annotated[str, typer.Argument(help="The gateway's code.")]


@app.command("list")
def list_(
    area: Annotated[str | None, typer.Option(help="Only in this area.")] = None,
    tags: Tagged = None,
) -> None:
    """List gateways, how they are doing, and what hangs on them.

    Example: `halong gateways list --area 193 --tag solar`
    """
    from api.queries.gateways import gateways

    table = Listing("gateway", "name", "state", "things", "areas", "tags", prose=("name", "areas", "tags"))
    found = in_database(
        lambda conn: gateways(conn, area=area, state=None, tags=tags or None, after=None, limit=None)
    )
    for row in found:
        state = row["state"] if row["enabled"] else "disabled"
        table.row(
            row["code"], row["name"], state, str(row["things"]), " ".join(row["areas"]), " ".join(row["tags"])
        )
    if table.row_count:
        table.show(out)
    else:
        out.print("there is no such gateway: `halong gateways create --help` registers one")


@app.command("move")
def move(
    code: _Code,
    to: To,
    at: At,
    areas: Areas = None,
    reason: Reason = None,
    by: By = "",
    dry_run: DryRun = False,
) -> None:
    """Record that a gateway stands elsewhere since a time; lists of a time before have it where it stood.

    Its devices stay where they are registered: `halong things move` moves them. A wrong position is
    corrected by `halong gateways set`.
    Example: `halong gateways move ha-long-1 --to 21.03,107.34 --at 2026-11-20 --area 195`
    """
    from devices import gateway_moves
    from devices.installations import Place

    latitude, longitude = position(to)
    place, since = (
        Place(latitude=latitude, longitude=longitude, areas=tuple(areas or ())),
        instant(at, "--at"),
    )
    now, who = datetime.now(UTC), by or own_name()
    done = in_database(
        lambda conn: gateway_moves.move(
            conn, code, place, since, now=now, who=who, reason=reason, dry_run=dry_run
        )
    )
    out.print(f"{code} since {local(since)}: {passage(done.left, done.entered)}", markup=False)
    out.print("dry run: nothing was changed" if dry_run else "recorded")


@app.command("take-back")
def take_back(code: _Code, dry_run: DryRun = False) -> None:
    """Take a gateway's last move back, as if it had not been recorded.

    Example: `halong gateways take-back ha-long-1 --dry-run`
    """
    from devices import gateway_moves

    at, place = in_database(lambda conn: gateway_moves.take_back(conn, code, dry_run=dry_run))
    out.print(f"{code}: the move of {local(at)}; it stands at {place.latitude}, {place.longitude} again")
    out.print("dry run: nothing was changed" if dry_run else "taken back")


@app.command("password")
def password(code: _Code) -> None:
    """Give a gateway another random password and print it, once: only its hash is kept.

    Whatever password it had ends: to have both for a while, see `halong gateways rotate`.
    Example: `halong gateways password ha-long-1`
    """
    from devices.identities import set_password

    typer.echo(in_database(lambda conn: set_password(conn, code)))


@app.command("rotate")
def rotate(
    code: _Code,
    for_: Annotated[
        str, typer.Option("--for", help="How long the old password is valid beside it: 12h, 7d.")
    ] = "7d",
    end: Annotated[
        bool, typer.Option("--end", help="End the old password: the gateway has changed.")
    ] = False,
    cancel: Annotated[
        bool, typer.Option("--cancel", help="Take the new password back: the old one stays.")
    ] = False,
) -> None:
    """Give a gateway a new password beside the old one, and print it with its user name, once.

    Mosquitto knows one password a user: the new one belongs to the user name that the gateway does not use,
    CODE~2 or CODE, in turn. Both have the gateway's topics, in which its code stays as it is.
    Example: `halong gateways rotate ha-long-1 --for 3d`
    """
    if end and cancel:
        raise typer.BadParameter("give --end or --cancel, not both")
    if end or cancel:
        _end_rotation(code, keep_old=cancel)
        return
    from devices.rotation import rotate as apply

    at = datetime.now(UTC)
    until = at + duration(for_)
    given = in_database(lambda conn: apply(conn, code, at=at, until=until))
    out.print(f"user name  {given.user_name}\npassword   {given.password}", markup=False)
    if given.until:
        out.print(
            f"the old password is valid until {local(given.until)}; end it sooner with "
            f"`halong gateways rotate {code} --end`",
            markup=False,
        )


def _end_rotation(code: str, *, keep_old: bool) -> None:
    from devices.rotation import end_rotation

    at = datetime.now(UTC)
    user = in_database(lambda conn: end_rotation(conn, code, at=at, keep_old=keep_old))
    out.print(f"{code} logs in as {user} alone", markup=False)


@app.command("revoke")
def revoke(
    code: _Code,
    reason: Annotated[
        str, typer.Option(help="Of the certificates: keyCompromise, superseded, … (RFC 5280, 5.3.1).")
    ] = "keyCompromise",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what would end.")] = False,
    by: By = "",
) -> None:
    """End all passwords and certificates of a gateway, for good, and its connection with them.

    For what is stolen or gone. The gateway stays registered: `password` and `halong ca issue` give it others.
    Example: `halong gateways revoke ha-long-1 --dry-run`
    """
    from devices.authority import REASONS
    from devices.rotation import revoke_all

    if reason not in REASONS:
        raise typer.BadParameter(f"no reason {reason!r}: give one of {', '.join(REASONS)}")
    at, who = datetime.now(UTC), by or own_name()
    ended = in_database(lambda conn: revoke_all(conn, code, at=at, by=who, reason=reason, dry_run=dry_run))
    word = "would end" if dry_run else "ended"
    out.print(f"{code}: {word} {ended.passwords} passwords, {ended.certificates} certificates", markup=False)


@app.command("disable")
def disable(code: _Code) -> None:
    """Let a gateway log in no more until it is enabled again; its connection ends, its identities are kept.

    Its certificates are on hold, its readings refused. `halong gateways set --disable` does the same beside
    other changes. Example: `halong gateways disable ha-long-1`
    """
    _set_enabled(code, enabled=False)


@app.command("enable")
def enable(code: _Code) -> None:
    """Let a gateway log in again, with the identities that it had.

    Example: `halong gateways enable ha-long-1`
    """
    _set_enabled(code, enabled=True)


def _set_enabled(code: str, *, enabled: bool) -> None:
    from devices.rotation import set_enabled

    changed = in_database(lambda conn: set_enabled(conn, code, enabled=enabled))
    state = "enabled" if enabled else "disabled"
    out.print(f"{code} is {state}" if changed else f"{code} was {state} already", markup=False)


@app.command("enrol")
def enrol(
    code: _Code,
    for_: Annotated[str, typer.Option("--for", help="How long the token may be used: 2h, 7d.")] = "24h",
    qr: Annotated[bool, typer.Option("--qr", help="Show it as a QR code as well.")] = False,
    api: Annotated[
        str, typer.Option("--api", help="https address of the API; default: HALONG_PUBLIC_URL.")
    ] = "",
    by: By = "",
) -> None:
    """Make a one-time token, with which whoever installs the gateway gets its password or certificate.

    It is sent to the API (POST /v1/enrolments) and printed once; a token that the gateway had and did not use
    ends. Example: `halong gateways enrol ha-long-1 --qr --for 8h`
    """
    from devices.enrolment import create_token
    from devices.qr import terminal

    address = api or str(settings().public_url or "")
    if qr and not address:
        raise typer.BadParameter(
            "a QR code says where to send the token: give --api or set HALONG_PUBLIC_URL"
        )
    at, lasts, who = datetime.now(UTC), duration(for_), by or own_name()
    token = in_database(lambda conn: create_token(conn, code, at=at, lasts=lasts, by=who))
    out.print(f"token  {token.text}\nuntil  {local(token.expires_at)}, once", markup=False)
    if address:
        out.print(f"send   {token.address(address)}", markup=False)
    if qr:
        typer.echo(terminal(token.address(address)), nl=False)


@app.command("passwords")
def passwords(
    profile: Annotated[str, typer.Argument(help="Profile name (quang_ninh) or a folder of the same form.")],
    file: Annotated[Path, typer.Option("--out", help="JSON file of gateway code to password, mode 0600.")],
    simulated: Annotated[bool, typer.Option("--simulated", help="Also the simulators' gateways.")] = False,
) -> None:
    """Give every gateway of a profile the password that a file has for it, or a random one, which it keeps.

    It may be run again: nobody's password changes. `halong simulate --passwords` reads the file.
    Example: `halong gateways passwords quang_ninh --simulated --out gateways.json`
    """
    from devices.identities import admit, kept_passwords
    from devices.profiles import load

    city = load(profile)
    if simulated:
        from simulators.city import populate

        city = populate(city)
    kept = kept_passwords(file, (gateway.code for gateway in city.gateways))
    in_database(lambda conn: admit(conn, kept))
    typer.echo(f"{len(kept)} gateways of {profile} may log in with their passwords in {file}")
