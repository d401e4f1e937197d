"""The lists that are worked through: alerts, devices, gateways, commands, flags, refusals, and ingest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboards.console.panels.alerts import AlertsPanel
from dashboards.console.panels.commands import CommandsPanel
from dashboards.console.panels.flagged import FlaggedPanel
from dashboards.console.panels.gateways import GatewaysPanel
from dashboards.console.panels.ingest import IngestPanel
from dashboards.console.panels.refusals import RefusalsPanel
from dashboards.console.panels.troubled import TroubledPanel
from dashboards.console.panels.unknown import UnknownPanel

if TYPE_CHECKING:
    from dashboards.console.scene import Scene
    from dashboards.console.views.context import Context


class WorkView:
    """One list beside the other."""

    def __init__(self, context: Context, _scene: Scene) -> None:
        """Build the lists."""
        words = context.words
        alerts = AlertsPanel(words, on_alert=lambda code: context.open("alert", code))
        unknown = UnknownPanel(words, context.desk)
        gateways = GatewaysPanel(words, on_gateway=lambda code: context.open("gateway", code))
        refusals = RefusalsPanel(words, on_refusal=lambda number: context.open("refusal", number))
        troubled, ingest = TroubledPanel(context), IngestPanel(words)
        commands, flagged = CommandsPanel(context), FlaggedPanel(context)
        self._parts = (alerts, unknown, gateways, ingest, refusals)
        self._read = (troubled, commands, flagged, unknown)

    def show(self, scene: Scene) -> None:
        """Show a scene."""
        for part in self._parts:
            part.show(scene)

    async def read(self, scene: Scene) -> None:
        """Read the lists that no snapshot has."""
        for part in self._read:
            await part.draw(scene)

    async def draw(self, scene: Scene, *, dark: bool) -> None:
        """Draw nothing."""
