"""What stands around every view: the headline, the ways to the views, language, theme, who looks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from nicegui import ui

from api.rights import Right
from dashboards.console import formats
from dashboards.console.choice import NEEDED, VIEWS, WALL
from dashboards.console.elements import tag, text
from dashboards.console.headline import headline
from dashboards.console.login import LOG_OUT_PATH
from dashboards.console.snapshot import RATE_MINUTES
from dashboards.console.words import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Callable

    from dashboards.console.choice import Choice
    from dashboards.console.desk import Desk
    from dashboards.console.scene import Scene
    from dashboards.console.words import Words

#: whether the page is dark, in the browser
IS_DARK: Final = "document.body.classList.contains('body--dark')"
_NAMES: Final = {"vi": "Tiếng Việt", "en": "English"}
#: a click with a key held opens another tab, as anywhere
_FOLLOW: Final = """event => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  emit();
}"""


@dataclass(frozen=True)
class Acts:
    """What a person does in the frame."""

    choose: Callable[[Choice], object]
    speak: Callable[[str], object]
    set_dark: Callable[[bool], object]


class Frame:
    """The bar on top of the page."""

    def __init__(self, words: Words, desk: Desk, choice: Callable[[], Choice], acts: Acts) -> None:
        """Build it with what the viewer of a desk may see."""
        self._words, self._caller, self._choice, self._acts = words, desk.viewer, choice, acts
        self._sees, self._title = desk.sees, ""
        with tag("header", "bar"):
            with tag("div", "brand"):
                self._city = text("h1", "halong")
                text("p", words("console"))
                self._reach = text("p", "", "reach")
                self._reach.set_visibility(self._caller.areas is not None)
            self._links = self._ways()
            if self._sees(Right.RAW):
                self._headline()
            self._facts = Facts(words, raw=self._sees(Right.RAW))
            self._tools()

    def _ways(self) -> dict[str, Any]:
        with tag("nav", "views", aria_label=self._words("views")):
            seen = [view for view in VIEWS if view != WALL and self._sees(NEEDED[view])]
            return {view: self._way(view, self._words(f"view_{view}")) for view in seen}

    def _way(self, view: str, name: str) -> Any:
        with tag("a", "view-link", href=f"?view={view}") as link:
            text("span", name)
        link.on("click", lambda: self._go(view), js_handler=_FOLLOW)
        return link

    def _go(self, view: str) -> object:
        return self._acts.choose(replace(self._choice(), view=view, detail=None, unknown=()))

    def _headline(self) -> None:
        self._alarm = tag("a", "headline", href="?view=work")
        self._alarm.on("click", lambda: self._go("work"), js_handler=_FOLLOW)
        with self._alarm:
            self._mark = tag("i", "mark severity", aria_hidden="true")
            self._told = text("span", self._words("loading"))
            self._told.props.update(role="status")

    def _tools(self) -> None:
        words = self._words
        with tag("div", "tools"):
            with tag("div", "languages", role="group", aria_label=words("language")):
                for language in LANGUAGES:
                    self._language(language)
            label = " / ".join((words("theme_dark"), words("theme_light")))
            theme = tag("button", "tool theme", type_="button", aria_label=label, title=label)
            with theme:
                tag("i", "theme-icon", aria_hidden="true")
            theme.on(
                "click",
                lambda event: self._acts.set_dark(not event.args),
                js_handler=f"() => emit({IS_DARK})",
            )
            self._viewer()

    def _language(self, language: str) -> None:
        pressed = "true" if language == self._words.language else "false"
        button = tag(
            "button", "tool", type_="button", aria_pressed=pressed, title=_NAMES[language], lang=language
        )
        # What is read out begins with what is seen (WCAG 2.5.3).
        button.props["aria-label"] = f"{language.upper()}, {_NAMES[language]}"
        with button:
            text("span", language.upper())
        button.on("click", lambda: self._acts.speak(language))

    def _viewer(self) -> None:
        """Say who looks and as what, and let that one leave; or let somebody say who it is."""
        caller, words = self._caller, self._words
        if caller.kind == "anyone":
            with tag("a", "tool enter", href=f"?gate=open&lang={words.language}"):
                text("span", words("enter"))
            return
        areas = ", ".join(caller.areas) if caller.areas is not None else words("whole_city")
        about = words(
            "viewer", name=caller.name, roles=", ".join((caller.role, *caller.further)), areas=areas
        )
        with tag("form", "viewer", method="post", action=LOG_OUT_PATH):
            text("span", caller.name, "viewer-name").props["title"] = about
            with tag("button", "tool", type_="submit"):
                text("span", words("log_out"))

    def show(self, scene: Scene) -> None:
        """Show a scene."""
        words, registry = self._words, scene.registry
        self._city.show(words.of(registry.city))
        own = [
            (code, registry.area(code) or registry.stand_ins.get(code)) for code in self._caller.areas or ()
        ]
        self._reach.show(words("reach", areas=", ".join(words.of(row) if row else code for code, row in own)))
        self._facts.show(scene)
        self._show_headline(scene)
        for view, link in self._links.items():
            _set(link, "href", replace(scene.choice, view=view, detail=None).address(words.language))
            _set(link, "aria-current", "page" if view == scene.choice.view else None)

    def _show_headline(self, scene: Scene) -> None:
        found = headline(scene)
        if self._sees(Right.RAW):
            self._told.show(found.text)
            self._mark.classes(replace=f"mark severity {found.mark}")
            self._alarm.classes(replace=f"headline {found.mark}")
        city = self._words("title", city=self._words.of(scene.registry.city))
        title = f"({found.count}) {city}" if found.count else city
        if title != self._title:
            self._title = title
            ui.page_title(title)


def _set(element: Any, name: str, value: str | None) -> None:
    """Set an attribute, or take it away; nothing is sent where it is the same."""
    if element.props.get(name) == value:
        return
    if value is None:
        element.props.pop(name, None)
    else:
        element.props[name] = value
    element.update()


class Facts:
    """How fresh the data are."""

    def __init__(self, words: Words, *, raw: bool) -> None:
        """Build the list: of what devices send, or of indicators alone."""
        labels = {
            "newest": words("newest"), "rate": words("rate"), "streams": words("streams"),
            "refused_lately": words("refused_lately", minutes=RATE_MINUTES),
        } if raw else {"computed": words("computed")}  # fmt: skip
        with tag("dl", "facts", aria_label=words("freshness")):
            self._facts = {key: self._fact(key, label) for key, label in labels.items()}

    @staticmethod
    def _fact(key: str, label: str) -> Any:
        with tag("div", f"fact fact-{key}"):
            text("dt", label)
            return text("dd", formats.NO_VALUE)

    def show(self, scene: Scene) -> None:
        """Show a scene."""
        for key, value in scene.facts().items():
            self._facts[key].show(value)
