"""The look of the console: a file for the frame and one for each part of the page."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

#: in this order: what comes later goes before what is earlier
_FILES: Final = (
    "frame", "panels", "tables", "map", "layers", "work", "side", "planner", "wall", "gate", "print",
)  # fmt: skip


@cache
def sheet() -> str:
    """Return the whole style sheet."""
    here = Path(__file__).parent
    return "\n".join((here / f"{name}.css").read_text("utf-8") for name in _FILES)
