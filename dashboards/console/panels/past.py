"""The slider below the map: from what is live back to any step of the last seven days."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import psycopg

from analytics.steps import Step
from api.rights import Right
from dashboards.console import queries
from dashboards.console.elements import TimeSlider
from dashboards.console.past import SPAN, Past, as_it_was, step_at, steps
from dashboards.console.scene import Scene

if TYPE_CHECKING:
    from collections.abc import Callable

    from dashboards.console.views.context import Context

#: how long what was read is taken for unchanged: late observations change it
_FRESH: Final = timedelta(minutes=1)
_AT: Final = "at"
_MOST_OF_A_TIME: Final = 40


class PastPart:
    """The slider, and what it makes of a scene."""

    def __init__(self, context: Context, on_slide: Callable[[], Any]) -> None:
        """Build it; `on_slide()` is awaited when another step is to be shown that stands in no address."""
        self._context, self._on_slide = context, on_slide
        words = context.words
        self._slider = TimeSlider(words.language, words.begun_with("past_"))
        self._slider.on_slide(self._slide)
        self._slider.on_settle(self._settle)
        self._past: Past | None = None
        self._is_away = False
        #: where the slider is while it moves; () while the address says
        self._moved: tuple[datetime | None] | tuple[()] = ()

    def scene(self, scene: Scene) -> Scene:
        """Return the scene as it was at the chosen step, with what is live where none is chosen."""
        registry = scene.registry
        known = steps(scene.indicator, scene.snapshot.time, registry.zone)
        start = self._chosen(scene, known)
        self._slider.show(
            steps=[_ms(each) for each in known],
            at=None if start is None else _ms(start),
            length=scene.indicator["step_s"] * 1000,
            zone=registry.zone.key,
            note=self._note(scene, start),
        )
        self._slider.set_visibility(bool(known))
        if start is None:
            return scene
        past = self._past if self._is_of(scene) else None
        past = past or Past(scene.indicator["code"], scene.snapshot.time, {})
        return Scene(as_it_was(scene.snapshot, past, start), scene.choice, scene.words)

    def chosen(self, scene: Scene) -> datetime | None:
        """Return the start of the step that is shown; None while it is what is live."""
        return self._chosen(scene, steps(scene.indicator, scene.snapshot.time, scene.registry.zone))

    def _chosen(self, scene: Scene, known: list[datetime]) -> datetime | None:
        if self._moved:
            return self._moved[0]
        text = scene.choice.own.get(_AT, "")
        return step_at(text, known, scene.indicator, scene.registry.zone)

    def _is_of(self, scene: Scene) -> bool:
        return self._past is not None and self._past.indicator == scene.indicator["code"]

    def _note(self, scene: Scene, start: datetime | None) -> str:
        words, text = scene.words, scene.choice.own.get(_AT)
        if start is None:
            return words("past_unknown", at=text[:_MOST_OF_A_TIME]) if text and not self._moved else ""
        if self._is_of(scene):
            return ""
        return words("past_away" if self._is_away else "past_reading")

    async def read(self, scene: Scene) -> bool:
        """Read the seven days if a step of them is shown, and tell whether something else is to be shown."""
        present = datetime.now(UTC)
        known = steps(scene.indicator, scene.snapshot.time, scene.registry.zone)
        if self._chosen(scene, known) is None:
            return False
        if self._past is not None and self._is_of(scene) and present < self._past.read_at + _FRESH:
            return False
        code, registry = scene.indicator["code"], scene.registry
        areas = [area["id"] for area in (*registry.areas.values(), registry.whole) if area is not None]
        try:
            async with self._context.desk.reading(Right.INDICATORS) as conn:
                length = Step.lasting(scene.indicator["step_s"]).length
                rows = await queries.past(conn, code, areas, present - SPAN - length)
        except (psycopg.Error, OSError):
            self._is_away = True
        else:
            self._is_away, self._past = False, Past.of(code, present, rows)
        return True

    async def _slide(self, ms: int | None) -> None:
        self._moved = (None if ms is None else datetime.fromtimestamp(ms / 1000, UTC),)
        await self._on_slide()

    async def _settle(self, ms: int | None) -> None:
        self._moved = ()
        choice = self._context.choice()
        own = {key: value for key, value in choice.own.items() if key != _AT}
        if ms is not None:
            own[_AT] = f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
        if own != choice.own:
            await self._context.choose(replace(choice, own=own, unknown=()))
        else:
            await self._on_slide()


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
