"""Has browsers fetch at once what a page's scripts import, in place of each as another names it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from nicegui import __version__
from nicegui.dependencies import esm_modules

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: the packages of modules that a view's elements import
_PACKAGES: Final[Mapping[str, tuple[str, ...]]] = {
    "map": ("halong-map",),
    "planner": ("halong-planner",),
    "wall": ("halong-map",),
}
_SANITISER: Final = "static/dompurify.mjs"


def links(view: str) -> str:
    """Return the links for the head of a page that shows a view (HTML, `rel=modulepreload`)."""
    return "".join(
        f'<link rel="modulepreload" href="_nicegui/{__version__}/{file}">' for file in _files(view)
    )


def _files(view: str) -> Iterable[str]:
    yield _SANITISER
    for key, module in esm_modules.items():
        if module.name in _PACKAGES.get(view, ()):
            yield from (f"esm/{key}/{path.name}" for path in sorted(module.path.glob("*.js")))
