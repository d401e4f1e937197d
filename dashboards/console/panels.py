"""The parts of the page: each builds its elements once and then shows view after view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nicegui import ui

from dashboards.console import formats
from dashboards.console.chart import DARK, LIGHT, options, steps
from dashboards.console.elements import CityMap, DataTable, tag, text
from dashboards.console.snapshot import RATE_MINUTES
from dashboards.console.views import COUNTED

if TYPE_CHECKING:
    from collections.abc import Callable

    from nicegui.element import Element

    from api.queries import Row
    from dashboards.console.chart import Theme
    from dashboards.console.snapshot import Series
    from dashboards.console.views import View
    from dashboards.console.words import Words

    Choose = Callable[[str], object]


def panel(name: str, title: str) -> Element:
    """Return a section of the page with its heading in it."""
    section = tag("section", f"panel panel-{name}", aria_labelledby=f"heading-{name}")
    with section, tag("div", "panel-head"):
        heading = text("h2", title)
        heading.props["id"] = f"heading-{name}"
    return section


def head(section: Element) -> Element:
    """Return the head of a section, to put more beside the heading."""
    found: Element = section.default_slot.children[0]
    return found


class Facts:
    """How fresh the data are."""

    def __init__(self, words: Words) -> None:
        """Build the list."""
        labels = {
            "newest": words("newest"), "rate": words("rate"), "streams": words("streams"),
            "refused_lately": words("refused_lately", minutes=RATE_MINUTES),
        }  # fmt: skip
        with tag("dl", "facts", aria_label=words("freshness")):
            self._facts = {key: self._fact(key, label) for key, label in labels.items()}

    @staticmethod
    def _fact(key: str, label: str) -> Any:
        with tag("div", f"fact fact-{key}"):
            text("dt", label)
            return text("dd", formats.NO_VALUE)

    def show(self, view: View) -> None:
        """Show a view."""
        for key, value in view.facts().items():
            self._facts[key].show(value)


class MapPanel:
    """The map with its indicator, legend and notes."""

    def __init__(
        self, words: Words, indicators: dict[str, str], chosen: str, *, on_area: Choose, on_indicator: Choose
    ) -> None:
        """Build the panel with (code -> name) to choose from."""
        self._words = words
        section = panel("map", words("map"))
        with head(section):
            _select(indicators, chosen, words("indicator"), on_indicator)
        with section:
            self._map = CityMap()
            self._map.classes("map")
            self._map.on_choose(on_area)
            with tag("div", "map-foot"):
                self._legend = tag("ul", "legend", aria_label=words("legend"))
                self._notes = text("p", "", "notes")
        self._shown: object = None

    def show(self, view: View) -> None:
        """Show a view."""
        label = self._words("map_label", indicator=self._words.of(view.indicator))
        projection = view.registry.projection
        self._map.show(
            fields=view.fields(), spots=view.spots(), width=1000, height=round(projection.height), label=label
        )
        self._notes.show(" · ".join(view.notes()))
        self._show_legend(view)

    def _show_legend(self, view: View) -> None:
        unit = formats.unit(view.indicator["unit"]) or self._words("no_unit")
        entries = view.scale.legend()
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


def _select(choices: dict[str, str], chosen: str, label: str, on_choose: Choose) -> None:
    with tag("select", "select", aria_label=label, name="indicator") as select:
        for code, name in choices.items():
            option = text("option", name)
            option.props["value"] = code
            if code == chosen:
                option.props["selected"] = True
    select.on(
        "change", lambda event: on_choose(str(event.args)), js_handler="event => emit(event.target.value)"
    )


class AreasPanel:
    """The list of areas, which says in words what the map says in colours."""

    def __init__(self, words: Words, *, on_area: Choose) -> None:
        """Build the panel."""
        columns = [(words("area"), ""), (words("value"), "right"), (words("completeness"), "right")]
        with panel("areas", words("areas")):
            self._table = DataTable(columns, label=words("areas"), choosable=True)
            self._table.on_choose(on_area)

    def show(self, view: View) -> None:
        """Show a view."""
        self._table.show(rows=view.area_rows())


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
            self._box = tag("div", "chart-box", role="img")
            with self._box:
                self._chart = ui.echart({}).classes("chart")
                self._empty = text("p", "", "chart-empty")
            self._summary = text("p", "", "chart-summary")
            self._source = text("p", "", "source")
        self._drawn: object = None
        self._series: Series | None = None

    def show(self, view: View) -> None:
        """Show a view's newest value."""
        row = view.value(view.area)
        self._title.show(self._words.of(view.area))
        self._subtitle.show(f"{self._words.of(view.indicator)} · {view.span()}")
        self._stands_for.show(stands_for := view.stands_for())
        self._stands_for.set_visibility(bool(stands_for))
        why = view.why(row)
        self._value.show(why or view.figure(row))
        self._value.classes(add="why" if why else "", remove="" if why else "why")
        self._unit.show("" if why else formats.unit(view.indicator["unit"]))
        self._category.show(view.category(row))
        self._show_swatch(view, row)
        share = self._words("completeness_of", share=view.share(row)) if row else ""
        self._facts.show(" · ".join(filter(None, (view.until(row), share))))
        self._source.show(view.source())

    def _show_swatch(self, view: View, row: Row | None) -> None:
        paint = view.scale.paint(row) if row is not None and view.category(row) else None
        self._swatch.style(replace=f"background: {paint.fill}" if paint else "display: none")

    def draw(self, view: View, series: Series | None, *, dark: bool) -> None:
        """Draw a series, None where it could not be read; the same chart again is left alone."""
        drawn = view.choice, dark
        if drawn == self._drawn and series is self._series:
            return
        self._drawn, self._series = drawn, series
        found = steps(series, view.indicator, view.registry.zone) if series is not None else []
        values = [step.value for step in found if step.value is not None]
        self._empty.show(self._words("chart_away" if series is None else "chart_empty", span=view.span()))
        self._empty.set_visibility(not values)
        self._chart.set_visibility(bool(values))
        self._summary.show(self._summarise(view, values, len(found)))
        names = {"indicator": self._words.of(view.indicator), "area": self._words.of(view.area)}
        self._box.props["aria-label"] = self._words("chart_label", span=view.span(), **names)
        if series is not None and values:
            self._plot(view, series, DARK if dark else LIGHT)

    def _plot(self, view: View, series: Series, theme: Theme) -> None:
        self._chart.options.clear()
        self._chart.options.update(options(view.indicator, series, view.registry.zone, theme, self._words))
        self._chart.update()

    def _summarise(self, view: View, values: list[float], count: int) -> str:
        if not values:
            return ""
        low, high = (
            formats.quantity(each, view.decimals, view.indicator["unit"], self._words.language)
            for each in (min(values), max(values))
        )
        return self._words("chart_summary", low=low, high=high, missing=count - len(values), steps=count)


class GatewaysPanel:
    """How many gateways are in which state, and all of them, the worst first."""

    def __init__(self, words: Words) -> None:
        """Build the panel."""
        columns = [
            (words("gateway"), ""), (words("heard"), "right"), (words("devices"), "right narrow"),
            (words("messages"), "right wide"),
        ]  # fmt: skip
        section = panel("gateways", words("gateways"))
        with head(section), tag("ul", "counts"):
            self._counts = {state: _count(words(state), state) for state in COUNTED}
        with section:
            self._table = DataTable(columns, label=words("gateways"), empty=words("gateways_empty"))

    def show(self, view: View) -> None:
        """Show a view."""
        for state, count in view.counts().items():
            self._counts[state].show(count)
        self._table.show(rows=view.gateway_rows())


def _count(label: str, state: str) -> Any:
    with tag("li", f"count {state}"):
        tag("i", f"mark {state}", aria_hidden="true")
        number = text("b", formats.NO_VALUE)
        text("span", label)
    return number


class RefusalsPanel:
    """What was refused last, and why."""

    def __init__(self, words: Words) -> None:
        """Build the panel."""
        columns = [
            (words("time"), "tight"), (words("gateway"), ""), (words("reason"), ""), (words("place"), ""),
            (words("detail"), "wide-text"), (words("count"), "right"),
        ]  # fmt: skip
        with panel("refusals", words("refusals")):
            self._table = DataTable(columns, label=words("refusals"), empty=words("refusals_empty"))

    def show(self, view: View) -> None:
        """Show a view."""
        self._table.show(rows=view.refusal_rows())
