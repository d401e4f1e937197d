"""Grafana's alarms at night, without Grafana: what they refer to exists, files say what the API is sent."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
import yaml

from dashboards.console.runbooks import runbooks
from dashboards.grafana import DATASOURCE_UID, PLUGIN, alarms, boards
from dashboards.grafana.place import Place
from tests.conftest import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

PLACE = Place("Asia/Ho_Chi_Minh", "https://data.example.vn/")
RULES = alarms.rules(PLACE)
every_rule = pytest.mark.parametrize("rule", RULES, ids=[rule["uid"] for rule in RULES])


def test_operators_are_woken_for_what_they_need_at_night() -> None:
    assert [rule["uid"] for rule in RULES] == [
        "halong-gateway-silent",
        "halong-data-late",
        "halong-river-alert-1",
        "halong-air-bad",
        "halong-ingest-refusing",
    ]


@every_rule
def test_a_rule_asks_the_data_source_and_compares(rule: dict[str, Any]) -> None:
    query, condition = rule["data"]
    assert query["datasourceUid"] == DATASOURCE_UID
    assert query["model"]["datasource"] == {"type": PLUGIN, "uid": DATASOURCE_UID}
    assert rule["condition"] == condition["refId"] == condition["model"]["refId"]
    assert condition["datasourceUid"] == "__expr__"
    assert condition["model"]["expression"] == query["refId"]
    # Its labels are columns of its query.
    labels = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
    assert labels <= set(re.findall(r'AS "(\w+)"', query["model"]["rawSql"]))
    assert re.search(r"LIMIT 100$|> now\(\) - interval", query["model"]["rawSql"])


@every_rule
def test_a_rule_leads_to_a_dashboard_and_to_its_runbook(rule: dict[str, Any]) -> None:
    assert rule["annotations"]["dashboard"].removeprefix("/d/") in boards()
    page, _, code = rule["annotations"]["runbook_url"].partition("#")
    assert page == "https://data.example.vn/runbooks"
    operators = (REPOSITORY / "docs" / "operators.md").read_text("utf-8")
    assert f"\n### {code}\n" in operators
    assert code in runbooks()


def test_one_rule_rings_where_the_database_does_not_answer() -> None:
    found = {rule["uid"]: (rule["noDataState"], rule["execErrState"]) for rule in RULES}
    assert found.pop("halong-data-late") == ("Alerting", "Alerting")
    assert set(found.values()) == {("OK", "OK")}


def test_the_file_says_what_the_api_is_sent(tmp_path: Path) -> None:
    """In a file a single dollar sign would begin a variable of the environment."""
    file = alarms.write(tmp_path / "alerting" / "halong.yaml", PLACE)
    content = yaml.safe_load(file.read_text("utf-8"))
    (group,) = content["groups"]
    assert (group["folder"], group["interval"]) == ("halong alarms", "60s")
    told = json.dumps(group["rules"])
    assert not re.search(r"(?<!\$)\$(?!\$)", told)
    for written, rule in zip(group["rules"], RULES, strict=True):
        sent = {key: value for key, value in rule.items() if key not in ("orgID", "folderUID", "ruleGroup")}
        assert json.loads(json.dumps(written).replace("$$", "$")) == sent
    (contact,) = content["contactPoints"]
    assert contact["name"] == RULES[0]["notification_settings"]["receiver"]
    assert contact["receivers"][0]["settings"]["addresses"] == "$HALONG_NIGHT_MAIL"


def test_contacts_are_those_that_are_set() -> None:
    assert [p["type"] for p in alarms.contact_points("a@city.example", "https://chat.example/x")] == [
        "email",
        "webhook",
    ]
    assert list(alarms.contact_points(None, None)) == []
    assert all(rule["notification_settings"] is None for rule in alarms.rules(PLACE, told=False))
