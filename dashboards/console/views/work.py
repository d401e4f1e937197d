"""The lists that are worked through: alerts, unknown devices, gateways, refusals, and how ingest does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboards.console.panels.alerts import AlertsPanel
from dashboards.console.panels.gateways import GatewaysPanel
from dashboards.console.panels.ingest import IngestPanel
from dashboards.console.panels.refusals import RefusalsPanel
from dashboards.console.panels.unknown import UnknownPanel

if TYPE_CHECKING:
    from dashboards.console.scene import Scene
    from dashboards.console.views.context import Context


class WorkView:
    """One list beside the other."""

    def __init__(self, context: Context, _scene: Scene) -> None:
        """Build the lists."""
        words = context.words
        self._parts = (
            AlertsPanel(words, on_alert=lambda code: context.open("alert", code)),
            UnknownPanel(words, context.desk),
            GatewaysPanel(words, on_gateway=lambda code: context.open("gateway", code)),
            IngestPanel(words),
            RefusalsPanel(words),
        )

    def show(self, scene: Scene) -> None:
        """Show a scene."""
        for part in self._parts:
            part.show(scene)

    async def draw(self, scene: Scene, *, dark: bool) -> None:
        """Draw nothing: all of it is text."""
