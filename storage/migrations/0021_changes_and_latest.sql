-- How often what is answered from has changed. A transaction counts up what it changes, so that whoever reads the
-- counts and then the data knows that an answer is still right as long as the counts are the same.
CREATE TABLE data_changes (
    topic      text PRIMARY KEY,         -- areas, declarations, or values: and the code of an indicator
    changes    bigint NOT NULL,
    changed_at timestamptz NOT NULL
);

-- The newest value in force of each indicator and area, as it stands in indicator_values, and since when there are any.
CREATE TABLE latest_values (
    indicator     text NOT NULL REFERENCES indicators,
    area_id       int NOT NULL REFERENCES areas,
    since         timestamptz NOT NULL,
    time          timestamptz NOT NULL,
    value         float8,
    category      text,
    reason        text,
    completeness  float8 NOT NULL,
    details       jsonb NOT NULL,
    version       int NOT NULL,
    revision      int NOT NULL,
    computed_at   timestamptz NOT NULL,
    PRIMARY KEY (indicator, area_id)
);

CREATE FUNCTION latest_value(of_indicator text, of_area int) RETURNS SETOF latest_values STABLE LANGUAGE sql AS $$
    SELECT v.indicator, v.area_id,
           (SELECT f.time FROM indicator_values f WHERE f.indicator = of_indicator AND f.area_id = of_area
              AND f.superseded_at IS NULL ORDER BY f.time LIMIT 1),
           v.time, v.value, v.category, v.reason, v.completeness, v.details, v.version, v.revision, v.computed_at
    FROM indicator_values v WHERE v.indicator = of_indicator AND v.area_id = of_area AND v.superseded_at IS NULL
    ORDER BY v.time DESC LIMIT 1
$$;
INSERT INTO latest_values
SELECT v.* FROM indicators i CROSS JOIN areas a CROSS JOIN LATERAL latest_value(i.code, a.id) v;

CREATE FUNCTION count_change(topics text[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO data_changes AS c SELECT topic, 1, clock_timestamp() FROM unnest(topics) topic ORDER BY topic
    ON CONFLICT (topic) DO UPDATE SET (changes, changed_at) = (c.changes + 1, excluded.changed_at)
$$;

CREATE FUNCTION note_new_values() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM count_change(ARRAY(SELECT DISTINCT 'values:' || indicator FROM changed));
    INSERT INTO latest_values AS l
    SELECT DISTINCT ON (indicator, area_id) indicator, area_id, min(time) OVER (PARTITION BY indicator, area_id),
           time, value, category, reason, completeness, details, version, revision, computed_at
    FROM changed WHERE superseded_at IS NULL ORDER BY indicator, area_id, time DESC
    ON CONFLICT (indicator, area_id) DO UPDATE
    SET (time, value, category, reason, completeness, details, version, revision, computed_at)
        = (excluded.time, excluded.value, excluded.category, excluded.reason, excluded.completeness, excluded.details,
           excluded.version, excluded.revision, excluded.computed_at)
    WHERE excluded.time >= l.time;
    UPDATE latest_values l SET since = c.first
    FROM (SELECT indicator, area_id, min(time) AS first FROM changed GROUP BY indicator, area_id) c
    WHERE (c.indicator, c.area_id) = (l.indicator, l.area_id) AND c.first < l.since;
    RETURN NULL;
END $$;

-- Of rows that were changed or deleted: where one was the newest, the newest is sought again.
CREATE FUNCTION note_changed_values() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM count_change(ARRAY(SELECT DISTINCT 'values:' || indicator FROM changed));
    WITH gone AS (
        DELETE FROM latest_values l USING (SELECT DISTINCT indicator, area_id, time FROM changed) c
        WHERE (l.indicator, l.area_id, l.time) = (c.indicator, c.area_id, c.time)
        RETURNING l.indicator, l.area_id)
    INSERT INTO latest_values SELECT v.* FROM gone CROSS JOIN LATERAL latest_value(gone.indicator, gone.area_id) v;
    RETURN NULL;
END $$;

CREATE TRIGGER note_new_values AFTER INSERT ON indicator_values
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_new_values();
CREATE TRIGGER note_updated_values AFTER UPDATE ON indicator_values
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_changed_values();
CREATE TRIGGER note_deleted_values AFTER DELETE ON indicator_values
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_changed_values();

-- Row by row: a statement that finds every row as it should be changes nothing.
CREATE FUNCTION note_changed_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' OR OLD IS DISTINCT FROM NEW THEN
        PERFORM count_change(TG_ARGV);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER note_changed_row AFTER INSERT OR UPDATE OR DELETE ON areas
    FOR EACH ROW EXECUTE FUNCTION note_changed_row('areas');
CREATE TRIGGER note_changed_row AFTER INSERT OR UPDATE OR DELETE ON area_successions
    FOR EACH ROW EXECUTE FUNCTION note_changed_row('areas');
CREATE TRIGGER note_changed_row AFTER INSERT OR UPDATE OR DELETE ON indicators
    FOR EACH ROW EXECUTE FUNCTION note_changed_row('declarations');
