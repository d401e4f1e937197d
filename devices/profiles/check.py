"""What has to hold between the rows of a profile; types are checked where they are read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from devices.lineage import Lineage, is_in_force
from devices.model import LEVELS, is_code, is_reserved, reserved_text
from devices.open_data import HOURLY, read_open_data
from devices.profiles.models import check_models
from devices.profiles.tables import ProfileError, datastreams

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from devices.model import Area, ObservedProperty
    from devices.profiles.tables import GatewayRow, Row, Tables, ThingRow

    AnyRow = Row[Any]


_DEV_EUI = re.compile(r"[0-9a-f]{16}")


def check(tables: Tables) -> None:
    """Check codes, references, limits and dates.

    Raises:
        ProfileError: about the first row that is wrong.
    """
    _check_city(tables)
    _check_areas(tables.areas)
    _check_properties(tables.observed_properties)
    check_models(tables.device_models, {row.record.code for row in tables.observed_properties})
    _check_rules(tables)
    _check_gateways(tables.gateways, tables)
    _check_things(tables.things, tables)
    _check_quality_rules(tables)
    _check_public_properties(tables)


def _check_city(tables: Tables) -> None:
    city = tables.city
    if not is_code(city.code):
        raise ProfileError(f"city.json, code: {_not_a_code(city.code)}")
    try:
        ZoneInfo(city.time_zone)
    except (KeyError, ValueError, OSError) as error:
        raise ProfileError(
            f"city.json, time_zone: {city.time_zone!r} is no IANA time zone such as Asia/Ho_Chi_Minh"
        ) from error


def _check_areas(rows: Sequence[Row[Area]]) -> None:
    _check_unique([((row.record.code, row.record.valid_from), row) for row in rows])
    lineage = Lineage(row.record for row in rows)
    for row in rows:
        check_area(row, lineage)


def check_area(row: Row[Area], lineage: Lineage) -> None:
    """Check a row about an area beside all others.

    Raises:
        ProfileError: about the first cell that is wrong.
    """
    _check_code(row)
    _check_place(row)
    _check_level(row)
    _check_amounts(row, "population", "area_km2")
    _check_validity(row, lineage)
    _check_parent(row, lineage)
    _check_predecessors(row, lineage)


def _check_level(row: Row[Area]) -> None:
    if row.record.level not in LEVELS:
        raise row.error("level", f"{row.record.level!r} is none of {', '.join(LEVELS)}")


def _check_validity(row: Row[Area], lineage: Lineage) -> None:
    area = row.record
    if area.valid_to is not None and area.valid_to <= area.valid_from:
        raise row.error("valid_to", f"{area.valid_to} is not after valid_from, {area.valid_from}")
    earlier = lineage.before(area.code, area.valid_from)
    if earlier is not None and is_in_force(earlier, area.valid_from):
        raise row.error(
            "valid_from",
            f"on {area.valid_from} the code {area.code} still belongs to {earlier.name_en}: "
            "give that row a valid_to",
        )


def _check_parent(row: Row[Area], lineage: Lineage) -> None:
    area = row.record
    if area.parent is None:
        return
    parent = lineage.parent(area)
    if parent is None:
        raise row.error("parent", f"no area {area.parent!r} is in force on {area.valid_from}")
    if parent.level in LEVELS and LEVELS.index(parent.level) >= LEVELS.index(area.level):
        raise row.error("parent", f"a {area.level} can't be a part of a {parent.level} ({parent.code})")


def _check_predecessors(row: Row[Area], lineage: Lineage) -> None:
    area = row.record
    for code in area.predecessors:
        if lineage.before(code, area.valid_from) is None:
            raise row.error("predecessors", f"no area {code!r} was in force before {area.valid_from}")
    if len(set(area.predecessors)) < len(area.predecessors):
        raise row.error("predecessors", f"{' '.join(area.predecessors)!r} names one twice")
    if area.shares and len(area.shares) != len(area.predecessors):
        raise row.error("shares", "it has not as many shares as there are predecessors")
    if any(not 0 < share <= 1 for share in area.shares):
        raise row.error("shares", "a share is above 0, and at most 1")


def _check_properties(rows: Sequence[Row[ObservedProperty]]) -> None:
    _check_unique([(row.record.code, row) for row in rows])
    for row in rows:
        _check_code(row)
        _check_amounts(row, "sampling_interval_s")
        if not row.record.minimum < row.record.maximum:
            raise row.error("maximum", f"{row.record.maximum} is not above minimum, {row.record.minimum}")


def _check_rules(tables: Tables) -> None:
    areas, seen = {row.record.code for row in tables.areas}, set()
    for rule in tables.alert_rules:
        if rule.code in seen:
            raise ProfileError(f"alert_rules.json: {rule.code!r} stands in it twice; keep one")
        if unknown := sorted(set(rule.areas) - areas):
            raise ProfileError(f"alert_rules.json, {rule.code}: {unknown[0]!r} is not in areas.csv")
        seen.add(rule.code)


def _check_gateways(rows: Sequence[Row[GatewayRow]], tables: Tables) -> None:
    _check_unique([(row.record.code, row) for row in rows])
    areas = {row.record.code for row in tables.areas}
    for row in rows:
        _check_code(row)
        if is_reserved(row.record.code):
            raise row.error("code", reserved_text(row.record.code))
        _check_place(row)
        _check_amounts(row, "heartbeat_s")
        _check_known(row, "areas", row.record.areas, areas, "areas.csv")


def _check_things(rows: Sequence[Row[ThingRow]], tables: Tables) -> None:
    _check_unique([(row.record.code, row) for row in rows])
    areas = {row.record.code for row in tables.areas}
    gateways = {row.record.code for row in tables.gateways}
    properties = {row.record.code for row in tables.observed_properties}
    models = {model.code for model in tables.device_models}
    for row in rows:
        _check_code(row)
        _check_place(row)
        _check_known(row, "gateway", [row.record.gateway], gateways, "gateways.csv")
        _check_known(row, "areas", row.record.areas, areas, "areas.csv")
        measured = [code for code, _ in datastreams(row, row.record.datastreams)]
        _check_known(row, "datastreams", measured, properties, "observed_properties.csv")
        _check_lorawan(row, models)
    _check_unique(
        [(row.record.dev_eui, row) for row in rows if row.record.dev_eui is not None], column="dev_eui"
    )


def _check_lorawan(row: Row[ThingRow], models: set[str]) -> None:
    model, dev_eui = row.record.model, row.record.dev_eui
    if model is not None and model not in models:
        raise row.error("model", f"there is no lorawan/{model}.json; models: {', '.join(sorted(models))}")
    if dev_eui is not None and not _DEV_EUI.fullmatch(dev_eui):
        raise row.error("dev_eui", f"{dev_eui!r} is no DevEUI: 16 hexadecimal digits without separators")


def _check_quality_rules(tables: Tables) -> None:
    known = {row.record.code for row in tables.observed_properties}
    if unknown := tables.quality_rules.keys() - known:
        raise ProfileError(
            f"quality_rules.json: {', '.join(sorted(unknown))} is not in observed_properties.csv"
        )


def _check_public_properties(tables: Tables) -> None:
    known = {row.record.code: row.record.aggregation for row in tables.observed_properties}
    place = "open_data.json, public_properties"
    for code in read_open_data(tables.open_data).public_properties:
        if code not in known:
            raise ProfileError(
                f"open_data.json, public_properties: {code!r} is not in observed_properties.csv"
            )
        if known[code] not in HOURLY:
            raise ProfileError(
                f"{place}: {code} is made an hour by {known[code]}, which the hourly values do not have: "
                f"leave it out ({', '.join(sorted(HOURLY))} can be published)"
            )


def _check_unique(keyed: Sequence[tuple[Hashable, AnyRow]], column: str = "code") -> None:
    first: dict[Hashable, AnyRow] = {}
    for key, row in keyed:
        if (other := first.setdefault(key, row)) is not row:
            raise row.error(column, f"{getattr(row.record, column)!r} stands on line {other.line} already")


def _check_code(row: AnyRow) -> None:
    if not is_code(row.record.code):
        raise row.error("code", _not_a_code(row.record.code))


def _check_place(row: AnyRow) -> None:
    for column, limit in (("latitude", 90), ("longitude", 180)):
        value = getattr(row.record, column)
        if not -limit <= value <= limit:
            raise row.error(column, f"{value} is not between -{limit} and {limit} degrees")


def _check_amounts(row: AnyRow, *columns: str) -> None:
    for column in columns:
        value = getattr(row.record, column)
        if value is not None and not value > 0:
            raise row.error(column, f"{value} is not above 0")


def _check_known(row: AnyRow, column: str, codes: Sequence[str], known: set[str], file: str) -> None:
    for code in codes:
        if code not in known:
            raise row.error(column, f"{code!r} is not in {file}")


def _not_a_code(text: str) -> str:
    return f"{text!r} is no code: 1 to 64 of a-z 0-9 _ . - that begin with a letter or digit"
