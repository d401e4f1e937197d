-- What a key may do, in which areas, and how often.
ALTER TABLE api_keys
    ADD role       text CHECK (role IN ('public', 'planner', 'operator', 'installer', 'admin')),
    ADD areas      text[] CHECK (cardinality(areas) > 0),  -- codes; null: the whole city
    ADD rate_limit int CHECK (rate_limit > 0),             -- requests a minute; null: as any key
    ADD version    int NOT NULL DEFAULT 1,                 -- counts up when any of these change
    ADD CHECK (areas IS NULL OR role IN ('planner', 'operator', 'installer'));
-- Nobody gets more than before but for an admin, who may operate too.
UPDATE api_keys SET role = CASE
    WHEN 'admin' = ANY(scopes) THEN 'admin' WHEN 'operate' = ANY(scopes) THEN 'operator'
    WHEN 'read' = ANY(scopes) THEN 'planner' ELSE 'public' END;
ALTER TABLE api_keys ALTER role SET NOT NULL, DROP COLUMN scopes;

-- An export belongs to who asked, which need not be a key, and shows the areas that this one had then.
ALTER TABLE exports ADD owner text, ADD areas text[];
UPDATE exports e SET owner = 'key ' || k.prefix FROM api_keys k WHERE k.id = e.key_id;
ALTER TABLE exports ALTER owner SET NOT NULL, DROP COLUMN key_id;
CREATE INDEX ON exports (owner, created_at DESC);
