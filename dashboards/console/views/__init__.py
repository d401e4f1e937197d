"""The views of the page: each shows a part of the same city, one at a time.

Another view is a module with a class of this shape, a name in `dashboards.console.choice.VIEWS`, and a line
here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from dashboards.console.views.map import MapView
from dashboards.console.views.planner import PlannerView
from dashboards.console.views.wall import WallView
from dashboards.console.views.work import WorkView

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dashboards.console.scene import Scene
    from dashboards.console.views.context import Context


class View(Protocol):
    """A view, built where elements are being built."""

    def show(self, scene: Scene) -> None:
        """Bring it up to date; it is called with each snapshot and each choice."""

    async def read(self, scene: Scene) -> None:
        """Read and show what this view alone shows."""

    async def draw(self, scene: Scene, *, dark: bool) -> None:
        """Draw what the browser's theme decides on."""


SHOWN: Final[Mapping[str, Callable[[Context, Scene], View]]] = {
    "map": MapView,
    "work": WorkView,
    "planner": PlannerView,
    "wall": WallView,
}
