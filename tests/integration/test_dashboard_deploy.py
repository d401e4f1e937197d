"""Deployment against a stand-in of Grafana's HTTP API (tests/grafana.py)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from dashboards.deploy import Action, Database, Wanted, datasource, deploy, plan
from dashboards.grafana import DashboardError, boards
from dashboards.grafana.alarms import ALARMS
from dashboards.grafana.of_district import districts
from runtime.cli import app
from tests.grafana import TOKEN, Grafana, answering

if TYPE_CHECKING:
    from collections.abc import Iterator

DATABASE = Database(host="db", name="halong", password="reader's password")
WANTED = Wanted(DATABASE, mail="duty@city.example")
KINDS = [
    "data source", "folder", "folder", *["dashboard"] * len(boards()), "contact point",
    *["alert rule"] * len(ALARMS),
]  # fmt: skip


@pytest.fixture
def grafana() -> Grafana:
    return Grafana()


@pytest.fixture
def url(grafana: Grafana) -> Iterator[str]:
    with answering(grafana) as address:
        yield address


def test_a_plan_changes_nothing(grafana: Grafana, url: str) -> None:
    changes = plan(url, WANTED, token=TOKEN)
    assert [(c.kind, c.action) for c in changes] == [(kind, Action.CREATE) for kind in KINDS]
    assert all(request.startswith("GET ") for request in grafana.requests)


def test_everything_is_created_once(grafana: Grafana, url: str) -> None:
    deploy(url, WANTED, token=TOKEN)
    stored = grafana.datasources["halong"]
    assert stored["jsonData"] == datasource(DATABASE)["jsonData"]
    assert stored["secureJsonFields"] == {"password": True}
    assert set(grafana.dashboards) == set(boards())
    assert {b["meta"]["folderUid"] for b in grafana.dashboards.values()} == {"halong"}
    assert set(grafana.folders) == {"halong", "halong-alarms"}
    assert {rule["title"] for rule in grafana.rules.values()} == {alarm.title for alarm in ALARMS}
    assert [p["settings"] for p in grafana.contact_points.values()] == [
        {"addresses": "duty@city.example", "singleEmail": True}
    ]

    grafana.requests.clear()
    again = deploy(url, WANTED, token=TOKEN)
    assert {c.action for c in again} == {Action.KEEP}
    assert all(request.startswith("GET ") for request in grafana.requests)


def test_what_was_changed_by_hand_is_set_right(grafana: Grafana, url: str) -> None:
    deploy(url, WANTED, token=TOKEN)
    uid, first = next(iter(boards().items()))
    stored = grafana.dashboards[uid]
    stored["dashboard"]["panels"][1]["title"] = "by hand"
    stored["dashboard"]["panels"][2]["links"] = []
    stored["meta"] |= {"updatedBy": "mai", "updated": "2026-11-29T02:00:00Z"}
    grafana.datasources["halong"]["jsonData"]["timescaledb"] = False
    changes = deploy(url, WANTED, token=TOKEN)
    assert {(c.kind, c.uid): c.drift for c in changes if c.action is Action.UPDATE} == {
        ("data source", "halong"): ("jsonData.timescaledb: False instead of True",),
        ("dashboard", uid): (
            "last saved by mai at 2026-11-29T02:00:00Z",
            f"panels[1].title: 'by hand' instead of {first['panels'][1]['title']!r}",
            "panels[2].links: added",
        ),
    }
    assert grafana.dashboards[uid]["dashboard"]["version"] == 2
    assert grafana.datasources["halong"]["jsonData"]["timescaledb"] is True
    assert {c.action for c in plan(url, WANTED, token=TOKEN)} == {Action.KEEP}


def test_a_dashboard_in_another_folder_is_brought_back(grafana: Grafana, url: str) -> None:
    deploy(url, WANTED, token=TOKEN)
    uid = next(iter(boards()))
    grafana.dashboards[uid]["meta"]["folderUid"] = "elsewhere"
    deploy(url, WANTED, token=TOKEN)
    assert grafana.dashboards[uid]["meta"]["folderUid"] == "halong"


def test_a_password_is_sent_when_asked(grafana: Grafana, url: str) -> None:
    deploy(url, WANTED, token=TOKEN)
    changes = deploy(url, WANTED, token=TOKEN, set_password=True)
    assert [c.kind for c in changes if c.action is Action.UPDATE] == ["data source"]
    assert grafana.datasources["halong"]["version"] == 2


def test_user_and_password_in_the_address(grafana: Grafana, url: str) -> None:
    changes = plan(url.replace("//", "//admin:secret@"), WANTED)
    assert len(changes) == len(KINDS)
    assert plan(url, WANTED, user="admin", password="secret") == changes


def test_refusals_are_one_line_that_says_what_to_do(grafana: Grafana, url: str) -> None:
    with pytest.raises(DashboardError, match=r"does not know the credential: check token"):
        plan(url, WANTED, token="wrong")
    grafana.role = "Viewer"
    with pytest.raises(
        DashboardError, match=r"403 to create data source halong: .*is it an Admin\?"
    ) as refused:
        deploy(url, WANTED, token=TOKEN)
    assert "\n" not in str(refused.value)
    assert "password" not in str(refused.value)


def test_addresses_that_cannot_be() -> None:
    with pytest.raises(DashboardError, match="no credential"):
        plan("http://127.0.0.1:3000", WANTED)
    with pytest.raises(DashboardError, match="is no address of a Grafana"):
        plan("grafana:3000", WANTED, token=TOKEN)
    with pytest.raises(
        DashboardError, match=r"no connection to Grafana at http://127.0.0.1:9/sub: .*running"
    ) as e:
        plan("http://admin:secret@127.0.0.1:9/sub", WANTED)
    assert "secret" not in str(e.value)


def test_an_address_below_a_path(grafana: Grafana, url: str) -> None:
    """The stand-in knows no such path: what counts is what is asked for."""
    with pytest.raises(DashboardError, match="404 to read the contact points"):
        plan(f"{url}/grafana", WANTED, token=TOKEN)
    assert grafana.requests[0] == "GET /grafana/api/datasources/uid/halong"


def test_what_is_gone_is_deleted_and_what_is_others_is_left(grafana: Grafana, url: str) -> None:
    """Of halong are, in its folder, dashboards with its tag and rules with its prefix."""
    deploy(url, WANTED, token=TOKEN)
    theirs = {"title": "theirs", "tags": ["halong"], "uid": "theirs"}
    for uid, folder in (("halong-old", "halong"), ("theirs", "halong"), ("halong-copy", "general")):
        grafana.dashboards[uid] = {"dashboard": theirs | {"uid": uid}, "meta": {"folderUid": folder}}
    rule = next(iter(grafana.rules.values()))
    grafana.rules |= {uid: rule | {"uid": uid} for uid in ("halong-old-rule", "theirs")}
    changes = plan(url, WANTED, token=TOKEN)
    gone = [(c.kind, c.uid) for c in changes if c.action is not Action.KEEP]
    assert gone == [("alert rule", "halong-old-rule"), ("dashboard", "halong-old")]
    deploy(url, WANTED, token=TOKEN)
    assert set(grafana.dashboards) == {*boards(), "theirs", "halong-copy"}
    assert "theirs" in grafana.rules
    assert "halong-old-rule" not in grafana.rules
    assert {c.action for c in plan(url, WANTED, token=TOKEN)} == {Action.KEEP}


def test_without_a_contact_the_policies_of_the_organisation_decide(grafana: Grafana, url: str) -> None:
    deploy(url, WANTED, token=TOKEN)
    alone = replace(WANTED, mail=None)
    deploy(url, alone, token=TOKEN)
    assert grafana.contact_points == {}
    hook = replace(WANTED, mail=None, webhook="https://chat.example/hooks/1")
    deploy(url, hook, token=TOKEN)
    (point,) = grafana.contact_points.values()
    assert (point["type"], point["settings"]["url"]) == ("webhook", "https://chat.example/hooks/1")
    assert {r["notification_settings"]["receiver"] for r in grafana.rules.values()} == {point["name"]}
    (moved,) = [
        c
        for c in plan(url, replace(hook, webhook="https://secret"), token=TOKEN)
        if c.action is not Action.KEEP
    ]
    assert moved.drift == ("settings.url: differs",)


def test_a_newer_grafanas_own_schema_is_no_drift(grafana: Grafana, url: str) -> None:
    deploy(url, WANTED, token=TOKEN)
    for each in grafana.dashboards.values():
        each["dashboard"] |= {"schemaVersion": 42, "preload": False}
    assert {c.action for c in plan(url, WANTED, token=TOKEN)} == {Action.KEEP}
    uid = next(iter(boards()))
    grafana.dashboards[uid]["dashboard"]["panels"].pop()
    (change,) = [c for c in plan(url, WANTED, token=TOKEN) if c.action is not Action.KEEP]
    assert re.fullmatch(r"panels: \d+ entries instead of \d+", change.drift[-1])


def test_the_command_tells_drift_and_ends_with_3(
    grafana: Grafana, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exit status of a dry run says whether anything would change."""
    for name, value in {
        "HALONG_DATABASE_URL": "postgresql://halong:x@db/halong",
        "HALONG_DASHBOARD_PASSWORD": "reader's password",
        "HALONG_NIGHT_MAIL": "duty@city.example",
        "GRAFANA_TOKEN": TOKEN,
    }.items():
        monkeypatch.setenv(name, value)
    run = CliRunner().invoke
    asked = ["dashboards", "deploy", url]
    assert run(app, [*asked, "--dry-run"]).exit_code == 3
    assert run(app, asked).exit_code == 0
    assert run(app, [*asked, "--dry-run"]).exit_code == 0
    grafana.dashboards["halong-air"]["dashboard"]["title"] = "by hand"
    result = run(app, [*asked, "--dry-run"])
    assert result.exit_code == 3
    assert "title: 'by hand' instead of 'Air'" in result.output
    assert grafana.dashboards["halong-air"]["dashboard"]["title"] == "by hand"


def test_operators_of_a_district_have_a_folder_and_a_team(grafana: Grafana, url: str) -> None:
    """Their team sees their folder, the city's team the city's; both can be set right and taken back."""
    wanted = replace(WANTED, districts=districts(["193", "195"], "quang_ninh"))
    deploy(url, wanted, token=TOKEN)
    assert set(grafana.teams) == {"halong-city", "halong-193", "halong-195"}
    for folder, team in {"halong": "halong-city", "halong-193": "halong-193"}.items():
        seen = [(p.get("team") or p.get("role"), p["permission"]) for p in grafana.permissions[folder]]
        assert seen == [("Admin", 4), (team, 1), ("Editor", 2)]
    board = grafana.dashboards["halong-193-vi"]
    assert board["meta"]["folderUid"] == "halong-193"
    assert board["dashboard"]["title"] == "Khu vực: Thành phố Hạ Long"
    assert {c.action for c in plan(url, wanted, token=TOKEN)} == {Action.KEEP}

    grafana.permissions["halong-193"].append({"role": "Viewer", "permission": 1})
    (change,) = [c for c in plan(url, wanted, token=TOKEN) if c.action is not Action.KEEP]
    assert (change.kind, change.uid, change.drift) == ("permissions", "halong-193", ("role Viewer: added",))
    fewer = replace(WANTED, districts=wanted.districts[:1])
    changes = deploy(url, fewer, token=TOKEN)
    gone = [c.uid for c in changes if c.action is Action.DELETE]
    assert gone == ["halong-195-vi", "halong-195-en"]
    assert "halong-195" in grafana.folders


def test_a_district_that_there_is_not() -> None:
    with pytest.raises(DashboardError, match="7: no district of quang_ninh; choose from 193"):
        districts(["193", "7"], "quang_ninh")
