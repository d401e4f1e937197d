"""The registry in bulk: what a file would change, with what it switches and leaves out; and the change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, LiteralString

import msgspec

from devices import registry
from devices.labels import tags_in_order
from devices.plan import Change, FieldChange, Plan
from devices.profiles import assembled
from devices.profiles.export import Settings, tables_of
from devices.profiles.tables import Tables, datastreams

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from psycopg import AsyncConnection

    from devices.alert_rules import AlertRule
    from devices.profiles.bulk_files import Given
    from devices.profiles.rows import Row

_SETTINGS: dict[str, LiteralString] = {
    "gateways": "SELECT code, enabled, properties, tags, links FROM gateways",
    "things": "SELECT code, enabled, tags, links FROM things",
    "datastreams": """
        SELECT t.code || '/' || p.code, d.enabled, d.tags
        FROM datastreams d JOIN things t ON t.id = d.thing_id
        JOIN observed_properties p ON p.id = d.observed_property_id""",
}
_SET: dict[str, LiteralString] = {
    "gateways": """
        UPDATE gateways g
        SET (enabled, properties, tags, links)
          = (coalesce(r.enabled, g.enabled), coalesce(r.properties, g.properties),
             coalesce(r.tags, g.tags), coalesce(r.links, g.links))
        FROM jsonb_to_recordset(%s)
            AS r(key text, enabled boolean, properties jsonb, tags text[], links jsonb)
        WHERE g.code = r.key""",
    "things": """
        UPDATE things t
        SET (enabled, tags, links)
          = (coalesce(r.enabled, t.enabled), coalesce(r.tags, t.tags), coalesce(r.links, t.links))
        FROM jsonb_to_recordset(%s) AS r(key text, enabled boolean, tags text[], links jsonb)
        WHERE t.code = r.key""",
    "datastreams": """
        UPDATE datastreams d SET (enabled, tags) = (coalesce(r.enabled, d.enabled), coalesce(r.tags, d.tags))
        FROM jsonb_to_recordset(%s) AS r(key text, enabled boolean, tags text[]), things t,
            observed_properties p
        WHERE t.code = split_part(r.key, '/', 1) AND p.code = split_part(r.key, '/', 2)
          AND (d.thing_id, d.observed_property_id) = (t.id, p.id)""",
}
_NEW: dict[str, Any] = {"enabled": True, "properties": {}, "tags": [], "links": []}


@dataclass(frozen=True)
class BulkPlan:
    """What an import does: rows, settings, and what is disabled because it is not named."""

    plan: Plan
    settings: tuple[Change, ...]
    unnamed: tuple[Change, ...] = ()

    def effective(self) -> Iterator[Change]:
        """Yield everything that changes."""
        yield from self.plan.effective()
        yield from self.settings
        yield from self.unnamed

    @property
    def is_empty(self) -> bool:
        """Whether nothing changes."""
        return next(self.effective(), None) is None

    def summary(self) -> str:
        """Return the plan in words."""
        switched = f"; {len(self.settings)} settings to change" if self.settings else ""
        disabled = f"; {len(self.unnamed)} to disable that are not named" if self.unnamed else ""
        return f"{self.plan.summary()}{switched}{disabled}"


async def registered(conn: AsyncConnection[Any], rules: Sequence[AlertRule]) -> Tables:
    """Return all that is registered as the tables of a profile.

    Raises:
        ProfileError: nothing is registered.
    """
    return tables_of(await registry.contents_of(conn), await settings_of(conn), rules)


async def settings_of(conn: AsyncConnection[Any]) -> Settings:
    """Return what is left alone unless it is said: switch, tags, links, a gateway's properties."""
    found: Settings = {}
    for table, query in _SETTINGS.items():
        cursor = await conn.execute(query)
        names = [column.name for column in cursor.description or ()][1:]
        found[table] = {key: dict(zip(names, row, strict=True)) for key, *row in await cursor.fetchall()}
    return found


async def plan_import(conn: AsyncConnection[Any], given: Given, *, prune: bool = False) -> BulkPlan:
    """Return what an import of a file would do; with `prune` what its tables do not name is disabled.

    Raises:
        ProfileError: about each row that is wrong.
        RegistryError: the database belongs to another city.
    """
    plan = await registry.plan_import(conn, assembled(given.tables))
    settings = await settings_of(conn)
    changed = tuple(_changed(given, settings))
    return BulkPlan(plan, changed, tuple(_unnamed(given, settings)) if prune else ())


async def apply(conn: AsyncConnection[Any], plan: BulkPlan) -> None:
    """Do what the plan says, in one transaction.

    Raises:
        RegistryError: as devices.registry.apply.
    """
    async with conn.transaction():
        await registry.apply(conn, plan.plan)
        for table, statement in _SET.items():
            rows = [
                {"key": each.code, **{field.name: field.new for field in each.fields}}
                for each in (*plan.settings, *plan.unnamed)
                if each.table == table
            ]
            if rows:
                await conn.execute(statement, [msgspec.json.encode(rows).decode()])


def _changed(given: Given, settings: Settings) -> Iterator[Change]:
    for table, code, wanted in _wanted(given):
        old = settings[table].get(code, _NEW)
        differing = tuple(
            FieldChange(name, old[name], new) for name, new in wanted.items() if old[name] != new
        )
        if differing:
            yield Change(table, code, "update", differing)


def _wanted(given: Given) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield table, key and settings of each row that says any."""
    for row in given.rows.get("gateways", ()):
        yield "gateways", row.record.code, _said(row.record, "enabled", "properties", "tags", "links")
    for row in given.rows.get("things", ()):
        yield "things", row.record.code, _said(row.record, "enabled", "tags", "links")
        for cell in datastreams(row):
            yield "datastreams", f"{row.record.code}/{cell.code}", cell.settings


def _said(record: Any, *names: str) -> dict[str, Any]:
    """Return the settings that a row says, as the registry has them."""
    said = {name: getattr(record, name) for name in names if getattr(record, name) is not None}
    if "tags" in said:
        said["tags"] = list(tags_in_order(said["tags"]))
    if "links" in said:
        said["links"] = list(msgspec.to_builtins(said["links"]))
    return said


def _unnamed(given: Given, settings: Settings) -> Iterator[Change]:
    for table, named in _named(given.rows).items():
        for code, setting in settings[table].items():
            if code not in named and setting["enabled"]:
                yield Change(table, code, "update", (FieldChange("enabled", True, False),))


def _named(rows: Any) -> dict[str, set[str]]:
    """Return the keys that a file names, of each table that it has."""
    named = {
        table: {row.record.code for row in rows[table]} for table in ("gateways", "things") if table in rows
    }
    if "things" in rows:
        named["datastreams"] = {key for row in rows["things"] for key in _streams(row)}
    return named


def _streams(row: Row[Any]) -> Iterator[str]:
    for cell in datastreams(row):
        yield f"{row.record.code}/{cell.code}"
