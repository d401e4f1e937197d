"""Whether anything is wrong, how bad, since when and where: on every view, and in the tab's title. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from dashboards.console import formats

if TYPE_CHECKING:
    from dashboards.console.scene import Scene

#: some indicator has a new value at least every hour, and 90 s after it; later than this none is computed
_STALE: Final = timedelta(minutes=90)


@dataclass(frozen=True)
class Headline:
    """One line. mark: severity of the worst alert, `none`, or `stale`: nobody looks. count: of alerts."""

    text: str
    mark: str
    count: int


def headline(scene: Scene) -> Headline:
    """Return the line of a scene: silenced alerts are not counted, but said, as is what nobody has taken."""
    words, alerts = scene.words, scene.snapshot.alerts
    computed = scene.snapshot.computed_at
    if computed is not None and scene.snapshot.time - computed > _STALE:
        return Headline(words("headline_stale", since=scene.since(computed)), "stale", _count(scene))
    quiet = alerts[0]["total"] - alerts[0]["raised"] if alerts else 0
    more = " · " + words("headline_silenced", n=quiet) if quiet else ""
    count = _count(scene)
    more = f" · {_taken(scene, count)}{more}" if count else more
    if not count:
        return Headline(words("headline_none") + more, "none", 0)
    key = "headline_one" if count == 1 else "headline_many"
    since, severity = scene.since(alerts[0]["since"]), words(f"severity_{alerts[0]['severity']}")
    return Headline(
        words(key, n=count, severity=severity, since=since, where=_where(scene)) + more,
        alerts[0]["severity"],
        count,
    )


def _count(scene: Scene) -> int:
    alerts = scene.snapshot.alerts
    return int(alerts[0]["raised"]) if alerts else 0


def _taken(scene: Scene, count: int) -> str:
    """Return of how many of the alerts nobody takes care."""
    untaken = scene.snapshot.alerts[0]["untaken"]
    return scene.words("headline_untaken" if untaken else "headline_taken", n=untaken, total=count)


def _where(scene: Scene) -> str:
    """Return the place of the worst alert, and how many others have one as bad."""
    first, *others = scene.snapshot.alerts
    name = formats.short_name(str(first[f"area_name_{scene.words.language}"]))
    as_bad = {
        each["area"]
        for each in others
        if (each["severity"], each["state"] == "silenced") == (first["severity"], False)
    }
    more = len(as_bad - {first["area"]})
    return scene.words("headline_places", first=name, n=more) if more else name
