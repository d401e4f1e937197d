"""Bring data source, folder and dashboards to a Grafana over its HTTP API; what is right is left alone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import unquote, urlsplit

import niquests
from grafana_client.api import GrafanaApi
from grafana_client.client import GrafanaClientError, GrafanaException, GrafanaUnauthorizedError

from dashboards.grafana import DATASOURCE_UID, PLUGIN, DashboardError, boards
from dashboards.role import READER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from dashboards.grafana.place import Place

FOLDER: Final = {"uid": "halong", "title": "halong"}

#: What Grafana adds to a stored dashboard.
_GIVEN_BY_GRAFANA: Final = ("id", "version", "iteration")


class Action(StrEnum):
    """What is to be done with one object."""

    CREATE = "create"
    UPDATE = "update"
    KEEP = "unchanged"


@dataclass(frozen=True)
class Change:
    """One object, what is to be done with it, and the request that does it."""

    kind: str
    uid: str
    title: str
    action: Action
    body: Mapping[str, Any]


@dataclass(frozen=True)
class Database:
    """The database as Grafana reaches it, and the reading role (see `dashboards.role`)."""

    host: str
    name: str
    password: str
    port: int = 5432
    user: str = READER
    sslmode: str = "disable"


def plan(
    url: str,
    database: Database,
    place: Place | None = None,
    *,
    token: str | None = None,
    user: str | None = None,
    password: str | None = None,
) -> list[Change]:
    """Return what a deployment would do, in order; nothing is changed.

    Args:
        url: of Grafana, as http(s)://[user:password@]host[:port][/path].
        database: what the data source is to read.
        place: as of `dashboards.grafana.boards`.
        token: of a service account with the role Admin, or
        user: a user name and
        password: its password.

    Raises:
        DashboardError: Grafana cannot be reached or refuses, or there is no credential.
    """
    with _Grafana(url, token=token, user=user, password=password) as grafana:
        return list(_changes(grafana, database, place))


def deploy(
    url: str,
    database: Database,
    place: Place | None = None,
    *,
    token: str | None = None,
    user: str | None = None,
    password: str | None = None,
    set_password: bool = False,
) -> list[Change]:
    """Create and update what is missing or differs, and return what was done; arguments as of `plan`.

    Grafana tells nobody a stored password, so that it cannot be compared: it is sent where the data source is
    created or updated, and always with `set_password`.

    Raises:
        DashboardError: Grafana cannot be reached or refuses, or there is no credential.
    """
    with _Grafana(url, token=token, user=user, password=password) as grafana:
        changes = [_sending(c) if set_password else c for c in _changes(grafana, database, place)]
        for change in changes:
            if change.action is not Action.KEEP:
                grafana.call(f"{change.action} {change.kind} {change.uid}", _DO[change.kind], change)
        return changes


def datasource(database: Database) -> dict[str, Any]:
    """Return the data source as Grafana's API takes it, without the password."""
    return {
        "uid": DATASOURCE_UID,
        "name": "halong",
        "type": PLUGIN,
        "access": "proxy",
        "url": f"{database.host}:{database.port}",
        "user": database.user,
        "jsonData": {
            "database": database.name,
            "sslmode": database.sslmode,
            "timescaledb": True,
            "postgresVersion": 1500,
            "maxOpenConns": 10,
            "maxIdleConns": 2,
            "maxIdleConnsAuto": False,
            "connMaxLifetime": 14400,
        },
    }


class _Grafana:
    """A connection to Grafana that turns every failure into one line."""

    def __init__(self, url: str, *, token: str | None, user: str | None, password: str | None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise DashboardError(f"{url} is no address of a Grafana: write it as http://host:3000")
        self.address = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl().rstrip("/")
        user, password = user or unquote(parts.username or ""), password or unquote(parts.password or "")
        if not token and not (user and password):
            raise DashboardError(
                f"no credential for Grafana at {self.address}: give a token, or user and password"
            )
        # The client puts "api" straight after the path.
        base = f"{self.address}/" if urlsplit(self.address).path else self.address
        self._api = GrafanaApi.from_url(base, credential=token or (user, password), timeout=10)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._api.client.s.close()

    def call(self, doing: str, request: Callable[..., Any], *arguments: Any) -> Any:
        """Return what `request(api, *arguments)` returns."""
        try:
            return request(self._api, *arguments)
        except GrafanaUnauthorizedError as error:
            raise DashboardError(
                f"Grafana at {self.address} does not know the credential: check token or user and password"
            ) from error
        except GrafanaException as error:
            raise DashboardError(self._refused(doing, error)) from error
        except (niquests.RequestException, OSError) as error:
            raise DashboardError(
                f"no connection to Grafana at {self.address}: {type(error).__name__}; is it running there?"
            ) from error

    def find(self, doing: str, request: Callable[..., Any], *arguments: Any) -> dict[str, Any] | None:
        """Return what is stored, None if there is no such thing."""
        try:
            found: dict[str, Any] = self.call(doing, request, *arguments)
        except DashboardError as error:
            if isinstance(error.__cause__, GrafanaClientError) and error.__cause__.status_code == 404:
                return None
            raise
        return found

    def _refused(self, doing: str, error: GrafanaException) -> str:
        told = error.response.get("message") if isinstance(error.response, dict) else error.response
        advice = {
            400: "if it is provisioned from a file, change the file instead",
            403: "is it an Admin? What is provisioned from a file changes only there",
            412: "somebody saved it meanwhile, run the command again",
        }.get(error.status_code, "see Grafana's log")
        return f"Grafana at {self.address} answers {error.status_code} to {doing}: {told}; {advice}"


def _changes(grafana: _Grafana, database: Database, place: Place | None) -> Iterable[Change]:
    yield _datasource_change(grafana, database)
    folder = grafana.find("read the folder", lambda api: api.folder.get_folder(FOLDER["uid"]))
    yield Change("folder", FOLDER["uid"], FOLDER["title"], Action.KEEP if folder else Action.CREATE, FOLDER)
    for uid, board in boards(place).items():
        yield _dashboard_change(grafana, uid, board)


def _datasource_change(grafana: _Grafana, database: Database) -> Change:
    wanted = datasource(database)
    stored = grafana.find(
        "read the data source", lambda api: api.datasource.get_datasource_by_uid(DATASOURCE_UID)
    )
    body = wanted | {"secureJsonData": {"password": database.password}}
    action = _action(wanted, stored and _like(wanted, stored))
    return Change("data source", DATASOURCE_UID, wanted["name"], action, body)


def _dashboard_change(grafana: _Grafana, uid: str, board: dict[str, Any]) -> Change:
    stored = grafana.find(f"read the dashboard {uid}", lambda api: api.dashboard.get_dashboard(uid))
    kept = stored and {k: v for k, v in stored["dashboard"].items() if k not in _GIVEN_BY_GRAFANA}
    moved = stored and stored.get("meta", {}).get("folderUid") != FOLDER["uid"]
    action = Action.UPDATE if moved else _action(board, kept)
    body = {"dashboard": board, "folderUid": FOLDER["uid"], "overwrite": True, "message": "halong deploy"}
    return Change("dashboard", uid, board["title"], action, body)


def _action(wanted: Mapping[str, Any], stored: Mapping[str, Any] | None) -> Action:
    if stored is None:
        return Action.CREATE
    return Action.KEEP if stored == wanted else Action.UPDATE


def _like(wanted: Mapping[str, Any], stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return those keys of `stored` that `wanted` has, at every depth: Grafana adds defaults of its own."""
    both = {key: (value, stored[key]) for key, value in wanted.items() if key in stored}
    return {
        key: _like(value, kept) if isinstance(value, dict) and isinstance(kept, dict) else kept
        for key, (value, kept) in both.items()
    }


def _sending(change: Change) -> Change:
    if change.kind != "data source" or change.action is not Action.KEEP:
        return change
    return Change(change.kind, change.uid, change.title, Action.UPDATE, change.body)


def _do_datasource(api: Any, change: Change) -> None:
    if change.action is Action.CREATE:
        api.datasource.create_datasource(dict(change.body))
    else:
        api.datasource.update_datasource_by_uid(change.uid, dict(change.body))


def _do_folder(api: Any, change: Change) -> None:
    api.folder.create_folder(change.title, uid=change.uid)


def _do_dashboard(api: Any, change: Change) -> None:
    api.dashboard.update_dashboard(dict(change.body))


_DO: Final[dict[str, Callable[..., None]]] = {
    "data source": _do_datasource,
    "folder": _do_folder,
    "dashboard": _do_dashboard,
}
