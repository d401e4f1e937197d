"""Things and gateways as points: who they are and where, once; how they are, again and again."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from dashboards.console import map_queries as queries

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from psycopg import AsyncConnection

    from api.queries import Row

#: how long names and positions are taken for unchanged, s; who comes and goes is noticed at once
_SETTLED_S: Final = 60.0
_VERSION_DIGITS: Final = 16
#: of a degree; the last is a metre
_DECIMALS: Final = 5


@dataclass(frozen=True)
class Kind:
    """How points of a kind are read, and for how long a reading of their states is good."""

    pace_s: float
    places: Callable[[AsyncConnection[Any]], Awaitable[list[Row]]]
    #: ids ascending, and a letter for each
    states: Callable[[AsyncConnection[Any]], Awaitable[tuple[list[int], str]]]


#: the states of things cost a look into an index for each datastream
KINDS: Final[Mapping[str, Kind]] = {
    "gateways": Kind(4.0, queries.gateway_places, queries.gateway_states),
    "things": Kind(12.0, queries.thing_places, queries.thing_states),
}


@dataclass(frozen=True)
class Places:
    """Who the points are and where they stand, in the order of their ids; `body`: as JSON, for browsers."""

    ids: Sequence[int]
    #: of things
    kinds: tuple[str, ...]
    version: str
    body: bytes
    #: of `time.monotonic()`
    read_at: float

    @classmethod
    def of(cls, rows: Sequence[Row], read_at: float) -> Places:
        """Return the places of rows with id, code, name, kind, latitude, longitude, area."""
        points = [
            [
                row["code"], row["name"], row["kind"], row["area"],
                round(row["longitude"], _DECIMALS), round(row["latitude"], _DECIMALS),
            ]
            for row in rows
        ]  # fmt: skip
        listed = json.dumps(points, ensure_ascii=False, separators=(",", ":"))
        version = hashlib.sha256(listed.encode()).hexdigest()[:_VERSION_DIGITS]
        body = f'{{"version":"{version}","points":{listed}}}'.encode()
        kinds = tuple(sorted({row["kind"] for row in rows if row["kind"]}))
        return cls([row["id"] for row in rows], kinds, version, body, read_at)


@dataclass(frozen=True)
class Points:
    """Places, and a letter for each that says how it is: see map_queries."""

    places: Places
    states: str


def read_points(kind: Kind) -> Callable[[AsyncConnection[Any], Points | None], Awaitable[Points]]:
    """Return what reads points of a kind, given those that were read before."""

    async def read(conn: AsyncConnection[Any], before: Points | None) -> Points:
        present = time.monotonic()
        ids, states = await kind.states(conn)
        places = before.places if before is not None else None
        if places is None or places.ids != ids or present > places.read_at + _SETTLED_S:
            places = Places.of(await kind.places(conn), present)
            ids, states = await kind.states(conn) if places.ids != ids else (ids, states)
        return Points(places, states)

    return read
