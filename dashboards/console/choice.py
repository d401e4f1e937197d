"""What a person looks at. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from dashboards.console.snapshot import Snapshot

#: the indicator that is shown first
_PREFERRED: Final = "vn_aqi_h"


@dataclass(frozen=True)
class Choice:
    """An area's code and an indicator's code, as the address says.

    unit: code of the unit that was asked for, if the area stands for it. unknown: what was asked for and does
    not exist, each as (key of the words that say so, code).
    """

    area: str | None
    indicator: str | None
    unit: str | None = None
    unknown: tuple[tuple[str, str], ...] = ()

    def settle(self, snapshot: Snapshot) -> Choice:
        """Return the choice with what stands for a unit, and the first that exists for what does not."""
        registry, unknown = snapshot.registry, []
        stand_in = registry.stand_ins.get(self.area or "")
        area = str(stand_in["area"]) if stand_in else self.area
        if area is None or registry.area(area) is None:
            unknown += [("no_such_area", area)] if area else []
            area = next(iter(registry.areas), None)
        indicator, known = self.indicator, registry.indicators
        if indicator not in known:
            unknown += [("no_such_indicator", indicator)] if indicator else []
            indicator = _PREFERRED if _PREFERRED in known else next(iter(known), None)
        return Choice(area, indicator, self.area if stand_in else None, tuple(unknown))
