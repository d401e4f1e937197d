"""Noise: the equivalent level of the hour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics.area_rules import median
from analytics.indicator import Source, Trust, indicator
from analytics.results import Reason, SiteValue
from analytics.series import HOUR, MINIMUM_SHARE, energy_mean, is_enough
from analytics.steps import Step

if TYPE_CHECKING:
    from analytics.inputs import Period, Site


@indicator(
    code="laeq_1h",
    name_en="Equivalent sound level, 1 h",
    name_vi="Mức âm tương đương LAeq,1h",
    unit="dB",
    inputs=("sound_laeq",),
    step=Step.HOUR,
    window=HOUR,
    min_completeness=MINIMUM_SHARE,
    area_rule="median over the sites, the loudest one in the details; energy is not averaged over sites",
    area=median,
    decimals=3,
    version=1,
    source=Source(
        "ISO 1996-1, ISO 1996-2 (TCVN 7878-1, 7878-2)",
        "equivalent continuous sound pressure level",
        2016,
        Trust.RECALLED,
        "LAeq = 10 lg(Σ t·10^(L/10) / Σ t) over the short levels of the hour. 75 % of them is halong's "
        "rule. No limit is applied: those of QCVN 26:2025/BNNMT could not be read.",
    ),
)
def laeq_1h(site: Site, period: Period) -> SiteValue:
    """Energy mean of the A-weighted short levels of the hour, in dB."""
    series = site.series["sound_laeq"]
    share, suspect = series.completeness(period.step), series.suspects(period.step)
    if not is_enough(share, MINIMUM_SHARE):
        return SiteValue(site.code, None, share, Reason.INSUFFICIENT_DATA, suspect=suspect)
    return SiteValue(site.code, energy_mean(series.good(period.step)), share, suspect=suspect)
