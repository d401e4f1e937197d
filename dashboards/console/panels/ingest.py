"""How ingest is doing: its rates, its latency, the broker's queue, what is refused and what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dashboards.console import formats
from dashboards.console.elements import DataTable, tag, text
from dashboards.console.panels import head, panel

if TYPE_CHECKING:
    from dashboards.console.scene import Scene
    from dashboards.console.words import Words


class IngestPanel:
    """Numbers of the last minute, refusals of the last hour by reason, the gateways that lack most."""

    def __init__(self, words: Words) -> None:
        """Build the panel."""
        labels = {
            "messages": words("ingest_messages"), "observations": words("ingest_observations"),
            "p99": words("ingest_p99"), "queue": words("ingest_queue"),
        }  # fmt: skip
        refused = [(words("ingest_refused"), ""), (words("count"), "right")]
        gaps = [(words("ingest_gaps"), ""), (words("ingest_missing"), "right")]
        section = panel("ingest", words("ingest"))
        with head(section):
            text("p", words("whole_platform"), "panel-sub")
        with section:
            with tag("dl", "ingest-facts", aria_label=words("ingest")):
                self._facts = {key: _fact(label) for key, label in labels.items()}
            with tag("div", "ingest-lists"):
                empty = words("ingest_refused_none")
                self._refused = DataTable(refused, label=words("ingest_refused"), empty=empty)
                self._gaps = DataTable(gaps, label=words("ingest_gaps"), empty=words("ingest_gaps_none"))

    def show(self, scene: Scene) -> None:
        """Show a scene."""
        found = facts(scene)
        for key, (figure, note, is_wrong) in found.items():
            value, below = self._facts[key]
            value.show(figure)
            below.show(note)
            value.classes(add="wrong" if is_wrong else "", remove="" if is_wrong else "wrong")
        self._refused.show(rows=refused_rows(scene))
        self._gaps.show(rows=gap_rows(scene))


def _fact(label: str) -> tuple[Any, Any]:
    with tag("div", "ingest-fact"):
        text("dt", label)
        with tag("dd"):
            return text("b", formats.NO_VALUE), text("small", "")


def facts(scene: Scene) -> dict[str, tuple[str, str, bool]]:
    """Return each number as text with a note below it, and whether it is one to worry about."""
    now, words, language = scene.snapshot.ingest, scene.words, scene.words.language
    if not now["processes"]:
        nothing = (formats.NO_VALUE, "", False)
        return {"messages": (formats.NO_VALUE, words("ingest_none"), True)} | dict.fromkeys(
            ("observations", "p99", "queue"), nothing
        )
    per_second = {
        key: (words("rate_unit", n=formats.number(now[key], _decimals(now[key]), language)), "", False)
        for key in ("messages", "observations")
    }
    p99 = now["p99_ms"]
    latency = formats.NO_VALUE if p99 is None else formats.quantity(p99, _decimals(p99), "ms", language)
    return per_second | {"p99": (latency, "", False), "queue": _queue(scene)}


def _queue(scene: Scene) -> tuple[str, str, bool]:
    now, words, language = scene.snapshot.ingest, scene.words, scene.words.language
    if now["queue_bytes"] is None:
        return formats.NO_VALUE, words("ingest_queue_unknown"), False
    share = now["queue_bytes"] / now["queue_limit"]
    size = formats.quantity(
        now["queue_bytes"] / 2**20, _decimals(now["queue_bytes"] / 2**20), "MiB", language
    )
    if now["dropped"]:
        return size, words("ingest_dropped", n=formats.number(now["dropped"], 0, language)), True
    return size, words("ingest_of_limit", share=formats.share(share, language)), share >= 0.5


def _decimals(value: float) -> int:
    return 0 if value >= 100 or value == 0 else 1


def refused_rows(scene: Scene) -> list[dict[str, Any]]:
    """Return the reasons of the last hour's refusals, most first."""
    return [
        {
            "key": row["reason"],
            "cells": [
                {"text": scene.words.code("refused", row["reason"]), "title": row["reason"]},
                {"text": formats.number(row["readings"], 0, scene.words.language)},
            ],
        }
        for row in scene.snapshot.refused
    ]


def gap_rows(scene: Scene) -> list[dict[str, Any]]:
    """Return the gateways that lack most messages, and how many more lack any."""
    rows, language = scene.snapshot.gaps, scene.words.language
    found = [
        {
            "key": row["code"],
            "cells": [{"text": row["code"]}, {"text": formats.number(row["missing"], 0, language)}],
        }
        for row in rows
    ]
    if rows and (more := rows[0]["gateways"] - len(rows)):
        words = scene.words("ingest_gaps_more", n=formats.number(more, 0, language))
        found.append({"key": "more", "cells": [{"text": words, "dim": True}, {"text": ""}]})
    return found
