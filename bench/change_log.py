"""What the log of changes costs an import, beside the same one into a database without its triggers."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, LiteralString

from psycopg.sql import SQL

from bench.city import profile
from bench.figure import Figure
from devices.registry import import_profile
from storage.migrate import migrate
from storage.pool import connect

if TYPE_CHECKING:
    from bench.city import Bench
    from devices.model import Profile

#: of each gateway, each with one datastream
DEVICES = 5
#: imports of each kind, in turn
ROUNDS = 2

_OFF: LiteralString = """
DO $$ DECLARE t record; BEGIN
    FOR t IN SELECT tgrelid::regclass AS of_table, tgname FROM pg_trigger WHERE tgname ^@ 'log_' LOOP
        EXECUTE format('ALTER TABLE %s DISABLE TRIGGER %I', t.of_table, t.tgname);
    END LOOP;
END $$"""
_SIZES = """
SELECT pg_total_relation_size('registry_changes') / 1e6,
       (SELECT sum(pg_total_relation_size(name::regclass)) / 1e6
        FROM unnest(ARRAY['gateways', 'gateway_areas', 'things', 'installation_areas', 'datastreams']) name),
       (SELECT count(*) FROM registry_changes)"""


def city_of(gateways: int, devices: int) -> Profile:
    """Return a city of so many gateways with so many devices each."""
    city = profile(gateways)
    return replace(
        city, gateways=tuple(replace(each, things=each.things[:devices]) for each in city.gateways)
    )


async def log_cost(bench: Bench, gateways: int) -> dict[str, Figure]:
    """Import a city into fresh databases, with and without the log, in turn."""
    took = Figure(what=f"s to import {gateways:,} gateways and log it; limit: without the log")
    size = Figure(what="MB of the log after that; limit: of the tables that it tells of")
    city = city_of(gateways, DEVICES)
    for turn in range(ROUNDS):
        logged = await _imported(bench, f"logged_{turn}", city, size)
        took.add(logged, await _imported(bench, f"unlogged_{turn}", city))
    return {"log": took, "log_size": size}


async def _imported(bench: Bench, name: str, city: Profile, size: Figure | None = None) -> float:
    url = bench.postgres.ensure_database(name)
    await migrate(url)
    async with await connect(url) as conn:
        if size is None:
            await conn.execute(SQL(_OFF))
        began = time.perf_counter()
        await import_profile(conn, city)
        seconds = time.perf_counter() - began
        row = await (await conn.execute(_SIZES)).fetchone()
        assert row is not None
        assert bool(row[2]) == (size is not None)
        if size is not None:
            size.add(float(row[0]), float(row[1]))
    return seconds
