"""What is known of a step at one site: what a value is made of, or why there is none. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analytics.results import Reason, SiteValue
from analytics.series import MINIMUM_SHARE, is_enough

if TYPE_CHECKING:
    from analytics.inputs import Site
    from analytics.series import Series, Window


@dataclass(frozen=True)
class Known:
    """How much of a step is known at a site, and how many of its observations are suspect."""

    site: str
    #: 0 to 1
    share: float
    suspect: int = 0
    #: share that a value needs
    minimum: float = MINIMUM_SHARE

    @classmethod
    def of(cls, site: Site, series: Series, window: Window, minimum: float = MINIMUM_SHARE) -> Known:
        """Return what is known by the number of a series' values."""
        return cls(site.code, series.completeness(window), series.suspects(window), minimum)

    @property
    def enough(self) -> bool:
        """Tell whether a value may be made of it."""
        return is_enough(self.share, self.minimum)

    def value(self, value: float, weight: float | None = None, **details: Any) -> SiteValue:
        """Return the site's value."""
        return SiteValue(self.site, value, self.share, None, weight, self.suspect, details)

    def missing(
        self, reason: Reason = Reason.INSUFFICIENT_DATA, weight: float | None = None, **details: Any
    ) -> SiteValue:
        """Return that the site has no value, and why."""
        return SiteValue(self.site, None, self.share, reason, weight, self.suspect, details)
