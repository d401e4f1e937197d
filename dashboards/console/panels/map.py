"""The map with its indicator and legend, and the list of areas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dashboards.console import formats
from dashboards.console.elements import CityMap, DataTable, IndicatorSelect, tag, text
from dashboards.console.panels import head, panel

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from dashboards.console.layers import Mark
    from dashboards.console.scene import Scene
    from dashboards.console.words import Words

    Choose = Callable[[str], object]


class MapPanel:
    """The map with its indicator, legend and notes."""

    def __init__(self, words: Words, scene: Scene, *, on_area: Choose, on_indicator: Choose) -> None:
        """Build the panel with the indicators of a scene to choose from."""
        self._words = words
        self.section = section = panel("map", words("map"))
        with head(section):
            self._select = _select(scene, on_indicator)
        with section:
            self._map = CityMap()
            self._map.classes("map")
            self._map.on_choose(on_area)
            with tag("div", "map-foot"):
                self._legend = Legend(words)
                self._notes = text("p", "", "notes")

    def make_way(self, marks: Sequence[Mark]) -> None:
        """Have labels make way for marks."""
        self._map.show(marks=marks)

    def show(self, scene: Scene, shown: Collection[str], *, near: bool) -> None:
        """Show a scene with some layers; near: the chosen area alone, with what lies around it."""
        self._select.show(chosen=scene.indicator["code"])
        is_coloured = "indicator" in shown
        name = self._words.of(scene.indicator)
        self._map.show(
            fields=scene.fields() if is_coloured else [plain(field) for field in scene.fields()],
            width=1000,
            height=round(scene.registry.projection.height),
            near=near,
            label=self._words("map_label", indicator=name) if is_coloured else self._words("map_plain"),
        )
        self._notes.show(" · ".join(scene.notes()))
        self._legend.show(scene)
        self._legend.set_visibility(is_coloured)


def plain(field: dict[str, Any]) -> dict[str, Any]:
    """Return a field of the map without its value."""
    return field | {"fill": "var(--raised)", "ink": None, "darkInk": None, "text": "", "lines": []}


class Legend:
    """What the colours of a map stand for."""

    def __init__(self, words: Words) -> None:
        """Build it, empty."""
        self._words = words
        self._legend = tag("ul", "legend", aria_label=words("legend"))
        self._shown: object = None

    def set_visibility(self, visible: bool) -> None:
        """Show or hide it."""
        self._legend.set_visibility(visible)

    def show(self, scene: Scene) -> None:
        """Show the colours of a scene's indicator."""
        unit = formats.unit(scene.indicator["unit"]) or self._words("no_unit")
        entries = scene.scale.legend()
        if (unit, entries) == self._shown:
            return
        self._shown = unit, entries
        self._legend.clear()
        with self._legend:
            text("li", unit, "legend-unit")
            for entry in entries:
                _legend_entry(entry.label, f"background: {entry.fill}")
            _legend_entry(self._words("no_value"), "", "none")


def _legend_entry(label: str, style: str, classes: str = "") -> None:
    with tag("li"):
        tag("i", f"swatch {classes}", aria_hidden="true").style(style)
        text("span", label)


def _select(scene: Scene, on_choose: Choose) -> IndicatorSelect:
    """Return the list of indicators, grouped by domain."""
    named = [
        (domain, [(str(row["code"]), scene.words.of(row)) for row in rows])
        for domain, rows in scene.domains().items()
    ]
    select = IndicatorSelect(named, scene.words("indicator"))
    select.on_choose(on_choose)
    return select


class AreasPanel:
    """The list of areas, which says in words what the map says in colours."""

    def __init__(self, words: Words, *, on_area: Choose) -> None:
        """Build the panel."""
        columns = [(words("area"), ""), (words("value"), "right"), (words("completeness"), "right")]
        with panel("areas", words("areas")):
            self._table = DataTable(columns, label=words("areas"), choosable=True)
            self._table.on_choose(on_area)

    def show(self, scene: Scene) -> None:
        """Show a scene."""
        self._table.show(rows=scene.area_rows())
