"""What a city says of its open data, as a profile's open_data.json has it. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

#: Licences with which data are open, by SPDX identifier: their texts.
LICENCES: dict[str, str] = {
    "CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "CC-BY-SA-4.0": "https://creativecommons.org/licenses/by-sa/4.0/",
    "CC-BY-3.0": "https://creativecommons.org/licenses/by/3.0/",
    "ODC-By-1.0": "https://opendatacommons.org/licenses/by/1-0/",
    "ODbL-1.0": "https://opendatacommons.org/licenses/odbl/1-0/",
    "PDDL-1.0": "https://opendatacommons.org/licenses/pddl/1-0/",
}
#: Codes of the EU's authority table `data-theme`.
THEMES = frozenset(
    ("AGRI", "ECON", "EDUC", "ENER", "ENVI", "GOVE", "HEAL", "INTR", "JUST", "REGI", "SOCI", "TECH", "TRAN")
)
#: Observed properties that count people: only indicators of them are published, with small counts suppressed.
COUNTS_OF_PEOPLE = frozenset({"people_in", "people_out", "people_count", "crowd_density"})
#: Rules by which an hour's values make one that `observations_hourly` has.
HOURLY = frozenset({"mean", "sum", "max", "min"})


class OpenDataError(ValueError):
    """What a profile says of open data can't be used; the message names the place."""


class Agent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who publishes, and how to reach them."""

    name_en: str = ""
    name_vi: str = ""
    url: str | None = None
    email: str | None = None


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a data set is called; None leaves the usual words."""

    title_en: str | None = None
    title_vi: str | None = None
    description_en: str | None = None
    description_vi: str | None = None
    theme: str | None = None
    keywords_en: tuple[str, ...] | None = None
    keywords_vi: tuple[str, ...] | None = None


class OpenData(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """open_data.json. Without it every domain of indicators is open, in the city's name, under CC BY 4.0."""

    publisher: Agent = Agent()
    licence: str = "CC-BY-4.0"
    #: the city in a gazetteer, such as GeoNames
    spatial_uri: str | None = None
    #: domains of indicators that are not published
    closed: tuple[str, ...] = ()
    #: observed properties whose hourly values by device are published
    public_properties: tuple[str, ...] = ()
    #: by code of the data set
    data_sets: dict[str, Words] = {}


def read_open_data(found: dict[str, Any]) -> OpenData:
    """Return what a profile says.

    Raises:
        OpenDataError: an unknown field or type, a licence that is not open, no theme of the EU, or counts of
            people among the public properties.
    """
    try:
        plan = msgspec.convert(found, OpenData)
    except msgspec.ValidationError as error:
        raise OpenDataError(str(error)) from error
    if plan.licence not in LICENCES:
        raise OpenDataError(f"licence {plan.licence!r} is not open: one of {', '.join(LICENCES)}")
    for code, words in plan.data_sets.items():
        if words.theme is not None and words.theme not in THEMES:
            raise OpenDataError(
                f"data_sets.{code}.theme: {words.theme!r} is none of {', '.join(sorted(THEMES))}"
            )
    if counted := sorted(COUNTS_OF_PEOPLE.intersection(plan.public_properties)):
        raise OpenDataError(
            f"public_properties: {counted[0]} counts people, whose small counts a device's hours would tell; "
            "the data set `people` has them by area"
        )
    return plan
