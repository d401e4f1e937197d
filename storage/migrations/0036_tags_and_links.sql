-- By what gateways, things and datastreams are found, and photos, notes and documents about them. Both are parts of
-- the row: its version, the log of changes and ingest's reading follow by themselves.
CREATE FUNCTION are_tags(tags text[]) RETURNS boolean IMMUTABLE LANGUAGE sql AS $$
    SELECT cardinality(tags) <= 50
       AND NOT EXISTS (SELECT FROM unnest(tags) t WHERE t IS NULL OR t !~ '^[a-z0-9][a-z0-9_.-]{0,63}$')
$$;
CREATE FUNCTION are_links(links jsonb) RETURNS boolean IMMUTABLE LANGUAGE sql AS $$
    SELECT jsonb_typeof(links) = 'array' AND NOT EXISTS (
        SELECT FROM jsonb_array_elements(CASE WHEN jsonb_typeof(links) = 'array' THEN links ELSE '[]' END) l
        WHERE coalesce(l->>'kind' NOT IN ('photo', 'note', 'document') OR l->>'title' !~ '\S'
                       OR l->>'url' !~ '^https://', true))
$$;
ALTER TABLE gateways
    ADD tags  text[] NOT NULL DEFAULT '{}' CHECK (are_tags(tags)),
    ADD links jsonb NOT NULL DEFAULT '[]' CHECK (are_links(links));
ALTER TABLE things
    ADD tags  text[] NOT NULL DEFAULT '{}' CHECK (are_tags(tags)),
    ADD links jsonb NOT NULL DEFAULT '[]' CHECK (are_links(links));
ALTER TABLE datastreams
    ADD tags  text[] NOT NULL DEFAULT '{}' CHECK (are_tags(tags));
CREATE INDEX ON gateways USING gin (tags);
CREATE INDEX ON things USING gin (tags);
CREATE INDEX ON datastreams USING gin (tags);
