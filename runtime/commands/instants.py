"""Instants on the command line."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import typer

from runtime.settings import settings

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def local(time: datetime | None) -> str:
    """Return a time as commands print it, in the city's zone: 2026-11-20 08:00:00+07:00; none: empty."""
    return "" if time is None else settings().local(time)


def duration(text: str) -> timedelta:
    """Read a number of minutes, hours or days: 30m, 12h, 7d.

    Raises:
        typer.BadParameter: it is none of them.
    """
    found = re.fullmatch(r"([1-9][0-9]{0,4})([mhd])", text)
    if found is None:
        raise typer.BadParameter(
            f"{text!r} is no duration: give minutes, hours or days, such as 30m, 12h or 7d"
        )
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def instant(text: str, option: str) -> datetime:
    """Read an RFC 3339 time, a local date, or `now`.

    Raises:
        typer.BadParameter: it is none of them.
    """
    if text == "now":
        return datetime.now(UTC)
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{option} {text!r} is neither a date (2026-11-20) nor a time (2026-11-20T08:00+07:00)"
        ) from None
    if parsed.tzinfo is not None:
        return parsed.astimezone(UTC)
    if len(text) > len("2026-11-22"):
        raise typer.BadParameter(f"{option} {text!r} has no offset: add Z or, for example, +07:00")
    return parsed.replace(tzinfo=settings().zone).astimezone(UTC)
