"""What the moves of gateways and of things share: their options, and how they are told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable

To = Annotated[str, typer.Option("--to", metavar="LAT,LON", help="Degrees, WGS 84: 21.03,107.34.")]
At = Annotated[str, typer.Option("--at", help="Since when: RFC 3339 time, local date, or `now`.")]
Areas = Annotated[
    list[str] | None,
    typer.Option("--area", help="Code of an area whose outline is not known; repeat it for others."),
]
Reason = Annotated[str | None, typer.Option(help="Why it was moved.")]


def position(text: str) -> tuple[float, float]:
    """Read LAT,LON in degrees.

    Raises:
        BadParameter: it is none.
    """
    try:
        latitude, longitude = map(float, text.split(","))
    except ValueError:
        raise typer.BadParameter(f"--to {text!r} is no LAT,LON in degrees such as 21.03,107.34") from None
    return latitude, longitude


def passage(left: Iterable[str], entered: Iterable[str]) -> str:
    """Say which areas, by code, something leaves and enters."""
    return f"leaves {' '.join(left) or 'no area'}; enters {' '.join(entered) or 'no area'}"
