"""More things than a city has: what the map does with thousands of them."""

from __future__ import annotations

import psycopg

_THINGS = """
WITH g AS (SELECT *, row_number() OVER (ORDER BY id) - 1 AS at, count(*) OVER () AS n FROM gateways),
made AS (
    INSERT INTO things (code, gateway_id, name, kind, latitude, longitude)
    SELECT 'many-' || k, g.id, 'Trạm quan trắc môi trường tự động số ' || k, 'air_station',
           g.latitude + 0.12 * (k * 0.618034 %% 1 - 0.5), g.longitude + 0.16 * (k * 0.754878 %% 1 - 0.5)
    FROM generate_series(1, %s) k JOIN g ON g.at = k %% g.n
    RETURNING id
)
INSERT INTO datastreams (thing_id, observed_property_id, sampling_interval_s)
SELECT m.id, p.id, 600 FROM made m JOIN observed_properties p ON p.code = 'pm2_5'"""
_AREAS = """
INSERT INTO thing_areas (thing_id, area_id)
SELECT t.id, ga.area_id FROM things t JOIN gateway_areas ga USING (gateway_id) WHERE t.code LIKE 'many-%'"""
_OBSERVATIONS = """
INSERT INTO observations (time, datastream_id, value)
SELECT now() - CASE WHEN k % 20 = 1 THEN interval '2 hours' ELSE interval '1 minute' END, d.id, 20
FROM datastreams d JOIN things t ON t.id = d.thing_id
CROSS JOIN LATERAL (SELECT substr(t.code, 6)::int AS k WHERE t.code LIKE 'many-%') k
WHERE k % 20 <> 0"""


def add_things(url: str, n: int) -> None:
    """Register things around the gateways: of 20 one has been silent for hours, one has never sent."""
    with psycopg.connect(url) as database:
        database.execute(_THINGS, [n])
        database.execute(_AREAS)
        database.execute(_OBSERVATIONS)
