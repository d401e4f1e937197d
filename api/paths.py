"""Which part of the address space a path belongs to. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def is_below(path: str, roots: Iterable[str]) -> bool:
    """Tell whether a path is one of some roots, or below one."""
    return any(path == root or path.startswith(f"{root}/") for root in roots)
