-- Values of single things, of the indicators that others are made of: the days of a month. Only the current ones.
CREATE TABLE site_values (
    indicator    text NOT NULL REFERENCES indicators,
    thing_id     int NOT NULL REFERENCES things ON DELETE CASCADE,
    time         timestamptz NOT NULL,   -- start of the step
    value        float8,                 -- null: no value, and reason says why
    weight       float8,                 -- share in a mean; null: none
    completeness float8 NOT NULL,
    reason       text,
    details      jsonb NOT NULL DEFAULT '{}',
    version      int NOT NULL,           -- of the formula
    PRIMARY KEY (indicator, thing_id, time),
    CHECK ((value IS NULL) = (reason IS NOT NULL))
);
SELECT create_hypertable('site_values', 'time', chunk_time_interval => interval '30 days',
                         create_default_indexes => false);

-- Sums over quarters of an hour, calibrated and flagged, without gaps: what was computed once from observations and
-- would be the same again. Analytics write them; the hours of late observations are deleted.
CREATE TABLE quarter_sums (
    time          timestamptz NOT NULL,
    datastream_id int    NOT NULL,
    good          int    NOT NULL,       -- observations that are not suspect
    suspect       int    NOT NULL,
    total         float8 NOT NULL,       -- sum of the values that are not suspect
    PRIMARY KEY (datastream_id, time)
);
SELECT create_hypertable('quarter_sums', 'time', chunk_time_interval => interval '7 days',
                         create_default_indexes => false);

-- Up to when each indicator is computed. Who computes its steps holds a lock on the row until they are committed.
CREATE TABLE indicator_progress (
    indicator text PRIMARY KEY,
    until     timestamptz NOT NULL
);
-- Time that was left out to be current first, after an outage: computed from its end backwards.
CREATE TABLE indicator_gaps (
    indicator text NOT NULL,
    start_at  timestamptz NOT NULL,
    end_at    timestamptz NOT NULL CHECK (end_at > start_at),
    PRIMARY KEY (indicator, start_at)
);
-- `halong indicators run` that has not come to its end: where the same command goes on.
CREATE TABLE indicator_runs (
    key   text PRIMARY KEY,              -- of indicators, versions, areas and start
    until timestamptz NOT NULL
);
