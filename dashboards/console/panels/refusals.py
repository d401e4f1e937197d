"""What was refused last, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dashboards.console import formats
from dashboards.console.elements import DataTable
from dashboards.console.panels import panel

if TYPE_CHECKING:
    from collections.abc import Callable

    from api.queries import Row
    from dashboards.console.scene import Scene
    from dashboards.console.words import Words


class RefusalsPanel:
    """What was refused last, and why."""

    def __init__(self, words: Words, *, on_refusal: Callable[[str], object]) -> None:
        """Build the panel."""
        columns = [
            (words("time"), "tight"), (words("gateway"), ""), (words("reason"), ""), (words("place"), ""),
            (words("detail"), "wide-text"), (words("count"), "right"),
        ]  # fmt: skip
        with panel("refusals", words("refusals")):
            empty = words("refusals_empty")
            self._table = DataTable(columns, label=words("refusals"), empty=empty, choosable=True)
            self._table.on_choose(on_refusal)

    def show(self, scene: Scene) -> None:
        """Show a scene."""
        self._table.show(rows=rows(scene))


def rows(scene: Scene) -> list[dict[str, Any]]:
    """Return the list of refusals, the newest first."""
    return [_row(scene, row) for row in scene.snapshot.refusals]


def _row(scene: Scene, row: Row) -> dict[str, Any]:
    kept = scene.words("kept") if row["stored"] else ""
    time = row["time"].astimezone(scene.registry.zone)
    return {
        "key": str(row["id"]),
        "chosen": scene.is_beside("refusal", str(row["id"])),
        "cells": [
            {
                "text": f"{time:%H:%M:%S}",
                "note": scene.ago(row["time"]),
                "title": scene.instant(row["time"]),
            },
            {"text": row["gateway"]},
            {"text": scene.words.code("refused", row["reason"]), "note": kept, "title": row["reason"]},
            {"text": row["at"], "code": True},
            {"text": row["detail"], "lang": "en"},
            {"text": formats.number(row["count"], 0, scene.words.language)},
        ],
    }


def short_row(scene: Scene, row: Row) -> dict[str, Any]:
    """Return a refusal of a gateway that is known: when, why and where."""
    return {
        "key": str(row["id"]),
        "cells": [
            {"text": scene.since(row["time"]), "note": scene.ago(row["time"])},
            {"text": scene.words.code("refused", row["reason"]), "note": row["detail"]},
            {"text": row["at"], "code": True},
        ],
    }
