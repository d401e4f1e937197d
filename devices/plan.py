"""What an import would change, row by row: values compared with values, without I/O."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from itertools import zip_longest
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from devices.lineage import Lineage, area_key
from devices.profiles.rows import ProfileError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from devices.model import Area, DeviceModel, Gateway, Profile, Thing

    #: table -> key of the row -> column -> value
    Contents = Mapping[str, Mapping[str, Mapping[str, Any]]]

Action = Literal["create", "update", "unchanged"]

#: In the order in which rows may refer to rows before them; with the name of one and of several.
TABLES = {
    "city": ("city", "cities"),
    "areas": ("area", "areas"),
    "observed_properties": ("observed property", "observed properties"),
    "device_models": ("device model", "device models"),
    "gateways": ("gateway", "gateways"),
    "things": ("thing", "things"),
    "datastreams": ("datastream", "datastreams"),
}

#: Characters of a value in Change.describe: outlines have thousands.
_SHOWN_LENGTH = 80


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A column's value in the database (None where the row is created) and in the profile."""

    name: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class Change:
    """One row. `code` is unique in its table: `193@2020-01-01` for an area, `aq-1/pm2_5` for a datastream."""

    table: str
    code: str
    action: Action
    fields: tuple[FieldChange, ...] = ()
    #: all columns as they are afterwards
    row: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def describe(self) -> str:
        """Return one line, as `update thing aq-1: name "Harbor" -> "Harbour"`."""
        changes = ", ".join(f"{each.name} {_shown(each.old)} -> {_shown(each.new)}" for each in self.fields)
        said = f": {changes}" if self.action == "update" else ""
        return f"{self.action} {TABLES[self.table][0]} {self.code}{said}"


@dataclass(frozen=True)
class Plan:
    """Every row of a profile and what an import does with it."""

    changes: tuple[Change, ...]

    @property
    def is_empty(self) -> bool:
        """Whether the registry says all that the profile says."""
        return all(change.action == "unchanged" for change in self.changes)

    def effective(self) -> Iterator[Change]:
        """Yield the rows that are created or updated."""
        return (change for change in self.changes if change.action != "unchanged")

    def summary(self) -> str:
        """Return the plan in words, as `13 areas to create, 1 thing to update; 24 rows unchanged`."""
        counts = Counter((change.table, change.action) for change in self.changes)
        parts = [
            f"{n} {names[n != 1]} to {action}"
            for action in ("create", "update")
            for table, names in TABLES.items()
            if (n := counts[table, action])
        ]
        same = sum(n for (_, action), n in counts.items() if action == "unchanged")
        return f"{', '.join(parts) or 'nothing to change'}; {same} {'row' if same == 1 else 'rows'} unchanged"


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN_LENGTH else f"{text[:_SHOWN_LENGTH]}…"


def compare(profile: Profile, stored: Contents) -> Plan:
    """Return the plan that takes a registry with the contents `stored` to what the profile says.

    Rows that the profile does not name are left alone and are not part of the plan.
    """
    return changes(contents(profile), stored)


def changes(wanted: Contents, stored: Contents) -> Plan:
    """Return the plan that takes the rows of `stored` to those of `wanted`."""
    found: list[Change] = []
    for table, rows in wanted.items():
        old = stored.get(table, {})
        found += [_change(table, code, old.get(code), values) for code, values in rows.items()]
    return Plan(tuple(found))


def _change(table: str, code: str, old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> Change:
    if old is None:
        return Change(table, code, "create", _created(new), new)
    if "boundary" in new:
        new = _with_better_boundary(old, new)
    if old.get("reporting_by"):
        new = {**new, "reporting": old["reporting"]}
    if old.get("was_moved"):
        new = {**new, **{name: old[name] for name in ("latitude", "longitude", "areas")}}
    differing = tuple(FieldChange(k, old[k], v) for k, v in new.items() if old[k] != v)
    return Change(table, code, "update" if differing else "unchanged", differing, new)


def _created(new: Mapping[str, Any]) -> tuple[FieldChange, ...]:
    return tuple(FieldChange(name, None, value) for name, value in new.items() if value is not None)


def _with_better_boundary(old: Mapping[str, Any], new: Mapping[str, Any]) -> Mapping[str, Any]:
    # set_boundaries puts surveyed outlines where a profile has computed ones: these must not come back
    is_worse = new["boundary"] is None or (
        new["boundary_source"] == "schematic" and old["boundary_source"] not in (None, "schematic")
    )
    kept = {name: old[name] for name in ("boundary", "boundary_source")} if is_worse else {}
    return {**new, **kept}


def contents(profile: Profile) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the profile in the form of the registry's tables, with links as keys of other rows.

    Raises:
        ProfileError: two rows have one code, or a gateway or thing names an area that is not in the profile.
    """
    lineage = Lineage(profile.areas)
    things = [(gateway, thing) for gateway in profile.gateways for thing in gateway.things]
    properties = profile.observed_properties
    return {
        "city": {profile.code: _city(profile)},
        "areas": area_contents(profile.areas),
        "observed_properties": _keyed(
            "observed property", [(p.code, _columns(p, *_PROPERTY)) for p in properties]
        ),
        "device_models": _keyed("device model", [(m.code, _device_model(m)) for m in profile.device_models]),
        "gateways": _keyed("gateway", [(each.code, _gateway(each, lineage)) for each in profile.gateways]),
        "things": _keyed(
            "thing", [(thing.code, _thing(thing, gateway, lineage)) for gateway, thing in things]
        ),
        "datastreams": {
            f"{thing.code}/{code}": {"sampling_interval_s": seconds}
            for _, thing in things
            for code, seconds in thing.datastreams.items()
        },
    }


def area_contents(areas: Sequence[Area]) -> dict[str, dict[str, Any]]:
    """Return areas in the form of the registry's table.

    Raises:
        ProfileError: two have one code and first day.
    """
    lineage = Lineage(areas)
    return _keyed("area", [(area_key(area), _area(area, lineage)) for area in areas])


def _keyed(kind: str, rows: list[tuple[str, dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    keyed = dict(rows)
    if len(keyed) < len(rows):
        twice = [code for code, n in Counter(code for code, _ in rows).items() if n > 1]
        raise ProfileError(f"{kind} {', '.join(twice[:5])}: the code is given twice; give each one its own")
    return keyed


_AREA = (
    "level", "kind", "name_en", "name_vi", "population", "population_source", "area_km2", "latitude",
    "longitude", "boundary", "boundary_source", "reporting", "valid_to",
)  # fmt: skip
_PROPERTY = (
    "name_en", "name_vi", "unit", "minimum", "maximum", "aggregation", "sampling_interval_s", "device_kind",
    "cf_standard_name",
)  # fmt: skip


def _columns(record: object, *names: str) -> dict[str, Any]:
    return {name: getattr(record, name) for name in names}


def _area(area: Area, lineage: Lineage) -> dict[str, Any]:
    parent = lineage.parent(area)
    before = [lineage.before(code, area.valid_from) for code in area.predecessors]
    keys = [area_key(each) for each in before if each is not None]
    came_from = _main_first(list(zip_longest(keys, area.shares)))
    return {
        **_columns(area, *_AREA),
        "parent": parent and area_key(parent),
        "predecessors": tuple(key for key, _ in came_from),
        "shares": tuple(share for _, share in came_from),
    }


def _city(profile: Profile) -> dict[str, Any]:
    names = _columns(profile, "name_en", "name_vi", "time_zone")
    return {**names, "properties": _as_json(profile.properties)}


def _as_json(properties: Mapping[str, Any]) -> Any:
    # as the database gives it back: a tuple would differ from its list for ever
    return json.loads(json.dumps(properties))


def _device_model(model: DeviceModel) -> dict[str, Any]:
    return {"name": model.name, "fields": msgspec.to_builtins(model.fields), "ignored": model.ignored}


def _gateway(gateway: Gateway, lineage: Lineage) -> dict[str, Any]:
    return {
        **_columns(gateway, "name", "latitude", "longitude", "heartbeat_s"),
        "areas": _area_keys(gateway, lineage),
    }


def _thing(thing: Thing, gateway: Gateway, lineage: Lineage) -> dict[str, Any]:
    return {
        "gateway": gateway.code,
        **_columns(thing, "name", "kind", "latitude", "longitude", "model", "dev_eui"),
        "properties": _as_json(thing.properties),
        "areas": _area_keys(thing, lineage),
    }


def _area_keys(located: Gateway | Thing, lineage: Lineage) -> tuple[str, ...]:
    for code in located.areas:
        if lineage.latest(code) is None:
            raise ProfileError(f"{located.code}: its area {code!r} is not among the profile's areas; add it")
    return tuple(sorted({area_key(area) for area in lineage.with_ancestors(located.areas)}))


def _main_first(came_from: list[tuple[str, float | None]]) -> list[tuple[str, float | None]]:
    """Return predecessors as the database can tell them: the main one, then the others in order."""
    return [*came_from[:1], *sorted(came_from[1:], key=itemgetter(0))]
