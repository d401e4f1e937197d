"""The kinds of objects that a deployment brings: how each is found, compared and written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from dashboards.deploy import districts
from dashboards.deploy.changes import Action, Change, differences
from dashboards.deploy.districts import folder_change, folders_and_teams, gone
from dashboards.grafana import DATASOURCE_UID, PLUGIN, alarms, boards
from dashboards.grafana.links import TAG
from dashboards.grafana.place import Place
from dashboards.role import READER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from dashboards.deploy.connection import Grafana
    from dashboards.grafana.of_district import District

FOLDER: Final = {"uid": "halong", "title": "halong"}
#: what the uids begin with: what has them and is not wanted any more is ours to delete
PREFIX: Final = "halong-"

#: What Grafana adds to a stored dashboard.
_GIVEN_BY_GRAFANA: Final = ("id", "version", "iteration")


@dataclass(frozen=True)
class Database:
    """The database as Grafana reaches it, and the reading role (see `dashboards.role`)."""

    host: str
    name: str
    password: str
    port: int = 5432
    user: str = READER
    sslmode: str = "disable"


@dataclass(frozen=True)
class Wanted:
    """What a Grafana is to have.

    mail and webhook: whom the alarms at night are told (see `dashboards.grafana.alarms.contact_points`).
    Without either, the policies of the organisation say so.
    """

    database: Database
    place: Place = field(default_factory=Place.of)
    mail: str | None = None
    webhook: str | None = None
    #: with a folder and a team of their own
    districts: tuple[District, ...] = ()


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


def changes(grafana: Grafana, wanted: Wanted) -> Iterator[Change]:
    """Yield what is to be done, in the order in which it can be: what others need first, deletions last."""
    yield _datasource_change(grafana, wanted.database)
    folder = folder_change(grafana, FOLDER)
    yield folder
    yield folder_change(grafana, alarms.FOLDER)
    yield from folders_and_teams(grafana, FOLDER["uid"], wanted.districts)
    city = boards(wanted.place)
    for uid, board in city.items():
        yield _board_change(grafana, uid, board, FOLDER["uid"])
    own = {d.uid: d.boards(wanted.place) for d in wanted.districts}
    for folder_uid, found in own.items():
        for uid, board in found.items():
            yield _board_change(grafana, uid, board, folder_uid)
    yield from _alarms(grafana, wanted)
    if folder.action is Action.KEEP:
        yield from _gone_boards(grafana, set(city))
    yield from gone(grafana, {uid for found in own.values() for uid in found})


def _alarms(grafana: Grafana, wanted: Wanted) -> Iterator[Change]:
    points = list(alarms.contact_points(wanted.mail, wanted.webhook))
    stored_points = grafana.call(
        "read the contact points", lambda api: api.alertingprovisioning.get_contactpoints()
    )
    yield from _compared("contact point", points, stored_points, "name")
    rules = alarms.rules(wanted.place, told=bool(points))
    stored_rules = grafana.call(
        "read the alert rules", lambda api: api.alertingprovisioning.get_alertrules_all()
    )
    yield from _compared("alert rule", rules, stored_rules, "title")
    yield from _gone_rules(rules, stored_rules)
    yield from _gone_points(points, stored_points)


def do(grafana: Grafana, change: Change) -> None:
    """Do what a change says."""
    grafana.call(f"{change.action} {change.kind} {change.uid}", _DO[change.kind, change.action], change)


def _datasource_change(grafana: Grafana, database: Database) -> Change:
    wanted = datasource(database)
    stored = grafana.find(
        "read the data source", lambda api: api.datasource.get_datasource_by_uid(DATASOURCE_UID)
    )
    body = wanted | {"secureJsonData": {"password": database.password}}
    return _change("data source", DATASOURCE_UID, wanted["name"], body, _drift(wanted, stored))


def _board_change(grafana: Grafana, uid: str, board: dict[str, Any], folder_uid: str) -> Change:
    stored = grafana.find(f"read the dashboard {uid}", lambda api: api.dashboard.get_dashboard(uid))
    body = {"dashboard": board, "folderUid": folder_uid, "overwrite": True, "message": "halong deploy"}
    drift = None if stored is None else _board_drift(board, stored, folder_uid)
    return _change("dashboard", uid, board["title"], body, drift)


def _board_drift(board: Mapping[str, Any], stored: Mapping[str, Any], folder_uid: str) -> list[str]:
    """A newer Grafana brings what it stores to its own schema: then what it adds is no drift."""
    kept = {k: v for k, v in stored["dashboard"].items() if k not in _GIVEN_BY_GRAFANA}
    same_schema = kept.get("schemaVersion") == board["schemaVersion"]
    looked_at = board if same_schema else {k: v for k, v in board.items() if k != "schemaVersion"}
    meta = stored.get("meta", {})
    found = list(differences(looked_at, kept, exact=same_schema))
    if meta.get("folderUid") != folder_uid:
        found.append(f"folder: {meta.get('folderUid')!r} instead of {folder_uid!r}")
    if found and meta.get("updatedBy"):
        found.insert(0, f"last saved by {meta['updatedBy']} at {meta.get('updated', '?')}")
    return found


def _compared(
    kind: str, wanted: Iterable[Mapping[str, Any]], stored: Iterable[Mapping[str, Any]], title: str
) -> Iterator[Change]:
    known = {each.get("uid"): each for each in stored}
    for body in wanted:
        drift = _drift(body, known.get(body["uid"]))
        if drift and kind == "contact point":  # the address of a webhook is a secret
            drift = [f"{line.partition(':')[0]}: differs" for line in drift]
        yield _change(kind, body["uid"], body[title], body, drift)


def _gone_rules(wanted: Iterable[Mapping[str, Any]], stored: Iterable[Mapping[str, Any]]) -> Iterator[Change]:
    kept = {rule["uid"] for rule in wanted}
    for rule in stored:
        ours = rule["uid"].startswith(PREFIX) and rule.get("folderUID") == alarms.FOLDER["uid"]
        if ours and rule["uid"] not in kept:
            yield Change("alert rule", rule["uid"], rule["title"], Action.DELETE, {})


def _gone_points(
    wanted: Iterable[Mapping[str, Any]], stored: Iterable[Mapping[str, Any]]
) -> Iterator[Change]:
    kept = {point["uid"] for point in wanted}
    for point in stored:
        if point.get("uid") in (alarms.MAIL_UID, alarms.WEBHOOK_UID) and point["uid"] not in kept:
            yield Change("contact point", point["uid"], point["name"], Action.DELETE, {})


def _gone_boards(grafana: Grafana, wanted: set[str]) -> Iterator[Change]:
    found = grafana.call(
        "search dashboards",
        lambda api: api.search.search_dashboards(tag=TAG, type_="dash-db", folder_uids=FOLDER["uid"]),
    )
    for each in found:
        if each["uid"].startswith(PREFIX) and each["uid"] not in wanted:
            yield Change("dashboard", each["uid"], each["title"], Action.DELETE, {})


def _drift(wanted: Mapping[str, Any], stored: Mapping[str, Any] | None) -> list[str] | None:
    return None if stored is None else list(differences(wanted, stored))


def _change(kind: str, uid: str, title: str, body: Mapping[str, Any], drift: list[str] | None) -> Change:
    if drift is None:
        return Change(kind, uid, title, Action.CREATE, body)
    return Change(kind, uid, title, Action.UPDATE if drift else Action.KEEP, body, tuple(drift))


_DO: Final[dict[tuple[str, Action], Callable[[Any, Change], object]]] = districts.DO | {
    ("data source", Action.CREATE): lambda api, c: api.datasource.create_datasource(dict(c.body)),
    ("data source", Action.UPDATE): lambda api, c: api.datasource.update_datasource_by_uid(
        c.uid, dict(c.body)
    ),
    ("folder", Action.CREATE): lambda api, c: api.folder.create_folder(c.title, uid=c.uid),
    ("dashboard", Action.CREATE): lambda api, c: api.dashboard.update_dashboard(dict(c.body)),
    ("dashboard", Action.UPDATE): lambda api, c: api.dashboard.update_dashboard(dict(c.body)),
    ("dashboard", Action.DELETE): lambda api, c: api.dashboard.delete_dashboard(c.uid),
    ("contact point", Action.CREATE): lambda api, c: api.alertingprovisioning.create_contactpoint(
        dict(c.body)
    ),
    ("contact point", Action.UPDATE): lambda api, c: api.alertingprovisioning.update_contactpoint(
        c.uid, dict(c.body)
    ),
    ("contact point", Action.DELETE): lambda api, c: api.alertingprovisioning.delete_contactpoint(c.uid),
    ("alert rule", Action.CREATE): lambda api, c: api.alertingprovisioning.create_alertrule(dict(c.body)),
    ("alert rule", Action.UPDATE): lambda api, c: api.alertingprovisioning.update_alertrule(
        c.uid, dict(c.body)
    ),
    ("alert rule", Action.DELETE): lambda api, c: api.alertingprovisioning.delete_alertrule(c.uid),
}
