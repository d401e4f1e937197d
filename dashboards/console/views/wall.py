"""The wall: boards in turn on a screen that nobody touches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import psycopg

from api.rights import Right, roles_with
from dashboards.console import queries
from dashboards.console.boards import AlertsBoard, GatewaysBoard, MapBoard, WaterBoard
from dashboards.console.elements import Wall, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dashboards.console.scene import Scene
    from dashboards.console.views.context import Context

#: seconds
_EVERY: Final = 20
_LEAST, _MOST = 5, 3600
_KINDS: Final = ("map", "alerts", "gateways", "water")
#: for who may read indicators alone
_OF_INDICATORS: Final = ("map",)
_MAPS: Final = 3
_MOST_MAPS: Final = 8
_STATIONS: Final = 200


class Board(Protocol):
    """One board."""

    def show(self, scene: Scene) -> None:
        """Bring it up to date."""


@dataclass(frozen=True)
class Programme:
    """What is shown in turn. unknown: what was asked for and does not exist."""

    boards: tuple[str, ...]
    indicators: tuple[str, ...]
    every_s: int
    unknown: tuple[str, ...]
    #: boards that were asked for and take more than the viewer may see
    closed: tuple[str, ...] = ()

    @classmethod
    def of(cls, asked: Mapping[str, str], scene: Scene) -> Programme:
        """Return what an address asks for: without any wish, every board and maps of three domains."""
        kinds = _KINDS if scene.snapshot.raw else _OF_INDICATORS
        wanted, strange = _known(asked.get("boards", ""), _KINDS)
        boards = tuple(each for each in wanted if each in kinds)
        closed = tuple(each for each in wanted if each not in kinds)
        codes, unknown = _known(asked.get("indicators", ""), scene.registry.indicators)
        every = _seconds(asked.get("every"))
        wrong = () if every is not None else (f"every={asked['every']}",)
        chosen = codes[:_MOST_MAPS] or _with_values(scene)
        told = (*strange, *unknown, *codes[_MOST_MAPS:], *wrong)
        return cls(boards or kinds, chosen, _EVERY if every is None else every, told, closed)


def _known(
    text_: str, known: Mapping[str, object] | tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Part the codes of a list into those that exist and the others."""
    codes = tuple(dict.fromkeys(filter(None, text_.split(","))))
    return tuple(c for c in codes if c in known), tuple(c for c in codes if c not in known)


def _seconds(text_: str | None) -> int | None:
    """Return the interval that is asked for, 0 to stand still; None where it cannot be used."""
    if text_ is None:
        return _EVERY
    if not (text_.isascii() and text_.isdecimal()) or not (text_ == "0" or _LEAST <= int(text_) <= _MOST):
        return None
    return int(text_)


def _with_values(scene: Scene) -> tuple[str, ...]:
    """Return the chosen indicator, and the first ones of other domains that have values on the map."""
    areas = scene.registry.areas.values()

    def has_values(code: str) -> bool:
        rows = (scene.snapshot.value(code, area) for area in areas)
        return any(row is not None and row["value"] is not None for row in rows)

    chosen = str(scene.indicator["code"])
    domains = [[str(row["code"]) for row in rows] for rows in scene.domains().values()]
    firsts = [next(filter(has_values, codes), None) for codes in domains if chosen not in codes]
    return (chosen, *filter(None, firsts))[:_MAPS]


class WallView:
    """The boards of a programme, under a clock and the age of the data."""

    def __init__(self, context: Context, scene: Scene) -> None:
        """Build them."""
        self._context, words = context, context.words
        self._programme = Programme.of(scene.choice.own, scene)
        told = words.begun_with("wall_")
        self._wall = Wall(self._programme.every_s, words.language, scene.registry.zone.key, told)
        self._water: WaterBoard | None = None
        with self._wall:
            self._boards = [board for kind in self._programme.boards for board in self._build(kind)]
            if self._programme.unknown:
                codes = ", ".join(code[:40] for code in self._programme.unknown)
                text("p", words("wall_unknown", codes=codes), "wall-unknown")
            if self._programme.closed:
                roles = ", ".join(roles_with(Right.RAW))
                text("p", words("only_roles", roles=roles), "wall-unknown")

    def _build(self, kind: str) -> list[Board]:
        words = self._context.words
        if kind == "map":
            return [MapBoard(words, code) for code in self._programme.indicators]
        if kind == "water":
            self._water = WaterBoard(words)
            return [self._water]
        return [AlertsBoard(words) if kind == "alerts" else GatewaysBoard(words)]

    def show(self, scene: Scene) -> None:
        """Show a scene; the boards go on turning by themselves."""
        for board in self._boards:
            board.show(scene)
        newest = scene.snapshot.newest
        self._wall.show(
            city=scene.words.of(scene.registry.city),
            newest=newest and round(newest.timestamp() * 1000),
            sent=round(scene.snapshot.time.timestamp() * 1000),
            boards=len(self._boards),
        )

    async def read(self, scene: Scene) -> None:
        """Read the levels of rivers and the sea."""
        if self._water is None:
            return
        try:
            async with self._context.desk.reading(Right.RAW) as conn:
                rows = await queries.water(conn, _STATIONS)
        except (psycopg.Error, OSError):
            self._water.fill(scene, None)
        else:
            self._water.fill(scene, rows)

    async def draw(self, scene: Scene, *, dark: bool) -> None:
        """Draw nothing."""
