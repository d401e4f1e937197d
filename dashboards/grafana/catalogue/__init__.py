"""The dashboards, each a module with a `BOARD`; another is a module, its words, its uids and a line here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dashboards.grafana.catalogue import city, ingest

if TYPE_CHECKING:
    from dashboards.grafana.board import Board

#: in the order in which they are listed
BOARDS: Final[tuple[Board, ...]] = (
    city.BOARD,
    ingest.BOARD,
)
