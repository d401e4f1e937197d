"""Alarms at night as Grafana's alert rules and contact points, in the form of its provisioning.

Grafana rings for what halong cannot tell of itself, because ingest, analytics or its channels are down; see
docs/operators.md, "Alarms at night".
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from grafana_foundation_sdk.builders import alerting
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import alerting as model

from analytics.indicator import INDICATORS
from dashboards.grafana import DATASOURCE_UID
from dashboards.grafana import alarm_queries as queries
from dashboards.grafana.links import UIDS
from dashboards.grafana.sql import Expression, Table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dashboards.grafana.place import Place

#: apart from the dashboards': a file names the folder by its title, before there are dashboards
FOLDER: Final = {"uid": "halong-alarms", "title": "halong alarms"}
GROUP: Final = "halong-night"
EVERY_S: Final = 60
RECEIVER: Final = "halong-night"
MAIL_UID, WEBHOOK_UID = "halong-night-mail", "halong-night-webhook"
_BAD: Final = next(c.lower for c in INDICATORS["vn_aqi_h"].categories if c.code == "bad") or 0.0


@dataclass(frozen=True)
class Alarm:
    """One rule: it rings when a number of its query has been above `above` for `lasts`."""

    code: str
    title: str
    summary: str
    sql: str
    above: float
    lasts: str
    severity: str
    #: key of the dashboard that it opens
    board: str
    #: what it means that there is no row, or that the database does not answer: for that `data_late` rings
    otherwise: Literal["OK", "Alerting"] = "OK"


ALARMS: Final = (
    Alarm(
        code="gateway_silent",
        title="Gateway mất liên lạc / Gateway silent",
        summary='Gateway {{ $labels.gateway }}: {{ printf "%.0f" $values.A.Value }} phút / minutes',
        sql=queries.GATEWAY_SILENT,
        above=0,
        lasts="5m",
        severity="warning",
        board="devices_board",
    ),
    Alarm(
        code="data_late",
        title="Dữ liệu đến muộn / Data late",
        summary='{{ printf "%.0f" $values.A.Value }} giây không có số liệu / seconds without data',
        sql=queries.DATA_LATE,
        above=600,
        lasts="2m",
        severity="critical",
        board="ingest_board",
        otherwise="Alerting",
    ),
    Alarm(
        code="river_alert_1",
        title="Mực nước từ báo động I trở lên / River at alert level I",
        summary='{{ $labels.area }}: báo động / alert level {{ printf "%.0f" $values.A.Value }}',
        sql=queries.value("level_alert", 1),
        above=0,
        lasts="10m",
        severity="critical",
        board="water_board",
    ),
    Alarm(
        code="air_bad",
        title="Chất lượng không khí xấu trở lên / Air bad",
        summary='{{ $labels.area }}: VN_AQI {{ printf "%.0f" $values.A.Value }}',
        sql=queries.value("vn_aqi_h", _BAD),
        above=0,
        lasts="10m",
        severity="warning",
        board="air_board",
    ),
    Alarm(
        code="ingest_refusing",
        title="Nhiều giá trị bị từ chối / Ingest refusing",
        summary='{{ printf "%.0f" $values.A.Value }} % số đọc trong 15 phút bị từ chối / of readings refused',
        sql=queries.INGEST_REFUSING,
        above=5,
        lasts="10m",
        severity="warning",
        board="quality_board",
    ),
)  # fmt: skip


def rules(place: Place, *, told: bool = True) -> list[dict[str, Any]]:
    """Return the alert rules as Grafana's provisioning API takes them.

    Args:
        place: whose console has the runbooks.
        told: whether the contact point exists that they name; otherwise the organisation's policies decide.
    """
    built = [_rule(alarm, place, told=told).build() for alarm in ALARMS]
    return [{"notification_settings": None} | json.loads(JSONEncoder().encode(rule)) for rule in built]


def contact_points(mail: str | None, webhook: str | None) -> Iterator[dict[str, Any]]:
    """Yield the receivers of the contact point as the API takes them.

    Args:
        mail: addresses with semicolons between, None for none.
        webhook: address that is sent a POST, None for none.
    """
    if mail:
        yield _receiver(MAIL_UID, "email", {"addresses": mail, "singleEmail": True})
    if webhook:
        yield _receiver(WEBHOOK_UID, "webhook", {"url": webhook, "httpMethod": "POST"})


def provisioning(place: Place) -> dict[str, Any]:
    """Return a file's content for Grafana's provisioning, with $HALONG_NIGHT_MAIL for the mail addresses."""
    group = {
        "orgId": 1,
        "name": GROUP,
        "folder": FOLDER["title"],
        "interval": f"{EVERY_S}s",
        "rules": [_in_file(rule) for rule in rules(place)],
    }
    mail = _receiver(MAIL_UID, "email", {"addresses": "$HALONG_NIGHT_MAIL", "singleEmail": True})
    receiver = {key: value for key, value in mail.items() if key != "name"}
    contact = {"orgId": 1, "name": RECEIVER, "receivers": [receiver]}
    return {"apiVersion": 1, "groups": [group], "contactPoints": [contact]}


def write(file: Path, place: Place) -> Path:
    """Write `provisioning` to a file, in JSON, which YAML includes; its folder is made if need be."""
    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(provisioning(place), ensure_ascii=False, indent=1)
    file.write_text(text + "\n", encoding="utf-8")
    return file


def _rule(alarm: Alarm, place: Place, *, told: bool) -> alerting.Rule:
    address = f"/d/{UIDS[alarm.board]['vi']}"
    runbook = f"{place.console.rstrip('/')}/runbooks#{alarm.code}"
    rule = (
        alerting.Rule(alarm.title)
        .uid(uid(alarm))
        .org_id(1)
        .folder_uid(FOLDER["uid"])
        .rule_group(GROUP)
        .condition("C")
        .with_query(_query("A", DATASOURCE_UID, Table(alarm.sql.strip())))
        .with_query(_query("C", "__expr__", Expression("A", "C", alarm.above)))
        .for_val(alarm.lasts)
        .no_data_state(alarm.otherwise)
        .exec_err_state(alarm.otherwise)
        .labels({"severity": alarm.severity, "source": "halong"})
        .annotations(
            {
                "summary": alarm.summary,
                "runbook_url": runbook,
                "dashboard": address,
            }
        )
    )
    return rule.notification_settings(_told(alarm)) if told else rule


def uid(alarm: Alarm) -> str:
    """Return the uid of an alarm's rule."""
    return f"halong-{alarm.code.replace('_', '-')}"


def _query(ref_id: str, source: str, query: Any) -> alerting.Query:
    return (
        alerting.Query(ref_id)
        .datasource_uid(source)
        .relative_time_range(model.RelativeTimeRange(from_val=600, to=0))
        .model(query)
    )


def _told(alarm: Alarm) -> alerting.NotificationSettings:
    """Name the contact point in the rule itself: the policies of an organisation are its own."""
    again = "1h" if alarm.severity == "critical" else "4h"
    return (
        alerting.NotificationSettings()
        .receiver(RECEIVER)
        .group_by(["alertname", "grafana_folder"])
        .group_wait("30s")
        .group_interval("5m")
        .repeat_interval(again)
    )


def _receiver(uid_: str, kind: str, settings: dict[str, Any]) -> dict[str, Any]:
    return {
        "uid": uid_,
        "name": RECEIVER,
        "type": kind,
        "settings": settings,
        "disableResolveMessage": False,
    }


def _in_file(rule: dict[str, Any]) -> dict[str, Any]:
    """Leave to the file what it names once; a dollar sign begins a variable of the environment there."""
    once = ("orgID", "folderUID", "ruleGroup")
    kept = {key: value for key, value in rule.items() if key not in once}
    doubled: dict[str, Any] = json.loads(json.dumps(kept).replace("$", "$$"))
    return doubled
