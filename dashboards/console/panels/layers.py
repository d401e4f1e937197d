"""The layers of the map: their switches, and what of them lies on the map."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from dashboards.console import formats, layers
from dashboards.console.elements import MapLayers, tag, text
from dashboards.console.panels import head

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nicegui.element import Element

    from dashboards.console.points import Points
    from dashboards.console.scene import Scene
    from dashboards.console.views.context import Context

_MOST_OF_A_CODE: Final = 40


class LayersPart:
    """Switches in the head of the map's section, and below the map a legend and a list of what lies on it."""

    def __init__(self, context: Context, section: Element, *, on_open: Callable[[str, str], object]) -> None:
        """Build it where the section is being built; `on_open(kind, code)` opens what is chosen."""
        self._context, words = context, context.words
        self._open = layers.LAYERS if context.feed.readings is not None else layers.OF_INDICATORS
        with head(section), tag("div", "layers-switches", role="group", aria_label=words("layers")):
            self._switches = {layer: self._switch(layer) for layer in self._open}
            with tag("button", "tool layers-zoom", type_="button") as self._zoom:
                self._zoom_to = text("span", "")
            self._zoom.on("click", self._look)
        self._unknown = text("p", "", "layers-said")
        self._drawn = MapLayers(words.language, words.begun_with("points_"))
        self._drawn.on_open(on_open)
        self._live, self._gauges = True, list[dict[str, Any]]()
        self._points: dict[str, dict[str, Any]] = {}
        self._types: dict[str, str] = {}

    def _switch(self, layer: str) -> Element:
        with tag("button", "tool layers-switch", type_="button") as switch:
            tag("i", "layers-tick", aria_hidden="true")
            text("span", self._context.words(f"layer_{layer}"))
        switch.on("click", lambda: self._turn(layer))
        return switch

    async def _turn(self, layer: str) -> None:
        choice = self._context.choice()
        own = {key: value for key, value in choice.own.items() if key != layers.KEY}
        switched = layers.switched(choice.own.get(layers.KEY), layer)
        own |= {} if switched is None else {layers.KEY: switched}
        await self._context.choose(replace(choice, own=own, unknown=()))

    async def _look(self) -> None:
        choice = self._context.choice()
        await self._context.choose(replace(choice, own=layers.turned(choice.own), unknown=()))

    def _show_zoom(self, scene: Scene) -> None:
        near, name = layers.is_near(scene.choice.own), formats.short_name(scene.words.of(scene.area))
        self._zoom_to.show(scene.words("layer_whole") if near else scene.words("layer_zoom", area=name))
        self._zoom.set_visibility(scene.area is not scene.registry.whole)

    def show(self, scene: Scene, *, live: bool) -> tuple[str, ...]:
        """Show which layers are on, and what the snapshot knows of them; return the layers."""
        shown, unknown = self._shown(scene)
        for layer, switch in self._switches.items():
            _press(switch, on=layer in shown)
        self._show_zoom(scene)
        codes = ", ".join(code[:_MOST_OF_A_CODE] for code in unknown)
        self._unknown.show(scene.words("layer_unknown", codes=codes) if codes else "")
        registry, detail, self._live = scene.registry, scene.choice.detail, live
        self._drawn.show(
            shown=list(shown),
            live=live,
            projection=registry.projection.told(),
            areas={code: formats.short_name(scene.words.of(row)) for code, row in registry.areas.items()},
            alerts=layers.alert_marks(scene) if "alerts" in shown and live else [],
            chosen=f"{detail.kind}={detail.code}" if detail is not None else "",
        )
        return shown

    def marks(self, scene: Scene) -> Sequence[layers.Mark]:
        """Return what labels make way for, as it was shown and read last."""
        return layers.marks(scene, self._shown(scene)[0], self._gauges) if self._live else ()

    def _shown(self, scene: Scene) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the layers that are on, of those that the viewer may see, and codes of none."""
        shown, unknown = layers.chosen(scene.choice.own.get(layers.KEY))
        return tuple(each for each in shown if each in self._open), unknown

    async def read(self, scene: Scene) -> None:
        """Read and show the points and levels of the layers that are on."""
        readings, (shown, _) = self._context.feed.readings, self._shown(scene)
        if readings is None:
            return
        rows = await readings.water.get() if "water" in shown else []
        self._gauges = layers.gauges(scene, rows) if rows else []
        self._drawn.show(gauges=self._gauges, away="water" in shown and readings.water.is_away)
        for kind, kept in readings.points.items():
            if kind in shown:
                found = await kept.get()
                self._points = self._points | {kind: _told(found, is_away=kept.is_away)}
                codes = found.places.kinds if found is not None else ()
                self._types = self._types | {code: scene.kind(code) for code in codes}
                self._drawn.show(points=self._points, types=self._types)


def _told(points: Points | None, *, is_away: bool) -> dict[str, Any]:
    if points is None:
        return {"version": "", "states": "", "away": is_away}
    return {"version": points.places.version, "states": points.states, "away": is_away}


def _press(switch: Element, *, on: bool) -> None:
    pressed = "true" if on else "false"
    if switch.props.get("aria-pressed") != pressed:
        switch.props["aria-pressed"] = pressed
        switch.update()
