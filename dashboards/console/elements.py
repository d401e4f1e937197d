"""The console's own elements, drawn by the browser from plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import nicegui.elements.echart  # noqa: F401 - has browsers find `nicegui-echart`
from nicegui import json, ui
from nicegui.element import Element

from dashboards.console.changes import changes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dashboards.console.words import Words


class _Drawn(Element):
    """An element of whose values the browser is sent what has changed."""

    def show(self, **values: Any) -> None:
        """Draw these values from here on."""
        found = changes(self._props, values)
        if found is None:
            return
        # Past NiceGUI's watch over each list and mapping within: they are replaced, never changed.
        dict.update(self._props, values)
        if self.client.has_socket_connection:
            self.client.run_javascript(f"takeChanges({self.id}, {json.dumps(found)})")
        else:
            self.update()

    def on_choose(self, handler: Callable[[str], object]) -> None:
        """Call `handler(code)` when a person chooses something."""
        self.on("choose", lambda event: handler(str(event.args)))


class CityMap(_Drawn, component="city_map.js"):
    """The areas as fields, whose labels make way for what lies on the map."""

    def __init__(self) -> None:
        """Draw nothing until `show(fields=, marks=, width=, height=, near=, label=)`."""
        super().__init__()
        self._props.update(fields=[], marks=[], width=1000, height=700, near=False, label="")


class MapLayers(_Drawn, component="map_layers.js", esm={"halong-map": "map"}):
    """What lies on the map in the same section: points, gauges and alerts, drawn on it and listed below."""

    def __init__(self, language: str, words: dict[str, str]) -> None:
        """Draw nothing until `show(…)`; its values are the other properties of map_layers.js."""
        super().__init__()
        self._props.update(
            shown=[], live=True, projection={}, areas={}, types={}, points={}, alerts=[], gauges=[],
            away=False, chosen="", language=language, words=words,
        )  # fmt: skip

    def on_open(self, handler: Callable[[str, str], object]) -> None:
        """Call `handler(kind, code)` when a person opens an alert, a gateway or a thing."""
        self.on("open", lambda event: handler(*str(event.args).split("=", 1)))


class IndicatorSelect(_Drawn, component="indicator_select.js"):
    """A list of indicators by domain: one element, not one for each of two hundred."""

    def __init__(self, domains: Sequence[tuple[str, Sequence[tuple[str, str]]]], label: str) -> None:
        """Offer (domain, (code, name) of its indicators); `show(chosen=)` says which one is shown."""
        super().__init__()
        self._props.update(domains=domains, label=label, chosen="")


class AreaChart(_Drawn, component="area_chart.js"):
    """The line of an indicator, drawn by ECharts."""

    def __init__(self) -> None:
        """Draw nothing until `show(options=)`, as ECharts takes them."""
        super().__init__()
        self._props.update(options={})


class LiveChart(Element, component="live_chart.js"):
    """The last day of a datastream, read by the browser itself from the API, and what comes after it."""

    def __init__(self, datastream: int, interval_s: int, label: str, zone: str, words: Words) -> None:
        """Draw a datastream with times in a time zone; `label` names it for those who cannot see it."""
        super().__init__()
        told = {key: words(f"live_{key}") for key in ("reading", "live", "lost", "empty")}
        self._props.update(
            datastream=datastream,
            interval=interval_s,
            label=label,
            zone=zone,
            language=words.language,
            words=told,
        )


class DataTable(_Drawn, component="data_table.js"):
    """A table."""

    def __init__(
        self, columns: Sequence[tuple[str, str]], *, label: str, empty: str = "", choosable: bool = False
    ) -> None:
        """Make a table without rows.

        Args:
            columns: (heading, CSS classes of the column's cells).
            label: what the table is, for those who cannot see its place.
            empty: shown in place of rows.
            choosable: rows can be chosen.
        """
        super().__init__()
        heads = [{"label": heading, "kind": kind} for heading, kind in columns]
        self._props.update(columns=heads, rows=[], label=label, empty=empty, choosable=choosable)

    def on_act(self, handler: Callable[[str, str], object]) -> None:
        """Call `handler(row's key, name)` when a person presses a button in a row."""
        self.on("act", lambda event: handler(str(event.args["key"]), str(event.args["act"])))

    def leave_out(self, key: str) -> None:
        """Draw the rows without one, until others are shown."""
        self.show(rows=[row for row in self._props["rows"] if row["key"] != key])


class Planner(_Drawn, component="planner.js", esm={"halong-planner": "planner"}):
    """The planner's corner, which reads the API itself; what is chosen in it is told."""

    def __init__(self, **fixed: Any) -> None:
        """Draw nothing until `show(asked=)`; `fixed`: what stays, the other properties of planner.js."""
        super().__init__()
        self._props.update(fixed, asked={})

    def on_turn(self, handler: Callable[[dict[str, str]], object]) -> None:
        """Call `handler(what is chosen)` when a person chooses something else."""
        self.on("turn", lambda event: handler({key: str(value) for key, value in event.args.items()}))


class TimeSlider(_Drawn, component="time_slider.js"):
    """A way through the steps of some days, ending in what is live."""

    def __init__(self, language: str, words: dict[str, str]) -> None:
        """Draw nothing until `show(steps=, at=, length=, zone=, note=)`; times in ms."""
        super().__init__()
        self.classes("past-box")
        self._props.update(steps=[], at=None, length=0, zone="UTC", note="", language=language, words=words)

    def on_slide(self, handler: Callable[[int | None], object]) -> None:
        """Call `handler(start of the step, ms)` with each step that is passed; None: what is live."""
        self.on("slide", lambda event: handler(event.args))

    def on_settle(self, handler: Callable[[int | None], object]) -> None:
        """Call `handler(start of the step, ms)` where a person stops."""
        self.on("settle", lambda event: handler(event.args))


class Wall(_Drawn, component="wall.js"):
    """Boards in turn, with a clock and the age of the data that go on by themselves."""

    def __init__(self, every_s: int, language: str, zone: str, words: dict[str, str]) -> None:
        """Turn the children, each of class `wall-board`, every so many seconds; 0: never."""
        super().__init__()
        self._props.update(
            every=every_s,
            language=language,
            zone=zone,
            words=words,
            city="",
            newest=None,
            sent=None,
            boards=0,
        )


def tag(name: str, classes: str = "", /, **props: str) -> Element:
    """Return an HTML element; underscores in properties stand for hyphens."""
    element = ui.element(name).classes(classes)
    for key, value in props.items():
        element.props[key.rstrip("_").replace("_", "-")] = value
    return element


def text(name: str, words: str, classes: str = "") -> Text:
    """Return an HTML element with text in it."""
    return Text(name, words, classes)


class Text(Element):
    """An HTML element with text that changes."""

    def __init__(self, name: str, words: str, classes: str = "") -> None:
        """Make the element `name` with `words` in it."""
        super().__init__(name)
        self.classes(classes)
        self._text = words

    def show(self, words: str) -> None:
        """Say something else; nothing is sent where it is the same."""
        if words != self._text:
            self._text = words
            self.update()
