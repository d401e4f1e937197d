"""A stand-in of Grafana's HTTP API, since there is no Grafana to run here.

It is written from Grafana's HTTP API documentation (data source, folder, dashboard, search, alerting
provisioning): the requests that `dashboards.deploy` makes, with the documented statuses and bodies.
"""

from __future__ import annotations

import base64
import copy
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "glsa_stand-in"

Answer = tuple[int, Any]


class Grafana:
    """What a Grafana stores, and its answers."""

    def __init__(self) -> None:
        self.datasources: dict[str, dict[str, Any]] = {}
        self.folders: dict[str, dict[str, Any]] = {}
        self.dashboards: dict[str, dict[str, Any]] = {}
        self.rules: dict[str, dict[str, Any]] = {}
        self.contact_points: dict[str, dict[str, Any]] = {}
        self.teams: dict[str, int] = {}
        self.permissions: dict[str, list[dict[str, Any]]] = {}
        self.requests: list[str] = []
        self.role = "Admin"

    def answer(  # noqa: C901, PLR0911, PLR0912 - one a request
        self, method: str, path: str, headers: Any, body: Any
    ) -> Answer:
        self.requests.append(f"{method} {path}")
        basic = base64.b64encode(b"admin:secret").decode()
        if headers.get("Authorization") not in (f"Bearer {TOKEN}", f"Basic {basic}"):
            return 401, {"message": "Invalid username or password"}
        if method != "GET" and self.role != "Admin":
            return 403, {"message": "You'll need additional permissions to perform this action."}
        path, _, query = path.partition("?")
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
            case ("DELETE", "api", "dashboards", "uid", uid):
                del self.dashboards[uid]
                return 200, {"message": "Dashboard deleted"}
            case ("GET", "api", "teams", "search"):
                (name,) = parse_qs(query)["name"]
                return 200, {"teams": [{"id": i, "name": n} for n, i in self.teams.items() if n == name]}
            case ("POST", "api", "teams"):
                self.teams[body["name"]] = len(self.teams) + 1
                return 200, {"message": "Team created", "teamId": len(self.teams)}
            case ("GET", "api", "folders", uid, "permissions"):
                return self._found(self.permissions, uid, "folder not found")
            case ("POST", "api", "folders", uid, "permissions"):
                return self._permit(uid, body["items"])
            case ("GET", "api", "search"):
                return 200, self._search(parse_qs(query))
            case (_, "api", "v1", "provisioning", *rest):
                return self._provisioning(method, rest, body)
        return 404, {"message": "Not found"}

    def _found(self, stored: dict[str, Any], uid: str, otherwise: str) -> Answer:
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
        self.permissions[body["uid"]] = [
            {"role": "Viewer", "permission": 1},
            {"role": "Editor", "permission": 2},
        ]
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

    def _search(self, asked: dict[str, list[str]]) -> list[dict[str, Any]]:
        assert asked["type"] == ["dash-db"]
        return [
            {"uid": uid, "title": each["dashboard"]["title"], "type": "dash-db"}
            for uid, each in self.dashboards.items()
            if set(asked["tag"]) <= set(each["dashboard"]["tags"])
            and asked.get("folderUIDs", [each["meta"]["folderUid"]]) == [each["meta"]["folderUid"]]
        ]

    def _permit(self, uid: str, items: list[dict[str, Any]]) -> Answer:
        """Who is named replaces all others but the Admins."""
        names = {number: name for name, number in self.teams.items()}
        teams = [item | {"team": names[item["teamId"]]} for item in items if "teamId" in item]
        roles = [item for item in items if "role" in item]
        self.permissions[uid] = [{"role": "Admin", "permission": 4}, *teams, *roles]
        return 200, {"message": "Folder permissions updated"}

    def _provisioning(  # noqa: PLR0911 - one a request
        self, method: str, rest: list[str], body: Any
    ) -> Answer:
        """Alert rules and contact points: what was sent, with Grafana's defaults."""
        stored = {"alert-rules": self.rules, "contact-points": self.contact_points}[rest[0]]
        match (method, *rest[1:]):
            case ("GET",):
                return 200, list(stored.values())
            case ("POST",) if body["uid"] in stored:
                return 409, {"message": "the uid is taken"}
            case ("POST",):
                return self._provisioned(stored, body, 201)
            case ("PUT", uid) if uid in stored:
                return self._provisioned(stored, body, 200)
            case ("DELETE", uid) if self._names_receiver(uid):
                return 409, {"message": "the contact point is in use"}
            case ("DELETE", uid):
                stored.pop(uid, None)
                return 204, {}
        return 404, {"message": "Not found"}

    def _names_receiver(self, uid: str) -> bool:
        """Whether a rule names the contact point that would go with its last receiver."""
        name = self.contact_points.get(uid, {}).get("name")
        others = [point for point in self.contact_points.values() if point["uid"] != uid]
        named = {(rule.get("notification_settings") or {}).get("receiver") for rule in self.rules.values()}
        return name in named and name not in {point["name"] for point in others}

    def _provisioned(self, stored: dict[str, dict[str, Any]], body: dict[str, Any], status: int) -> Answer:
        told = (body.get("notification_settings") or {}).get("receiver")
        if told and told not in {point["name"] for point in self.contact_points.values()}:
            return 400, {"message": f"receiver {told} does not exist"}
        if "ruleGroup" in body and body["folderUID"] not in self.folders:
            return 400, {"message": "folder does not exist"}
        stored[body["uid"]] = {"id": len(stored) + 1, "provenance": "api", **copy.deepcopy(body)}
        for query in stored[body["uid"]].get("data", ()):
            query["model"] |= {"intervalMs": 1000, "maxDataPoints": 43200}
        return status, stored[body["uid"]]


@contextmanager
def answering(grafana: Grafana) -> Iterator[str]:
    """Serve a stand-in; give its address."""

    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            status, answer = grafana.answer(self.command, self.path, self.headers, body)
            text = json.dumps(answer).encode() if status != 204 else b""
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PUT = do_DELETE = _handle  # noqa: N815 - names that http.server calls

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
