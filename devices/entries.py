"""What an entry of the registry is, kind by kind: the SQL that reads and writes one, and what is wrong."""

# ruff: noqa: S608  (the statements are put together from constants of this file alone, as LiteralString says)

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, LiteralString

from devices.model import is_code, is_reserved, reserved_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Entry = Mapping[str, Any]


class FieldError(ValueError):
    """A field of an entry cannot be as it is given."""

    def __init__(self, field: str, value: object, problem: str, expected: str) -> None:
        super().__init__(f"{field}: {problem}; give {expected}")
        self.field, self.value, self.problem, self.expected = field, value, problem, expected


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A table of the registry whose rows are managed one by one.

    name: in sentences. found_by: the condition that finds a row by %(key)s. read: what is told of the row
    `e`. fixed, written: what its columns are made from, once and at each change. unique: the columns by which
    it is there already. defaults: of fields that are not given. refers_to: the tables in which the codes in
    some fields stand. links: the table of its areas and that one's column. in_use: a query of reasons not to
    delete it. parts: the statement that deletes what goes with it. has_switch: it is disabled before it is
    deleted. check: raises a FieldError.
    """

    name: str
    table: LiteralString
    found_by: LiteralString
    read: LiteralString
    fixed: Mapping[str, LiteralString]
    written: Mapping[str, LiteralString]
    unique: LiteralString
    defaults: Entry
    in_use: LiteralString
    check: Callable[[Entry], None]
    refers_to: Mapping[str, tuple[LiteralString, str]] = field(default_factory=lambda: MappingProxyType({}))
    links: tuple[LiteralString, LiteralString] | None = None
    parts: LiteralString = ""
    has_switch: bool = True

    @property
    def select(self) -> LiteralString:
        """The query of an entry by %(key)s."""
        return f"SELECT e.id, {self.read}, e.version, e.changed_at FROM {self.table} e WHERE {self.found_by}"

    @property
    def lock(self) -> LiteralString:
        """The query that keeps others from changing it."""
        return f"SELECT e.id FROM {self.table} e WHERE {self.found_by} FOR UPDATE"

    @property
    def insert(self) -> LiteralString:
        """The statement that creates it unless it is there; gives its id."""
        values = {**self.fixed, **self.written}
        return f"""
            INSERT INTO {self.table} ({", ".join(values)}) VALUES ({", ".join(values.values())})
            ON CONFLICT ({self.unique}) DO NOTHING RETURNING id"""

    @property
    def update(self) -> LiteralString:
        """The statement that writes all that may change of row %(id)s."""
        assigned = ", ".join(f"{column} = {value}" for column, value in self.written.items())
        return f"UPDATE {self.table} SET {assigned} WHERE id = %(id)s"

    @property
    def there(self) -> LiteralString:
        """The query of the key of a row that another one would be."""
        same = " AND ".join(f"{column} = {value}" for column, value in self.fixed.items())
        key = self.found_by.partition(" = ")[0]
        return f"SELECT {key} FROM {self.table} e WHERE {same}"


def _areas(table: LiteralString, owner: LiteralString) -> LiteralString:
    """Return what is told of areas: those in which an entry stands, and with the ancestors of these."""
    linked: LiteralString = f"FROM {table} l JOIN areas a ON a.id = l.area_id WHERE l.{owner} = e.id"
    return f"""
        ARRAY(SELECT a.code {linked} AND NOT EXISTS (
                  SELECT FROM {table} o JOIN areas c ON c.id = o.area_id
                  WHERE o.{owner} = e.id AND c.parent_id = a.id) ORDER BY a.code) AS areas,
        ARRAY(SELECT a.code {linked} ORDER BY a.code) AS counted_areas"""


def _id(table: LiteralString, name: LiteralString) -> LiteralString:
    return f"(SELECT id FROM {table} WHERE code = %({name})s)"


def _given(*columns: LiteralString) -> dict[str, LiteralString]:
    return {column: f"%({column})s" for column in columns}


def _check_gateway(entry: Entry) -> None:
    _check_code(entry)
    if is_reserved(entry["code"]):
        raise FieldError("code", entry["code"], reserved_text(entry["code"]), "another code")


def _check_code(entry: Entry) -> None:
    if not is_code(entry["code"]):
        wanted = "1 to 64 of a-z 0-9 _ . - that begin with a letter or digit"
        raise FieldError("code", entry["code"], f"{entry['code'][:100]!r} is no code", wanted)


def _check_property(entry: Entry) -> None:
    _check_code(entry)
    if not entry["minimum"] < entry["maximum"]:
        told = f"it is not above minimum, {entry['minimum']}"
        raise FieldError("maximum", entry["maximum"], told, "a number above minimum")


def _check_nothing(_entry: Entry) -> None:
    """A datastream is right by its types and references."""


_PLACED: tuple[LiteralString, ...] = ("name", "latitude", "longitude")
_OF_A_STREAM: LiteralString = "EXISTS (SELECT FROM observations o WHERE o.datastream_id = {0}.id) AS observed"

GATEWAY = Kind(
    name="gateway",
    table="gateways",
    found_by="e.code = %(key)s",
    read=f"""e.code, e.name, e.latitude, e.longitude, e.heartbeat_s, e.enabled, e.properties, e.tags, e.links,
        e.created_at,
        {_areas("gateway_areas", "gateway_id")}""",
    fixed=_given("code"),
    written=_given(*_PLACED, "heartbeat_s", "enabled", "properties", "tags", "links"),
    unique="code",
    defaults={"heartbeat_s": 300, "enabled": True, "properties": {}, "tags": [], "links": []},
    links=("gateway_areas", "gateway_id"),
    check=_check_gateway,
    in_use="""
        SELECT 'it has ' || count(*) || ' things' FROM things WHERE gateway_id = %(id)s HAVING count(*) > 0
        UNION ALL SELECT 'it has been heard' FROM gateway_status
                  WHERE gateway_id = %(id)s AND (last_seen IS NOT NULL OR status_at IS NOT NULL)
        UNION ALL SELECT 'it has had alerts' WHERE EXISTS (SELECT FROM alerts WHERE gateway_id = %(id)s)""",
)
THING = Kind(
    name="thing",
    table="things",
    found_by="e.code = %(key)s",
    read=f"""e.code, (SELECT code FROM gateways WHERE id = e.gateway_id) AS gateway, e.name, e.kind,
        e.latitude, e.longitude, e.properties, e.tags, e.links, e.model, e.dev_eui, e.enabled, e.created_at,
        {_areas("thing_areas", "thing_id")}""",
    fixed=_given("code"),
    written={
        "gateway_id": _id("gateways", "gateway"),
        **_given(*_PLACED, "kind", "properties", "tags", "links", "model", "dev_eui", "enabled"),
    },
    unique="code",
    defaults={"properties": {}, "tags": [], "links": [], "model": None, "dev_eui": None, "enabled": True},
    refers_to={
        "gateway": ("gateways", "a gateway's code"),
        "model": ("device_models", "a device model's code"),
    },
    links=("thing_areas", "thing_id"),
    parts="DELETE FROM datastreams WHERE thing_id = %(id)s",
    check=_check_code,
    in_use=f"""
        SELECT 'it has observations' FROM (SELECT {_OF_A_STREAM.format("d")} FROM datastreams d
                                           WHERE d.thing_id = %(id)s) s WHERE observed LIMIT 1""",
)
DATASTREAM = Kind(
    name="datastream",
    table="datastreams",
    found_by="e.id = %(key)s",
    read="""(SELECT code FROM things WHERE id = e.thing_id) AS thing,
        (SELECT code FROM observed_properties WHERE id = e.observed_property_id) AS observed_property,
        e.sampling_interval_s, e.enabled, e.tags""",
    fixed={
        "thing_id": _id("things", "thing"),
        "observed_property_id": _id("observed_properties", "observed_property"),
    },
    written={
        "sampling_interval_s": """coalesce(%(sampling_interval_s)s::int,
            (SELECT sampling_interval_s FROM observed_properties WHERE code = %(observed_property)s))""",
        **_given("enabled", "tags"),
    },
    unique="thing_id, observed_property_id",
    defaults={"sampling_interval_s": None, "enabled": True, "tags": []},
    refers_to={
        "thing": ("things", "a thing's code"),
        "observed_property": ("observed_properties", "an observed property's code"),
    },
    check=_check_nothing,
    in_use=f"""
        SELECT 'it has observations' FROM (SELECT {_OF_A_STREAM.format("d")} FROM datastreams d
                                           WHERE d.id = %(id)s) s WHERE observed""",
)
OBSERVED_PROPERTY = Kind(
    name="observed property",
    table="observed_properties",
    found_by="e.code = %(key)s",
    read="""e.code, e.name_en, e.name_vi, e.unit, e.minimum, e.maximum, e.aggregation, e.sampling_interval_s,
        e.device_kind, e.cf_standard_name""",
    fixed=_given("code"),
    written=_given(
        "name_en", "name_vi", "unit", "minimum", "maximum", "aggregation", "sampling_interval_s",
        "device_kind", "cf_standard_name",
    ),
    unique="code",
    defaults={"cf_standard_name": None},
    check=_check_property,
    has_switch=False,
    in_use="""
        SELECT count(*) || ' datastreams measure it' FROM datastreams WHERE observed_property_id = %(id)s
        HAVING count(*) > 0""",
)  # fmt: skip
