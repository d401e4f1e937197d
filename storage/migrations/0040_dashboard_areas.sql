-- The areas that a dashboard offers, old and new units in one tree: a unit of a reorganisation stands under the one that it
-- got most of its land from. source_id is the area whose values answer for it: itself, where there are none the unit
-- before it, else the one after it (api/stand_ins.py has the same by indicator and time).
CREATE VIEW dashboard_areas AS
WITH valued AS MATERIALIZED (SELECT DISTINCT area_id FROM latest_values),
related AS (
    SELECT a.id,
           (SELECT s.predecessor_id FROM area_successions s WHERE s.successor_id = a.id AND s.is_main
            ORDER BY 1 LIMIT 1) AS before_id,
           (SELECT s.successor_id FROM area_successions s WHERE s.predecessor_id = a.id AND s.is_main
            ORDER BY 1 LIMIT 1) AS after_id
    FROM areas a)
SELECT a.id AS area_id,
       a.code || '@' || a.valid_from AS key,   -- a code alone may have been given to another unit since
       a.code, a.level, a.name_en, a.name_vi, a.valid_from, a.valid_to,
       CASE WHEN a.parent_id IS NULL THEN 0 WHEN r.before_id IS NOT NULL OR p.parent_id IS NOT NULL THEN 2 ELSE 1 END AS depth,
       coalesce(b.name_en, CASE WHEN p.parent_id IS NOT NULL THEN p.name_en END, a.name_en) AS under_en,
       coalesce(b.name_vi, CASE WHEN p.parent_id IS NOT NULL THEN p.name_vi END, a.name_vi) AS under_vi,
       CASE WHEN a.reporting OR EXISTS (SELECT FROM valued WHERE area_id = a.id) THEN a.id
            WHEN b.reporting OR EXISTS (SELECT FROM valued WHERE area_id = b.id) THEN b.id
            WHEN EXISTS (SELECT FROM valued WHERE area_id = r.after_id) THEN r.after_id
            ELSE a.id END AS source_id
FROM areas a JOIN related r USING (id) LEFT JOIN areas p ON p.id = a.parent_id LEFT JOIN areas b ON b.id = r.before_id;
