"""A deployment from its plan to its end."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dashboards.deploy.changes import Action, Change
from dashboards.deploy.connection import Grafana
from dashboards.deploy.kinds import changes, do

if TYPE_CHECKING:
    from dashboards.deploy.kinds import Wanted


def plan(
    url: str,
    wanted: Wanted,
    *,
    token: str | None = None,
    user: str | None = None,
    password: str | None = None,
) -> list[Change]:
    """Return what a deployment would do, in order; nothing is changed.

    Args:
        url: of Grafana, as http(s)://[user:password@]host[:port][/path].
        wanted: what it is to have.
        token: of a service account with the role Admin, or
        user: a user name and
        password: its password.

    Raises:
        DashboardError: Grafana cannot be reached or refuses, or there is no credential.
    """
    with Grafana(url, token=token, user=user, password=password) as grafana:
        return list(changes(grafana, wanted))


def deploy(
    url: str,
    wanted: Wanted,
    *,
    token: str | None = None,
    user: str | None = None,
    password: str | None = None,
    set_password: bool = False,
) -> list[Change]:
    """Create, update and delete what is missing, differs or is gone, and return what was done.

    Arguments are as of `plan`. Grafana tells nobody a stored password, so that it cannot be compared: it is
    sent where the data source is created or updated, and always with `set_password`.

    Raises:
        DashboardError: Grafana cannot be reached or refuses, or there is no credential.
    """
    with Grafana(url, token=token, user=user, password=password) as grafana:
        found = [_sending(c) if set_password else c for c in changes(grafana, wanted)]
        for change in found:
            if change.action is not Action.KEEP:
                do(grafana, change)
        return found


def _sending(change: Change) -> Change:
    if change.kind != "data source" or change.action is not Action.KEEP:
        return change
    return replace(change, action=Action.UPDATE, drift=("password: sent again",))
