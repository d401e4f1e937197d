"""The layers of the map: which are shown, and what of alerts and stations lies on it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dashboards.console import levels
from dashboards.console.panels.alerts import place

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from api.queries import Row
    from dashboards.console.scene import Scene

    #: x and y in units of the drawing, and one of the kinds of `map/labels.js`
    Mark = tuple[float, float, str]

#: in the order of their switches; all are shown where the address does not say
LAYERS: Final = ("indicator", "gateways", "things", "water", "alerts")
#: those of who may see indicators alone
OF_INDICATORS: Final = LAYERS[:1]
#: keys in the address, and what is said where the chosen area is looked at closely
KEY: Final = "layers"
ZOOM: Final = "zoom"
_NEAR: Final = "area"


def chosen(text: str | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Part what an address names, separated by commas, into layers that exist and the others."""
    if text is None:
        return LAYERS, ()
    named = tuple(dict.fromkeys(filter(None, text.split(","))))
    unknown = tuple(each for each in named if each not in LAYERS)
    return tuple(each for each in LAYERS if each in named), unknown


def told(shown: Collection[str]) -> str | None:
    """Return what an address says of the layers that are shown; None where it need not."""
    return None if set(shown) == set(LAYERS) else ",".join(each for each in LAYERS if each in shown)


def switched(text: str | None, layer: str) -> str | None:
    """Return what an address says once a layer is switched on or off."""
    return told(set(chosen(text)[0]) ^ {layer})


def is_near(own: Mapping[str, str]) -> bool:
    """Tell whether what an address says for the map asks for a close look at the chosen area."""
    return own.get(ZOOM) == _NEAR


def turned(own: Mapping[str, str]) -> dict[str, str]:
    """Return what an address says with the close look begun or ended."""
    others = {key: value for key, value in own.items() if key != ZOOM}
    return others if is_near(own) else others | {ZOOM: _NEAR}


def alert_marks(scene: Scene) -> list[dict[str, Any]]:
    """Return the raised alerts, the worst first.

    `at`: x, y and the room there, in units of the drawing; None for what is not on the map.
    """
    return scene.once("alert_marks", lambda: _alert_marks(scene))


def _alert_marks(scene: Scene) -> list[dict[str, Any]]:
    gateways = {row["code"]: row for row in scene.snapshot.gateways}
    return [_alert_mark(scene, row, gateways.get(row["gateway"])) for row in scene.snapshot.alerts]


def _alert_mark(scene: Scene, row: Row, gateway: Row | None) -> dict[str, Any]:
    return {
        "code": str(row["id"]),
        "name": scene.words.of(row),
        "at": _at(scene, row, gateway),
        "where": row["gateway"] or place(scene, row),
        "severity": row["severity"],
        "severityName": scene.words(f"severity_{row['severity']}"),
        "silenced": row["state"] == "silenced",
        "since": scene.words("layer_since", time=scene.since(row["since"])),
    }


def _at(scene: Scene, row: Row, gateway: Row | None) -> list[float] | None:
    if gateway is not None:
        return [*scene.registry.projection.point(gateway["longitude"], gateway["latitude"]), 0]
    outline = scene.registry.outlines.get(row["area"])
    return None if outline is None else [outline.x, outline.y, outline.room]


def marks(scene: Scene, shown: Collection[str], stations: Sequence[Mapping[str, Any]]) -> Sequence[Mark]:
    """Return what lies on the map in the way of labels: stations as `gauges` returns them."""
    place = f"marks {' '.join(sorted(shown))}"
    return scene.once(place, lambda: list(_marks(scene, shown, stations)), of=stations)


def _marks(scene: Scene, shown: Collection[str], stations: Sequence[Mapping[str, Any]]) -> Iterator[Mark]:
    if "gateways" in shown:
        point = scene.registry.projection.point
        yield from ((*point(row["longitude"], row["latitude"]), "gateway") for row in scene.snapshot.gateways)
    if "water" in shown:
        yield from ((*each["at"], _look(each)) for each in stations)
    if "alerts" in shown:
        for each in alert_marks(scene):
            if each["at"] is not None:
                x, y, room = each["at"]
                yield x, y, "alert" if room else "sign"


def _look(gauge: Mapping[str, Any]) -> str:
    if not gauge["ticks"]:
        return "wave"
    return "reached" if gauge["reached"] else "gauge"


def gauges(scene: Scene, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return stations with their newest level, as a share of a scale on which their alert levels lie too."""
    return scene.once("gauges", lambda: [_gauge(scene, row) for row in rows], of=rows)


def _gauge(scene: Scene, row: Row) -> dict[str, Any]:
    marks = levels.declared(scene, row)
    low, high = scale(marks)
    state = levels.reached(scene, row)
    time = row["time"]
    measured = scene.words("layer_measured", time=scene.since(time)) if time else scene.words("newest_none")
    return {
        "code": row["code"],
        "name": row["name"] or row["code"],
        "at": scene.registry.projection.point(row["longitude"], row["latitude"]),
        "fill": None if row["value"] is None or not marks else share(row["value"], low, high),
        "ticks": [share(mark, low, high) for mark in marks],
        "reached": state or 0,
        "level": levels.level(scene, row),
        "against": levels.against(scene, row),
        "measured": measured,
        "old": levels.is_old(scene, row),
    }


def scale(marks: tuple[float, ...]) -> tuple[float, float]:
    """Return the ends of a gauge: as far below the first alert level as to the last one, 1 m at least."""
    if not marks:
        return 0.0, 1.0
    span = max(marks[-1] - marks[0], 1.0)
    return marks[0] - span, marks[-1] + span / 4


def share(height: float, low: float, high: float) -> float:
    return round(min(max((height - low) / (high - low), 0.0), 1.0), 3)
