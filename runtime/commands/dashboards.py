"""`halong dashboards …`: Grafana."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from runtime.commands.running import DryRun, in_database
from runtime.environment import SettingsError
from runtime.settings import settings

if TYPE_CHECKING:
    from dashboards.deploy import Change, Database, Wanted
    from dashboards.grafana.place import Place

Profile = Annotated[
    str,
    typer.Option(help="The city's profile, or a folder of the same form: the dashboards have its time zone."),
]
#: exit status of a dry run of a deployment that is not up to date
WOULD_CHANGE = 3
#: fields of one object that are told
_MOST_TOLD = 8

app = typer.Typer(no_args_is_help=True, help="Grafana dashboards.")
out = Console(highlight=False, soft_wrap=True)


@app.command("render")
def render(
    folder: Annotated[Path, typer.Option("--out", help="Folder to write the JSON files to.")],
    alarms: Annotated[
        Path | None, typer.Option(help="File to write the alarms at night to, for provisioning/alerting.")
    ] = None,
    profile: Profile = "quang_ninh",
) -> None:
    """Write the dashboards' JSON files for Grafana's provisioning.

    Their links to the console lead to HALONG_PUBLIC_URL.

    Example: `halong dashboards render --out /etc/halong/dashboards`
    """
    from dashboards.grafana import write
    from dashboards.grafana.alarms import write as write_alarms

    place = _place(profile)
    written = write(folder, place)
    if alarms is not None:
        written.append(write_alarms(alarms, place))
    for path in written:
        out.print(f"wrote {path}", markup=False)


@app.command("role")
def role(
    name: Annotated[str, typer.Option(help="Name of the role.")] = "halong_dashboard",
) -> None:
    """Create the database role that Grafana reads with, or set its password and rights again.

    Its password is that of HALONG_DASHBOARD_PASSWORD. Example: `halong dashboards role`
    """
    from dashboards.role import ensure_reader

    password = _password()
    in_database(lambda conn: ensure_reader(conn, password, name))
    out.print(f"role {name} may read what the dashboards show", markup=False)


@app.command("deploy")
def deploy(
    url: Annotated[
        str, typer.Argument(envvar="GRAFANA_URL", help="http(s)://[user:password@]host:port of Grafana.")
    ],
    token: Annotated[
        str | None, typer.Option(envvar="GRAFANA_TOKEN", help="Token of a service account.")
    ] = None,
    database_host: Annotated[
        str | None, typer.Option(help="The database's host as Grafana reaches it; default: as halong does.")
    ] = None,
    set_password: Annotated[
        bool, typer.Option("--set-password", help="Send the role's password again.")
    ] = False,
    district: Annotated[
        list[str] | None,
        typer.Option(
            help="Code of a district whose operators get a folder and a team of their own; repeat it."
        ),
    ] = None,
    dry_run: DryRun = False,
    profile: Profile = "quang_ninh",
) -> None:
    """Bring data source, dashboards and alarms to a Grafana, and delete those of halong's that are gone.

    What is right already is left alone; of what somebody changed by hand each field is told, and set right.
    The alarms are told to HALONG_NIGHT_MAIL and HALONG_NIGHT_WEBHOOK. A dry run ends with 3 if anything would
    change.

    Example: `GRAFANA_TOKEN=… halong dashboards deploy http://127.0.0.1:3000 --dry-run`
    """
    from dashboards import deploy as grafana

    wanted = _wanted(database_host, profile, district or [])
    if not dry_run:
        _show(grafana.deploy(url, wanted, token=token, set_password=set_password))
        return
    changes = grafana.plan(url, wanted, token=token)
    _show(changes)
    out.print("dry run: nothing was changed")
    if any(change.action is not grafana.Action.KEEP for change in changes):
        raise typer.Exit(WOULD_CHANGE)


def _place(profile: str) -> Place:
    from dashboards.grafana.place import Place

    public = settings().public_url
    return Place.of(profile, str(public) if public else None)


def _wanted(host: str | None, profile: str, codes: list[str]) -> Wanted:
    from dashboards.deploy import Wanted
    from dashboards.grafana.of_district import districts

    chosen = settings()
    webhook = chosen.night_webhook.get_secret_value() if chosen.night_webhook else None
    return Wanted(_database(host), _place(profile), chosen.night_mail, webhook, districts(codes, profile))


def _database(host: str | None) -> Database:
    from urllib.parse import urlsplit

    from dashboards.deploy import Database

    parts = urlsplit(settings().require_database_url())
    return Database(
        host=host or parts.hostname or "localhost",
        port=parts.port or 5432,
        name=parts.path.lstrip("/"),
        password=_password(),
    )


def _password() -> str:
    password = settings().dashboard_password
    if password is None:
        raise SettingsError(
            "HALONG_DASHBOARD_PASSWORD is not set: set it to the password of Grafana's database role"
        )
    return password.get_secret_value()


def _show(changes: list[Change]) -> None:
    for change in changes:
        out.print(f"  {change.action:9} {change.kind} {change.uid} ({change.title})", markup=False)
        for line in change.drift[:_MOST_TOLD]:
            out.print(f"            {line}", markup=False)
        if (more := len(change.drift) - _MOST_TOLD) > 0:
            out.print(f"            and {more} more", markup=False)
