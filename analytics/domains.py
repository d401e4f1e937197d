"""Indicators by domain: air, noise, traffic … Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from analytics.indicator import INDICATORS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from analytics.indicator import Indicator

_PACKAGE: Final = "analytics.indicators."
#: names of domains in Vietnamese; one that is not here has its English name
DOMAINS_VI: Final[Mapping[str, str]] = {
    "air": "Không khí",
    "crowd": "Mật độ người",
    "energy": "Điện năng",
    "heat": "Nắng nóng",
    "level": "Mực nước sông",
    "lighting": "Chiếu sáng công cộng",
    "noise": "Tiếng ồn",
    "open": "Dữ liệu mở",
    "parking": "Bãi đỗ xe",
    "people": "Lượt khách",
    "rain": "Mưa",
    "surge": "Nước dâng",
    "system": "Hệ thống",
    "traffic": "Giao thông",
    "waste": "Rác thải",
    "water": "Nước mặt",
    "wind": "Gió",
}
#: in which people are offered them: what everybody asks for first; one that is not here comes after these
DOMAINS_ORDER: Final = (
    "air", "heat", "rain", "wind", "level", "surge", "water", "noise", "traffic", "people", "crowd",
    "parking", "lighting", "waste", "energy", "open", "system",
)  # fmt: skip


def domains() -> dict[str, list[Indicator]]:
    """Return the indicators by domain; what is made of others is with those."""
    found: dict[str, list[Indicator]] = {}
    for indicator in INDICATORS.values():
        found.setdefault(domain(indicator), []).append(indicator)
    return dict(sorted(found.items()))


def domain(indicator: Indicator) -> str:
    """Return an indicator's domain: the first word of its module's name (noise_levels: noise)."""
    return module_name(indicator).removeprefix(_PACKAGE).partition("_")[0]


def observed_properties(indicator: Indicator) -> frozenset[str]:
    """Return the observed properties that an indicator, or what it is made of, comes from."""
    return frozenset(_inputs(indicator))


def _inputs(indicator: Indicator) -> Iterator[str]:
    yield from indicator.inputs
    for code in indicator.of:
        yield from _inputs(INDICATORS[code])


def module_name(indicator: Indicator) -> str:
    """Return the name of the module that an indicator, or the first that it is made of, is declared in."""
    module = indicator.site.__module__
    if not module.startswith(_PACKAGE) and indicator.of:
        return module_name(INDICATORS[indicator.of[0]])
    return module
