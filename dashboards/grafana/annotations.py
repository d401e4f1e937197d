"""What is marked in every chart: alerts, planned maintenance, and values that were computed again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from grafana_foundation_sdk.builders import dashboard

from dashboards.grafana.queries import text
from dashboards.grafana.sql import DATASOURCE, Table
from dashboards.grafana.words import Language, word

if TYPE_CHECKING:
    from collections.abc import Iterator

ALERTS: Final = """
SELECT coalesce(l.activated_at, l.since) AS "time",
       coalesce(l.closed_at, least(now(), $__timeTo()::timestamptz)) AS "timeEnd",
       concat_ws(' · ', r.{name}, a.{name}, g.code) AS "text", r.severity AS "tags"
FROM alerts l JOIN alert_rules r ON r.id = l.rule_id JOIN areas a ON a.id = l.area_id
LEFT JOIN gateways g ON g.id = l.gateway_id
WHERE l.since BETWEEN $__timeFrom()::timestamptz - interval '30 days' AND $__timeTo()
  AND l.state NOT IN ('inactive', 'pending') AND coalesce(l.closed_at, now()) >= $__timeFrom()
  AND l.area_id IN ({chosen_ids})
ORDER BY 1 DESC LIMIT 200"""

MAINTENANCE: Final = """
SELECT w.starts_at AS "time", w.ends_at AS "timeEnd",
       coalesce(t.code, g.code, w.area) || ': ' || w.reason AS "text", '{maintenance}' AS "tags"
FROM maintenance_windows w LEFT JOIN things t ON t.id = w.thing_id LEFT JOIN gateways g ON g.id = w.gateway_id
WHERE w.ends_at > w.starts_at AND w.ends_at >= $__timeFrom() AND w.starts_at <= $__timeTo()
  AND (EXISTS (SELECT FROM thing_areas l WHERE l.thing_id = w.thing_id AND l.area_id IN ({chosen_ids}))
       OR EXISTS (SELECT FROM gateway_areas l
                  WHERE l.gateway_id = w.gateway_id AND l.area_id IN ({chosen_ids}))
       OR w.area IN (SELECT code FROM areas WHERE id IN ({chosen_ids})))
ORDER BY 1 DESC LIMIT 200"""

# A revision is computed after the step that it is of: entered by the index of revisions.
REVISIONS: Final = """
SELECT min(v.time) AS "time", max(v.time) AS "timeEnd",
       i.{name} || ': ' || count(*) || ' {revised}' AS "text", '{revision}' AS "tags"
FROM indicator_values v JOIN indicators i ON i.code = v.indicator
WHERE v.revision > 1 AND v.computed_at >= $__timeFrom() AND $__timeFilter(v.time)
  AND v.area_id IN ({chosen_ids})
GROUP BY i.code, date_trunc('hour', v.computed_at) ORDER BY 1 DESC LIMIT 100"""


def marks(language: Language) -> Iterator[dashboard.AnnotationQuery]:
    """Yield the three kinds; revisions are switched on by who looks for them."""
    yield _annotation("alerts", language, ALERTS, "red")
    yield _annotation("maintenance", language, MAINTENANCE, "blue")
    yield _annotation("revisions", language, REVISIONS, "purple").enable(False)


def _annotation(key: str, language: Language, sql: str, colour: str) -> dashboard.AnnotationQuery:
    words = {each: word(each, language) for each in ("maintenance", "revised", "revision")}
    # The SDK's target is that of Grafana's own annotations; a data source's is a query like any other.
    target: Any = Table(text(sql, language, **words), "Anno")
    return (
        dashboard.AnnotationQuery()
        .name(word(key, language))
        .datasource(DATASOURCE)
        .enable(True)
        .icon_color(colour)
        .target(target)
    )
