"""What has to hold between the rows of a profile; types are checked where they are read."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from devices.labels import LabelError, require_links, tags_in_order
from devices.lineage import Lineage, is_in_force
from devices.model import LEVELS, is_code, is_reserved, reserved_text
from devices.open_data import HOURLY, read_open_data
from devices.profiles.models import check_models
from devices.profiles.rows import ProfileError
from devices.profiles.tables import datastreams

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from devices.model import Area, ObservedProperty
    from devices.profiles.rows import Row
    from devices.profiles.tables import GatewayRow, Tables, ThingRow

    AnyRow = Row[Any]


_DEV_EUI = re.compile(r"[0-9a-f]{16}")


def check(tables: Tables) -> None:
    """Check codes, references, limits and dates.

    Raises:
        ProfileError: about each row that is wrong, and each that could not be read.
    """
    wrong = _Wrong([error for errors in tables.unread.values() for error in errors])
    for each in (_check_city, _check_models, _check_rules, _check_quality_rules, _check_public_properties):
        with wrong.noted():
            each(tables)
    _check_areas(tables.areas, wrong)
    _check_properties(tables.observed_properties, wrong)
    _check_gateways(tables.gateways, tables, wrong)
    _check_things(tables.things, tables, wrong)
    if wrong.errors:
        raise ProfileError(*(message for error in wrong.errors for message in error.messages))


@dataclass(frozen=True)
class _Wrong:
    """What was found so far; of a row the first that is wrong."""

    errors: list[ProfileError]

    @contextmanager
    def noted(self) -> Iterator[None]:
        try:
            yield
        except ProfileError as error:
            self.errors.append(error)


def _check_models(tables: Tables) -> None:
    if (known := tables.codes["observed_properties.csv"]) is not None:
        check_models(tables.device_models, known)


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


def _check_areas(rows: Sequence[Row[Area]], wrong: _Wrong) -> None:
    _check_unique([((row.record.code, row.record.valid_from), row) for row in rows], wrong)
    lineage = Lineage(row.record for row in rows)
    for row in rows:
        with wrong.noted():
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


def _check_properties(rows: Sequence[Row[ObservedProperty]], wrong: _Wrong) -> None:
    _check_unique([(row.record.code, row) for row in rows], wrong)
    for row in rows:
        with wrong.noted():
            _check_property(row)


def _check_property(row: Row[ObservedProperty]) -> None:
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


def _check_gateways(rows: Sequence[Row[GatewayRow]], tables: Tables, wrong: _Wrong) -> None:
    _check_unique([(row.record.code, row) for row in rows], wrong)
    for row in rows:
        with wrong.noted():
            _check_gateway(row, tables)


def _check_gateway(row: Row[GatewayRow], tables: Tables) -> None:
    _check_code(row)
    if is_reserved(row.record.code):
        raise row.error("code", reserved_text(row.record.code))
    _check_place(row)
    _check_amounts(row, "heartbeat_s")
    _check_labels(row)
    _check_known(row, "areas", row.record.areas, tables, "areas.csv")


def _check_things(rows: Sequence[Row[ThingRow]], tables: Tables, wrong: _Wrong) -> None:
    _check_unique([(row.record.code, row) for row in rows], wrong)
    models = {model.code for model in tables.device_models}
    for row in rows:
        with wrong.noted():
            _check_thing(row, tables)
            _check_lorawan(row, models)
    named = [(row.record.dev_eui, row) for row in rows if row.record.dev_eui is not None]
    _check_unique(named, wrong, column="dev_eui")


def _check_thing(row: Row[ThingRow], tables: Tables) -> None:
    _check_code(row)
    _check_place(row)
    _check_known(row, "gateway", [row.record.gateway], tables, "gateways.csv")
    _check_known(row, "areas", row.record.areas, tables, "areas.csv")
    _check_labels(row)
    measured = [cell.code for cell in datastreams(row)]
    _check_known(row, "datastreams", measured, tables, "observed_properties.csv")


def _check_labels(row: Row[GatewayRow] | Row[ThingRow]) -> None:
    for column, check_values in (("tags", tags_in_order), ("links", require_links)):
        try:
            check_values(getattr(row.record, column) or ())
        except LabelError as error:
            raise row.error(column, str(error)) from error


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


def _check_unique(keyed: Sequence[tuple[Hashable, AnyRow]], wrong: _Wrong, column: str = "code") -> None:
    first: dict[Hashable, AnyRow] = {}
    for key, row in keyed:
        if (other := first.setdefault(key, row)) is not row:
            told = f"{getattr(row.record, column)!r} stands on {other.word} {other.line} already"
            wrong.errors.append(row.error(column, told))


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


def _check_known(row: AnyRow, column: str, codes: Sequence[str], tables: Tables, file: str) -> None:
    known = tables.codes[file]
    for code in codes:
        if known is not None and code not in known:
            raise row.error(column, f"{code!r} is not in {file}")


def _not_a_code(text: str) -> str:
    return f"{text!r} is no code: 1 to 64 of a-z 0-9 _ . - that begin with a letter or digit"
