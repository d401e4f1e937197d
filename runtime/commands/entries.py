"""`halong gateways create …`, `halong things set …`: entries of the registry, one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from devices.commands import value_of
from runtime.commands.entry import change_in, changing, checked, create_in
from runtime.commands.labels import Links, Tags, Unlinks, Untags, labelled
from runtime.commands.named_values import split
from runtime.commands.running import DryRun, in_database
from runtime.settings import settings

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from devices.entries import Kind
    from runtime.commands.entry import Options

Code = Annotated[str, typer.Argument(help="Its code: 1 to 64 of a-z 0-9 _ . -")]
Name = Annotated[str | None, typer.Option(help="What people call it; one that is created: its code.")]
Latitude = Annotated[float | None, typer.Option(help="Degrees, WGS 84; needed to create one.")]
Longitude = Annotated[float | None, typer.Option(help="Degrees, WGS 84; needed to create one.")]
Areas = Annotated[
    list[str] | None,
    typer.Option("--area", help="Code of an area in which it stands; needed to create one. May be repeated."),
]
Heartbeat = Annotated[
    int | None, typer.Option("--heartbeat", help="Seconds; it is silent after two. Without it: 300.")
]
Enabled = Annotated[
    bool | None,
    typer.Option("--enable/--disable", help="Whether what it sends is taken; it is unless disabled."),
]
Properties = Annotated[
    list[str] | None,
    typer.Option(
        "--property", help="NAME=VALUE, in JSON or a text; NAME= leaves it out. Repeat it for several."
    ),
]
HangsOn = Annotated[str | None, typer.Option("--gateway", help="Code of its gateway; needed to create one.")]
ThingKind = Annotated[
    str | None, typer.Option("--kind", help="For example air_station; needed to create one.")
]
Model = Annotated[str | None, typer.Option(help="Code of its LoRaWAN device model.")]
DevEui = Annotated[str | None, typer.Option("--dev-eui", help="Its LoRaWAN DevEUI, 16 hexadecimal digits.")]
Measures = Annotated[
    list[str] | None,
    typer.Option("--measures", help="PROPERTY or PROPERTY:SECONDS, a datastream; repeat it for several."),
]


def create_gateway(
    code: Code,
    name: Name = None,
    latitude: Latitude = None,
    longitude: Longitude = None,
    areas: Areas = None,
    heartbeat: Heartbeat = None,
    properties: Properties = None,
    tags: Tags = None,
    links: Links = None,
    dry_run: DryRun = False,
) -> None:
    """Register a gateway; one that is there with the same values is left as it is.

    It may log in once it has a password (`halong gateways password`) or a certificate (`halong ca issue`).
    Example: `halong gateways create hut-9 --name "Hut 9" --latitude 20.96 --longitude 107.04 --area 193`
    """
    from api.schemas.registration import NewGateway
    from devices.entries import GATEWAY
    from devices.model import reserved_text

    if code in settings().platform_users:
        raise typer.BadParameter(reserved_text(code), param_hint="CODE")
    given = given_alone(latitude=latitude, longitude=longitude, areas=areas, heartbeat_s=heartbeat)
    given |= {"code": code, "name": name or code}
    given |= {**_properties(properties, {}), **labelled({}, tags, links=links)}
    entry = checked(NewGateway, given)
    in_database(lambda conn: _create(conn, GATEWAY, entry, [], dry_run=dry_run))


def set_gateway(
    code: Code,
    name: Name = None,
    latitude: Latitude = None,
    longitude: Longitude = None,
    areas: Areas = None,
    heartbeat: Heartbeat = None,
    properties: Properties = None,
    tags: Tags = None,
    untags: Untags = None,
    links: Links = None,
    unlinks: Unlinks = None,
    enabled: Enabled = None,
    dry_run: DryRun = False,
) -> None:
    """Change what is named of a gateway; the rest stays. Ingest knows at once.

    To switch it off or on and change nothing else, use `halong gateways disable` and `enable`.
    Example: `halong gateways set ha-long-1 --name "Harbour" --heartbeat 60 --dry-run`
    """
    from api.schemas.registration import GatewayChange
    from devices.entries import GATEWAY

    given = given_alone(name=name, latitude=latitude, longitude=longitude, areas=areas, heartbeat_s=heartbeat)
    given |= given_alone(enabled=enabled)
    options = _options(properties, tags, untags, links, unlinks)
    in_database(
        lambda conn: change_in(conn, GATEWAY, (code, code), GatewayChange, given, options, dry_run=dry_run)
    )


def create_thing(
    code: Code,
    gateway: HangsOn = None,
    kind: ThingKind = None,
    name: Name = None,
    latitude: Latitude = None,
    longitude: Longitude = None,
    areas: Areas = None,
    measures: Measures = None,
    model: Model = None,
    dev_eui: DevEui = None,
    properties: Properties = None,
    tags: Tags = None,
    links: Links = None,
    dry_run: DryRun = False,
) -> None:
    """Register a thing and what it measures; what is there with the same values is left as it is.

    Example: `halong things create ha-long-air-9 --gateway ha-long-1 --kind air_station --name "Air Hà Tu"
    --latitude 20.951 --longitude 107.142 --area 06652 --measures pm2_5 --measures pm10:60`
    """
    from api.schemas.registration import NewThing
    from devices.entries import THING

    given = given_alone(gateway=gateway, kind=kind, latitude=latitude, longitude=longitude, areas=areas)
    given |= given_alone(model=model, dev_eui=dev_eui)
    given |= {"code": code, "name": name or code, **_properties(properties, {})}
    given |= labelled({}, tags, links=links)
    streams = [_datastream(code, each) for each in measures or ()]
    entry = checked(NewThing, given)
    in_database(lambda conn: _create(conn, THING, entry, streams, dry_run=dry_run))


def set_thing(
    code: Code,
    gateway: HangsOn = None,
    kind: ThingKind = None,
    name: Name = None,
    latitude: Latitude = None,
    longitude: Longitude = None,
    areas: Areas = None,
    model: Model = None,
    dev_eui: DevEui = None,
    properties: Properties = None,
    tags: Tags = None,
    untags: Untags = None,
    links: Links = None,
    unlinks: Unlinks = None,
    enabled: Enabled = None,
    dry_run: DryRun = False,
) -> None:
    """Change what is named of a thing; the rest stays. Ingest knows at once.

    Position and areas are corrected; where it was taken elsewhere, `halong things move` records it.
    Example: `halong things set ha-long-air-1 --property height_m=4 --dry-run`
    """
    from api.schemas.registration import ThingChange
    from devices.entries import THING

    given = given_alone(
        gateway=gateway, kind=kind, name=name, latitude=latitude, longitude=longitude, areas=areas
    )
    given |= given_alone(model=model, dev_eui=dev_eui, enabled=enabled)
    options = _options(properties, tags, untags, links, unlinks)
    in_database(
        lambda conn: change_in(conn, THING, (code, code), ThingChange, given, options, dry_run=dry_run)
    )


def disable_thing(code: Code, dry_run: DryRun = False) -> None:
    """Take a thing out of service: what was stored stays, what it sends is refused.

    `halong things set CODE --enable` takes it back. Example: `halong things disable ha-long-air-1`
    """
    set_thing(code, enabled=False, dry_run=dry_run)


def given_alone(**options: Any) -> dict[str, Any]:
    """Return the options that were given."""
    return {name: value for name, value in options.items() if value not in (None, [])}


def _properties(options: list[str] | None, present: dict[str, Any]) -> dict[str, Any]:
    if not options:
        return {}
    changed = dict(present)
    for option in options:
        name, text = split(option, "--property")
        changed.pop(name, None)
        if text:
            changed[name] = value_of(text)
    return {"properties": changed}


def _options(properties: list[str] | None, *labels: list[str] | None) -> Options:
    """Return what tells, of an entry that is there, the fields that these options change."""

    def changed(present: dict[str, Any]) -> dict[str, Any]:
        return _properties(properties, present["properties"]) | labelled(present, *labels)

    return changed


def _datastream(thing: str, text: str) -> dict[str, Any]:
    from api.schemas.registration import NewDatastream

    code, colon, seconds = text.partition(":")
    if colon and not seconds.isdecimal():
        raise typer.BadParameter(f"{text!r} is not PROPERTY or PROPERTY:SECONDS", param_hint="--measures")
    interval = {"sampling_interval_s": int(seconds)} if colon else {}
    return checked(NewDatastream, {"thing": thing, "observed_property": code, **interval})


async def _create(
    conn: AsyncConnection[Any],
    kind: Kind,
    given: dict[str, Any],
    streams: list[dict[str, Any]],
    *,
    dry_run: bool,
) -> None:
    from devices.entries import DATASTREAM

    async with changing(conn, dry_run=dry_run):
        await create_in(conn, kind, given)
        for stream in streams:
            await create_in(conn, DATASTREAM, stream)
