"""`halong device …`: what an engineer needs to make one device talk to halong."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from runtime.commands.running import run, run_until_stopped
from runtime.settings import Settings, settings

if TYPE_CHECKING:
    from ingest.mqtt import Delivery
    from runtime.device_check import Desk
    from runtime.device_report import Report

app = typer.Typer(
    no_args_is_help=True,
    help="For firmware engineers: check what a device sends, play a gateway, print the payloads' JSON "
    "Schemas. (`halong devices` is the registry.)",
)
out = Console(highlight=False)

_Profile = Annotated[
    str | None, typer.Option(help="Check against this profile (quang_ninh) instead of the database.")
]
_Ca = Annotated[
    Path | None, typer.Option(help="CA certificates (PEM) for mqtts://; default: HALONG_MQTT_CA_FILE.")
]
_AsJson = Annotated[bool, typer.Option("--json", help="One JSON document a message, for programs.")]


@app.command("check")
def check(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Captured payloads, as they are on the wire; - is standard input."),
    ] = None,
    gateway: Annotated[
        str | None, typer.Option(help="The gateway that sends; live: only this one. Files: guessed.")
    ] = None,
    topic: Annotated[str | None, typer.Option(help="The topic of the captured payloads.")] = None,
    content_type: Annotated[
        str | None, typer.Option(help="Their MQTT 5 content type; without it the first bytes decide.")
    ] = None,
    profile: _Profile = None,
    as_json: _AsJson = False,
    live: Annotated[bool, typer.Option("--live", help="Listen at the broker.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Listen until Ctrl-C.")] = False,
    count: Annotated[int, typer.Option(min=1, help="Live: end after so many messages.")] = 1,
    timeout: Annotated[float, typer.Option(min=0.1, help="Live: give up after so many seconds.")] = 60.0,
    broker: Annotated[
        str | None, typer.Option(help="Live: mqtt://user:password@host:port; default HALONG_MQTT_URL.")
    ] = None,
    ca: _Ca = None,
) -> None:
    """Tell what becomes of each reading that a device sends: stored, or refused where, why and what is right.

    It decodes with ingest's own code. Times are of this moment, so a capture of long ago may be too old.

    **Files or standard input** need no broker: `mosquitto_sub -C 1 … | halong device check`.

    **Live**, without files, it listens beside ingest and disturbs nobody. That takes a broker user who may
    read below every gateway, as halong's own in HALONG_MQTT_URL: a gateway may not read what it publishes
    itself, and a second log-in as the gateway would end the device's connection. Who has no such user points
    the device at a broker of their own (--broker mqtt://localhost).

    **What is known**: --profile, else the registry at HALONG_DATABASE_URL, else only the form is checked.

    Exit code: 0 all is well, 1 something is refused or suspect, 2 nothing could be checked.

    Example: `halong device check payload.json --profile quang_ninh --gateway tour`
    """
    from runtime.device_check import CheckError, is_piped, open_desk, read_captured, settings_or_2

    configured = settings_or_2()
    desk = run(open_desk(configured, profile))
    tell = _Teller(configured, as_json=as_json)
    if desk.catalog is None:
        tell.note("only the form is checked: give --profile or HALONG_DATABASE_URL to check codes and limits")
    if not files and not live and not watch and is_piped():
        files = [Path("-")]
    for file in files or ():
        delivery = desk.captured(read_captured(file), topic=topic, content_type=content_type, gateway=gateway)
        tell.report(desk.report(delivery, "stdin" if str(file) == "-" else file.name))
    if not files:
        from runtime.broker_address import with_files

        url = with_files(broker or str(configured.mqtt_url or ""), ca_file=ca or configured.mqtt_ca_file)
        if not url:
            raise CheckError(
                "nothing to check: give a file, pipe a payload, or set --broker or HALONG_MQTT_URL"
            )
        heard = _Heard(desk, tell, url, gateway)
        run_until_stopped(lambda stop: heard.run(stop, None if watch else count, None if watch else timeout))
    raise typer.Exit(0 if tell.all_ok else 1)


class _Teller:
    """Prints reports, and remembers whether all was well."""

    def __init__(self, configured: Settings, *, as_json: bool) -> None:
        self._settings, self._as_json = configured, as_json
        self.all_ok = True

    def report(self, report: Report) -> None:
        """Print one."""
        self.all_ok &= report.ok
        if self._as_json:
            typer.echo(json.dumps(report.document(), ensure_ascii=False))
        else:
            report.print(out, self._settings.zone)

    def note(self, words: str) -> None:
        """Print what is no report; programs read it on the error stream."""
        from runtime.device_report import plain

        typer.echo(plain(words), err=self._as_json)

    def wrong(self, words: str) -> None:
        """Print what is wrong beside payloads."""
        self.all_ok = False
        self.note(words)


class _Heard:
    """What is heard at a broker."""

    def __init__(self, desk: Desk, tell: _Teller, url: str, gateway: str | None) -> None:
        self._desk, self._tell, self._url, self._gateway = desk, tell, url, gateway
        self._root = desk.settings.topic_root

    async def run(self, stop: asyncio.Event, count: int | None, timeout: float | None) -> None:  # noqa: ASYNC109
        """Report messages until there were `count`, or `timeout` s are over, or `stop`.

        Raises:
            CheckError: the time is over, or the broker cannot be listened at.
        """
        from runtime.device_check import CheckError, listen

        where = f"{self._root}/{self._gateway or '+'}/#"
        words = f"listening on {where}" + ("; Ctrl-C ends" if count is None else "")
        left = count
        try:
            async with asyncio.timeout(timeout):
                async for delivery in _closing(
                    listen(self._url, where, stop, lambda: self._tell.note(words))
                ):
                    if self._take(delivery, is_watched=count is None) and left:
                        left -= 1
                        if not left:
                            return
        except TimeoutError:
            number = f"{count - (left or 0)} of {count} messages" if count else "nothing"
            raise CheckError(
                f"{number} came within {timeout:g} s on {where}: look at the device's topic and its PUBACK"
            ) from None

    def _take(self, delivery: Delivery, *, is_watched: bool) -> bool:
        """Report a message; tell whether it was one from a gateway."""
        from ingest.topics import parse_topic

        levels = delivery.topic.removeprefix(f"{self._root}/").split("/")
        if levels[1:2] == ["down"]:
            if is_watched:
                self._tell.note(
                    f"halong to {levels[0]}: {levels[-1]} {delivery.payload.decode('utf-8', 'replace')}"
                )
            return False
        if parse_topic(delivery.topic, self._root) is None:
            right = f"{self._root}/{levels[0]}/up/observations"
            self._tell.wrong(f"{delivery.topic}: halong does not read this topic; readings go to {right}")
        else:
            self._tell.report(self._desk.report(delivery, "live"))
        return True


async def _closing(source: AsyncIterator[Delivery]) -> AsyncIterator[Delivery]:
    """Pass a generator's items on, and close its connection when the loop over them is left."""
    try:
        async for each in source:
            yield each
    finally:
        with suppress(RuntimeError):
            await source.aclose()  # type: ignore[attr-defined]


@app.command("schema")
def schema(
    payload: Annotated[
        str, typer.Argument(help="observations, status, response, committed, rejected, command or config.")
    ] = "observations",
) -> None:
    """Print the JSON Schema (2020-12) of a payload in native JSON, with examples, for tests of firmware.

    Example: `halong device schema observations > observations.schema.json`
    """
    from ingest.contract import NAMES
    from ingest.contract import schema as schema_of

    if payload not in NAMES:
        raise typer.BadParameter(f"no payload {payload!r}: give one of {', '.join(NAMES)}")
    typer.echo(json.dumps(schema_of(payload), indent=2))


@app.command("simulate")
def simulate(
    code: Annotated[str, typer.Option("--as", help="Code of the gateway to be.")],
    profile: Annotated[
        str | None,
        typer.Option(help="Take the gateway from this profile; default: the database, else quang_ninh."),
    ] = None,
    every: Annotated[
        float | None,
        typer.Option(min=0.05, help="Seconds between messages; default: the devices' intervals."),
    ] = None,
    count: Annotated[int | None, typer.Option(min=1, help="End after so many; default: Ctrl-C.")] = None,
    form: Annotated[str, typer.Option("--format", help="native, senml-json or senml-cbor.")] = "native",
    bad: Annotated[
        str | None, typer.Option(help="Send what is refused for this reason: unknown_device, time_invalid, …")
    ] = None,
    seq: Annotated[
        int | None,
        typer.Option(min=0, help="Number messages from here on (`oldest` too), and hear down/committed."),
    ] = None,
    password: Annotated[
        str | None, typer.Option(envvar="HALONG_GATEWAY_PASSWORD", help="The gateway's password.")
    ] = None,
    passwords: Annotated[Path | None, typer.Option(help="JSON file of gateway code to password.")] = None,
    broker: Annotated[
        str | None, typer.Option(help="mqtt://host:port, mqtts://…; default HALONG_GATEWAY_MQTT_URL.")
    ] = None,
    ca: _Ca = None,
    certificate: Annotated[
        Path | None, typer.Option(help="The gateway's certificate, CODE.pem, in place of a password.")
    ] = None,
    key: Annotated[Path | None, typer.Option(help="Its key, CODE.key.")] = None,
) -> None:
    """Be one gateway: publish plausible readings, show PUBACK codes and what halong says.

    **It takes over** the connection of the real gateway of that code. With --seq, lower numbers are given up,
    and those that were used count as committed: a real gateway goes on above them, or its own messages would
    be taken for stored. A command is shown and answered as done.

    Exit code: 0 all was taken, committed where it has numbers, and nothing refused (with --bad: refused for
    that reason and no other); 1 not so; 2 it could not begin.

    Example: `halong device simulate --as tour --every 5 --count 3 --seq $(date +%s)`
    """
    from runtime.device_simulate import Play, clock, find_gateway, play_gateway
    from runtime.log_in import LogIn
    from simulators.refusals import KINDS

    if bad is not None and bad not in KINDS:
        raise typer.BadParameter(f"no refusal {bad!r} that can be sent: give one of {', '.join(KINDS)}")
    configured = settings()
    play = Play(code=code, profile=profile, every=every, count=count, format=form, bad=bad, seq=seq)
    gateway = run(find_gateway(configured, play))
    log_in = LogIn(password, passwords, ca or configured.mqtt_ca_file, certificate, key)
    url, secret = log_in.at(broker, configured, code)

    def say(kind: str, words: str) -> None:
        out.print(f"{clock()}  {kind:<9}  {words}", markup=False, soft_wrap=True)

    told = play_gateway(configured, play, gateway, url=url, password=secret, say=say)
    refused = f", refused: {', '.join(sorted({*told.reasons}))}" if told.reasons else ""
    say("end", f"{told.sent} sent, {len(told.open)} without PUBACK{refused}")
    raise typer.Exit(0 if told.ok else 1)
