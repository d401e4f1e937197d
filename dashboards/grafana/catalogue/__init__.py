"""The dashboards, each a module with a `BOARD`; another is a module, its words, its uids and a line here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dashboards.grafana.catalogue import (
    air,
    city,
    devices,
    district,
    ingest,
    noise,
    planners,
    quality,
    services,
    traffic,
    water,
)

if TYPE_CHECKING:
    from dashboards.grafana.board import Board

#: in the order in which they are listed
BOARDS: Final[tuple[Board, ...]] = (
    city.BOARD,
    district.BOARD,
    air.BOARD,
    water.BOARD,
    noise.BOARD,
    traffic.BOARD,
    services.BOARD,
    planners.BOARD,
    devices.BOARD,
    quality.BOARD,
    ingest.BOARD,
)
