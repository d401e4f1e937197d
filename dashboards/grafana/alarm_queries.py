"""The SQL of the alarms at night: a row for each thing that is wrong, none while all is well.

What one of halong's own alerts has told somebody of, and what somebody has acknowledged or silenced, is left
out: the same event rings once.
"""

from __future__ import annotations

from typing import Final

#: A gateway is let come back for so long, as by the profile's rule `gateway_silent`.
SILENT_MINUTES: Final = 15

_TOLD: Final = """NOT EXISTS (
    SELECT FROM alerts l JOIN alert_rules r ON r.id = l.rule_id
    WHERE l.closed_at IS NULL AND {same}
      AND (l.state IN ('acknowledged', 'silenced')
           OR EXISTS (SELECT FROM alert_notifications n
                      WHERE n.alert_id = l.id AND n.channel <> 'mqtt' AND n.sent_at IS NOT NULL)))"""

GATEWAY_SILENT: Final = """
SELECT g.code AS "gateway", (extract(epoch FROM now() - s.last_seen) / 60)::float8 AS "minutes"
FROM gateways g JOIN gateway_status s ON s.gateway_id = g.id
WHERE g.enabled AND s.last_seen < now() - greatest(2 * g.heartbeat_s, {silent_s}) * interval '1 second'
  AND {untold}
  AND NOT EXISTS (
    SELECT FROM maintenance_windows w LEFT JOIN areas a ON a.code = w.area
    LEFT JOIN gateway_areas i ON i.area_id = a.id AND i.gateway_id = g.id
    WHERE now() >= w.starts_at AND now() < w.ends_at AND (w.gateway_id = g.id OR i.gateway_id IS NOT NULL))
ORDER BY 2 DESC LIMIT 100""".replace("{silent_s}", str(60 * SILENT_MINUTES)).replace(
    "{untold}", _TOLD.replace("{same}", "l.gateway_id = g.id AND r.kind = 'silent'")
)

# Nothing at all for a day is as late as a day.
DATA_LATE: Final = """
SELECT coalesce(extract(epoch FROM now() - max(time)), 86400)::float8 AS "seconds"
FROM ingest_metrics WHERE observations > 0 AND time > now() - interval '1 day'"""

INGEST_REFUSING: Final = """
SELECT coalesce(100.0 * sum(refused) / nullif(sum(refused) + sum(observations), 0), 0)::float8 AS "percent"
FROM ingest_metrics WHERE time > now() - interval '15 minutes'"""

# Values of the last two steps or so: what is older says nothing of the present, and DATA_LATE rings.
_VALUE: Final = """
SELECT a.name_vi AS "area", a.code AS "code", v.value AS "value"
FROM latest_values v JOIN areas a ON a.id = v.area_id
WHERE v.indicator = '{indicator}' AND v.value >= {least} AND a.level = 'district'
  AND v.time > now() - interval '3 hours' AND {untold}
ORDER BY 3 DESC LIMIT 100""".replace(
    "{untold}", _TOLD.replace("{same}", "l.area_id = v.area_id AND r.indicator = v.indicator")
)


def value(indicator: str, least: float) -> str:
    """Return the query of the districts where an indicator's newest value is at least so high."""
    return _VALUE.replace("{indicator}", indicator).replace("{least}", f"{least:g}")
