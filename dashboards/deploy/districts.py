"""Folders and teams of districts: a district's team sees the district's folder, the city's team the city's.

They arrange what people see. They are no wall: whoever may query the data source sees what its role may read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dashboards.deploy.changes import Action, Change, differences
from dashboards.grafana.of_district import TAG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from dashboards.deploy.connection import Grafana
    from dashboards.grafana.of_district import District

#: members see the folder of the whole city
CITY_TEAM: Final = "halong-city"
_VIEW, _EDIT = 1, 2


def folder_change(grafana: Grafana, folder: Mapping[str, str]) -> Change:
    """Return what is to be done about a folder with `uid` and `title`."""
    uid = folder["uid"]
    found = grafana.find(f"read the folder {uid}", lambda api: api.folder.get_folder(uid))
    return Change("folder", uid, folder["title"], Action.KEEP if found else Action.CREATE, folder)


def folders_and_teams(grafana: Grafana, city: str, districts: tuple[District, ...]) -> Iterator[Change]:
    """Yield what is to be done about folders, teams and who sees what; nothing where no district is named."""
    if not districts:
        return
    folders = {city: CITY_TEAM} | {district.uid: district.uid for district in districts}
    for team in folders.values():
        found = _team(grafana, team)
        yield Change("team", team, team, Action.KEEP if found else Action.CREATE, {"name": team})
    for district in districts:
        yield folder_change(grafana, {"uid": district.uid, "title": f"halong: {district.name['vi']}"})
    for folder, team in folders.items():
        yield _permissions(grafana, folder, team)


def gone(grafana: Grafana, wanted: set[str]) -> Iterator[Change]:
    """Yield the deletion of districts' dashboards that are not wanted; folders and teams stay."""
    found = grafana.call(
        "search dashboards of districts",
        lambda api: api.search.search_dashboards(tag=TAG, type_="dash-db"),
    )
    for each in found:
        if each["uid"].startswith("halong-") and each["uid"] not in wanted:
            yield Change("dashboard", each["uid"], each["title"], Action.DELETE, {})


def _permissions(grafana: Grafana, folder: str, team: str) -> Change:
    stored = grafana.find(
        f"read who sees the folder {folder}", lambda api: api.folder.get_folder_permissions(folder)
    )
    wanted = {f"team {team}": _VIEW, "role Editor": _EDIT}
    drift = list(differences(wanted, _by_whom(stored), exact=True)) if stored is not None else ["no folder"]
    action = Action.UPDATE if drift else Action.KEEP
    return Change("permissions", folder, team, action, {"team": team}, tuple(drift))


def _by_whom(stored: Any) -> dict[str, int]:
    """Return permissions by whom they are given to; what Admins have cannot be taken from them."""
    found = {}
    for each in stored:
        who = f"team {each['team']}" if each.get("teamId") else f"role {each.get('role')}"
        if each.get("userId"):
            who = f"user {each.get('userLogin')}"
        if who != "role Admin":
            found[who] = each["permission"]
    return found


def _team(grafana: Grafana, name: str) -> Mapping[str, Any] | None:
    found = grafana.call(f"look for the team {name}", lambda api: api.teams.get_team_by_name(name))
    return next((team for team in found if team["name"] == name), None)


def _permit(api: Any, change: Change) -> None:
    (team,) = api.teams.get_team_by_name(change.body["team"])
    items = [{"teamId": team["id"], "permission": _VIEW}, {"role": "Editor", "permission": _EDIT}]
    api.folder.update_folder_permissions(change.uid, items)


DO: Final[dict[tuple[str, Action], Callable[[Any, Change], object]]] = {
    ("team", Action.CREATE): lambda api, c: api.teams.add_team(dict(c.body)),
    ("permissions", Action.UPDATE): _permit,
}
