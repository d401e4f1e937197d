"""The choices at the top of the dashboards; every dashboard has all of them, so that links keep them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import dashboard as model

from analytics.domains import domains
from dashboards.grafana import queries
from dashboards.grafana.sql import DATASOURCE
from dashboards.grafana.words import Language, word

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from analytics.indicator import Indicator

#: the value of "all domains"
EVERY: Final = "every"


def variables(
    language: Language, shown: frozenset[str]
) -> Iterator[dashboard.QueryVariable | dashboard.CustomVariable]:
    """Yield the variables; those that are not among `shown` are hidden."""
    every: dict[str, dashboard.QueryVariable | dashboard.CustomVariable] = {
        "area": _area(language),
        "domain": _domain(language),
        "indicator": _indicator(language),
    }
    for name, variable in every.items():
        if name not in shown:
            variable.hide(model.VariableHide.HIDE_VARIABLE)
        yield variable


def _area(language: Language) -> dashboard.QueryVariable:
    everywhere = model.VariableOption(selected=True, text=["All"], value=["$__all"])
    return _query("area", language, queries.AREAS).multi(True).include_all(True).current(everywhere)


def _domain(language: Language) -> dashboard.CustomVariable:
    named = {EVERY: word("every_domain", language)}
    named |= {domain: word(f"domain_{domain}", language) for domain in domains()}
    return (
        dashboard.CustomVariable("domain")
        .label(word("domain", language))
        .values(", ".join(f"{title} : {domain}" for domain, title in named.items()))
        .options(
            [
                model.VariableOption(selected=domain == EVERY, text=title, value=domain)
                for domain, title in named.items()
            ]
        )
        .current(model.VariableOption(selected=True, text=named[EVERY], value=EVERY))
        .allow_custom_value(False)
    )


def _indicator(language: Language) -> dashboard.QueryVariable:
    air = model.VariableOption(selected=True, text="VN_AQI", value="vn_aqi_h")
    rows = ", ".join(_codes(domain, found, language) for domain, found in domains().items())
    return _query("indicator", language, queries.INDICATORS, domains=rows, every=EVERY).current(air)


def _codes(domain: str, found: Iterable[Indicator], language: Language) -> str:
    codes = ", ".join(f"'{indicator.code}'" for indicator in found)
    return f"('{word(f'domain_{domain}', language)}', '{domain}', ARRAY[{codes}])"


def _query(name: str, language: Language, sql: str, **words: str) -> dashboard.QueryVariable:
    return (
        dashboard.QueryVariable(name)
        .label(word(name, language))
        .datasource(DATASOURCE)
        .query(queries.text(sql, language, **words))
        .refresh(model.VariableRefresh.ON_DASHBOARD_LOAD)
        .sort(model.VariableSort.DISABLED)
        .allow_custom_value(False)
    )
