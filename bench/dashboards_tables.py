"""The SQL that fills the dashboards' bench: what `{days}` days leave beside the observations.

`site_values` stay empty: no dashboard may read them.
"""

from __future__ import annotations

from typing import Final

# One process's row every ten seconds.
_INGEST_METRICS: Final = """
INSERT INTO ingest_metrics
SELECT t, 'ingest-0', 10, 390 + n % 40, 3900 + n % 400, n % 3, n % 2, n % 7, 0, 4, 1000, 5 + n % 9,
       40 + n % 60, 20 + n % 30, 90 + n % 300, 900 + n % 200, 2000 + n % 900, n % 40, n % 9 * 4096,
       n % 9 * 12, 1073741824, 435, 0, n % 3, n % 50, n % 200
FROM generate_series(1, {days} * 8640) n CROSS JOIN LATERAL (SELECT now() - n * interval '10 s' AS t) s"""

# Each gateway's latencies of five minutes fall into some six bins.
_ARRIVALS: Final = """
INSERT INTO arrivals
SELECT time_bucket('5 min', now()) - n * interval '5 min', g.id, 'ingest-0', now() - interval '40 days',
       ARRAY[n % 5, 10, 15, 20, 25 + n % 9, 161]::smallint[], ARRAY[3, 9, 20, 8, 2, n % 2]
FROM gateways g CROSS JOIN generate_series(0, {days} * 288) n ORDER BY n DESC, g.id"""

_STATUS: Final = """
INSERT INTO gateway_status (gateway_id, online, firmware, started, status_at, last_seen, messages,
                            received_seq)
SELECT id, id % 50 <> 0, '1.' || id % 5, now() - interval '9 days', now() - interval '2 hours',
       now() - CASE WHEN id % 40 = 0 THEN interval '1 hour' ELSE interval '20 s' END, 90000,
       CASE WHEN id % 20 = 0 THEN '{[0,40000), [40010,90010)}' ELSE '{[0,90000)}' END::int8multirange
FROM gateways"""

# Most lose their connection now and then, some flap.
_STATUS_HISTORY: Final = """
INSERT INTO gateway_status_history
SELECT g.id, now() - n * CASE WHEN g.id % 40 = 0 THEN interval '20 min' ELSE interval '8 hours' END,
       n % 2 = 0, '1.4'
FROM gateways g
CROSS JOIN LATERAL generate_series(1, {days} * CASE WHEN g.id % 40 = 0 THEN 72 ELSE 3 END) n"""

_REFUSALS: Final = """
INSERT INTO refusals (time, gateway, topic, seq, reason, at, detail, count, stored, payload)
SELECT now() - n * interval '2 min', g.code, 'city/v1/' || g.code || '/up/observations', n,
       (ARRAY['value_out_of_range', 'unknown_device', 'time_ahead', 'not_json'])[1 + n % 4], '$.readings[3]',
       'what it was and why it was refused', 1 + n % 9, n % 4 = 0,
       sha512(n::text::bytea) || sha512(g.code::bytea)
FROM generate_series(1, {days} * 720) n
JOIN (SELECT code, row_number() OVER (ORDER BY code) AS number, count(*) OVER () AS every FROM gateways) g
  ON g.number = 1 + n % g.every"""

_ALERTS: Final = """
INSERT INTO alerts (rule_id, area_id, state, since, value, value_end, peak, activated_at, closed_at)
SELECT r.id, a.id, CASE WHEN n = 1 AND r.number % 5 = 0 THEN 'active' ELSE 'resolved' END, s.since, 160,
       s.since + interval '1 hour', 170, s.since,
       CASE WHEN NOT (n = 1 AND r.number % 5 = 0) THEN s.since + interval '3 hours' END
FROM (SELECT id, row_number() OVER (ORDER BY id) AS number FROM alert_rules WHERE indicator IS NOT NULL) r
JOIN areas a ON a.level = 'district' AND a.reporting
CROSS JOIN generate_series(1, {days} / 2) n
CROSS JOIN LATERAL (SELECT now() - n * interval '2 days' + (r.number + a.id) * interval '7 min' AS since) s"""

_MAINTENANCE: Final = """
INSERT INTO maintenance_windows (gateway_id, starts_at, ends_at, reason, created_by)
SELECT id, now() - id % {days} * interval '1 day',
       now() - id % {days} * interval '1 day' + interval '2 hours', 'new mast', 'somebody'
FROM gateways WHERE id % 4 = 0"""

# Quality control finds something in one reading of two hundred.
_FLAGS: Final = """
INSERT INTO observation_flags
SELECT time, datastream_id, (ARRAY[1, 2, 4, 8, 16])[1 + datastream_id % 5], datastream_id % 2 = 0, '1'
FROM observations WHERE (extract(epoch FROM time)::bigint / 60 + datastream_id) % 200 = 0"""

_PROGRESS: Final = """
INSERT INTO indicator_progress SELECT code, now() - interval '2 min' FROM indicators"""

#: in this order
TABLES: Final = (
    _INGEST_METRICS, _ARRIVALS, _STATUS, _STATUS_HISTORY, _REFUSALS, _ALERTS, _MAINTENANCE, _FLAGS, _PROGRESS,
)  # fmt: skip

# Twice the days: planners compare with the period before. One step in two hundred was computed again.
VALUES: Final = """
INSERT INTO indicator_values (time, indicator, area_id, value, category, reason, completeness, details,
                              version, revision, computed_at, superseded_at)
SELECT t, i.code, a.id, CASE WHEN missing THEN NULL ELSE 40 + 30 * sin(n / 40.0 + a.id) END,
       CASE WHEN NOT missing THEN i.declaration -> 'categories' -> 0 ->> 'code' END,
       CASE WHEN missing THEN 'insufficient_data' END, CASE WHEN missing THEN 0.3 ELSE 0.97 END,
       '{"stations": {"aq-017": 31.2, "aq-018": 28.4}, "station": "aq-017"}', i.version, revision,
       t + i.step_s * interval '1 s' + revision * interval '90 s',
       CASE WHEN revision = 1 AND n % 200 = 0 THEN t + interval '2 days' END
FROM indicators i CROSS JOIN areas a CROSS JOIN city c
CROSS JOIN generate_series(1, greatest(3, 2 * {days} * 86400 / i.step_s)) n
CROSS JOIN LATERAL (SELECT CASE WHEN i.step_s < 86400
    THEN time_bucket(i.step_s * interval '1 s', now()) - n * i.step_s * interval '1 s'
    ELSE date_trunc(CASE i.step_s WHEN 86400 THEN 'day' WHEN 2592000 THEN 'month' ELSE 'year' END,
                    now() - n * i.step_s * interval '1 s', c.time_zone) END AS t) s
CROSS JOIN LATERAL (SELECT n % 50 = 7 AS missing) m
CROSS JOIN LATERAL generate_series(1, CASE WHEN n % 200 = 0 THEN 2 ELSE 1 END) revision
WHERE a.reporting AND i.code = '{code}' ORDER BY a.id, t, revision ON CONFLICT DO NOTHING"""

# As the trigger on indicator_values does it.
NEWEST_VALUES: Final = """
INSERT INTO latest_values
SELECT v.* FROM indicators i CROSS JOIN areas a CROSS JOIN LATERAL latest_value(i.code, a.id) v"""
