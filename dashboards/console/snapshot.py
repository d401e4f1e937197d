"""What the console shows of the city at one instant, read once for all who look."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeVar
from zoneinfo import ZoneInfo

from analytics.steps import Step
from api.queries import Row, alerts, areas, gateways, known, status, unknown
from api.reach import present, within
from dashboards.console import queries
from dashboards.console.agreement import agreement
from dashboards.console.geometry import Outline, Projection, project
from devices import unknown_store

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from psycopg import AsyncConnection

    from api.reach import Reach
    from dashboards.console.agreement import Agreement
    from devices.unknown import Proposal, UnknownThing

T = TypeVar("T")

#: the rates are those of so many minutes
RATE_MINUTES: Final = 5
#: what a chart shows of an indicator, by the length of its steps; of years all
_HISTORY: Final = {
    Step.DAY: timedelta(days=60),
    Step.MONTH: timedelta(days=731),
    Step.YEAR: timedelta(days=100 * 366),
}
_SHORT_HISTORY: Final = timedelta(hours=48)
_REFUSALS_FOR: Final = timedelta(days=7)
_REFUSALS: Final = 25
_UNKNOWN: Final = 25
_ALERTS: Final = 100
_ENDED: Final = 20
_ENDED_FOR: Final = timedelta(days=1)
_WORST_GAPS: Final = 5
_MOST_AREAS: Final = 1000
_MOST_GATEWAYS: Final = 1000


@dataclass(frozen=True)
class Registry:
    """What changes rarely: the city, its areas and indicators. Rows are those of `api.queries`."""

    city: Row
    zone: ZoneInfo
    #: the areas of the map, by code
    areas: Mapping[str, Row]
    #: what they are parts of, None where nothing of it is computed
    whole: Row | None
    projection: Projection
    outlines: Mapping[str, Outline]
    indicators: Mapping[str, Row]
    #: units without indicators, by code, each with the area of the map whose values stand for it
    stand_ins: Mapping[str, Row]
    #: the areas of which indicators are read: those in reach, and those that stand for some of them
    reach: Reach
    #: areas out of reach -> the units in reach that they stand for
    borrowed: Mapping[str, tuple[Row, ...]]

    def area(self, code: str) -> Row | None:
        """Return an area of the map, or the whole."""
        if self.whole is not None and self.whole["code"] == code:
            return self.whole
        return self.areas.get(code)

    @property
    def is_schematic(self) -> bool:
        """Whether any shape is drawn from centres instead of surveyed boundaries."""
        return any(row["boundary_source"] in (None, "schematic") for row in self.areas.values())


@dataclass(frozen=True)
class Snapshot:
    """The city at an instant. For who may read indicators alone there is nothing but their values in it."""

    time: datetime
    registry: Registry
    #: newest value by (indicator's code, area's id)
    values: Mapping[tuple[str, int], Row]
    #: what devices send is in it, too
    raw: bool = False
    gateways: tuple[Row, ...] = ()
    states: Mapping[str, int] = field(default_factory=dict)
    #: of `api.queries.status`: newest_observation, observations, datastreams_active; empty before it was read
    flow: Row = field(default_factory=dict)
    datastreams: int = 0
    refused_readings: int = 0
    refusals: tuple[Row, ...] = ()
    #: of `queries.ingest`, `queries.refused` and `queries.gaps`
    ingest: Row = field(default_factory=dict)
    refused: tuple[Row, ...] = ()
    gaps: tuple[Row, ...] = ()
    #: raised alerts, the worst first; each says how many there are: `total`, without silenced ones `raised`
    alerts: tuple[Row, ...] = ()
    #: alerts that ended in the last day, the newest first
    ended: tuple[Row, ...] = ()
    #: what stations say of raised alerts, by the alert's id
    agreements: Mapping[int, Agreement] = field(default_factory=dict)
    #: things that wait to be accepted, each with what it would be
    unknown: tuple[tuple[UnknownThing, Proposal], ...] = ()
    _made: dict[object, tuple[object, Any]] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )

    @cached_property
    def computed_at(self) -> datetime | None:
        """When the newest of the values was computed; None without any."""
        return max((row["computed_at"] for row in self.values.values()), default=None)

    @property
    def newest(self) -> datetime | None:
        """When something was observed last, or of indicators alone computed; None where nothing ever was."""
        return self.flow.get("newest_observation") if self.raw else self.computed_at

    def once(self, place: object, make: Callable[[], T], of: object = None) -> T:
        """Return what `make()` has returned for a place, for one console or another: it must not be changed.

        of: what it is made of besides the snapshot; of something else it is made anew.
        """
        if place not in self._made or self._made[place][0] is not of:
            self._made[place] = of, make()
        found: T = self._made[place][1]
        return found

    def area_of(self, gateway: str) -> str | None:
        """Return the code of the area of the map that a gateway stands in."""
        codes = next((row["areas"] for row in self.gateways if row["code"] == gateway), ())
        return next((code for code in codes if code in self.registry.areas), None)

    def value(self, indicator: str, area: Row) -> Row | None:
        """Return the newest value of an indicator in an area, None where none was ever computed."""
        return self.values.get((indicator, area["id"]))


async def read_registry(conn: AsyncConnection[Any], zone: str) -> Registry:
    """Read what changes rarely; `zone` is the time zone of a database without a city."""
    city = await queries.city(conn)
    stand_ins = await queries.stand_ins(conn)
    reach, borrowed = _widened(present(), stand_ins)
    with within(reach):
        rows = await areas.areas(
            conn, level=None, parent=None, reporting=True, at=None, boundaries=True, limit=_MOST_AREAS
        )
    shown, whole = _split(rows)
    projection, outlines = project(shown)
    declared = await known.indicators(conn)
    return Registry(
        city=city or {"name_vi": "", "name_en": ""},
        zone=ZoneInfo(city["time_zone"] if city else zone),
        areas={row["code"]: row for row in shown},
        whole=whole,
        projection=projection,
        outlines=outlines,
        indicators={row["code"]: row for row in declared},
        stand_ins={row["code"]: row for row in stand_ins},
        reach=reach,
        borrowed=borrowed,
    )


def _widened(own: Reach, stand_ins: list[Row]) -> tuple[Reach, dict[str, tuple[Row, ...]]]:
    """Return a reach with the areas that stand for units in it, and those areas with these units."""
    if own is None:
        return None, {}
    beyond = [row for row in stand_ins if row["area_id"] not in own]
    codes = {row["area"]: tuple(each for each in beyond if each["area"] == row["area"]) for row in beyond}
    return own | {row["area_id"] for row in beyond}, codes


def _split(rows: list[Row]) -> tuple[list[Row], Row | None]:
    """Part areas into those of the map, of the level with the most, and the one they belong to."""
    levels = [row["level"] for row in rows]
    level = max(levels, key=levels.count, default=None)
    shown = [row for row in rows if row["level"] == level]
    parents = {row["parent"] for row in shown}
    return shown, next((row for row in rows if row["code"] in parents and row["level"] != level), None)


async def read(
    conn: AsyncConnection[Any], registry: Registry, before: Snapshot | None = None, *, raw: bool = True
) -> Snapshot:
    """Read what changes all the time; of alerts that are as they were `before`, stations are not asked.

    raw: what devices send, too, and not indicators alone; its flow is that of `before`: see `read_flow`.
    """
    time = datetime.now(UTC)
    with within(registry.reach):
        found = await queries.latest(conn)
    indicators = Snapshot(time, registry, {(row["indicator"], row["area_id"]): row for row in found})
    return await _with_raw(conn, indicators, before) if raw else indicators


async def _with_raw(conn: AsyncConnection[Any], found: Snapshot, before: Snapshot | None) -> Snapshot:
    time, raised = found.time, await alerts.raised(conn, _ALERTS)
    return replace(
        found,
        raw=True,
        gateways=tuple(
            await gateways.gateways(conn, area=None, state=None, after=None, limit=_MOST_GATEWAYS)
        ),
        states=await gateways.count_by_state(conn),
        flow=before.flow if before is not None else {},
        datastreams=(await status.counts(conn))["datastreams"],
        refused_readings=(await status.refused(conn, RATE_MINUTES))["readings"],
        refusals=tuple(await _refusals(conn, time)),
        ingest=await queries.ingest(conn),
        refused=tuple(await queries.refused(conn)),
        gaps=tuple(await queries.gaps(conn, _WORST_GAPS)),
        alerts=tuple(raised),
        ended=tuple(
            await alerts.alerts(conn, start=time - _ENDED_FOR, end=time, state="resolved", limit=_ENDED)
        ),
        agreements=await _agreements(conn, raised, before),
        unknown=tuple(await _unknown(conn)),
    )


async def read_flow(conn: AsyncConnection[Any]) -> Row:
    """Read how much devices send: a look for each datastream, which takes longest of all."""
    return await status.flow(conn, RATE_MINUTES)


async def _agreements(
    conn: AsyncConnection[Any], raised: Sequence[Row], before: Snapshot | None
) -> dict[int, Agreement]:
    was = {row["id"]: (row["value"], row["value_end"]) for row in before.alerts} if before else {}
    same = {row["id"] for row in raised if was.get(row["id"]) == (row["value"], row["value_end"])}
    kept = {number: each for number, each in before.agreements.items() if number in same} if before else {}
    return kept | await read_agreements(conn, [row for row in raised if row["id"] not in kept])


async def read_agreements(conn: AsyncConnection[Any], found: Sequence[Row]) -> dict[int, Agreement]:
    """Read what stations say of alerts over an indicator's values, by the alert's id."""
    compared = {row["id"]: row for row in found if row["threshold"] is not None}
    if not compared:
        return {}
    stations: dict[int, list[Row]] = {number: [] for number in compared}
    for row in await queries.stations(conn, list(compared)):
        stations[row["alert_id"]].append(row)
    return {number: agreement(compared[number], rows) for number, rows in stations.items()}


async def _unknown(conn: AsyncConnection[Any]) -> list[tuple[UnknownThing, Proposal]]:
    ids = await unknown.ids(conn, state="waiting", limit=_UNKNOWN)
    return await unknown_store.read(conn, ids) if ids else []


async def _refusals(conn: AsyncConnection[Any], time: datetime) -> list[Row]:
    start, end = time - _REFUSALS_FOR, time + timedelta(minutes=1)
    return await gateways.refusals(
        conn,
        start,
        end,
        gateway=None,
        reason=None,
        open_alone=True,
        payload_bytes=0,
        after=None,
        limit=_REFUSALS,
    )


@dataclass(frozen=True)
class Series:
    """An indicator of an area over `start` <= time < `end`; steps without a row are not in it."""

    start: datetime
    end: datetime
    rows: tuple[Row, ...]


async def read_series(conn: AsyncConnection[Any], indicator: Row, area: Row) -> Series:
    """Read of an indicator in an area what its chart shows: 48 hours, or more where its steps are longer."""
    step, end = Step.lasting(indicator["step_s"]), datetime.now(UTC)
    start = end - _HISTORY.get(step, _SHORT_HISTORY)
    rows = tuple(await queries.history(conn, indicator["code"], area["id"], start, end))
    return Series(rows[0]["time"] if rows and step is Step.YEAR else start, end, rows)
