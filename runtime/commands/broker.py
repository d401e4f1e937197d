"""`halong broker …`: what a Mosquitto broker needs that halong does not start itself."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from runtime.commands.running import run
from runtime.settings import secret, settings

if TYPE_CHECKING:
    from runtime.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Files for Mosquitto, and connections to it.")


@app.command("files")
def files(
    folder: Annotated[Path, typer.Option("--out", help="Folder to write passwords, acl, … to.")],
) -> None:
    """Write Mosquitto's password and ACL files from the registry; reload the broker with SIGHUP after it.

    The platform's own user and password are those of HALONG_MQTT_URL; the user `alerts` has that of
    HALONG_ALERT_READER_PASSWORD. Where HALONG_CA_DIR has a CA, it writes what the broker's listeners with TLS
    need too: ca.pem, server.pem, server.key, and crl.pem, signed anew. Each file is replaced as a whole. The
    file `ended` names the connections that a reload should end, see `halong broker disconnect`.
    Example: `halong broker files --out /mosquitto/config`
    """
    from runtime.whole_files import replace

    texts, number = run(_texts(settings()))
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        replace(folder / name, text, 0o640)
    typer.echo(f"{number} identities written to {folder}: {', '.join(texts)}")


@app.command("disconnect")
def disconnect(
    codes: Annotated[list[str], typer.Argument(help="Codes of gateways.")],
) -> None:
    """End the connections of gateways at the broker; who may still log in is back in a moment.

    After a certificate was revoked or a gateway disabled: a reload leaves who is connected. It takes over the
    gateway's client id, at the listener of HALONG_MQTT_URL.
    Example: `halong broker disconnect ha-long-1`
    """
    from runtime.broker_client import take_over

    run(take_over(settings().require_mqtt_url(), codes))
    typer.echo(f"{len(codes)} disconnected")


class _Written(NamedTuple):
    texts: dict[str, str]
    identities: int


async def _texts(configured: Settings) -> _Written:
    """Return what the broker needs, name of the file -> text, and how many may log in by password."""
    from devices.certificates import ended, shut_out
    from devices.identities import password_hashes, require_no_gateway
    from devices.model import PLATFORM_USER
    from runtime.broker_address import broker_address
    from runtime.local.mosquitto_files import acl_text, passwords_text
    from storage.pool import connect

    at, url = datetime.now(UTC), configured.require_mqtt_url()
    user = broker_address(url).user or PLATFORM_USER
    async with await connect(configured.require_database_url()) as conn:
        await require_no_gateway(conn, user)
        hashes = await password_hashes(conn)
        rules = acl_text(
            configured.topic_root,
            user,
            configured.lorawan_sources,
            await shut_out(conn, at),
            sparkplug=bool(configured.sparkplug_host_id),
        )
        lines = [f"{line}\n" for line in await ended(conn, at)]
    hashes |= _own_hashes(configured, user)
    texts = {"passwords": passwords_text(hashes), "acl": rules, "ended": "".join(lines)}
    return _Written(await _tls(configured) | texts, len(hashes))


def _own_hashes(configured: Settings, user: str) -> dict[str, str]:
    from devices.credentials import password_hash
    from devices.model import ALERT_READER
    from runtime.broker_address import broker_address

    passwords = {
        user: broker_address(configured.require_mqtt_url()).password,
        ALERT_READER: secret(configured.alert_reader_password),
    }
    return {name: password_hash(password) for name, password in passwords.items() if password}


async def _tls(configured: Settings) -> dict[str, str]:
    from devices.authority import certificate_pem
    from devices.authority_files import AuthorityFolder
    from runtime.issuing import signed_crl

    folder = AuthorityFolder(configured.authority_folder)
    if not folder.exists:
        return {}
    crl = await signed_crl(configured, folder.open(configured.require_ca_passphrase()))
    return folder.for_broker(certificate_pem(crl))
