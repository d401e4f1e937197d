"""The SQL of the ingest dashboard: rows of ten seconds (storage migration 0008), or of hours (0041).

Each process writes rows of its own: what they counted is added up, and of what all of them tell of the whole
system the largest is taken. Over a longer interval a median is the median of the rows', and a 99th percentile
the worst row's. `{now}`, `{bucket}` and `{counted}` are filled in by `queries.text`.
"""

from __future__ import annotations

from typing import Final

MESSAGES_NOW: Final = """
SELECT coalesce(sum(n), 0)::float8 AS "rate"
FROM (SELECT sum(messages) / sum(seconds) AS n FROM ingest_metrics WHERE {now} GROUP BY client_id) p"""

OBSERVATIONS_NOW: Final = """
SELECT coalesce(sum(n), 0)::float8 AS "rate"
FROM (SELECT sum(observations) / sum(seconds) AS n FROM ingest_metrics WHERE {now} GROUP BY client_id) p"""

MESSAGE_P99_NOW: Final = """
SELECT max(message_p99_ms) AS "p99" FROM ingest_metrics WHERE {now}"""

QUEUE_SHARE_NOW: Final = """
SELECT max(broker_queue_bytes::float8 / broker_queue_limit) AS "share" FROM ingest_metrics WHERE {now}"""

GATEWAYS_WITH_GAPS: Final = """
SELECT count(*) AS "gateways" FROM gateway_gaps"""

RATES: Final = """
SELECT time AS "time", sum(messages) AS "messages", sum(observations) AS "observations",
       sum(duplicates) AS "duplicates", sum(replayed) AS "replayed"
FROM (SELECT {bucket}, client_id, sum(messages) / sum(seconds) AS messages,
             sum(observations) / sum(seconds) AS observations, sum(duplicates) / sum(seconds) AS duplicates,
             sum(replayed) / sum(seconds) AS replayed
      FROM {counted} GROUP BY 1, client_id) p
GROUP BY 1 ORDER BY 1"""

_LATENCY: Final = """
SELECT {bucket}, percentile_cont(0.5) WITHIN GROUP (ORDER BY {kind}_p50_ms) AS "p50",
       max({kind}_p99_ms) AS "p99"
FROM {counted} GROUP BY 1 ORDER BY 1"""

COMMIT, MESSAGE, READING = (_LATENCY.replace("{kind}", kind) for kind in ("commit", "message", "reading"))

BATCH_ROWS: Final = """
SELECT {bucket}, sum(batch_rows * batches) / nullif(sum(batches), 0) AS "batch_rows"
FROM {counted} GROUP BY 1 ORDER BY 1"""

RETRIES: Final = """
SELECT {bucket}, client_id AS "metric", sum(retries) AS "value"
FROM {counted} GROUP BY 1, 2 ORDER BY 1"""

IN_FLIGHT: Final = """
SELECT {bucket}, client_id AS "metric", max(in_flight) AS "value"
FROM {counted} GROUP BY 1, 2 ORDER BY 1"""

QUEUE: Final = """
SELECT {bucket}, max(broker_queue_bytes) AS "queue", max(broker_queue_limit) AS "limit"
FROM {counted} GROUP BY 1 ORDER BY 1"""

DROPPED_OVER_TIME: Final = """
SELECT time AS "time", max(n)::bigint AS "dropped"
FROM (SELECT {bucket}, sum(broker_dropped) AS n FROM {counted} GROUP BY 1, client_id) p
GROUP BY 1 ORDER BY 1"""

CLIENTS: Final = """
SELECT {bucket}, max(broker_clients) AS "clients"
FROM {counted} GROUP BY 1 ORDER BY 1"""

MISSING: Final = """
SELECT {bucket}, max(missing_seq) AS "missing", max(gateways_with_gaps) AS "gateways"
FROM {counted} GROUP BY 1 ORDER BY 1"""

LATE_HOURS: Final = """
SELECT {bucket}, max(late_hours) AS "late_hours"
FROM {counted} GROUP BY 1 ORDER BY 1"""

GAPS: Final = """
SELECT g.code AS "gateway", p.missing AS "missing", p.gaps AS "gaps", p.newest AS "newest",
       s.last_seen AS "last_seen"
FROM gateway_gaps p JOIN gateways g ON g.id = p.gateway_id JOIN gateway_status s USING (gateway_id)
ORDER BY p.missing DESC, g.code LIMIT 100"""
