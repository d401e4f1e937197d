"""`halong up`, `migrate` and the services one by one."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from runtime import observe
from runtime.commands.running import run, run_until_stopped
from runtime.settings import Settings, settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI

out = Console(highlight=False, soft_wrap=True)


def _configured(service: str) -> Settings:
    configured = settings()
    observe.set_up(configured, service)
    return configured


def migrate(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only name what would be applied.")] = False,
) -> None:
    """Bring the database to the newest schema; safe to run at every start and by several at once.

    Example: `halong migrate --dry-run`
    """
    from storage.migrate import migrate as apply

    done = run(apply(settings().require_database_url(), dry_run=dry_run))
    for migration in done:
        out.print(f"{'would apply' if dry_run else 'applied'} {migration.name}")
    if not done:
        out.print("the schema is up to date")


def ingest() -> None:
    """Store what gateways publish, until stopped. Needs HALONG_DATABASE_URL and HALONG_MQTT_URL.

    Example: `HALONG_INGEST_BATCH_AGE_MS=10 halong ingest`
    """
    from ingest.service import run as serve

    configured = _configured("ingest")
    observe.serve_metrics(configured)
    run_until_stopped(lambda stop: serve(configured, stop))


def analytics() -> None:
    """Compute indicators as their steps end, until stopped. Needs HALONG_DATABASE_URL.

    Example: `halong analytics`
    """
    from analytics.service import run as serve

    configured = _configured("analytics")
    observe.serve_metrics(configured)
    run_until_stopped(lambda stop: serve(configured, stop))


def api(
    console: Annotated[bool, typer.Option(help="Serve the console at / as well.")] = True,
) -> None:
    """Serve the HTTP API and the console, until stopped. Needs HALONG_DATABASE_URL.

    Example: `HALONG_API_PORT=8080 halong api --no-console`
    """
    from api.service import run as serve

    configured = _configured("api")
    run_until_stopped(lambda stop: serve(configured, stop, on_app=_console(configured) if console else None))


def _console(configured: Settings) -> Callable[[FastAPI], None]:
    from dashboards.console import mount

    return lambda app: mount(app, configured)


def simulate(
    profile: Annotated[str, typer.Argument(help="Profile name or folder.")] = "quang_ninh",
    passwords: Annotated[
        Path | None,
        typer.Option(
            help="JSON file of gateway code to password; default: the user of HALONG_GATEWAY_MQTT_URL."
        ),
    ] = None,
    journal: Annotated[Path, typer.Option(help="Folder where gateways keep what is not committed.")] = Path(
        "journal"
    ),
    interval: Annotated[float | None, typer.Option(help="Seconds between readings of each device.")] = None,
    seed: Annotated[int, typer.Option(help="Another seed is another city.")] = 1,
    ca: Annotated[
        Path | None, typer.Option(help="CA certificates (PEM) for mqtts://; default: HALONG_MQTT_CA_FILE.")
    ] = None,
) -> None:
    """Publish as the simulated gateways of a profile, until stopped.

    Example: `halong simulate quang_ninh --interval 5`
    """
    from runtime.simulation import run_profile

    configured = _configured("simulators")
    run_until_stopped(
        lambda stop: run_profile(
            configured,
            profile,
            passwords=passwords,
            journal=journal,
            interval=interval,
            seed=seed,
            stop=stop,
            ca_file=ca,
        )
    )


def up(
    console: Annotated[bool, typer.Option(help="Serve the console at / as well.")] = True,
) -> None:
    """Run migrate, ingest, analytics and the API together, restarting what fails, until stopped.

    Needs HALONG_DATABASE_URL and HALONG_MQTT_URL. Example: `halong up`
    """
    from runtime.supervise import Supervisor, service_commands
    from storage.migrate import migrate as apply

    configured = _configured("up")
    configured.require_mqtt_url()
    run(apply(configured.require_database_url()))
    supervisor = Supervisor(service_commands(configured, console=console))
    run_until_stopped(supervisor.run)


def check(
    service: Annotated[
        str,
        typer.Option(
            help="What must be well: database, ingest, analytics, open-data, tls, issuer, browsers or all."
        ),
    ] = "all",
) -> None:
    """Check the installation and say what is wrong; exit code 1 if something is.

    Example: `halong check --service ingest`
    """
    from runtime.checks import run_checks

    observe.set_up(settings(), "check")
    results = asyncio.run(run_checks(settings(), service))
    for result in results:
        out.print(f"{'ok  ' if result.ok else 'FAIL'} {result.name}: {result.words}", markup=False)
    if not all(result.ok for result in results):
        raise typer.Exit(1)
