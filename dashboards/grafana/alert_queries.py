"""The SQL of panels about halong's own alerts."""

from __future__ import annotations

from typing import Final

_OPEN: Final = """
FROM alerts l JOIN alert_rules r ON r.id = l.rule_id JOIN areas a ON a.id = l.area_id
LEFT JOIN gateways g ON g.id = l.gateway_id
WHERE l.closed_at IS NULL AND l.state <> 'pending' AND l.area_id IN ({chosen_ids})"""

OPEN_ALERTS: Final = f"""
SELECT r.severity AS "severity", r.{{name}} AS "rule", a.{{name}} AS "area", g.code AS "gateway",
       l.since AS "since", l.value AS "value", l.peak AS "peak", l.state AS "alert_state"
{_OPEN}
ORDER BY array_position(ARRAY['critical', 'warning', 'info'], r.severity), l.since LIMIT 100"""

OPEN_COUNT: Final = f"""
SELECT count(*) AS "alerts" {_OPEN}"""
