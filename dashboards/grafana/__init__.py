"""Grafana dashboards as code: `boards()` gives their JSON, `write()` files for Grafana's provisioning."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pathlib import Path

    from dashboards.grafana.place import Place

PLUGIN: Final = "grafana-postgresql-datasource"
"""Id of Grafana's PostgreSQL data source."""

DATASOURCE_UID: Final = "halong"
"""uid of the data source that every query names."""


class DashboardError(RuntimeError):
    """The dashboards cannot be built or deployed."""


def boards(place: Place | None = None) -> dict[str, dict[str, Any]]:
    """Return each dashboard's JSON by its uid.

    Args:
        place: where they are shown; None: the profile of Quảng Ninh, with the console at its usual address.

    Raises:
        DashboardError: the Foundation SDK is not installed.
    """
    try:
        from grafana_foundation_sdk.cog.encoder import JSONEncoder

        from dashboards.grafana.catalogue import BOARDS
        from dashboards.grafana.links import UIDS
        from dashboards.grafana.place import Place
    except ModuleNotFoundError as error:
        raise DashboardError(
            f"{error.name} is not installed and builds the dashboards: pip install 'halong[dashboards]'"
        ) from error
    where = place or Place.of()
    return {
        uid: _tidied(json.loads(JSONEncoder().encode(each.build(language, where))))
        for each in BOARDS
        for language, uid in UIDS[each.key].items()
    }


def _tidied(board: dict[str, Any]) -> dict[str, Any]:
    """Leave out what the SDK writes for every variable, though only those of the type interval have it."""
    for variable in board["templating"]["list"]:
        for key in ("auto", "auto_min", "auto_count"):
            variable.pop(key)
    return board


def write(folder: Path, place: Place | None = None) -> list[Path]:
    """Write each dashboard to `folder`/<uid>.json and return the files; the folder is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for uid, board in boards(place).items():
        path = folder / f"{uid}.json"
        path.write_text(json.dumps(board, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        written.append(path)
    return written
