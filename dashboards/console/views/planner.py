"""The planner's corner: indicators of areas over a period, which the browser itself reads from the API."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from dashboards.console import formats
from dashboards.console.choice import OWN
from dashboards.console.elements import Planner

if TYPE_CHECKING:
    from api.queries import Row
    from dashboards.console.scene import Scene
    from dashboards.console.views.context import Context

_KEYS: Final = OWN["planner"]


def _offered(scene: Scene) -> dict[str, Any]:
    """Return what there is to choose from; the page's area and indicator are where to begin."""
    words = scene.words
    return {
        "first": {"indicators": scene.indicator["code"], "areas": scene.choice.unit or scene.area["code"]},
        "indicators": [
            {"name": domain, "items": [_item(scene, row) for row in rows]}
            for domain, rows in scene.domains().items()
        ],
        "units": {code: formats.unit(row["unit"]) for code, row in scene.registry.indicators.items()},
        "words": words.begun_with("planner_") | words.begun_with("why_", keep=True),
        "language": words.language,
        "zone": scene.registry.zone.key,
    }


def _item(scene: Scene, row: Row) -> dict[str, Any]:
    return {"code": row["code"], "name": scene.words.of(row), "depth": 0, "note": formats.unit(row["unit"])}


class PlannerView:
    """The planner's corner."""

    def __init__(self, context: Context, scene: Scene) -> None:
        """Build it."""
        self._context = context
        self._planner = Planner(**_offered(scene))
        self._planner.on_turn(self._turn)

    def show(self, scene: Scene) -> None:
        """Show what the address asks for; figures come from the API when that changes."""
        self._planner.show(asked={key: scene.choice.own[key] for key in _KEYS if key in scene.choice.own})

    async def read(self, scene: Scene) -> None:
        """Read nothing: the browser does."""

    async def draw(self, scene: Scene, *, dark: bool) -> None:
        """Draw nothing: the browser does."""

    async def _turn(self, asked: dict[str, str]) -> None:
        choice = self._context.choice()
        kept = {key: value for key, value in choice.own.items() if key not in _KEYS}
        chosen = {key: asked[key] for key in _KEYS if asked.get(key) or key in {"indicators", "areas"}}
        await self._context.choose(replace(choice, own=kept | chosen, unknown=()))
