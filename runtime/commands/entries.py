"""`halong gateways create …`, `halong things set …`: entries of the registry, one by one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console

from runtime.commands.named_values import split, value_of
from runtime.commands.running import DryRun, in_database

if TYPE_CHECKING:
    from psycopg import AsyncConnection
    from pydantic import BaseModel

    from devices.entries import Kind

out = Console(highlight=False, soft_wrap=True)

Code = Annotated[str, typer.Argument(help="Its code: 1 to 64 of a-z 0-9 _ . -")]
Name = Annotated[str | None, typer.Option(help="What people call it.")]
Latitude = Annotated[float | None, typer.Option(help="Degrees, WGS 84.")]
Longitude = Annotated[float | None, typer.Option(help="Degrees, WGS 84.")]
Areas = Annotated[
    list[str] | None,
    typer.Option("--area", help="Code of an area in which it stands; repeat it for several."),
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
HangsOn = Annotated[str | None, typer.Option("--gateway", help="Code of the gateway that it hangs on.")]
ThingKind = Annotated[str | None, typer.Option("--kind", help="For example air_station.")]
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
    dry_run: DryRun = False,
) -> None:
    """Register a gateway; one that is there with the same values is left as it is.

    It may log in once it has a password (`halong gateways password`) or a certificate (`halong ca issue`).
    Example: `halong gateways create hut-9 --name "Hut 9" --latitude 20.96 --longitude 107.04 --area 193`
    """
    from api.schemas.registration import NewGateway
    from devices.entries import GATEWAY

    given = _given(name=name, latitude=latitude, longitude=longitude, areas=areas, heartbeat_s=heartbeat)
    given |= {"code": code, **_properties(properties, {})}
    entry = _checked(NewGateway, given)
    in_database(lambda conn: _create(conn, GATEWAY, entry, [], dry_run=dry_run))


def set_gateway(
    code: Code,
    name: Name = None,
    latitude: Latitude = None,
    longitude: Longitude = None,
    areas: Areas = None,
    heartbeat: Heartbeat = None,
    properties: Properties = None,
    enabled: Enabled = None,
    dry_run: DryRun = False,
) -> None:
    """Change what is named of a gateway; the rest stays. Ingest knows at once.

    To switch it off or on and change nothing else, use `halong gateways disable` and `enable`.
    Example: `halong gateways set ha-long-1 --name "Harbour" --heartbeat 60 --dry-run`
    """
    from api.schemas.registration import GatewayChange
    from devices.entries import GATEWAY

    given = _given(name=name, latitude=latitude, longitude=longitude, areas=areas, heartbeat_s=heartbeat)
    given |= _given(enabled=enabled)
    in_database(lambda conn: _change(conn, GATEWAY, code, GatewayChange, given, properties, dry_run=dry_run))


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
    dry_run: DryRun = False,
) -> None:
    """Register a thing and what it measures; what is there with the same values is left as it is.

    Example: `halong things create ha-long-air-9 --gateway ha-long-1 --kind air_station --name "Air Hà Tu"
    --latitude 20.951 --longitude 107.142 --area 06652 --measures pm2_5 --measures pm10:60`
    """
    from api.schemas.registration import NewThing
    from devices.entries import THING

    given = _given(gateway=gateway, kind=kind, name=name, latitude=latitude, longitude=longitude, areas=areas)
    given |= _given(model=model, dev_eui=dev_eui) | {"code": code, **_properties(properties, {})}
    streams = [_datastream(code, each) for each in measures or ()]
    entry = _checked(NewThing, given)
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
    enabled: Enabled = None,
    dry_run: DryRun = False,
) -> None:
    """Change what is named of a thing; the rest stays. Ingest knows at once.

    Position and areas are corrected; where it was taken elsewhere, `halong things move` records it.
    Example: `halong things set ha-long-air-1 --property height_m=4 --dry-run`
    """
    from api.schemas.registration import ThingChange
    from devices.entries import THING

    given = _given(gateway=gateway, kind=kind, name=name, latitude=latitude, longitude=longitude, areas=areas)
    given |= _given(model=model, dev_eui=dev_eui, enabled=enabled)
    in_database(lambda conn: _change(conn, THING, code, ThingChange, given, properties, dry_run=dry_run))


def disable_thing(code: Code, dry_run: DryRun = False) -> None:
    """Take a thing out of service: what was stored stays, what it sends is refused.

    `halong things set CODE --enable` takes it back. Example: `halong things disable ha-long-air-1`
    """
    set_thing(code, enabled=False, dry_run=dry_run)


def _given(**options: Any) -> dict[str, Any]:
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


def _datastream(thing: str, text: str) -> dict[str, Any]:
    from api.schemas.registration import NewDatastream

    code, colon, seconds = text.partition(":")
    if colon and not seconds.isdecimal():
        raise typer.BadParameter(f"{text!r} is not PROPERTY or PROPERTY:SECONDS", param_hint="--measures")
    interval = {"sampling_interval_s": int(seconds)} if colon else {}
    return _checked(NewDatastream, {"thing": thing, "observed_property": code, **interval})


def _checked(model: type[BaseModel], given: dict[str, Any]) -> dict[str, Any]:
    try:
        return model.model_validate(given).model_dump(exclude_unset=True)
    except ValidationError as error:
        wrong = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
        raise typer.BadParameter("; ".join(wrong)) from None


async def _create(
    conn: AsyncConnection[Any],
    kind: Kind,
    given: dict[str, Any],
    streams: list[dict[str, Any]],
    *,
    dry_run: bool,
) -> None:
    from devices import edit
    from devices.entries import DATASTREAM

    async with conn.transaction(force_rollback=dry_run):
        for each, values in ((kind, given), *((DATASTREAM, stream) for stream in streams)):
            _, is_new = await edit.create(conn, each, values)
            called = values.get("code") or f"{values['thing']}/{values['observed_property']}"
            out.print(f"{'created' if is_new else 'unchanged'}: {each.name} {called}", markup=False)
    _tell(dry_run=dry_run)


async def _change(
    conn: AsyncConnection[Any],
    kind: Kind,
    code: str,
    model: type[BaseModel],
    given: dict[str, Any],
    properties: list[str] | None,
    *,
    dry_run: bool,
) -> None:
    from devices import edit

    async with conn.transaction(force_rollback=dry_run):
        before = await edit.found(conn, kind, code)
        changes = _checked(model, given | _properties(properties, before["properties"]))
        if not changes:
            raise typer.BadParameter(f"say what is to change of {code}: see --help")
        after = await edit.change(conn, kind, code, changes)
        differing = [name for name in changes if before[name] != after[name]]
        for name in differing:
            out.print(f"{name}: {_shown(before[name])} -> {_shown(after[name])}", markup=False)
        out.print(f"{'changed' if differing else 'unchanged'}: {kind.name} {code}", markup=False)
    _tell(dry_run=dry_run)


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _tell(*, dry_run: bool) -> None:
    if dry_run:
        out.print("dry run: nothing was changed")
