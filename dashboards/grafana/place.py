"""What the dashboards have to know of where they are shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from devices.profiles import load

#: where `halong up` serves it unless told otherwise
LOCAL_CONSOLE = "http://127.0.0.1:8000"


@dataclass(frozen=True)
class Place:
    """A city's time zone (IANA name), and the address of its console."""

    time_zone: str
    console: str = LOCAL_CONSOLE

    @classmethod
    def of(cls, profile: str = "quang_ninh", console: str | None = None) -> Self:
        """Return that of a city's profile.

        Raises:
            ProfileError: there is no such profile.
        """
        return cls(load(profile).time_zone, console or LOCAL_CONSOLE)
