"""A query to the PostgreSQL data source, which the Foundation SDK knows no builder for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.dashboard import DataSourceRef

from dashboards.grafana import DATASOURCE_UID, PLUGIN

DATASOURCE: Final = DataSourceRef(type_val=PLUGIN, uid=DATASOURCE_UID)


@dataclass(frozen=True)
class Query(Dataquery):
    """One target of a panel."""

    sql: str
    form: str
    ref_id: str

    def to_json(self) -> dict[str, object]:
        """Return the target as Grafana stores it."""
        return {
            "refId": self.ref_id,
            "datasource": DATASOURCE,
            "format": self.form,
            "editorMode": "code",
            "rawQuery": True,
            "rawSql": self.sql,
        }


class Table(Builder[Dataquery]):
    """Rows as they are."""

    form = "table"

    def __init__(self, sql: str, ref_id: str = "A") -> None:
        self._query = Query(sql, self.form, ref_id)

    def build(self) -> Query:
        """Return the target."""
        return self._query


class TimeSeries(Table):
    """Columns `time`, `metric` (the series' name, may be absent) and values."""

    form = "time_series"


@dataclass(frozen=True)
class Threshold(Dataquery):
    """A server-side expression: is a number of another query above a bound?"""

    of: str
    ref_id: str
    above: float

    def to_json(self) -> dict[str, object]:
        """Return the expression as Grafana stores it."""
        evaluator = {"type": "gt", "params": [self.above]}
        return {
            "refId": self.ref_id,
            "datasource": {"type": "__expr__", "uid": "__expr__"},
            "type": "threshold",
            "expression": self.of,
            "conditions": [{"type": "query", "evaluator": evaluator}],
        }


class Expression(Builder[Dataquery]):
    """The condition of an alert rule."""

    def __init__(self, of: str, ref_id: str, above: float) -> None:
        self._expression = Threshold(of, ref_id, above)

    def build(self) -> Threshold:
        """Return the expression."""
        return self._expression
