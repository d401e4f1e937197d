"""The queue of unknown things: what each would be, and the buttons that accept or ignore it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final, Literal

import psycopg

from api.queries import unknown as queries
from api.rights import Right, roles_with
from dashboards.console import formats
from dashboards.console.elements import DataTable, text
from dashboards.console.panels import panel
from devices import unknown_store
from devices.unknown import UnknownThingError

if TYPE_CHECKING:
    from dashboards.console.desk import Desk
    from dashboards.console.scene import Scene
    from dashboards.console.words import Words
    from devices.unknown import Proposal, UnknownThing

    Act = Literal["accept", "ignore"]

#: how long it is told what was done
_TOLD_S: Final = 30.0
#: what may be done -> the words of its button, and of what it does
_ACTS: Final = {
    "accept": ("unknown_accept", "unknown_accept_label"),
    "ignore": ("unknown_ignore", "unknown_ignore_label"),
}
#: as many datastreams are named in a row
_NAMED: Final = 4


async def decide(desk: Desk, number: int, act: Act) -> UnknownThing:
    """Accept or ignore an unknown thing.

    Raises:
        PermissionError: the viewer may not.
        UnknownThingError: it cannot be done; the message says why.
        psycopg.Error: the database cannot be used.
    """
    async with desk.acting(Right.REGISTER) as (conn, caller):
        if not await queries.ids(conn, ids=[number], limit=1):
            raise UnknownThingError(f"there is no unknown thing {number}")
        if act == "accept":
            return (await unknown_store.accept(conn, number, caller.name, within=desk.reach))[0]
        return await unknown_store.ignore(conn, number, caller.name, "")


class UnknownPanel:
    """What waits to be accepted; the buttons are there for who may press them."""

    def __init__(self, words: Words, desk: Desk) -> None:
        """Build the panel."""
        self._words, self._desk = words, desk
        self._may_act = desk.viewer.may(Right.REGISTER)
        columns = [
            (words("device"), ""), (words("unknown_seen"), ""), (words("unknown_would_be"), "wide-text"),
        ]  # fmt: skip
        if self._may_act:
            columns.append((words("unknown_act"), "acts"))
        self._section = panel("unknown", words("unknown")).classes("empty")
        with self._section:
            self._told = text("p", "", "panel-told")
            self._told.props.update(role="status", **{"aria-live": "polite"})
            self._told.set_visibility(False)
            self._table = DataTable(columns, label=words("unknown"), empty=words("unknown_empty"))
            self._table.on_act(self._on_act)
            if not self._may_act:
                text("p", words("unknown_only", roles=", ".join(roles_with(Right.REGISTER))), "panel-sub")
        self._waiting: dict[str, UnknownThing] = {}
        self._told_until = 0.0
        #: what was accepted here, and is being stored
        self._storing: UnknownThing | None = None

    def show(self, scene: Scene) -> None:
        """Show a scene; where nothing waits and nothing was done a moment ago there is no panel."""
        waiting = scene.snapshot.unknown
        self._waiting = {str(unknown.id): unknown for unknown, _ in waiting}
        is_told = time.monotonic() < self._told_until
        self._told.set_visibility(is_told)
        if waiting or is_told:
            self._section.classes(remove="empty")
        else:
            self._section.classes(add="empty")
        self._table.show(rows=[self._row(scene, *each) for each in waiting])

    async def draw(self, _scene: Scene) -> None:
        """Tell that what was accepted here is stored, once it is."""
        if (before := self._storing) is None:
            return
        try:
            async with self._desk.reading(Right.RAW) as conn:
                thing, _ = await unknown_store.read_one(conn, before.id)
        except (PermissionError, UnknownThingError, psycopg.Error, OSError):
            return
        replayed = thing.replayed - before.replayed
        if thing.is_replaying and replayed < before.messages:
            self._tell(self._words("unknown_accepted", device=thing.device, n=before.messages))
            return
        self._storing = None
        self._tell(self._words("unknown_stored", device=thing.device, n=replayed))

    def _row(self, scene: Scene, unknown: UnknownThing, proposal: Proposal) -> dict[str, Any]:
        words = self._words
        seen = words("unknown_times", n=unknown.messages, time=scene.instant(unknown.first_seen))
        cells: list[dict[str, Any]] = [
            {"text": unknown.device, "note": unknown.gateway},
            {"text": seen, "note": scene.ago(unknown.last_seen)},
            self._would_be(proposal),
        ]
        if self._may_act:
            cells.append({"acts": self._acts(unknown, proposal)})
        return {"key": str(unknown.id), "cells": cells}

    def _would_be(self, proposal: Proposal) -> dict[str, Any]:
        words = self._words
        if proposal.problem:
            return {"text": proposal.problem, "lang": "en"}
        streams = [self._stream(proposal, code) for code in proposal.intervals]
        more = [f"+{len(streams) - _NAMED}"] if len(streams) > _NAMED else []
        named = ", ".join([*streams[:_NAMED], *more])
        if not streams:
            told = words("unknown_replay")
        elif proposal.is_registered:
            told = words("unknown_more", streams=named)
        else:
            told = words("unknown_new", kind=proposal.kind, streams=named)
        left = words("unknown_left", codes=", ".join(proposal.left)) if proposal.left else ""
        return {"text": told, "note": left, "title": "; ".join(streams)}

    def _stream(self, proposal: Proposal, code: str) -> str:
        interval = self._words("unknown_interval", n=proposal.intervals[code])
        unit = formats.unit(proposal.units[code]) or self._words("no_unit")
        return self._words("unknown_stream", code=code, unit=unit, interval=interval)

    def _acts(self, unknown: UnknownThing, proposal: Proposal) -> list[dict[str, str]]:
        words, device = self._words, unknown.device
        return [
            {"name": name, "kind": name, "text": words(text), "label": words(label, device=device)}
            for name, (text, label) in _ACTS.items()
            if name == "ignore" or not proposal.problem
        ]

    async def _on_act(self, key: str, name: str) -> None:
        unknown = self._waiting.get(key)
        if unknown is None or name not in _ACTS:
            return
        self._tell(await self._done(unknown, "accept" if name == "accept" else "ignore"))

    async def _done(self, unknown: UnknownThing, act: Act) -> str:
        words = self._words
        try:
            await decide(self._desk, unknown.id, act)
        except PermissionError:
            return words("unknown_failed", why=words("unknown_may_not"))
        except UnknownThingError as error:
            return words("unknown_failed", why=str(error))
        except (psycopg.Error, OSError):
            return words("unknown_failed", why=words("unknown_away"))
        self._table.leave_out(str(unknown.id))
        self._storing = unknown if act == "accept" else None
        key = "unknown_accepted" if act == "accept" else "unknown_ignored"
        return words(key, device=unknown.device, n=unknown.messages)

    def _tell(self, words: str) -> None:
        self._told_until = time.monotonic() + _TOLD_S
        self._told.set_visibility(True)
        self._told.show(words)
