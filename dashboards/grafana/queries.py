"""What the SQL of the dashboards shares, and that of the variables (macros: see dashboards.macros).

Every query is bounded: it reads the dashboard's time range by an index, takes one look into the key's index
for each datastream or area, or reads a table of a few hundred rows. `{word}`s are filled in by `text`:
`{name}` is the column of names in the dashboard's language.
"""

from __future__ import annotations

from typing import Final

# Old and new units in one tree: em spaces stay where the page would drop blanks.
AREAS: Final = """
SELECT repeat(chr(8195), depth) || {name} || coalesce(' ({until} ' || valid_to || ')', '') AS __text,
       key AS __value
FROM dashboard_areas ORDER BY depth > 0, {under}, depth, {name}"""

INDICATORS: Final = """
SELECT i.{name} AS __text, i.code AS __value
FROM indicators i JOIN (VALUES {domains}) AS d (title, domain, codes) ON i.code = ANY (d.codes)
WHERE '${domain}' IN ('{every}', d.domain) ORDER BY d.title, i.{name}"""

#: (id, name) of the areas whose values answer for the chosen ones; one that stands for another says so.
_CHOSEN: Final = """(
    SELECT s.id, s.{name} || CASE WHEN bool_or(d.area_id = s.id) THEN ''
                                  ELSE ' (' || string_agg(d.{name}, ', ' ORDER BY d.{name}) || ')' END AS name
    FROM dashboard_areas d JOIN areas s ON s.id = d.source_id
    WHERE d.key IN (${area:sqlstring}) GROUP BY s.id)"""

_CHOSEN_IDS: Final = "SELECT source_id FROM dashboard_areas WHERE key IN (${area:sqlstring})"

# What stands in the chosen areas themselves: a ward has its own gateways, though a district answers for it.
_HERE: Final = "SELECT area_id FROM dashboard_areas WHERE key IN (${area:sqlstring})"

#: From this interval between points on, in ms, hours that are added up are read instead of every row.
HOURS_FROM_MS: Final = 600_000

# What ingest counted: rows of ten seconds, or hours with the same columns.
_COUNTED: Final = """(
    SELECT * FROM ingest_metrics WHERE $__interval_ms < {hours_from} AND $__timeFilter(time)
    UNION ALL
    SELECT * FROM ingest_hourly WHERE $__interval_ms >= {hours_from} AND $__timeFilter(time)
) c""".replace("{hours_from}", str(HOURS_FROM_MS))

_FRAGMENTS: Final = {
    "counted": _COUNTED,
    "chosen": _CHOSEN,
    "chosen_ids": _CHOSEN_IDS,
    "things_here": "SELECT thing_id FROM thing_areas WHERE area_id IN ({here})",
    "gateways_here": "SELECT gateway_id FROM gateway_areas WHERE area_id IN ({here})",
    "here": _HERE,
    "now": "time > now() - interval '1 minute'",
    "bucket": "$__timeGroupAlias(time, $__interval)",
}


def text(sql: str, language: str, **words: str) -> str:
    """Return a query with names in a language ("vi" or "en") and further `{word}`s filled in."""
    named = {
        "name": f"name_{language}",
        "under": f"under_{language}",
        "said": "_vi" if language == "vi" else "",
        "until": "đến" if language == "vi" else "until",
    }
    for word, meaning in {**words, **_FRAGMENTS, **named}.items():
        sql = sql.replace("{" + word + "}", meaning)
    return sql.strip()
