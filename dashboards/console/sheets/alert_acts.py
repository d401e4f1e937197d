"""What is done about an alert: acknowledging it, silencing it for a time, ending a silence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from analytics import alert_actions as actions
from analytics.alerts import RAISED, AlertError
from api.queries import alerts as queries
from api.rights import Right, roles_with
from dashboards.console.acting import Told, carry_out
from dashboards.console.elements import DataTable, tag, text
from dashboards.console.sheets.parts import button, choose, field, section

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from api.queries import Row
    from dashboards.console.desk import Desk
    from dashboards.console.scene import Scene
    from dashboards.console.views.context import Context
    from dashboards.console.words import Words

#: hours for which one may be silent
_HOURS: Final = (1, 4, 12, 24, 72, 168)
_WHY: Final = "alert-why"


async def acknowledge(desk: Desk, alert: int, note: str) -> None:
    """Acknowledge an alert in reach, as `api.routers.alerts` does.

    Raises:
        PermissionError, AlertError, UnknownError, psycopg.Error: it is not done.
    """
    async with desk.acting(Right.OPERATE) as (conn, caller):
        if await queries.alert(conn, alert) is None:
            raise actions.UnknownError(f"there is no alert {alert}")
        await actions.acknowledge(
            conn, alert, datetime.now(UTC), who=caller.name, note=note, publish=desk.publishes
        )


async def silence(desk: Desk, alert: Row, scope: str, hours: int, reason: str) -> datetime:
    """Silence an alert in reach, its rule in its area, or its area, and return until when.

    Raises:
        PermissionError, AlertError, UnknownError, psycopg.Error: it is not done.
    """
    ends_at = datetime.now(UTC) + timedelta(hours=hours)
    async with desk.acting(Right.OPERATE) as (conn, caller):
        if await queries.alert(conn, alert["id"]) is None:
            raise actions.UnknownError(f"there is no alert {alert['id']}")
        await actions.add_silence(
            conn,
            rule=alert["rule"] if scope == "rule_area" else None,
            area=None if scope == "alert" else alert["area"],
            alert=alert["id"] if scope == "alert" else None,
            ends_at=ends_at,
            reason=reason,
            who=caller.name,
        )
    return ends_at


async def end_silence(desk: Desk, number: int) -> None:
    """End a silence in reach before its time; one of the whole city takes a key of the whole city.

    Raises:
        PermissionError, UnknownError, psycopg.Error: it is not done.
    """
    async with desk.acting(Right.OPERATE) as (conn, caller):
        found = await queries.silence(conn, number)
        if found is None:
            raise actions.UnknownError(f"there is no silence {number} in force")
        if caller.areas is not None and found["area"] is None and found["alert"] is None:
            raise PermissionError
        await actions.end_silence(conn, number, caller.name)


class AlertActs:
    """The forms, and what came of what was sent last; without the right they say what it takes."""

    def __init__(self, context: Context) -> None:
        """Build the forms."""
        self._context, words = context, context.words
        self._words = words
        self._alert: Row | None = None
        self._scene: Scene
        self._may = context.desk.viewer.may(Right.OPERATE)
        self._told = Told()
        with tag("div", "sheet-acts") as self._forms:
            if not self._may:
                roles = ", ".join(roles_with(Right.OPERATE))
                text("p", words("alert_may_not", roles=roles), "sheet-why").props["id"] = _WHY
            with tag("form", "sheet-form"):
                field(words("alert_note"), "note", maxlength="500")
                self._acknowledge = self._button("alert_acknowledge", self._on_acknowledge)
            with tag("form", "sheet-form"):
                self._build_silence()
        self._over = text("p", words("alert_is_over"), "sheet-why")
        with section(words("silences")) as self._silent:
            columns = [(words("silences"), ""), (words("unknown_act"), "acts")]
            self._silences = DataTable(columns, label=words("silences"))
            self._silences.on_act(self._on_end)

    def _build_silence(self) -> None:
        words = self._words
        scopes = ("alert", "rule_area", "area")
        choose(words("silence_scope"), "scope", [(each, words(f"silence_{each}")) for each in scopes])
        choose(words("silence_for"), "hours", [(str(each), _lasting(words, each)) for each in _HOURS])
        field(words("silence_reason"), "reason", required="required", maxlength="500")
        self._button("alert_silence", self._on_silence)

    def _button(self, word: str, handler: Callable[[dict[str, str]], Awaitable[None]]) -> Any:
        return button(self._words(word), handler, enabled=self._may, why=_WHY)

    def show(self, scene: Scene, alert: Row, silences: Sequence[Row]) -> None:
        """Show what can be done about an alert as it is."""
        self._scene, self._alert = scene, alert
        is_raised = alert["state"] in RAISED
        self._forms.set_visibility(is_raised)
        self._over.set_visibility(not is_raised)
        word = "alert_add_note" if alert["acknowledged"] else "alert_acknowledge"
        self._acknowledge.default_slot.children[0].show(self._words(word))
        self._silent.set_visibility(bool(silences))
        self._silences.show(rows=[self._silence_row(scene, each) for each in silences])

    def _silence_row(self, scene: Scene, row: Row) -> dict[str, Any]:
        words, who = self._words, row["created_by"]
        told = words("silence_told", who=who, until=scene.since(row["ends_at"]), reason=row["reason"])
        label = words("silence_end_label", who=who)
        act = {"name": "end", "kind": "end", "text": words("silence_end"), "label": label}
        return {"key": str(row["id"]), "cells": [{"text": told}, {"acts": [act] if self._may else []}]}

    async def _on_acknowledge(self, sent: dict[str, str]) -> None:
        async def act(alert: Row) -> str:
            await acknowledge(self._context.desk, alert["id"], sent.get("note", "").strip())
            return self._words("alert_did_acknowledge")

        await self._do(act)

    async def _on_silence(self, sent: dict[str, str]) -> None:
        async def act(alert: Row) -> str:
            reason, hours = sent.get("reason", "").strip(), int(sent.get("hours", "1"))
            if not reason:
                return self._words("silence_needs_reason")
            if hours not in _HOURS:
                raise PermissionError
            ends_at = await silence(self._context.desk, alert, sent.get("scope", "alert"), hours, reason)
            return self._words("alert_did_silence", time=self._scene.since(ends_at))

        await self._do(act)

    async def _on_end(self, key: str, _name: str) -> None:
        async def act(_alert: Row) -> str:
            await end_silence(self._context.desk, int(key))
            return self._words("alert_did_end")

        await self._do(act)

    async def _do(self, act: Callable[[Row], Awaitable[str]]) -> None:
        """Do something about the alert, say what came of it, and have everybody's page read again."""
        assert self._alert is not None
        alert = self._alert
        await carry_out(self._context, self._told, lambda: act(alert), AlertError, actions.UnknownError)


def _lasting(words: Words, hours: int) -> str:
    return words("silence_hours", n=hours) if hours <= 24 else words("silence_days", n=hours // 24)
