"""`halong …`: the command line. Services are imported by the command that needs them."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console

from runtime.commands import (
    alerts,
    areas,
    availability,
    broker,
    ca,
    changes,
    city,
    commands,
    config,
    dashboards,
    datastreams,
    device,
    devices,
    entries,
    firmware,
    gateways,
    indicators,
    keys,
    maintenance,
    open_data,
    quality,
    refusals,
    registry,
    sensors,
    services,
    sessions,
    things,
    tokens,
    unknown,
)
from runtime.commands.running import own_name
from storage.actor import act_in_sessions_as

app = typer.Typer(
    name="halong",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="markdown",
    help="Smart-city telemetry: MQTT to TimescaleDB to indicators, nothing acknowledged is ever lost.\n\n"
    "Start with `halong demo`. Settings come from the environment (HALONG_…, see docs/operations.md).",
)
app.command("demo")(city.demo)
app.command("clean-demo")(city.clean_demo)
app.command("up")(services.up)
app.command("migrate")(services.migrate)
app.command("ingest")(services.ingest)
app.command("analytics")(services.analytics)
app.command("api")(services.api)
app.command("simulate")(services.simulate)
app.command("check")(services.check)
app.command("changes")(changes.changes)
app.add_typer(device.app, name="device")
devices.app.command("availability")(availability.availability)
app.add_typer(devices.app, name="devices")
app.add_typer(areas.app, name="areas")
app.add_typer(things.app, name="things")
app.add_typer(gateways.app, name="gateways")
app.add_typer(unknown.app, name="unknown")
app.add_typer(refusals.app, name="refusals")
app.add_typer(commands.app, name="commands")
app.add_typer(config.app, name="config")
app.add_typer(firmware.app, name="firmware")
gateways.app.command("create")(entries.create_gateway)
gateways.app.command("set")(entries.set_gateway)
things.app.command("create")(entries.create_thing)
things.app.command("set")(entries.set_thing)
things.app.command("disable")(entries.disable_thing)
things.app.command("datastream")(datastreams.set_datastream)
app.add_typer(registry.app, name="registry")
app.add_typer(broker.app, name="broker")
app.add_typer(ca.app, name="ca")
app.add_typer(alerts.app, name="alerts")
app.add_typer(maintenance.app, name="maintenance")
app.add_typer(keys.app, name="keys")
app.add_typer(tokens.app, name="tokens")
app.add_typer(sessions.app, name="sessions")
app.add_typer(indicators.app, name="indicators")
app.add_typer(quality.app, name="quality")
app.add_typer(sensors.app, name="sensors")
app.add_typer(open_data.app, name="open-data")
app.add_typer(dashboards.app, name="dashboards")


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"halong {version('halong')}")
        raise typer.Exit


@app.callback()
def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    _version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    if debug:
        os.environ["HALONG_DEBUG"] = "1"
    act_in_sessions_as(f"command line, {own_name()}")


def main() -> None:
    """Run a command; an error is one line that says what to do."""
    try:
        app()
    except Exception as error:
        if os.environ.get("HALONG_DEBUG"):
            raise
        console = Console(stderr=True, highlight=False, soft_wrap=True)
        for words in _messages(error):
            console.print(f"error: {words}", style="red", markup=False)
        sys.exit(getattr(error, "exit_code", 1))


def _messages(error: Exception) -> list[str]:
    """Return a line for each thing that is wrong: of files in bulk all rows are told at once."""
    several: tuple[str, ...] = getattr(error, "messages", ())
    return [" ".join(each.split()) for each in several] or [_words(error)]


def _words(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return "; ".join(
            f"HALONG_{'.'.join(str(p) for p in e['loc']).upper()}: {e['msg']}" for e in error.errors()
        )
    text = " ".join(str(error).split())
    # What our code raises is a whole sentence; of others, the kind is needed to understand it.
    ours = _raised_in(error).split(".")[0] in _OUR_PACKAGES
    return text if ours and text else f"{type(error).__name__}: {text} (halong --debug shows where)"


def _raised_in(error: Exception) -> str:
    """Return the name of the module that raised an error."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return str(trace.tb_frame.f_globals.get("__name__", "")) if trace else ""


_OUR_PACKAGES = frozenset(
    ("runtime", "storage", "devices", "ingest", "analytics", "api", "dashboards", "simulators")
)

if __name__ == "__main__":
    main()
