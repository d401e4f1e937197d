"""The chosen area: its newest value and its chart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dashboards.console import formats
from dashboards.console.chart import DARK, LIGHT, marked, options, steps
from dashboards.console.elements import AreaChart, tag, text
from dashboards.console.panels import head, panel

if TYPE_CHECKING:
    from datetime import datetime

    from api.queries import Row
    from dashboards.console.scene import Scene
    from dashboards.console.snapshot import Series
    from dashboards.console.words import Words


class ChartPanel:
    """The chosen area: its newest value, and its last hours, days, months or years."""

    def __init__(self, words: Words) -> None:
        """Build the panel."""
        self._words = words
        section = panel("chart", "")
        self._title: Any = head(section).default_slot.children[0]
        with head(section):
            self._subtitle = text("p", "", "panel-sub")
        with section:
            self._stands_for = text("p", "", "stands-for")
            with tag("div", "now"):
                self._value = text("span", "", "now-value")
                self._unit = text("span", "", "now-unit")
                self._swatch = tag("i", "swatch", aria_hidden="true")
                self._category = text("span", "", "now-category")
                self._facts = text("span", "", "now-facts")
            self._box = tag("div", "chart-box", role="img", aria_label=words("loading"))
            with self._box:
                self._chart = AreaChart()
                self._empty = text("p", "", "chart-empty")
            self._summary = text("p", "", "chart-summary")
            self._source = text("p", "", "source")
        self._drawn: object = None
        self._series: Series | None = None

    def show(self, scene: Scene) -> None:
        """Show a scene's newest value."""
        row = scene.value(scene.area)
        self._title.show(self._words.of(scene.area))
        self._subtitle.show(f"{self._words.of(scene.indicator)} · {scene.span()}")
        self._stands_for.show(stands_for := scene.stands_for())
        self._stands_for.set_visibility(bool(stands_for))
        why = scene.why(row)
        self._value.show(why or scene.figure(row))
        self._value.classes(add="why" if why else "", remove="" if why else "why")
        self._unit.show("" if why else formats.unit(scene.indicator["unit"]))
        self._category.show(scene.category(row))
        self._show_swatch(scene, row)
        share = self._words("completeness_of", share=scene.share(row)) if row else ""
        self._facts.show(" · ".join(filter(None, (scene.until(row), share))))
        self._source.show(scene.source())

    def _show_swatch(self, scene: Scene, row: Row | None) -> None:
        paint = scene.scale.paint(row) if row is not None and scene.category(row) else None
        self._swatch.style(replace=f"background: {paint.fill}" if paint else "display: none")

    def draw(self, scene: Scene, series: Series | None, at: datetime | None, *, dark: bool) -> None:
        """Draw a series, None where it could not be read; the same chart again is left alone.

        at: the start of the step that the map shows, where it is not live.
        """
        drawn = scene.choice, at, dark
        if drawn == self._drawn and series is self._series:
            return
        self._drawn, self._series = drawn, series
        found = steps(series, scene.indicator, scene.registry.zone) if series is not None else []
        values = [step.value for step in found if step.value is not None]
        self._empty.show(self._words("chart_away" if series is None else "chart_empty", span=scene.span()))
        self._empty.set_visibility(not values)
        self._chart.set_visibility(bool(values))
        self._summary.show(self._summarise(scene, values, len(found)))
        names = {"indicator": self._words.of(scene.indicator), "area": self._words.of(scene.area)}
        self._box.props["aria-label"] = self._words("chart_label", span=scene.span(), **names)
        if series is not None and values:
            theme, zone = DARK if dark else LIGHT, scene.registry.zone
            plotted = options(scene.indicator, series, zone, theme, self._words)
            self._chart.show(options=marked(plotted, at, zone, theme))

    def _summarise(self, scene: Scene, values: list[float], count: int) -> str:
        if not values:
            return ""
        low, high = (
            formats.quantity(each, scene.decimals, scene.indicator["unit"], self._words.language)
            for each in (min(values), max(values))
        )
        return self._words("chart_summary", low=low, high=high, missing=count - len(values), steps=count)
