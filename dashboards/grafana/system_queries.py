"""The SQL of panels about the platform beside ingest: database, analytics, notifications."""

from __future__ import annotations

from typing import Final

DATABASE_SIZE: Final = """
SELECT pg_database_size(current_database()) AS "bytes"
"""

CONNECTIONS: Final = """
SELECT count(*) AS "connections" FROM pg_stat_activity WHERE datname = current_database()"""

DEFERRED: Final = """
SELECT count(*) AS "deferred" FROM (SELECT FROM deferred_messages LIMIT 100000) d"""

# What has begun a step ago and is not computed; months and years are a part of what they are made of.
_BEHIND: Final = """
FROM indicator_progress p JOIN indicators i ON i.code = p.indicator
CROSS JOIN LATERAL (SELECT greatest(0, extract(epoch FROM now() - p.until) - i.step_s)::float8 AS behind) b
WHERE i.step_s <= 86400"""

_GAPS: Final = """LEFT JOIN (SELECT indicator, count(*) AS n FROM indicator_gaps GROUP BY 1) g
    ON g.indicator = i.code
"""

BEHIND: Final = f"""
SELECT max(b.behind) AS "behind" {_BEHIND}"""

PROGRESS: Final = f"""
SELECT i.{{name}} AS "indicator", p.until AS "until_when", b.behind AS "behind",
       coalesce(g.n, 0) AS "left_out"
{_BEHIND.replace("CROSS", _GAPS + "CROSS")} ORDER BY b.behind DESC, i.code LIMIT 100"""

UNTOLD: Final = """
SELECT count(*) AS "untold" FROM alert_notifications
WHERE sent_at IS NULL AND gave_up_at IS NULL AND due_at < now()"""

LEFT_OUT: Final = """
SELECT coalesce(extract(epoch FROM sum(end_at - start_at)), 0)::float8 AS "left_out" FROM indicator_gaps"""
