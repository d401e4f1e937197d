-- How often the values of a month (UTC) have changed, whoever changed them, and at which count they were packed last.
-- Rows that say the same count as their month are those in force, in whatever snapshot one looks at both.
CREATE TABLE value_months (
    indicator  text NOT NULL REFERENCES indicators ON DELETE CASCADE,
    month      timestamptz NOT NULL,     -- its start
    changes    bigint NOT NULL,
    changed_at timestamptz NOT NULL,
    packed     bigint,                   -- changes when it was packed; null: never
    PRIMARY KEY (indicator, month)
);
-- The values in force of a month: a row an area, each column by time: as its type is sent, text as JSON with commas
-- between. Columns of several months are joined as they are.
CREATE TABLE packed_values (
    indicator    text NOT NULL,
    month        timestamptz NOT NULL,
    area_id      int NOT NULL,
    n            int NOT NULL,
    time         bytea NOT NULL,
    value        bytea NOT NULL,         -- NaN: no value, and reason says why
    category     text NOT NULL,
    reason       text NOT NULL,
    completeness bytea NOT NULL,
    details      text NOT NULL,
    version      bytea NOT NULL,
    revision     bytea NOT NULL,
    computed_at  bytea NOT NULL,
    PRIMARY KEY (indicator, area_id, month),
    FOREIGN KEY (indicator, month) REFERENCES value_months ON DELETE CASCADE
);
CREATE INDEX ON packed_values (indicator, month);

INSERT INTO value_months (indicator, month, changes, changed_at)
SELECT DISTINCT indicator, date_trunc('month', time, 'UTC'), 1, now() FROM indicator_values;

CREATE FUNCTION count_months() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO value_months AS m (indicator, month, changes, changed_at)
    SELECT indicator, date_trunc('month', time, 'UTC'), 1, clock_timestamp() FROM changed GROUP BY 1, 2 ORDER BY 1, 2
    ON CONFLICT (indicator, month) DO UPDATE SET (changes, changed_at) = (m.changes + 1, excluded.changed_at);
    RETURN NULL;
END $$;
CREATE TRIGGER count_new_months AFTER INSERT ON indicator_values
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_months();
CREATE TRIGGER count_months_before AFTER UPDATE ON indicator_values
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_months();
CREATE TRIGGER count_months_after AFTER UPDATE ON indicator_values
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_months();
CREATE TRIGGER count_deleted_months AFTER DELETE ON indicator_values
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_months();

-- Emptied at once it has no rows to count by: no month is packed any more.
CREATE FUNCTION forget_months() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE value_months SET (changes, changed_at) = (changes + 1, clock_timestamp());
    RETURN NULL;
END $$;
CREATE TRIGGER forget_months AFTER TRUNCATE ON indicator_values
    FOR EACH STATEMENT EXECUTE FUNCTION forget_months();
