"""`halong ca …`: a small certificate authority for the broker and its gateways."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from runtime.commands.running import By, in_database, own_name, run
from runtime.listing import Listing
from runtime.settings import settings

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from devices.authority import Authority
    from devices.authority_files import AuthorityFolder
    from devices.certificates import Issued

app = typer.Typer(
    no_args_is_help=True,
    help="A small certificate authority (CA): for the broker's TLS, and for gateways that log in by "
    "certificate.\n\n"
    "In this order: `init` once; `server` for the broker; `issue` for a gateway. It is kept in HALONG_CA_DIR "
    "(default: `ca` below the data folder), its key encrypted with HALONG_CA_PASSPHRASE. Back up both, "
    "apart from each other: who has both can be any gateway.",
)
out = Console(highlight=False, soft_wrap=True)
#: a certificate is renewed when it ends sooner
_AHEAD = timedelta(days=60)

_Keep = Annotated[bool, typer.Option("--keep", help="Leave what is there and well; for start files.")]


@app.command("init")
def init(
    name: Annotated[
        str, typer.Option(help="Common name of the CA; default: halong CA and four digits.")
    ] = "",
    keep: _Keep = False,
) -> None:
    """Make the CA: a key, which never leaves HALONG_CA_DIR, and a root certificate valid for ten years.

    Example: `halong ca init --name "Quang Ninh gateways"`
    """
    from devices.authority import new_authority

    folder = _folder()
    if keep and folder.exists:
        out.print(f"{folder.path}: there is a CA already", markup=False)
        return
    authority = new_authority(name or f"halong CA {secrets.token_hex(2)}", datetime.now(UTC))
    folder.create(authority, settings().require_ca_passphrase())
    out.print(
        f"{folder.certificate}: give it to gateways, it is what they check the broker with", markup=False
    )


@app.command("show")
def show(
    file: Annotated[Path | None, typer.Option("--out", help="File to write it to instead.")] = None,
) -> None:
    """Print the CA's certificate as PEM, for gateways.

    Example: `halong ca show > ca.pem`
    """
    from runtime.whole_files import PUBLIC, replace

    pem = _folder().root_pem()
    if file is None:
        typer.echo(pem, nl=False)
    else:
        replace(file, pem, PUBLIC)


@app.command("server")
def server(
    names: Annotated[
        list[str] | None,
        typer.Option(
            "--name", help="Host name or address of the broker; repeat. Default: HALONG_BROKER_NAMES."
        ),
    ] = None,
    keep: _Keep = False,
) -> None:
    """Make the broker's certificate, valid for 397 days, or renew it, with another key.

    Gateways check the name that they connect to against the names in it. The broker takes it after
    `halong broker files` and SIGHUP; connections go on.
    Example: `halong ca server --name mqtt.example.vn --name 203.0.113.7`
    """
    from devices.authority import new_key

    folder, at = _folder(), datetime.now(UTC)
    wanted = names or [each.strip() for each in settings().broker_names.split(",") if each.strip()]
    if keep and (old := folder.server()) and _serves(old, wanted, at):
        out.print(f"{folder.server_certificate}: {_until(old)}", markup=False)
        return
    key = new_key()
    certificate = _open(folder).server(wanted, key.public_key(), at)
    folder.keep_server(certificate, key)
    out.print(f"{folder.server_certificate}: {', '.join(wanted)}, {_until(certificate)}", markup=False)


def _serves(certificate: Certificate, names: list[str], at: datetime) -> bool:
    from devices.authority_files import server_names

    is_named = server_names(certificate) == {name.lower() for name in names}
    return is_named and certificate.not_valid_after_utc > at + _AHEAD


def _until(certificate: Certificate) -> str:
    return f"valid until {certificate.not_valid_after_utc:%Y-%m-%d}"


@app.command("issue")
def issue(
    codes: Annotated[list[str] | None, typer.Argument(help="Codes of registered gateways.")] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Every gateway that has none valid for 60 more days.")
    ] = False,
    folder: Annotated[Path, typer.Option("--out", help="Folder for CODE.pem, CODE.key and ca.pem.")] = Path(),
    csr: Annotated[
        Path | None, typer.Option(help="The gateway's own request (PKCS #10, PEM): its key stays with it.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, help="Days that it is valid.")] = 825,
    by: By = "",
) -> None:
    """Issue a gateway's certificate, CN = its code, and record who issued it; the same command renews it.

    One that it has stays valid until it ends or is revoked, so that a gateway can be changed over in peace.
    Without --csr the key is made here: CODE.key has mode 0600; bring it to the gateway and delete it here.
    Example: `halong ca issue ha-long-1 --out certificates`
    """
    wanted = _due() if every else list(codes or ())
    if csr and len(wanted) != 1:
        raise typer.BadParameter("--csr is the request of one gateway: give one code")
    if not wanted:
        out.print("no certificate is due" if every else "give the code of a gateway, or --all")
        raise typer.Exit(0 if every else 2)
    from runtime.issuing import Issuing

    issuing = Issuing(_open(_folder()), folder, days, by or own_name())
    issuing.check(wanted, own_key=csr is not None)
    request = csr.read_text() if csr else None
    with Progress(console=out, disable=len(wanted) == 1 or not out.is_terminal) as progress:
        run(issuing.issue(settings(), progress.track(wanted, description="certificates"), request))
    out.print(f"{len(wanted)} issued; {folder} has them, and ca.pem to check the broker with", markup=False)


def _due() -> list[str]:
    from devices.certificates import without_certificate

    at = datetime.now(UTC)
    return in_database(lambda conn: without_certificate(conn, at, _AHEAD))


@app.command("revoke")
def revoke(
    code: Annotated[str, typer.Argument(help="The gateway's code.")],
    serial: Annotated[str | None, typer.Option(help="Only this one; see `halong ca list CODE`.")] = None,
    reason: Annotated[
        str, typer.Option(help="keyCompromise, superseded, cessationOfOperation, … (RFC 5280, 5.3.1).")
    ] = "keyCompromise",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be revoked.")] = False,
    by: By = "",
) -> None:
    """Revoke a gateway's certificates, for good: they are refused, and their connections end.

    The broker knows it within seconds where `halong broker follow` runs (as `halong up` and compose do) and
    `deploy/mosquitto/start` runs the broker; else after `halong broker files`, SIGHUP and
    `halong broker disconnect CODE`. `halong gateways revoke` ends the gateway's passwords as well.
    Example: `halong ca revoke ha-long-1 --dry-run`
    """
    from devices.authority import REASONS, AuthorityError

    if reason not in REASONS:
        raise typer.BadParameter(f"no reason {reason!r}: give one of {', '.join(REASONS)}")
    found = [each for each in _issued(code) if each.state(datetime.now(UTC)) == "valid"]
    chosen = [each for each in found if serial is None or each.serial == serial.upper().replace(":", "")]
    if not chosen:
        raise AuthorityError(f"{code!r} has no such certificate that is valid: see `halong ca list {code}`")
    _table(chosen).show(out)
    if dry_run:
        out.print(f"would be revoked: {len(chosen)}; nothing was changed")
        return
    number = _revoke([each.serial for each in chosen], by or own_name(), reason)
    out.print(f"{number} revoked", markup=False)


def _revoke(serials: list[str], by: str, reason: str) -> int:
    from devices.certificates import revoke

    at = datetime.now(UTC)
    return in_database(lambda conn: revoke(conn, serials, at=at, by=by, reason=reason))


@app.command("crl")
def crl(
    file: Annotated[Path, typer.Option("--out", help="File to write, PEM.")] = Path("crl.pem"),
) -> None:
    """Write the signed list of revoked certificates, valid for 397 days; `halong broker files` does it too.

    A broker whose list is overdue lets no certificate in.
    Example: `halong ca crl --out crl.pem`
    """
    from devices.authority import certificate_pem
    from runtime.issuing import signed_crl
    from runtime.whole_files import PUBLIC, replace

    made = run(signed_crl(settings(), _open(_folder())))
    replace(file, certificate_pem(made), PUBLIC)
    out.print(f"{file}: {len(made)} revoked, next update by {made.next_update_utc:%Y-%m-%d}", markup=False)


@app.command("list")
def list_(
    code: Annotated[str | None, typer.Argument(help="Only this gateway's.")] = None,
    ending: Annotated[
        int | None, typer.Option(min=0, help="Only what is valid and ends within so many days.")
    ] = None,
) -> None:
    """List the CA, the broker's certificate, and gateways': serial, validity, who issued or revoked it.

    Example: `halong ca list --ending 60`
    """
    folder, at = _folder(), datetime.now(UTC)
    if code is None and ending is None:
        for name, found in (("CA", folder.root()), ("broker", folder.server())):
            until = (
                f"valid until {found.not_valid_after_utc:%Y-%m-%d}" if found else "none: `halong ca server`"
            )
            out.print(f"{name}: {until}", markup=False)
    found_ = _issued(code)
    if ending is not None:
        last = at + timedelta(days=ending)
        found_ = [each for each in found_ if each.state(at) == "valid" and each.not_after <= last]
    _table(found_).show(out)


def _issued(code: str | None) -> list[Issued]:
    from devices.certificates import issued

    return in_database(lambda conn: issued(conn, code))


def _folder() -> AuthorityFolder:
    from devices.authority_files import AuthorityFolder

    return AuthorityFolder(settings().authority_folder)


def _open(folder: AuthorityFolder) -> Authority:
    return folder.open(settings().require_ca_passphrase())


def _table(found: list[Issued]) -> Listing:
    prose, at = ("issued by", "revoked"), datetime.now(UTC)
    table = Listing("gateway", "serial", "state", "from", "until", *prose, prose=prose)
    for each in found:
        days = (f"{each.not_before:%Y-%m-%d}", f"{each.not_after:%Y-%m-%d}")
        ended = f"{each.revoked_at:%Y-%m-%d} by {each.revoked_by}: {each.reason}" if each.revoked_at else ""
        table.row(each.gateway, each.serial, each.state(at), *days, each.issued_by, ended)
    return table
