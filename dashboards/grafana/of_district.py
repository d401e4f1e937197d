"""The district dashboard for the operators of one district: it offers that district and its units alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from dashboards.grafana import DashboardError, boards, queries
from dashboards.grafana.links import UIDS
from dashboards.macros import quote
from devices.profiles import load

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dashboards.grafana.place import Place
    from dashboards.grafana.words import Language
    from devices.model import Area

#: a further tag of these dashboards, by which those that are gone are found
TAG: Final = "halong-of-district"

_AREAS: Final = """
SELECT repeat(chr(8195), depth - 1) || {name} || coalesce(' ({until} ' || valid_to || ')', '') AS __text,
       key AS __value
FROM dashboard_areas
WHERE key = {key} OR depth = 2 AND {under} = (SELECT {name} FROM dashboard_areas WHERE key = {key})
ORDER BY depth, {name}"""


@dataclass(frozen=True)
class District:
    """A district whose operators have a folder and a team of their own; both have the name `uid`."""

    code: str
    name: dict[Language, str]
    #: of `dashboard_areas`
    key: str

    @property
    def uid(self) -> str:
        """Return the uid of its folder."""
        return f"halong-{self.code}"

    def boards(self, place: Place) -> dict[str, dict[str, Any]]:
        """Return its dashboard's JSON in each language by uid."""
        every = boards(place)
        return {
            f"{self.uid}-{language}": self._own(every[uid], language)
            for language, uid in UIDS["district_board"].items()
        }

    def _own(self, board: dict[str, Any], language: Language) -> dict[str, Any]:
        other = "en" if language == "vi" else "vi"
        links = [dict(link) for link in board["links"]]
        links[1]["url"] = f"/d/{self.uid}-{other}"
        area, *others = board["templating"]["list"]
        chosen = {"selected": True, "text": [self.name[language]], "value": [self.key]}
        query = queries.text(_AREAS, language, key=quote(self.key))
        return board | {
            "uid": f"{self.uid}-{language}",
            "title": f"{board['title']}: {self.name[language]}",
            "tags": [*board["tags"], TAG],
            "links": links,
            "templating": {
                "list": [area | {"query": query, "current": chosen, "includeAll": False}, *others]
            },
        }


def districts(codes: Iterable[str], profile: str) -> tuple[District, ...]:
    """Return the districts of a profile by their codes.

    Raises:
        DashboardError: the profile has no such district.
    """
    known = {area.code: area for area in load(profile).areas if area.level == "district"}
    wanted = tuple(dict.fromkeys(codes))
    if unknown := [code for code in wanted if code not in known]:
        raise DashboardError(
            f"{', '.join(unknown)}: no district of {profile}; choose from {', '.join(sorted(known))}"
        )
    return tuple(_district(known[code]) for code in wanted)


def _district(area: Area) -> District:
    names: dict[Language, str] = {"vi": area.name_vi, "en": area.name_en}
    return District(area.code, names, f"{area.code}@{area.valid_from}")
