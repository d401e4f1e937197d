"""Levels of rivers and the sea against the alert levels of their stations, in words. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from analytics.indicators.level import AlertLevels, situation
from dashboards.console import formats

if TYPE_CHECKING:
    from collections.abc import Iterable

    from api.queries import Row
    from dashboards.console.scene import Scene

#: alert levels (báo động) as they are called
NAMES: Final = ("I", "II", "III")
_METRES: Final = 2
#: a level is told apart as old when it was measured longer ago
_OLD: Final = timedelta(hours=1)


def declared(scene: Scene, row: Row) -> tuple[float, ...]:
    """Return a station's alert levels in force, m, ascending; none where none are declared."""
    found = AlertLevels.of(row["properties"], scene.snapshot.time.date())
    return () if found is None else found.levels


def reached(scene: Scene, row: Row) -> int | None:
    """Return how many alert levels are reached: as computed last, else by the newest level itself.

    None where that is not known.
    """
    if row["state"] is not None:
        return int(row["state"])
    levels = declared(scene, row)
    return None if row["value"] is None or not levels else sum(row["value"] >= level for level in levels)


def nearest_first(scene: Scene, rows: Iterable[Row]) -> list[Row]:
    """Order stations by how near they are to their next alert level, those above the highest one first.

    Those without alert levels, or of which no level is known, come last.
    """
    return sorted(rows, key=lambda row: _nearness(scene, row))


def _nearness(scene: Scene, row: Row) -> tuple[bool, int, float, str]:
    marks, state = declared(scene, row), reached(scene, row)
    name = str(row["name"] or row["code"])
    if not marks or state is None:
        return (True, 0, 0.0, name)
    details = _details(row, marks, state)
    return (False, -state, details.get("to_next_m", -details.get("above_m", 0.0)), name)


def is_old(scene: Scene, row: Row) -> bool:
    """Tell whether a level was measured long ago, or never."""
    return row["time"] is None or scene.snapshot.time - row["time"] > _OLD


def against(scene: Scene, row: Row) -> str:
    """Return where a level stands between the alert levels of its station."""
    words, levels, state = scene.words, declared(scene, row), reached(scene, row)
    if not levels:
        return words("wall_no_levels")
    if state is None:
        return words("no_value")
    details = _details(row, levels, state)
    if state and "above_m" in details:
        return words("wall_above", level=NAMES[state - 1], distance=metres(scene, details["above_m"], "m"))
    return words("wall_to_next", level=NAMES[state], distance=metres(scene, details["to_next_m"], "m"))


def _details(row: Row, levels: tuple[float, ...], state: int) -> dict[str, Any]:
    if row["state"] is not None:
        return dict(row["details"] or {})
    return situation(levels, row["value"], state, None)


def level(scene: Scene, row: Row) -> str:
    """Return the newest level with its unit."""
    return formats.NO_VALUE if row["value"] is None else metres(scene, row["value"], row["unit"])


def metres(scene: Scene, value: float, unit: str) -> str:
    """Return a height to the centimetre."""
    return formats.quantity(value, _METRES, unit, scene.words.language)
