"""What stands in the place of a view that the viewer's role may not see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.rights import roles_with
from dashboards.console.choice import NEEDED
from dashboards.console.elements import text

if TYPE_CHECKING:
    from dashboards.console.scene import Scene
    from dashboards.console.views.context import Context


class ClosedView:
    """Who may see the view."""

    def __init__(self, context: Context, scene: Scene) -> None:
        """Say it."""
        roles = ", ".join(roles_with(NEEDED[scene.choice.view]))
        text("p", context.words("only_roles", roles=roles), "wait")

    def show(self, scene: Scene) -> None:
        """Show nothing else."""

    async def read(self, scene: Scene) -> None:
        """Read nothing."""

    async def draw(self, scene: Scene, *, dark: bool) -> None:
        """Draw nothing."""
