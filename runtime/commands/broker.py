"""`halong broker …`: files for a Mosquitto broker that halong does not start itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from runtime.commands.running import run
from runtime.settings import secret, settings

app = typer.Typer(no_args_is_help=True, help="Files for Mosquitto.")


@app.command("files")
def files(
    folder: Annotated[Path, typer.Option("--out", help="Folder to write passwords and acl to.")],
) -> None:
    """Write Mosquitto's password and ACL files from the registry; reload the broker with SIGHUP after it.

    The platform's own user and password are those of HALONG_MQTT_URL; the user `alerts` has that of
    HALONG_ALERT_READER_PASSWORD.
    Example: `halong broker files --out /mosquitto/config`
    """
    from devices.credentials import password_hash
    from runtime.broker_address import broker_address
    from runtime.local.mosquitto import ALERT_READER, PLATFORM_USER, acl_text

    platform = broker_address(settings().require_mqtt_url())
    hashes = run(_hashes())
    user = platform.user or PLATFORM_USER
    if platform.password:
        hashes[user] = password_hash(platform.password)
    if reader := secret(settings().alert_reader_password):
        hashes[ALERT_READER] = password_hash(reader)
    folder.mkdir(parents=True, exist_ok=True)
    lines = "".join(f"{name}:{hashed}\n" for name, hashed in sorted(hashes.items()))
    _write(folder / "passwords", lines)
    _write(folder / "acl", acl_text(settings().topic_root, user, settings().lorawan_sources))
    typer.echo(f"{len(hashes)} identities written to {folder / 'passwords'}, rules to {folder / 'acl'}")


async def _hashes() -> dict[str, str]:
    from devices.identities import password_hashes
    from storage.pool import connect

    async with await connect(settings().require_database_url()) as conn:
        return await password_hashes(conn)


def _write(path: Path, text: str) -> None:
    path.touch(mode=0o640)
    path.write_text(text)
