"""The dashboards' addresses, and the links between them and to the console."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import dashboard as model

from dashboards.grafana.words import Language, word

if TYPE_CHECKING:
    from collections.abc import Iterator

#: uid of each dashboard in each language; the key names it in `words`
UIDS: Final[dict[str, dict[Language, str]]] = {
    "city_board": {"vi": "halong-tong-quan", "en": "halong-city-overview"},
    "district_board": {"vi": "halong-khu-vuc", "en": "halong-district"},
    "air_board": {"vi": "halong-khong-khi", "en": "halong-air"},
    "water_board": {"vi": "halong-nuoc-thoi-tiet", "en": "halong-water-weather"},
    "noise_board": {"vi": "halong-tieng-on", "en": "halong-noise"},
    "traffic_board": {"vi": "halong-giao-thong", "en": "halong-traffic"},
    "services_board": {"vi": "halong-dich-vu", "en": "halong-services"},
    "planners_board": {"vi": "halong-quy-hoach", "en": "halong-planners"},
    "devices_board": {"vi": "halong-thiet-bi", "en": "halong-devices"},
    "quality_board": {"vi": "halong-chat-luong-du-lieu", "en": "halong-data-quality"},
    "ingest_board": {"vi": "halong-tiep-nhan", "en": "halong-ingest"},
}
TAG: Final = "halong"
_OTHER: Final[dict[Language, Language]] = {"vi": "en", "en": "vi"}


def top_links(key: str, language: Language, console: str) -> Iterator[dashboard.DashboardLink]:
    """Yield the links at the top of a dashboard: the others, the other language, the console.

    Args:
        key: of `UIDS`.
        language: of its words.
        console: address of halong's own page.
    """
    yield (
        dashboard.DashboardLink(word("boards", language))
        .type(model.DashboardLinkType.DASHBOARDS)
        .tags([TAG, language])
        .as_dropdown(True)
        .keep_time(True)
        .include_vars(True)
    )
    other = UIDS[key][_OTHER[language]]
    yield _link(word("other_language", language), f"/d/{other}").keep_time(True).include_vars(True)
    address = f"{console.rstrip('/')}/?lang={language}&indicator=${{indicator}}"
    yield _link(word("console", language), address).target_blank(True)


def area_link(key: str, language: Language, title: str) -> dict[str, str]:
    """Return the link of a row with a field `key` to a dashboard that has its area chosen; time is kept."""
    chosen = "${__url_time_range}&var-area=${__data.fields.key}&${indicator:queryparam}"
    return {"title": title, "url": f"/d/{UIDS[key][language]}?{chosen}"}


def _link(title: str, url: str) -> dashboard.DashboardLink:
    return dashboard.DashboardLink(title).type(model.DashboardLinkType.LINK).url(url).icon("external link")
