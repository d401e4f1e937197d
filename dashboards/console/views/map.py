"""The map with the chosen area beside it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dashboards.console.choice import Detail
from dashboards.console.layers import is_near
from dashboards.console.panels.chart import ChartPanel
from dashboards.console.panels.layers import LayersPart
from dashboards.console.panels.map import AreasPanel, MapPanel
from dashboards.console.panels.past import PastPart
from dashboards.console.scene import Scene

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from dashboards.console.views.context import Context


class MapView:
    """The city in the colours of an indicator, and one area of it over time."""

    def __init__(self, context: Context, scene: Scene) -> None:
        """Build the panels."""
        self._context = context
        words = context.words
        self._map = MapPanel(
            words,
            scene,
            on_area=self._on_area,
            on_indicator=self._on_indicator,
        )
        with self._map.section:
            self._layers = LayersPart(context, self._map.section, on_open=self._on_open)
            self._past = PastPart(context, self._on_slide)
        self._areas = AreasPanel(words, on_area=self._on_area)
        self._chart = ChartPanel(words)

    def show(self, scene: Scene) -> None:
        """Show a scene."""
        shown = self._past.scene(scene)
        self._map.section.classes(
            add="not-live" if shown is not scene else "", remove="not-live" if shown is scene else ""
        )
        layers = self._layers.show(shown, live=shown is scene)
        self._map.show(shown, layers, near=is_near(scene.choice.own))
        self._map.make_way(self._layers.marks(shown))
        for part in (self._areas, self._chart):
            part.show(shown)

    async def read(self, scene: Scene) -> None:
        """Read and show the map as it was, and what lies on it."""
        if await self._past.read(scene) and scene.choice == self._context.choice():
            self.show(scene)
        await self._layers.read(scene)
        self._map.make_way(self._layers.marks(scene))

    async def draw(self, scene: Scene, *, dark: bool) -> None:
        """Draw the chart."""
        series = await self._context.feed.series(scene.indicator, scene.area)
        if scene.choice == self._context.choice():  # or another one was chosen meanwhile
            self._chart.draw(scene, series, dark=dark)

    async def _on_slide(self) -> None:
        snapshot = self._context.feed.snapshot
        if snapshot is None:
            return
        scene = Scene(snapshot, self._context.choice(), self._context.words)
        await self._past.read(scene)
        self.show(scene)

    def _on_area(self, code: str) -> Awaitable[None]:
        return self._context.choose(self._context.choice().at(code))

    def _on_indicator(self, code: str) -> Awaitable[None]:
        return self._context.choose(replace(self._context.choice(), indicator=code, unknown=()))

    def _on_open(self, kind: str, code: str) -> Awaitable[None]:
        """Open what lies on the map; of a gateway choose the area too: its mark may cover it."""
        choice, snapshot = self._context.choice(), self._context.feed.snapshot
        area = snapshot.area_of(code) if snapshot is not None and kind == "gateway" else None
        at = choice.at(area) if area is not None else choice
        return self._context.choose(at.beside(Detail(kind, code)))
