"""What the panel at the side may be of: an alert, a gateway, a thing, a refusal.

A sheet reads what it shows when it is opened and with each snapshot from then on, as much as fits on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from dashboards.console.sheets.alert import AlertSheet
from dashboards.console.sheets.gateway import GatewaySheet
from dashboards.console.sheets.refusal import RefusalSheet
from dashboards.console.sheets.thing import ThingSheet

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from psycopg import AsyncConnection

    from dashboards.console.choice import Detail
    from dashboards.console.scene import Scene
    from dashboards.console.views.context import Context


class Sheet(Protocol):
    """The contents of the panel, built where elements are being built."""

    async def read(self, conn: AsyncConnection[Any]) -> Any:
        """Return what is shown; None where there is no such thing in reach."""

    def title(self, scene: Scene, found: Any) -> str:
        """Return what stands above."""

    def show(self, scene: Scene, found: Any) -> None:
        """Show what was read."""


#: kind -> (its sheet, the words for none of a code)
SHEETS: Final[Mapping[str, tuple[Callable[[Context, Detail], Sheet], str]]] = {
    "alert": (AlertSheet, "alert_gone"),
    "gateway": (GatewaySheet, "gateway_gone"),
    "thing": (ThingSheet, "thing_gone"),
    "refusal": (RefusalSheet, "refusal_gone"),
}
