"""The SQL of panels about the chosen areas themselves."""

from __future__ import annotations

from typing import Final

AREAS: Final = """
SELECT d.{name} AS "area", d.level AS "level", d.valid_from::text AS "valid_from",
       d.valid_to::text AS "valid_to", s.{name} AS "answered_by",
       a.population AS "population", a.area_km2 AS "area_km2",
       (SELECT count(*) FROM gateway_areas l WHERE l.area_id = d.area_id) AS "gateways",
       (SELECT count(*) FROM thing_areas l WHERE l.area_id = d.area_id) AS "things"
FROM dashboard_areas d JOIN areas a ON a.id = d.area_id JOIN areas s ON s.id = d.source_id
WHERE d.key IN (${area:sqlstring}) ORDER BY d.depth > 0, d.{under}, d.depth, d.{name}"""
