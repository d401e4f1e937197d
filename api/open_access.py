"""What anyone may read though the rest asks for a key: values of the indicators of open data. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Templates of paths that are open as they are: names and outlines of areas, and how indicators are computed.
_OPEN: Final = frozenset(
    {"/v1/areas", "/v1/areas.geojson", "/v1/areas/{code}", "/v1/indicators", "/v1/indicators/{code}"}
)
#: … where the indicator in the path is open
_BY_PATH: Final = frozenset(
    f"/v1/indicators/{{code}}/{what}" for what in ("values", "comparison", "ranking", "revisions")
)
#: … where all the indicators in the query are open
_BY_QUERY: Final = frozenset({"/v1/indicators/values", "/v1/indicators/values/latest"})


def may_be_open(path: str) -> bool:
    """Tell whether a path is open, or is for some of the indicators that can be asked for."""
    return path in _OPEN | _BY_PATH | _BY_QUERY


def is_open(
    path: str, code: str | None, query: Mapping[str, Sequence[str]], indicators: frozenset[str]
) -> bool:
    """Tell whether a request may be answered to anyone.

    What is not named here asks for a key: observations, devices, gateways, refusals, alerts, and whatever
    resource is added. Counts of people are not among the indicators: they are published as files, in which
    small ones are suppressed.

    Args:
        path: the template of the route, such as /v1/areas/{code}.
        code: the value of {code} in the path.
        query: the query's parameters, each with all its values.
        indicators: those whose values are open.
    """
    if path in _OPEN:
        return True
    if path in _BY_PATH:
        return code in indicators
    if path in _BY_QUERY:
        asked = {each.strip() for text in query.get("indicator", ()) for each in text.split(",")} - {""}
        return bool(asked) and asked <= indicators
    return False
