"""Street lighting: energy per kilometre and night, and lamps that stay dark when they should be lit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from analytics.area_rules import weighted_mean
from analytics.crosswalk import crosswalk
from analytics.held import pieces, usual_hold
from analytics.indicator import Example, Source, Trust, indicator
from analytics.indicators.registers import used, used_between
from analytics.known import Known
from analytics.longer import Rule, longer
from analytics.results import AreaValue, Reason
from analytics.rounding import half_up
from analytics.series import MINIMUM_SHARE, Window, time_weighted
from analytics.steps import Step
from analytics.texts import HALONG, Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from analytics.inputs import AreaUnit, Period, Site
    from analytics.results import SiteValue
    from analytics.series import Values

#: A night is looked at from noon to noon, local time: back from the end of the step, and a little before.
BEFORE = timedelta(hours=4)
REACH = timedelta(hours=36) + BEFORE
#: A lamp below this share of the power commanded does not burn, %; for so long it counts as failed.
DARK_BELOW = 20.0
DARK_FOR = timedelta(minutes=15)
_HOUR_US = 3.6e9
_NIGHT = Text(
    "The night that ends on the date: from noon of the day before to noon, local time.",
    "Đêm kết thúc vào ngày này: từ trưa hôm trước đến trưa, giờ địa phương.",
)


def night_of(period: Period) -> Window:
    """Return the night that ends on a step's local date, from noon to noon."""
    noon = datetime.combine(period.day, time(12), period.zone)
    return Window.of(datetime.combine(period.day - timedelta(days=1), time(12), period.zone), noon)


@dataclass(frozen=True)
class Energy:
    """What a site's lamps used in a night."""

    known: Known
    kwh: float | None
    reason: Reason
    details: Mapping[str, Any]


def metered(site: Site, night: Window) -> Energy:
    """Return the energy by the cabinet's register, which must be known at both ends of the night."""
    series = site.series["electric_energy"]
    found = used(series, night, site.number("register_modulus"), reach=BEFORE)
    known = Known(site.code, found.share, series.suspects(night), minimum=1.0)
    told = {"energy_from": "register", "first": found.first, "last": found.last}
    reason = Reason.REGISTER_RESET if known.enough else Reason.INSUFFICIENT_DATA
    return Energy(known, found.amount, reason, told | {"roll_overs": found.roll_overs})


def from_power(site: Site, night: Window) -> Energy:
    """Return the energy by the lamps' power over time; 75 % of the night must be known."""
    series = site.series["lamp_power"]
    watts, time_known = time_weighted(series, night, usual_hold(series, BEFORE))
    known = Known(site.code, time_known / night.length, series.suspects(night))
    lamps = site.number("lamps") or 1.0
    kwh = watts * lamps / _HOUR_US / 1000 if known.enough else None
    return Energy(known, kwh, Reason.INSUFFICIENT_DATA, {"energy_from": "power", "lamps": lamps})


def energy_per_km(area: AreaUnit, sites: Sequence[SiteValue], period: Period) -> AreaValue | None:
    """Return Σ kWh / Σ km of a night, with the kWh per km of 365 such nights in the details."""
    mean = weighted_mean(area, sites, period)
    if mean is None:
        return None
    return AreaValue(mean.value, {"kwh_per_km_and_year": half_up(365 * mean.value, 1), **mean.details})


def _energy_example(reg0: float, reg1: float, km: float) -> Mapping[str, Any]:
    kwh, _ = used_between([reg0, reg1])
    return {"kwh": kwh, "kwh_per_km": None if kwh is None else kwh / km}


def _register_example(prev: float, now: float, modulus: float) -> Mapping[str, Any]:
    return {"delta": used_between([prev, now], modulus)[0]}


@indicator(
    code="light_energy_d",
    name_en="Street-lighting energy per kilometre and night",
    name_vi="Điện năng chiếu sáng công cộng trên mỗi km mỗi đêm",
    unit="kW.h/km",
    inputs=("electric_energy", "lamp_power", "lamp_state"),
    needs=("lamp_power", "lamp_state"),
    step=Step.DAY,
    window=REACH,
    min_completeness=MINIMUM_SHARE,
    area_rule=Text(
        "kWh over kilometres of lit street, both summed over the valid cabinets",
        "kWh chia cho số kilômét đường được chiếu sáng, cả hai cộng trên các tủ hợp lệ",
    ),
    area=energy_per_km,
    decimals=3,
    version=1,
    source=Source(
        HALONG,
        Text(
            "energy of the night over kilometres of lit street",
            "điện năng của đêm trên số kilômét đường được chiếu sáng",
        ),
        None,
        Trust.OWN,
        _NIGHT
        + Text(
            "By the cabinet's register, read within an hour of both noons (or three sampling "
            "intervals); a step back by more than half of the property `register_modulus` (units until "
            "it begins again) is a roll-over, any other an exchange or an error, and then there is no "
            "value. A site without register: power over time, times its property `lamps`. Kilometres: "
            "its property `lit_km`.",
            "Theo chỉ số công tơ của tủ, đọc trong vòng một giờ quanh hai trưa (hoặc ba chu kỳ đo); "
            "bước lùi quá nửa thuộc tính `register_modulus` (số đơn vị đến khi quay vòng) là quay vòng, "
            "mọi bước lùi khác là thay công tơ hoặc lỗi, khi đó không có giá trị. Điểm không có công "
            "tơ: công suất theo thời gian, nhân thuộc tính `lamps`. Số kilômét: thuộc tính `lit_km`.",
        ),
    ),
    crosswalk=crosswalk("light"),
    examples=(
        Example(
            case="one night",
            ours=_energy_example,
            inputs={"reg0": 12500.0, "reg1": 12785.5, "km": 12.6},
            expected={"kwh": 285.5, "kwh_per_km": 22.6587},
            source="computed",
        ),
        Example(
            case="five-digit register",
            ours=_register_example,
            inputs={"prev": 99990.2, "now": 12.7, "modulus": 100000},
            expected={"delta": 22.5},
            tolerance=1e-6,
            source="computed",
        ),
    ),
)
def light_energy_d(site: Site, period: Period) -> SiteValue:
    """Energy of the night that ends on the date, per kilometre of lit street, in kWh/km.

    In the details, what 365 such nights amount to. No value where the register is not known at both ends of
    the night or jumped back, or the lit length is not declared.

    vi: Điện năng của đêm kết thúc vào ngày này trên mỗi kilômét đường được chiếu sáng, kWh/km. Phần chi tiết
    cho biết 365 đêm như vậy cộng lại là bao nhiêu. Không có giá trị nếu không biết chỉ số công tơ ở cả hai
    đầu đêm, công tơ nhảy lùi, hoặc chưa khai báo chiều dài đường được chiếu sáng.
    """
    night = night_of(period)
    found = metered(site, night) if "electric_energy" in site.series else None
    if found is None and "lamp_power" in site.series:
        found = from_power(site, night)
    if found is None:
        return Known(site.code, 0.0).missing()
    length = site.number("lit_km")
    if length is None or found.kwh is None:
        return found.known.missing(
            Reason.NO_LENGTH if found.kwh is not None else found.reason, **found.details
        )
    return found.known.value(found.kwh / length, length, kwh=half_up(found.kwh, 3), **found.details)


def longest_dark(
    durations: NDArray[np.int64], power: Values, commanded: Values, below: float = DARK_BELOW
) -> timedelta:
    """Return the longest time on end in which lamps had less than `below` % of the power commanded.

    Args:
        durations: of pieces that follow each other, µs, shape (n,).
        power: measured, W, shape (n,); NaN is not dark.
        commanded: W, shape (n,); 0 or NaN: not lit.
        below: in %.
    """
    with np.errstate(invalid="ignore"):
        dark = (commanded > 0) & (power < below / 100 * commanded)
    # Dark time before each piece; where a piece is not dark, the count begins again.
    until = np.cumsum(np.where(dark, durations, 0))
    began = np.maximum.accumulate(np.where(dark, 0, until))
    return timedelta(microseconds=int((until - began).max(initial=0)))


def outage(_area: AreaUnit, sites: Sequence[SiteValue], _period: Period) -> AreaValue | None:
    """Return failed over reporting lamps in %; those that are silent are unknown and told apart."""
    lamps = {site.site: site.weight or 0.0 for site in sites}
    reporting = sum(lamps[s.site] for s in sites if s.value is not None)
    if not reporting:
        return None
    failed = [s.site for s in sites if s.value]
    shares = outage_shares(sum(lamps.values()), reporting, sum(lamps[code] for code in failed))
    silent = {s.site: str(s.reason) for s in sites if s.value is None}
    details = {"lamps": sum(lamps.values()), "reporting": reporting, "failed": failed, "silent": silent}
    return AreaValue(shares["outage_pct"], details | {"unknown_pct": half_up(shares["unknown_pct"], 3)})


def outage_shares(lamps: float, reporting: float, failed: float) -> dict[str, float]:
    """Return failed over reporting, and silent over all lamps, in %."""
    return {"outage_pct": 100 * failed / reporting, "unknown_pct": 100 * (lamps - reporting) / lamps}


@indicator(
    code="light_outage_d",
    name_en="Lamp outage ratio",
    name_vi="Tỷ lệ đèn hỏng",
    unit="%",
    inputs=("lamp_power", "lamp_state", "lamp_dimming"),
    step=Step.DAY,
    window=REACH,
    min_completeness=MINIMUM_SHARE,
    area_rule=Text(
        "failed over reporting lamps; silent lamps are unknown and told apart",
        "số đèn hỏng trên số đèn có báo tín hiệu; đèn im lặng là chưa rõ và được nêu riêng",
    ),
    area=outage,
    decimals=3,
    version=1,
    source=Source(
        HALONG,
        Text("lamps failed while commanded on", "đèn hỏng khi được lệnh bật"),
        None,
        Trust.OWN,
        _NIGHT
        + Text(
            "Failed: for 15 min on end less than 20 % of the power commanded, which is the property "
            "`lamp_watts` times the dimming level while the lamp is commanded on. Reporting: 75 % of "
            "the night known, a reading holding for three sampling intervals at most. A cabinet that "
            "tells one power for its `lamps` fails as a whole: single lamps behind it cannot be seen.",
            "Hỏng: liên tục 15 phút dưới 20 % công suất được lệnh, là thuộc tính `lamp_watts` nhân mức "
            "điều chỉnh độ sáng khi đèn được lệnh bật. Có báo tín hiệu: biết được 75 % thời gian của "
            "đêm, một số đo có giá trị nhiều nhất ba chu kỳ đo. Tủ chỉ báo một công suất cho các đèn "
            "`lamps` thì hỏng cả tủ: không thấy được từng đèn phía sau.",
        ),
    ),
    crosswalk=crosswalk("light"),
    examples=(
        Example(
            case="one night",
            ours=outage_shares,
            inputs={"lamps": 420, "reporting": 405, "failed": 9},
            expected={"outage_pct": 2.2222, "unknown_pct": 3.5714},
            source="computed",
        ),
    ),
)
def light_outage_d(site: Site, period: Period) -> SiteValue:
    """Share of the reporting lamps that stayed dark for 15 min or more while commanded on in the night, in %.

    Lamps that were silent are unknown, neither failed nor in order: their share is in the details.

    vi: Tỷ lệ đèn không sáng từ 15 phút trở lên trong khi được lệnh bật vào ban đêm, trên số đèn có báo tín
    hiệu, %. Đèn không báo tín hiệu là chưa rõ, không tính là hỏng cũng không tính là tốt: tỷ lệ của chúng nằm
    trong phần chi tiết.
    """
    night, lamps = night_of(period), site.number("lamps") or 1.0
    names = [name for name in ("lamp_power", "lamp_state", "lamp_dimming") if name in site.series]
    series = [site.series[name] for name in names]
    durations, told = pieces(night, [(each, usual_hold(each, BEFORE)) for each in series])
    found = dict(zip(names, told, strict=True))
    level = _commanded(found, len(durations))
    seen = ~np.isnan(found["lamp_power"] + level)
    suspect = sum(each.suspects(night) for each in series)
    known = Known(site.code, float(durations[seen].sum()) / night.length, suspect)
    watts = site.number("lamp_watts")
    if not known.enough or watts is None:
        return known.missing(Reason.NO_RATED_POWER if known.enough else Reason.INSUFFICIENT_DATA, lamps)
    dark = longest_dark(durations, found["lamp_power"], watts * level)
    lit = float(durations[seen & (level > 0)].sum()) / _HOUR_US
    details = {"dark_min": half_up(dark.total_seconds() / 60, 1), "lit_h": half_up(lit, 2)}
    return known.value(100.0 if dark >= DARK_FOR else 0.0, lamps, **details)


def _commanded(found: Mapping[str, Values], n: int) -> Values:
    """Return the level commanded, 0 to 1, shape (n,); NaN where neither state nor dimming is known."""
    state, dimming = found.get("lamp_state"), found.get("lamp_dimming")
    if state is None and dimming is None:
        return np.full(n, np.nan)
    level = np.ones(n) if dimming is None else dimming / 100
    return level if state is None else np.where(state > 0.5, level, np.where(np.isnan(state), np.nan, 0.0))


longer("light_energy_d", Rule.WEIGHTED_MEAN)
longer(
    "light_outage_d",
    Rule.WEIGHTED_MEAN,
    area=weighted_mean,
    area_rule=Text(
        "lamps failed over lamps reporting, both summed over the nights known",
        "số đèn hỏng trên số đèn có báo tín hiệu, cả hai cộng trên các đêm đã biết",
    ),
)
