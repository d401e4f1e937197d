"""Deployment against a stand-in of Grafana's HTTP API, since there is no Grafana to run here.

The stand-in is written from Grafana's HTTP API documentation (data source, folder, dashboard): the seven
requests that `dashboards.deploy` makes, with the documented statuses and bodies.
"""

from __future__ import annotations

import base64
import copy
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from dashboards.deploy import Action, Database, datasource, deploy, plan
from dashboards.grafana import DashboardError, boards

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "glsa_stand-in"
DATABASE = Database(host="db", name="halong", password="reader's password")
KINDS = ["data source", "folder", *["dashboard"] * len(boards())]

Answer = tuple[int, dict[str, Any]]


class Grafana:
    """What a Grafana stores, and its answers."""

    def __init__(self) -> None:
        self.datasources: dict[str, dict[str, Any]] = {}
        self.folders: dict[str, dict[str, Any]] = {}
        self.dashboards: dict[str, dict[str, Any]] = {}
        self.requests: list[str] = []
        self.role = "Admin"

    def answer(  # noqa: PLR0911 - one a request
        self, method: str, path: str, headers: Any, body: Any
    ) -> Answer:
        self.requests.append(f"{method} {path}")
        basic = base64.b64encode(b"admin:secret").decode()
        if headers.get("Authorization") not in (f"Bearer {TOKEN}", f"Basic {basic}"):
            return 401, {"message": "Invalid username or password"}
        if method != "GET" and self.role != "Admin":
            return 403, {"message": "You'll need additional permissions to perform this action."}
        match (method, *path.strip("/").split("/")):
            case ("GET", "api", "datasources", "uid", uid):
                return self._found(self.datasources, uid, "Data source not found")
            case ("POST", "api", "datasources"):
                return self._create_datasource(body)
            case ("PUT", "api", "datasources", "uid", uid):
                return self._update_datasource(uid, body)
            case ("GET", "api", "folders", uid):
                return self._found(self.folders, uid, "folder not found")
            case ("POST", "api", "folders"):
                return self._create_folder(body)
            case ("GET", "api", "dashboards", "uid", uid):
                return self._found(self.dashboards, uid, "Dashboard not found")
            case ("POST", "api", "dashboards", "db"):
                return self._save_dashboard(body)
        return 404, {"message": "Not found"}

    def _found(self, stored: dict[str, dict[str, Any]], uid: str, otherwise: str) -> Answer:
        return (200, stored[uid]) if uid in stored else (404, {"message": otherwise})

    def _create_datasource(self, body: dict[str, Any]) -> Answer:
        if any(d["name"] == body["name"] for d in self.datasources.values()):
            return 409, {"message": "data source with the same name already exists"}
        stored = self._stored_datasource(body, version=1)
        return 200, {"datasource": stored, "id": 1, "message": "Datasource added", "name": body["name"]}

    def _update_datasource(self, uid: str, body: dict[str, Any]) -> Answer:
        if uid not in self.datasources:
            return 404, {"message": "Data source not found"}
        stored = self._stored_datasource(body, version=self.datasources[uid]["version"] + 1)
        return 200, {"datasource": stored, "id": 1, "message": "Datasource updated", "name": body["name"]}

    def _stored_datasource(self, body: dict[str, Any], version: int) -> dict[str, Any]:
        """What was sent with Grafana's defaults; of secrets it tells only that they are set."""
        secrets = body.pop("secureJsonData", {})
        defaults = {"id": 1, "orgId": 1, "database": "", "basicAuth": False, "readOnly": False}
        told = {"secureJsonFields": dict.fromkeys(secrets, True), "version": version, "isDefault": False}
        self.datasources[body["uid"]] = stored = defaults | body | told
        return stored

    def _create_folder(self, body: dict[str, Any]) -> Answer:
        if body["uid"] in self.folders:
            return 412, {"message": "the folder has been changed by someone else"}
        self.folders[body["uid"]] = {"id": 1, "version": 1, **body}
        return 200, self.folders[body["uid"]]

    def _save_dashboard(self, body: dict[str, Any]) -> Answer:
        board, uid = body["dashboard"], body["dashboard"]["uid"]
        if body.get("folderUid") not in self.folders:
            return 400, {"message": "folder not found"}
        if uid in self.dashboards and not body.get("overwrite"):
            return 412, {
                "message": "The dashboard has been changed by someone else",
                "status": "version-mismatch",
            }
        version = self.dashboards[uid]["dashboard"]["version"] + 1 if uid in self.dashboards else 1
        stored = {**copy.deepcopy(board), "id": len(self.dashboards) + 1, "version": version}
        self.dashboards[uid] = {
            "dashboard": stored,
            "meta": {"slug": uid, "folderUid": body["folderUid"], "provisioned": False, "version": version},
        }
        return 200, {"id": stored["id"], "uid": uid, "status": "success", "version": version}


@pytest.fixture
def grafana() -> Grafana:
    return Grafana()


@pytest.fixture
def url(grafana: Grafana) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            status, answer = grafana.answer(self.command, self.path, self.headers, body)
            text = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PUT = _handle  # noqa: N815 - names that http.server calls

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_plan_changes_nothing(grafana: Grafana, url: str) -> None:
    changes = plan(url, DATABASE, token=TOKEN)
    assert [(c.kind, c.action) for c in changes] == [(kind, Action.CREATE) for kind in KINDS]
    assert all(request.startswith("GET ") for request in grafana.requests)


def test_everything_is_created_once(grafana: Grafana, url: str) -> None:
    deploy(url, DATABASE, token=TOKEN)
    stored = grafana.datasources["halong"]
    assert stored["jsonData"] == datasource(DATABASE)["jsonData"]
    assert stored["secureJsonFields"] == {"password": True}
    assert set(grafana.dashboards) == set(boards())
    assert {b["meta"]["folderUid"] for b in grafana.dashboards.values()} == set(grafana.folders) == {"halong"}

    grafana.requests.clear()
    again = deploy(url, DATABASE, token=TOKEN)
    assert {c.action for c in again} == {Action.KEEP}
    assert all(request.startswith("GET ") for request in grafana.requests)


def test_what_was_changed_by_hand_is_set_right(grafana: Grafana, url: str) -> None:
    deploy(url, DATABASE, token=TOKEN)
    uid = next(iter(boards()))
    grafana.dashboards[uid]["dashboard"]["panels"][1]["title"] = "by hand"
    grafana.datasources["halong"]["jsonData"]["timescaledb"] = False
    changes = deploy(url, DATABASE, token=TOKEN)
    assert {(c.kind, c.uid) for c in changes if c.action is Action.UPDATE} == {
        ("data source", "halong"),
        ("dashboard", uid),
    }
    assert grafana.dashboards[uid]["dashboard"]["version"] == 2
    assert grafana.datasources["halong"]["jsonData"]["timescaledb"] is True
    assert {c.action for c in plan(url, DATABASE, token=TOKEN)} == {Action.KEEP}


def test_a_dashboard_in_another_folder_is_brought_back(grafana: Grafana, url: str) -> None:
    deploy(url, DATABASE, token=TOKEN)
    uid = next(iter(boards()))
    grafana.dashboards[uid]["meta"]["folderUid"] = "elsewhere"
    deploy(url, DATABASE, token=TOKEN)
    assert grafana.dashboards[uid]["meta"]["folderUid"] == "halong"


def test_a_password_is_sent_when_asked(grafana: Grafana, url: str) -> None:
    deploy(url, DATABASE, token=TOKEN)
    changes = deploy(url, DATABASE, token=TOKEN, set_password=True)
    assert [c.kind for c in changes if c.action is Action.UPDATE] == ["data source"]
    assert grafana.datasources["halong"]["version"] == 2


def test_user_and_password_in_the_address(grafana: Grafana, url: str) -> None:
    changes = plan(url.replace("//", "//admin:secret@"), DATABASE)
    assert len(changes) == len(KINDS)
    assert plan(url, DATABASE, user="admin", password="secret") == changes


def test_refusals_are_one_line_that_says_what_to_do(grafana: Grafana, url: str) -> None:
    with pytest.raises(DashboardError, match=r"does not know the credential: check token"):
        plan(url, DATABASE, token="wrong")
    grafana.role = "Viewer"
    with pytest.raises(
        DashboardError, match=r"403 to create data source halong: .*is it an Admin\?"
    ) as refused:
        deploy(url, DATABASE, token=TOKEN)
    assert "\n" not in str(refused.value)
    assert "password" not in str(refused.value)


def test_addresses_that_cannot_be() -> None:
    with pytest.raises(DashboardError, match="no credential"):
        plan("http://127.0.0.1:3000", DATABASE)
    with pytest.raises(DashboardError, match="is no address of a Grafana"):
        plan("grafana:3000", DATABASE, token=TOKEN)
    with pytest.raises(
        DashboardError, match=r"no connection to Grafana at http://127.0.0.1:9/sub: .*running"
    ) as e:
        plan("http://admin:secret@127.0.0.1:9/sub", DATABASE)
    assert "secret" not in str(e.value)


def test_an_address_below_a_path(grafana: Grafana, url: str) -> None:
    """The stand-in knows no such path: what counts is what is asked for."""
    plan(f"{url}/grafana", DATABASE, token=TOKEN)
    assert grafana.requests[0] == "GET /grafana/api/datasources/uid/halong"
