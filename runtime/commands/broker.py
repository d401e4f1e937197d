"""`halong broker …`: what a Mosquitto broker needs that halong does not start itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runtime import observe
from runtime.commands.running import in_database, run, run_until_stopped
from runtime.settings import settings

if TYPE_CHECKING:
    import asyncio

    from psycopg import AsyncConnection

    from devices.broker_identities import BrokerIdentities
    from runtime.broker_files import BrokerFiles

app = typer.Typer(no_args_is_help=True, help="Files for Mosquitto, and connections to it.")

_Folder = Annotated[
    Path | None,
    typer.Option("--out", help="Folder to write passwords, acl, … to; default: HALONG_BROKER_DIR."),
]


@app.command("files")
def files(folder: _Folder = None) -> None:
    """Write Mosquitto's password and ACL files from the registry; reload the broker with SIGHUP after it.

    The platform's own user and password are those of HALONG_MQTT_URL; the user `alerts` has that of
    HALONG_ALERT_READER_PASSWORD. Where HALONG_CA_DIR has a CA, it writes what the broker's listeners with TLS
    need too: ca.pem, server.pem, server.key, and crl.pem. Each file is replaced as a whole, and stays where
    it is right. `ended` names the connections that a reload should end (see `halong broker disconnect`),
    `sessions` those that must be back after a restart of the broker before it is reloaded.
    `halong broker follow` does the same whenever something changes.
    Example: `halong broker files --out /mosquitto/config`
    """
    from runtime.broker_files import BrokerFiles

    kept = BrokerFiles(settings(), folder or settings().require_broker_dir())
    identities = in_database(lambda conn: _identities(conn, kept))
    changed = kept.write(identities)
    typer.echo(
        f"{len(identities.passwords)} identities in {kept.folder}; written: {', '.join(changed) or 'nothing'}"
    )


@app.command("follow")
def follow(folder: _Folder = None) -> None:
    """Write the same files now and within seconds of every change, until stopped; `halong up` does it too.

    The broker reads them by itself where `deploy/mosquitto/start` runs it, as compose does. Passwords,
    rotations, revocations and enrolments are then live without a restart. Of the broker for browsers
    (HALONG_BROWSER_BROKER_URL) it ends tokens that have expired, and writes its files to
    HALONG_BROWSER_BROKER_DIR.
    Example: `halong broker follow --out /mosquitto/config`
    """
    from devices.token_users import keep_tokens
    from runtime.broker_files import BrokerFiles
    from runtime.broker_follow import follow_identities, written
    from runtime.browser_files import BrowserFiles
    from runtime.until_stopped import until_stopped

    configured = settings()
    observe.set_up(configured, "identities")
    kept = BrokerFiles(configured, folder or configured.require_broker_dir())
    place = configured.browser_broker_dir
    browsers = BrowserFiles(configured, place) if place else None
    url, control = configured.require_database_url(), configured.browser_broker_url

    async def serve(stop: asyncio.Event) -> None:
        tokens = [keep_tokens(url, str(control))] if control else []
        await until_stopped(stop, follow_identities(url, kept.read, written(kept, browsers)), *tokens)

    run_until_stopped(serve)


@app.command("disconnect")
def disconnect(
    codes: Annotated[list[str], typer.Argument(help="Codes of gateways.")],
) -> None:
    """End the connections of gateways at the broker; who may still log in is back in a moment.

    After a certificate was revoked or a gateway disabled: a reload leaves who is connected by certificate. It
    takes over the gateway's client id, at the listener of HALONG_MQTT_URL. `deploy/mosquitto/start` does it
    by itself.
    Example: `halong broker disconnect ha-long-1`
    """
    from runtime.broker_client import take_over

    run(take_over(settings().require_mqtt_url(), codes))
    typer.echo(f"{len(codes)} disconnected")


async def _identities(conn: AsyncConnection, kept: BrokerFiles) -> BrokerIdentities:
    await kept.require_own_name(conn)
    return await kept.read(conn)
