"""Which generation of an administrative unit a code means: codes are given again after a reorganisation."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from devices.model import Area


class Lineage:
    """The areas of one profile by code and date; every look-up returns None where nothing fits."""

    def __init__(self, areas: Iterable[Area]) -> None:
        self._generations: dict[str, list[Area]] = {}
        for area in sorted(areas, key=lambda area: area.valid_from):
            self._generations.setdefault(area.code, []).append(area)

    def latest(self, code: str) -> Area | None:
        """Return the last unit that had this code: the one that devices name."""
        return max(self._of(code), key=lambda area: area.valid_from, default=None)

    def in_force(self, code: str, day: date) -> Area | None:
        """Return the unit that had this code on `day`."""
        fitting = (area for area in self._of(code) if is_in_force(area, day))
        return next(fitting, None)

    def before(self, code: str, day: date) -> Area | None:
        """Return the last unit that had this code and came into force before `day`: a predecessor."""
        earlier = [area for area in self._of(code) if area.valid_from < day]
        return earlier[-1] if earlier else None

    def parent(self, area: Area) -> Area | None:
        """Return the unit that `area` came into force in."""
        return None if area.parent is None else self.in_force(area.parent, area.valid_from)

    def parts(self, area: Area) -> Iterator[Area]:
        """Yield the units that came into force in `area`."""
        for each in (unit for generations in self._generations.values() for unit in generations):
            parent = self.parent(each)
            if parent is not None and area_key(parent) == area_key(area):
                yield each

    def with_ancestors(self, codes: Iterable[str]) -> Iterator[Area]:
        """Yield the latest unit of each code and all units above it; one that several share comes again.

        Parents have to be of a higher level than their children (devices.profiles checks it).
        """
        for code in codes:
            area = self.latest(code)
            while area is not None:
                yield area
                area = self.parent(area)

    def _of(self, code: str) -> list[Area]:
        return self._generations.get(code, [])


def is_in_force(area: Area, day: date) -> bool:
    """Tell whether the unit exists on `day`; its last day is the one before `valid_to`."""
    return area.valid_from <= day and (area.valid_to is None or day < area.valid_to)


def area_key(area: Area) -> str:
    """Return code and first day as `193@2020-01-01`, which stays unique when a code is given again."""
    return f"{area.code}@{area.valid_from}"
