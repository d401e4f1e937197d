"""`halong alerts …`: what is wrong, who takes care, and the rules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console

from runtime.commands.instants import local
from runtime.commands.running import By, in_database, own_name
from runtime.listing import Listing
from runtime.settings import settings

app = typer.Typer(no_args_is_help=True, help="Alerts and their rules.")
out = Console(highlight=False, soft_wrap=True)

Alert = Annotated[int, typer.Argument(help="The alert's number, as `halong alerts list` shows it.")]
Code = Annotated[str, typer.Argument(help="The rule's code, as `halong alerts rules` shows it.")]
_SHOWN = 1000


@app.command("list")
def list_(
    days: Annotated[float, typer.Option(min=0, help="Also those that ended within so many days.")] = 0,
    area: Annotated[str | None, typer.Option(help="Only of this area.")] = None,
) -> None:
    """List raised alerts, and with --days those that are over.

    Example: `halong alerts list --days 1`
    """
    from api.queries import alerts as queries

    now = datetime.now(UTC)
    state, start = (None, now - timedelta(days=days)) if days else ("open", None)
    found = in_database(
        lambda conn: queries.alerts(conn, start=start, end=now, state=state, area=area, limit=_SHOWN)
    )
    if not found:
        out.print(_none_of(days, area))
        return
    table = Listing("alert", "state", "severity", "rule", "area", "value", "since", "over", prose=("area",))
    for row in found:
        over = local(row["closed_at"]) + (" (late data)" if row["retrospective"] else "")
        where = " ".join(filter(None, (row["area"], row["area_name_vi"], row["gateway"])))
        value = "–" if row["value"] is None else f"{row['value']:g}{_unit(row['unit'])}"
        table.row(
            str(row["id"]),
            row["state"],
            row["severity"],
            row["rule"],
            where,
            value,
            local(row["since"]),
            over,
        )
    table.show(out)


def _unit(unit: str) -> str:
    """Return a unit behind its blank; a number without a unit, UCUM's `1`, has none."""
    return "" if unit == "1" else f" {unit}"


def _none_of(days: float, area: str | None) -> str:
    where = "" if area is None else f" in the area {area}"
    if days:
        return f"no alert{where} within {days:g} days: `halong alerts rules` lists what is watched"
    return (
        f"nothing is wrong{where}: no alert is raised. `halong alerts list --days 7` shows those that are "
        "over, `halong alerts rules` what is watched"
    )


@app.command("show")
def show(alert: Alert) -> None:
    """Show an alert's history: when, who, why, and whether those to be told were told.

    Example: `halong alerts show 17`
    """
    from analytics.alert_actions import UnknownError
    from api.queries import alerts as queries

    row = in_database(lambda conn: queries.alert(conn, alert))
    if row is None:
        raise UnknownError(f"there is no alert {alert}: `halong alerts list --days 30` shows the last ones")
    gateway = f", {row['gateway']}" if row["gateway"] else ""
    where = f"{row['area_name_vi']} ({row['area']})"
    out.print(f"{row['name_vi']} / {row['name_en']}{gateway}, {where}: {row['state']}")
    history = Listing("time", "from", "to", "cause", "who", "value", "note", prose=("note",))
    for line in row["history"]:
        value = "" if line["value"] is None else f"{line['value']:g}"
        history.row(
            local(line["time"]),
            line["before"],
            line["after"],
            line["cause"],
            line["actor"],
            value,
            line["note"],
        )
    history.show(out)
    told = Listing("channel", "target", "sent", "attempts", "error", prose=("error",))
    for line in row["notifications"]:
        error = line["last_error"] or ""
        told.row(line["channel"], line["target"], local(line["sent_at"]), str(line["attempts"]), error)
    told.show(out)


@app.command("acknowledge")
def acknowledge(
    alert: Alert, note: Annotated[str, typer.Option(help="What is being done.")] = "", by: By = ""
) -> None:
    """Acknowledge an alert: nobody further is told.

    Example: `halong alerts acknowledge 17 --note "pump is on its way"`
    """
    from analytics.alert_actions import acknowledge as act

    at, publish = datetime.now(UTC), settings().mqtt_url is not None
    in_database(lambda conn: act(conn, alert, at, who=_who(by), note=note, publish=publish))
    out.print(f"alert {alert} is acknowledged")


@app.command("silence")
def silence(
    reason: Annotated[str, typer.Option(help="Why nobody is to be told.")],
    hours: Annotated[float, typer.Option(min=0.01, max=8784, help="For how long.")],
    rule: Annotated[str | None, typer.Option(help="Alerts of this rule …")] = None,
    area: Annotated[str | None, typer.Option(help="… in this area; one of both may be left out.")] = None,
    alert: Annotated[int | None, typer.Option(help="Or this alert alone.")] = None,
    by: By = "",
) -> None:
    """Tell nobody of a rule, an area, a rule in an area, or one alert for a time.

    Example: `halong alerts silence --rule rain_hour --area 193 --hours 6 --reason "gauge is being cleaned"`
    """
    from analytics.alert_actions import add_silence

    ends_at, who = datetime.now(UTC) + timedelta(hours=hours), _who(by)
    number = in_database(
        lambda conn: add_silence(
            conn, rule=rule, area=area, alert=alert, ends_at=ends_at, reason=reason, who=who
        )
    )
    out.print(f"silence {number} until {local(ends_at)}")


@app.command("silences")
def silences() -> None:
    """List the silences in force.

    Example: `halong alerts silences`
    """
    from api.queries import alerts as queries

    found = in_database(lambda conn: queries.silences(conn, in_force=True, limit=_SHOWN))
    if not found:
        out.print("no silence is in force: every alert is told. `halong alerts silence --help` makes one")
        return
    table = Listing("silence", "rule", "area", "alert", "until", "by", "reason", prose=("reason",))
    for row in found:
        what = [str(row[name] or "") for name in ("rule", "area", "alert")]
        table.row(str(row["id"]), *what, local(row["ends_at"]), row["created_by"], row["reason"])
    table.show(out)


@app.command("unsilence")
def unsilence(
    silence: Annotated[int, typer.Argument(help="Its number, as `halong alerts silences` shows it.")],
    by: By = "",
) -> None:
    """End a silence before its time.

    Example: `halong alerts unsilence 3`
    """
    from analytics.alert_actions import end_silence

    in_database(lambda conn: end_silence(conn, silence, _who(by)))
    out.print(f"silence {silence} is over")


@app.command("rules")
def rules() -> None:
    """List the rules.

    Example: `halong alerts rules`
    """
    from api.queries import alerts as queries

    prose = ("when", "where", "tell", "state")
    table = Listing("rule", "when", "for", "severity", *prose[1:], prose=prose)
    for row in in_database(queries.rules):
        limit = "" if row["threshold"] is None else f" {row['threshold']:g}"
        where = ", ".join([*row["areas"], *row["levels"]]) or "everywhere"
        told = ", ".join(f"{s['target']} +{s['after_min']} min" for s in row["escalation"])
        state = "on" if row["enabled"] else "off"
        by = f", changed by {row['changed_by']}" if row["changed_by"] else ""
        when = f"{row['indicator'] or 'gateway'} {row['kind']}{limit}"
        table.row(row["code"], when, f"{row['hold_min']} min", row["severity"], where, told, state + by)
    table.show(out)


@app.command("enable")
def enable(code: Code, by: By = "") -> None:
    """Switch a rule on.

    Example: `halong alerts enable air_bad`
    """
    _switch(code, by, on=True)


@app.command("disable")
def disable(code: Code, by: By = "") -> None:
    """Switch a rule off; its alerts end.

    Example: `halong alerts disable air_bad`
    """
    _switch(code, by, on=False)


def _switch(code: str, by: str, *, on: bool) -> None:
    from analytics.alert_actions import change_rule

    in_database(lambda conn: change_rule(conn, code, {"enabled": on}, _who(by)))
    out.print(f"rule {code} is {'on' if on else 'off'}")


def _who(by: str) -> str:
    return by or own_name()
